"""Changes of credentials, for the audit log: names and bindings, never values.

The command line tells the running broker. When none runs, the change waits in a file until the next start.
"""

import json
import os
import time
from pathlib import Path
from typing import Any, cast

from broker import limits
from broker.binding import Binding, check_name
from broker.errors import BadRequest
from broker.lock_file import held

ACTIONS = ("set", "remove")
_LINE_BYTES = 1024


def change_event(action: str, name: str, place: str, ts_ms: int | None = None) -> dict[str, Any]:
    """The audit event of a change. Raises BadRequest for what is no change of a credential."""
    check_name(name)
    if action not in ACTIONS or len(place) > limits.SCOPE_TEXT_CHARS:
        raise BadRequest("bad_request", "that is no change of a credential", "")
    return {
        "ts_ms": time.time_ns() // 1_000_000 if ts_ms is None else ts_ms,
        "src": "broker",
        "what": f"secret.{action}",
        "actor": "owner",
        "folder": None,
        "decision": "info",
        "rule": "credentials",
        "reason": "",
        "detail": f"{name} {place}".strip(),
    }


def place_of(binding: Binding | None) -> str:
    """Where a credential belongs and how it travels, on one line."""
    if binding is None:
        return ""
    return f"for {binding.scheme}://{binding.host}:{binding.port} in {binding.header}"


class ChangeNotes:
    """The file at `path`, 0600: one JSON object a line."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, event: dict[str, Any]) -> None:
        """Keep an event until the next start, durably; the oldest stay when there are too many. Raises OSError."""
        with self._lock():
            if len(self._lines()) >= limits.CHANGE_NOTES:
                return
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(self._path, flags, 0o600), "w", encoding="utf-8") as file:
                file.write(json.dumps(event, separators=(",", ":")) + "\n")
                file.flush()
                os.fsync(file.fileno())

    def waiting(self) -> tuple[list[dict[str, Any]], int]:
        """The events, each checked (lines that are none become one that says so), and how many lines there are. Raises
        OSError."""
        with self._lock():
            lines = self._lines()
        events = [_event_of(line) for line in lines]
        lost = sum(event is None for event in events)
        good = [event for event in events if event is not None]
        if lost:
            note = change_event("set", "unknown", "") | {"what": "secret.note", "decision": "deny"}
            good.append(note | {"detail": f"{lost} notes of changes could not be read"})
        return good, len(lines)

    def clear(self, count: int) -> None:
        """They are in the log: forget the first `count` lines. Raises OSError."""
        with self._lock():
            rest = self._lines()[count:]
            if not rest:
                self._path.unlink(missing_ok=True)
                return
            temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}")
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
                file.write(b"".join(line + b"\n" for line in rest))
            temporary.replace(self._path)

    def _lock(self) -> Any:
        return held(self._path.with_name("credentials.lock"))

    def _lines(self) -> list[bytes]:
        try:
            handle = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return []
        with os.fdopen(handle, "rb") as file:
            return file.read(limits.CHANGE_NOTES * _LINE_BYTES).splitlines()


def _event_of(line: bytes) -> dict[str, Any] | None:
    try:
        value: Any = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    found = cast("dict[str, Any]", value)
    what, detail, ts_ms = found.get("what"), found.get("detail"), found.get("ts_ms")
    if not isinstance(what, str) or not isinstance(detail, str) or type(ts_ms) is not int:
        return None
    name, _, place = detail.partition(" ")
    try:
        return change_event(what.removeprefix("secret."), name, place, ts_ms) | {"reason": "noted before this start"}
    except BadRequest:
        return None
