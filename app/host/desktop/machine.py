"""The machine below the desktop host: this computer, as far as a box needs to know it. See device/boards/."""

import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.host.device_core import Clock, read_provision

REBOOT_EXIT_CODE = 3
"""The process ends with it when the box was asked to start again; the supervisor does so."""


class Machine:
    """`home`: the folder with provision.json; `folder`: where the store lives; `written`: bytes it wrote."""

    name = "desktop host"
    NO_SCREEN = (
        "the desktop host has no screen",
        'use the dashboard (barnacle tui), or set kind = "simulator" under [box] in config.toml',
    )

    def __init__(self, home: Path, folder: Path, clock: Clock, written: Callable[[], int]) -> None:
        self._home = home
        self._folder = folder
        self._written = written
        self._clock = clock

    def provision(self) -> dict[str, Any]:
        """Who the box is; raises ProvisionError (a BarnacleError)."""
        return read_provision(self._home / "provision.json")

    def mount(self) -> str:
        """The folder of the store."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return str(self._folder)

    def clock(self) -> Clock:
        """This computer's clock."""
        return self._clock

    def heap(self) -> tuple[int, int]:
        """(bytes that this process holds, bytes of memory that are free)."""
        page = os.sysconf("SC_PAGE_SIZE")
        try:
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            return pages * page, os.sysconf("SC_AVPHYS_PAGES") * page
        except (OSError, ValueError):  # not Linux: the peak is what there is
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            return peak if sys.platform == "darwin" else peak * 1024, 0

    def flash_counters(self) -> dict[str, int]:
        """What the store wrote; a disk counts no erases."""
        return {"bytes_written": self._written(), "erases": 0}

    def reboot(self) -> None:
        """End the process in the way that has it started again. Raises SystemExit."""
        sys.exit(REBOOT_EXIT_CODE)
