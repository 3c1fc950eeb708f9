"""The audit log: appends a second with every one of them on the disk before it answers, on the real file system.

`writers` append one after the other, all at the same time; those that come while the disk is busy share a sync.
`bare_sync_ms`: the same number of bytes written and synced by itself, one record at a time, in the same run.
"""

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.figures import percentiles, show
from broker.audit.log import AuditLog

APPENDS = 2000
WRITERS = (1, 8, 64)
ROOT = Path(__file__).resolve().parents[1] / "build"
EVENT = {"ts_ms": 1_795_000_000_000, "src": "broker", "what": "lease.use", "actor": "group:lab", "folder": "lab"}
EVENT |= {"decision": "allow", "rule": "lab-api", "reason": "", "detail": "GET https://api.example/v1/things call 17"}


async def measure(folder: Path) -> dict[str, Any]:
    """All figures."""
    log = await AuditLog.open(folder / "audit", b"not a real key, only for benches")
    figures: dict[str, Any] = {}
    for writers in WRITERS:
        figures[f"writers_{writers}"] = await _append(log, writers)
    size = log.head.n and sum(path.stat().st_size for path in (folder / "audit").glob("*.log")) // log.head.n
    began = time.perf_counter()
    await log.close()
    log = await AuditLog.open(folder / "audit", b"not a real key, only for benches")
    figures["reopen_ms"] = round((time.perf_counter() - began) * 1000, 2)
    await log.close()
    return figures | {"bytes_per_record": size, "bare_sync_ms": _bare(folder, size)}


async def _append(log: AuditLog, writers: int) -> dict[str, Any]:
    took_ms: list[float] = []

    async def write(count: int) -> None:
        for _ in range(count):
            began = time.perf_counter()
            await log.append(EVENT)
            took_ms.append((time.perf_counter() - began) * 1000)

    syncs, began = log.syncs, time.perf_counter()
    await asyncio.gather(*(write(APPENDS // writers) for _ in range(writers)))
    seconds = time.perf_counter() - began
    per_sync = round(len(took_ms) / (log.syncs - syncs), 1)
    return {"appends_per_s": round(len(took_ms) / seconds), "appends_per_sync": per_sync, "ms": percentiles(took_ms)}


def _bare(folder: Path, size: int) -> dict[str, Any]:
    took_ms: list[float] = []
    handle = os.open(folder / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for _ in range(APPENDS // 4):
        began = time.perf_counter()
        os.write(handle, b"x" * size)
        os.fdatasync(handle)
        took_ms.append((time.perf_counter() - began) * 1000)
    os.close(handle)
    return percentiles(took_ms)


if __name__ == "__main__":
    ROOT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT) as made:
        show("audit", asyncio.run(measure(Path(made))))
    sys.exit(0)
