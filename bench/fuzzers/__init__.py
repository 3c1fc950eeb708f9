"""What `python -m bench.fuzz` runs: each fuzzer makes one input from a random generator, judges it, and raises.

A module here registers with `fuzzer(name, share)`; see `judged.py`. Any exception but Wrong counts as a crash.
"""
