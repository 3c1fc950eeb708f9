"""`barnacle incident export`: what is needed to understand what happened, in one file, without secrets.

    manifest.json    versions, times, and the SHA-256 of every other file
    config.toml      the settings, secrets scrubbed
    runtime.json     what `barnacle up` said about its parts
    logs/*           the end of each log
    state.json, messages.jsonl, runs.jsonl, audit.jsonl    the mirror's view of the stretch
    timeline.json    the stretch as a timeline: `barnacle replay BUNDLE` plays it
    bench.json       the newest benchmark, if there is one

Nothing is read from keys.json, the box's provisioning or the broker's passwords but what has to be scrubbed.
"""

import hashlib
import io
import json
import os
import platform
import sqlite3
import tarfile
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from app.errors import ProblemError
from app.host.limits import INCIDENT_LOG_BYTES
from app.host.paths import REPOSITORY, Paths
from app.host.replay.history import History
from app.host.replay.scrub import Scrubber, known_secrets

SCHEMA = "barnacle.incident/1"
FOLDER = "incident"
BENCHMARKS = REPOSITORY / "build" / "bench"


@dataclass(frozen=True)
class Bundle:
    """What was written."""

    path: Path
    files: list[dict[str, Any]]
    problems: list[str]


def export(paths: Paths, out: Path, since_ms: int, now_ms: int, benchmarks: Path = BENCHMARKS) -> Bundle:
    """Write the bundle (0600). What cannot be read is left out and named in the manifest. Raises ProblemError."""
    scrubber = Scrubber(known_secrets(paths))
    problems: list[str] = []
    parts = {name: scrubber.data(data) for name, data in _parts(paths, since_ms, now_ms, benchmarks, problems)}
    files = [
        {"name": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in parts.items()
    ]
    manifest = {
        "schema": SCHEMA,
        "made_ms": now_ms,
        "since_ms": since_ms,
        "versions": {"barnacle": version("barnacle"), "python": platform.python_version(), "os": platform.platform()},
        "problems": problems,
        "files": files,
    }
    _write(out, {"manifest.json": scrubber.data(_json(manifest)), **parts}, now_ms)
    return Bundle(out, files, problems)


def _parts(
    paths: Paths, since_ms: int, now_ms: int, benchmarks: Path, problems: list[str]
) -> Iterator[tuple[str, bytes]]:
    for name, path in (("config.toml", paths.config), ("runtime.json", paths.runtime)):
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            problems.append(f"{name}: {error.strerror}")
            continue
        yield name, Scrubber(()).settings(text).encode()
    for path in sorted(paths.logs.glob("*")) if paths.logs.is_dir() else []:
        if path.is_file() and not path.is_symlink():
            yield f"logs/{path.name}", _tail(path)
    yield from _mirror_parts(paths, since_ms, now_ms, problems)
    newest = max(benchmarks.glob("*.json"), key=lambda path: path.stat().st_mtime, default=None)
    if newest is not None:
        yield "bench.json", newest.read_bytes()


def _mirror_parts(paths: Paths, since_ms: int, now_ms: int, problems: list[str]) -> Iterator[tuple[str, bytes]]:
    if not paths.mirror.is_file():
        problems.append("the mirror is not there: Barnacle has not run here yet")
        return
    try:
        history = History(paths.mirror, since_ms)
        timeline = history.timeline(now_ms)
    except (sqlite3.Error, ValueError, KeyError, TypeError) as error:
        problems.append(f"the mirror cannot be read: {error!r}")
        return
    yield "state.json", _json({"settings": history.settings, "groups": history.groups, "tasks": history.tasks})
    yield "messages.jsonl", _lines(history.messages)
    yield "runs.jsonl", _lines(history.runs)
    yield "audit.jsonl", _lines(history.audit)
    if timeline is None:
        problems.append("the box has not told its settings: there is no timeline")
    else:
        yield "timeline.json", _json(timeline)


def _tail(path: Path) -> bytes:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - INCIDENT_LOG_BYTES))
        data = file.read(INCIDENT_LOG_BYTES)
    if size <= INCIDENT_LOG_BYTES:
        return data
    return b"(cut)\n" + data.split(b"\n", 1)[-1]  # half a line may hold half a secret


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace")


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode("utf-8", "replace")


def _write(out: Path, parts: dict[str, bytes], now_ms: int) -> None:
    made: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{out.name}.", suffix=".part", dir=out.parent)  # 0600, and new
        made = Path(name)
        with os.fdopen(handle, "wb") as file, tarfile.open(fileobj=file, mode="w:gz") as bundle:
            for name, data in parts.items():
                member = tarfile.TarInfo(f"{FOLDER}/{name}")
                member.size, member.mode, member.mtime = len(data), 0o600, now_ms // 1000
                bundle.addfile(member, io.BytesIO(data))
        made.replace(out)
    except OSError as error:
        if made is not None:
            made.unlink(missing_ok=True)
        raise ProblemError(f"{out} cannot be written: {error.strerror}", "name another file") from None


def now_ms() -> int:
    """The laptop's time."""
    return time.time_ns() // 1_000_000
