"""`python -m app.host.desktop --home DIR`: a box on this computer, without screen. Prints `ready <milliseconds>`.

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

from app.host.desktop.machine import Machine
from device.box import Box
from device.host import portable
from device.host.errors import BarnacleError
from device.host.files import Files
from device.host.journal import Journal

STARTED = portable.raw_ticks_ms()


def main() -> int:
    """Run until told to stop; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m app.host.desktop", description="Barnacle's desktop host")
    parser.add_argument("--home", type=Path, required=True, help="folder with provision.json")
    parser.add_argument("--database", type=Path, required=True)
    home = parser.parse_args().home
    os.umask(0o077)
    machine = Machine(home, home / "desktop", lambda: 0)
    try:
        box = Box(machine, False, lambda folder: Journal(Files(folder + "/journal")), STARTED)
    except (BarnacleError, OSError) as error:
        print(f"barnacle: the desktop host cannot start: {error}", flush=True)
        return 1
    return asyncio.run(_serve(box))


async def _serve(box: Box) -> int:
    serving = asyncio.create_task(box.run(), name="box")
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    try:
        await serving
    except asyncio.CancelledError:
        return 0
    finally:
        box.store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
