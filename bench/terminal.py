"""`barnacle tui` in a pseudo terminal whose output is read and thrown away."""

import asyncio
import contextlib
import fcntl
import os
import pty
import signal
import struct
import sys
import termios
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from bench.appliance import until

COLUMNS, ROWS = 140, 45
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
KEPT_BYTES = 256 * 1024


class Terminal:
    """A dashboard's process, what it has drawn so far, and its keyboard."""

    def __init__(self, pid: int, descriptor: int) -> None:
        self.pid = pid
        self.drawn_bytes = 0
        self._descriptor = descriptor
        self._kept = b""

    def read(self) -> None:
        """Take what is there; called when there is something."""
        try:
            data = os.read(self._descriptor, 65536)
        except OSError:  # the other side has closed the terminal
            asyncio.get_running_loop().remove_reader(self._descriptor)
            return
        self.drawn_bytes += len(data)
        self._kept = (self._kept + data)[-KEPT_BYTES:]

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._descriptor, keys.encode())

    async def until_drawn(self, texts: Sequence[bytes]) -> None:
        """Wait until all of these have been drawn since the start."""
        await until(lambda: all(text in self._kept for text in texts), f"{texts} is drawn", every_s=0.002)

    @property
    def cpu_s(self) -> float:
        """Seconds of processor time so far, the kernel's share included."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_S

    @property
    def resident_kb(self) -> int:
        """Resident memory."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


@contextlib.asynccontextmanager
async def dashboard_in_terminal(home: Path, credentials: Path) -> AsyncIterator[Terminal]:
    """Start it with these credentials; it is ended with SIGTERM, as by whoever stops the appliance."""
    main_side, its_side = pty.openpty()
    fcntl.ioctl(its_side, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "app.cli.main",
        "--credentials",
        str(credentials),
        "tui",
        env=_environment(home),
        stdin=its_side,
        stdout=its_side,
        stderr=its_side,
        start_new_session=True,
    )
    os.close(its_side)
    terminal = Terminal(process.pid, main_side)
    loop = asyncio.get_running_loop()
    loop.add_reader(main_side, terminal.read)
    try:
        yield terminal
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(5):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        loop.remove_reader(main_side)
        os.close(main_side)


def _environment(home: Path) -> dict[str, str]:
    """As an installed product has it: byte code is kept, though the one who measures may keep none."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    own = {"BARNACLE_HOME": str(home), "PYTHONPYCACHEPREFIX": str(home / "pycache")}
    return {**kept, **own, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
