"""Replays timelines in a process of its own, in either interpreter: `replay_main.py TIMELINES RESULTS ROOT`.

TIMELINES has one timeline in JSON per line; RESULTS gets one line per timeline: its trace, or {"fault": why}.
"""

import asyncio
import gc
import json
import sys


def main():
    """One line out for each line in, written at once."""
    timelines, results, root = sys.argv[1:4]
    sys.path.insert(0, root)
    from device.sim.replay_box import dumps, replay

    with open(results, "w") as out, open(timelines) as lines:
        for line in lines:
            try:
                text = dumps(asyncio.run(replay(json.loads(line))))
            except Exception as fault:
                text = dumps({"fault": "%s: %s" % (type(fault).__name__, fault)})
            out.write(text + "\n")
            out.flush()
            if hasattr(asyncio, "new_event_loop"):
                asyncio.new_event_loop()
            gc.collect()


main()
