"""A process that appends until it is killed: prints the number of each event once it is accepted.

It writes in small pieces, so that a kill comes in the middle of records, of files that are begun, and of batches.
"""

import asyncio
import sys
import time
from pathlib import Path

from broker.audit.disk import Disk
from broker.audit.log import AuditLog
from tests.broker.audit.rig import KEY, SMALL, event

PIECE = 16


class PiecewiseDisk(Disk):
    def write(self, handle: int, data: bytes) -> int:
        time.sleep(0.0003)
        return super().write(handle, data[:PIECE])


async def _append(log: AuditLog, lane: int, start: int) -> None:
    i = start
    while True:
        await log.append(event(i, lane=lane))
        print(lane, i, flush=True)
        i += 1


async def main(folder: Path, start: int) -> None:
    log = await AuditLog.open(folder, KEY, disk=PiecewiseDisk(), sizes=SMALL)
    await asyncio.gather(*(_append(log, lane, start) for lane in range(3)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
