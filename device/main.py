"""Starts the box on a board: picks the board, and hands it to `box.Box`, which puts everything together.

    micropython device/main.py --board simulator --home DIR [--no-screen]

Prints `ready <milliseconds since the start>` once the store is loaded, the first frame drawn and a session asked for.
"""

import asyncio
import sys

from device.host import portable

_STARTED = portable.raw_ticks_ms()
sys.path.insert(0, ".")

from device.box import Box  # noqa: E402
from device.host.files import Files  # noqa: E402
from device.host.journal import Journal  # noqa: E402

USAGE = "usage: main.py --board NAME --home DIR [--no-screen]"


def flash_journal(folder):
    """The journal of a box with a file system of its own."""
    return Journal(Files(folder + "/journal"))


def options(arguments):
    """{"board", "home", "screen"} from the command line; raises ValueError with the usage."""
    found = {"board": None, "home": None, "screen": True}
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "--no-screen":
            found["screen"] = False
        elif word in ("--board", "--home") and rest:
            found[word[2:]] = rest.pop(0)
        else:
            raise ValueError(USAGE)
    if not found["board"] or not found["home"]:
        raise ValueError(USAGE)
    return found


def main(arguments):
    """Run the box; returns the exit code (2: wrong usage, 1: it could not start)."""
    try:
        wanted = options(arguments)
    except ValueError as error:
        print(error)
        return 2
    module = __import__("device.boards." + wanted["board"], None, None, ["Board"])
    try:
        box = Box(module.Board(wanted["home"]), wanted["screen"], flash_journal, _STARTED)
    except Exception as error:  # what keeps a box from starting is told in one line, whatever part it came from
        print("barnacle: the box cannot start: %s: %s" % (type(error).__name__, error))
        return 1
    asyncio.run(box.run())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
