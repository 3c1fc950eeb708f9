"""Where an agent's run executes when it needs a whole machine: in a container, by NanoClaw's runner contract.

mount_security.py    which folders of this machine a container may see
volumes.py           the folders of one run, made and listed; docker's and Apple's arguments for them
output_parser.py     results between markers in a container's output, at any chunking
outputs.py           hands results over one by one
inside.py            files where a container can write too, without following its links
container_runner.py  one run from start to end: time-outs, stop, log, result
spawner.py           real processes by asyncio; tests and replays bring their own
"""
