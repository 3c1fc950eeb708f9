"""Logs to tamper with, and the ways to do it."""

from pathlib import Path

from broker.audit.record import encode, hash_of, key_id, parse
from broker.audit.report import Report, Witness
from broker.audit.verify import verify_folder
from broker.audit.writer import ChainWriter, Sizes

KEY = b"not a real key, only for tests!!"
OTHER_KEY = b"another one that is not real ..."
SMALL = Sizes(file=1500, kept=1_000_000, reserve=4096)


def event(i: int, **more) -> dict:
    return {"ts_ms": i, "src": "device", "what": "task.run", "actor": "owner:local", "folder": "main"} | {
        "decision": "allow",
        "rule": "owner",
        "reason": "",
        "detail": f"event {i}",
        **more,
    }


def write_log(folder: Path, count: int, sizes: Sizes | None = None, key: bytes = KEY, start: int = 0) -> ChainWriter:
    """A log of `count` events, one append each, closed again."""
    writer = ChainWriter(folder, key, sizes=sizes)
    writer.open()
    for i in range(start, start + count):
        writer.append([event(i)])
    writer.close()
    return writer


def check(folder: Path, *witnesses: Witness, key: bytes | None = KEY) -> Report:
    return verify_folder(folder, {key_id(key): key} if key else {}, witnesses)


def kinds(report: Report) -> set[str]:
    return {finding.kind for finding in report.findings}


def witness_of(writer: ChainWriter) -> Witness:
    return Witness(writer.chain, writer.head.n, writer.head.hash)


def files_of(folder: Path) -> list[Path]:
    return sorted(folder.glob("audit-*.log"))


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def put_lines(path: Path, lines: list[bytes]) -> None:
    path.write_bytes(b"".join(lines))


def recompute(lines: list[bytes], mac_key: bytes = b"a guess") -> list[bytes]:
    """The same records, linked and signed anew with another key."""
    made: list[bytes] = []
    prev = ""
    for line in lines:
        record = parse(line.rstrip(b"\n"))
        content = record.event if record.event is not None else record.file
        what = "event" if record.event is not None else "file"
        new, _ = encode(record.n, prev or record.prev, what, content or {}, mac_key)
        prev = hash_of(new)
        made.append(new + b"\n")
    return made
