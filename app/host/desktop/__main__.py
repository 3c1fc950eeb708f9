"""`python -m app.host.desktop --home DIR --database FILE`: a box on this computer, without screen, its store in SQLite.
Prints `ready <milliseconds>`.

Exit code 0 after SIGTERM or SIGINT, 1 with one line when it cannot start, 3 when it was asked to reboot.
"""

# pyright: standard
# device/ has no annotations, by design.

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

from app.errors import ProblemError
from app.host.desktop.journal import SqliteJournal
from app.host.desktop.machine import Machine
from app.host.device_core import system_clock
from device.box import Box
from device.host import portable
from device.host.errors import BarnacleError
from device.host.journal import JournalError

STARTED = portable.raw_ticks_ms()


def main() -> int:
    """Run until told to stop; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m app.host.desktop", description="Barnacle's desktop host")
    parser.add_argument("--home", type=Path, required=True, help="folder with provision.json")
    parser.add_argument(
        "--database", type=Path, required=True, help="SQLite file; NanoClaw's store/messages.db will do"
    )
    wanted = parser.parse_args()
    os.umask(0o077)
    try:
        box = make_box(wanted.home, wanted.database)
    except (BarnacleError, ProblemError, OSError) as error:
        remedy = f" ({error.remedy})" if isinstance(error, ProblemError) and error.remedy else ""
        print(f"barnacle: the desktop host cannot start: {error}{remedy}", flush=True)
        return 1
    return asyncio.run(_serve(box))


def make_box(home: Path, database: Path) -> Box:
    """The box over `database`. Raises BarnacleError, ProblemError, OSError."""
    clock = system_clock()
    machine = Machine(home, database.parent, clock, lambda: journal.bytes_written)
    journal = SqliteJournal(database, machine.provision()["assistant"], clock.now_ms)
    box = Box(machine, False, lambda _folder: journal, STARTED)
    if journal.untold:
        box.host.tell_everything()
    return box


async def _serve(box: Box) -> int:
    serving = asyncio.create_task(box.run(), name="box")
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    try:
        await serving
    except asyncio.CancelledError:
        return _close(box)
    return 0


def _close(box: Box) -> int:
    """What could not be written is still on its way: the laptop has no acknowledgement of it and sends it again."""
    try:
        box.store.close()
    except JournalError as error:
        print(f"barnacle: {error}", flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
