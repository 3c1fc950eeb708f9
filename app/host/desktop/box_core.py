"""The parts of `device/host` that the desktop host's store uses, with types: that package has none, by design."""

from importlib import import_module
from typing import Any, Final, Protocol

from device.host.errors import Refused
from device.host.journal import JournalError

__all__ = ["JournalError", "Refused", "StatePort", "new_group", "new_state"]

_bounded: Any = import_module("device.host.bounded")
_groups: Any = import_module("device.host.groups")
_limits: Any = import_module("device.host.limits")
_portable: Any = import_module("device.host.portable")
_state: Any = import_module("device.host.state")

ID_BYTES: Final[int] = _limits.ID_BYTES
MAILBOX_MESSAGES: Final[int] = _limits.MAILBOX_MESSAGES
NAME_BYTES: Final[int] = _limits.NAME_BYTES
RECORD_BYTES: Final[int] = _limits.RECORD_BYTES
RING_BYTES: Final[int] = _limits.RING_BYTES
RING_MESSAGES: Final[int] = _limits.RING_MESSAGES
Row = dict[str, Any]


class StatePort(Protocol):
    """See device/host/state.py."""

    settings: Row
    groups: dict[str, Row]
    tasks: dict[str, Row]
    rings: dict[str, list[Row]]
    cursors: dict[str, int]
    sessions: dict[str, str]
    next_n: int

    def apply(self, kind: str, body: Any) -> None: ...
    def pending(self, folder: str) -> list[Row]: ...
    def unsettled_bytes(self) -> int: ...


def new_state() -> StatePort:
    """A state that knows nothing."""
    return _state.State()


def changes_state(kind: str) -> bool:
    """Whether a record of the journal is one for `State.apply`, not a note of the store's own."""
    return kind[0] != "!" or kind in ("!recent", "!counters")


def new_group(args: Row, now_ms: int, existing: dict[str, Row], assistant: str) -> Row:
    """The group that `group.add` would make; raises Refused."""
    return _groups.new_group(args, now_ms, existing, assistant)


def weight(message: Row) -> int:
    """What a message counts against RING_BYTES."""
    return _state.weight(message)


def dumps(value: Any) -> str:
    """Compact JSON text."""
    return _portable.dumps(value)


def fits(text: str, most_bytes: int) -> bool:
    """Whether a record takes a text of so many bytes."""
    return len(text.encode()) <= most_bytes and _bounded.encoded_bytes(text) <= most_bytes + 2


def fits_prompt(text: str) -> bool:
    """Whether a task may have this prompt."""
    size = _bounded.encoded_bytes(text)
    return bool(text.strip()) and len(text.encode()) <= _limits.PROMPT_BYTES and size <= _limits.PROMPT_ENCODED_BYTES


def cut_name(text: str) -> str:
    """The beginning that a name may have."""
    return _bounded.cut(text, NAME_BYTES, NAME_BYTES + 2)


def cut_id(text: str) -> str:
    """The beginning that an id may have."""
    return _bounded.cut(text, ID_BYTES, ID_BYTES + 2)


def cut_text(text: str) -> str:
    """The beginning that a message may have."""
    return _bounded.reply(text)


def cut_result(text: str) -> str:
    """The beginning that a result or an audit detail may have."""
    return _bounded.result(text)
