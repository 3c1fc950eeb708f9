"""What the whole appliance takes of the processor at rest: broker, box, host, supervisor, and a dashboard.

share   percent of one core over SECONDS, per process and in sum, from /proc/<pid>/stat (ticks of the kernel's clock)
The dashboard is a real one, in a pseudo terminal of 140×45 characters whose output is read and thrown away.
"""

import argparse
import asyncio
import contextlib
import fcntl
import os
import pty
import signal
import struct
import sys
import tempfile
import termios
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from app.host.operator_client import OperatorClient
from app.host.paths import Paths
from app.tui import preferences
from app.tui.preferences import Preferences
from bench.appliance import Appliance, temporary_home, until
from bench.figures import show

SECONDS = 20.0
SETTLE_S = 8.0
COLUMNS, ROWS = 140, 45
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


async def measure(seconds: float) -> dict[str, Any]:
    """Share of a core of each process."""
    with temporary_home(Path(tempfile.mkdtemp(prefix="barnacle-bench-"))) as home:
        async with Appliance(home) as appliance, appliance.client() as client:
            await until(lambda: _online(client), "the box is connected")
            for n in range(3):
                await client.request("group.add", folder=f"g{n}", name=f"Group {n}")
                await client.request("task.add", folder=f"g{n}", prompt="water", kind="cron", value="0 8 * * *")
            async with dashboard(home) as screen:
                pids = {**appliance.pids(), "supervisor": appliance.supervisor_pid, "dashboard": screen.pid}
                await asyncio.sleep(SETTLE_S)
                drawn = screen.drawn_bytes
                before = {name: ticks(pid) for name, pid in pids.items()}
                await asyncio.sleep(seconds)
                spent = {name: ticks(pid) - before[name] for name, pid in pids.items()}
                drawn = screen.drawn_bytes - drawn
    share = {name: round(100 * count / TICKS_PER_S / seconds, 3) for name, count in spent.items()}
    return {"seconds": seconds, "share": share, "sum": round(sum(share.values()), 3), "dashboard_drew_bytes": drawn}


async def _online(client: OperatorClient) -> bool:
    return bool((await client.request("status"))["device"]["online"])


class Terminal:
    """A dashboard's process and what it has drawn so far."""

    def __init__(self, pid: int, descriptor: int) -> None:
        self.pid = pid
        self.descriptor = descriptor
        self.drawn_bytes = 0

    def read(self) -> None:
        """Take what is there; called when there is something."""
        try:
            self.drawn_bytes += len(os.read(self.descriptor, 65536))
        except OSError:  # the other side has closed the terminal
            asyncio.get_running_loop().remove_reader(self.descriptor)


@contextlib.asynccontextmanager
async def dashboard(home: Path) -> AsyncIterator[Terminal]:
    """`barnacle tui` in a terminal of its own; waits until it has drawn something."""
    preferences.save(Paths(home).state / "dashboard" / "dashboard.json", Preferences(welcomed=True))
    main_side, its_side = pty.openpty()
    fcntl.ioctl(its_side, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "app.cli.main",
        "tui",
        env={**os.environ, "BARNACLE_HOME": str(home), "TERM": "xterm-256color", "COLORTERM": "truecolor"},
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
        await until(lambda: terminal.drawn_bytes > COLUMNS * ROWS // 4, "the dashboard has drawn itself")
        yield terminal
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), 5)
        except TimeoutError:
            process.kill()
            await process.wait()
        loop.remove_reader(main_side)
        os.close(main_side)


def ticks(pid: int) -> int:
    """Processor time of a process so far, user and system, in ticks."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    show("idle", asyncio.run(measure(parser.parse_args().seconds)))


if __name__ == "__main__":
    main()
