"""The messages of one NanoClaw chat as the box takes them: the newest, in order, what was handed over before what was
not. Pure.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from app.host import limits
from app.host.desktop import box_core, rows
from app.host.nanoclaw import device_rules as rules

NEWEST: Final = 2 * box_core.RING_MESSAGES
"""So many rows of a chat are looked at: some may not be representable."""

Row = dict[str, Any]


@dataclass
class History:
    """`pieces`: arguments of import.messages, in order. `waiting` messages will wait on the box; `settled_late` waited
    in NanoClaw and are more than a box lets wait. `cut`: ids of messages whose text was cut. `refused`: (id, why)."""

    folder: str
    pieces: list[Row] = field(default_factory=list[Row])
    taken: int = 0
    waiting: int = 0
    settled_late: int = 0
    cut: list[str] = field(default_factory=list[str])
    refused: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


def history(folder: str, found: list[Row], handed_over: str, assistant: str, share: int) -> History:
    """The history of a group from its chat's newest rows (oldest first), in at most `share` bytes of the box's rings:
    half of it for what waits, so that it can be answered. Rows up to the time `handed_over` are settled."""
    made = History(folder)
    messages: list[Row] = []
    settled = 0
    for row in found:
        problem = _problem(row)
        if problem:
            made.refused.append((str(row["id"]), problem))
            continue
        messages.append(_message(row, assistant, made))
        settled += str(row["timestamp"]) <= handed_over
    first_waiting = _first_waiting(messages, settled, share // 2)
    made.settled_late = _received(messages[settled:first_waiting])
    first = _first_kept(messages, first_waiting, share)
    made.waiting = _received(messages[first_waiting:])
    made.taken = len(messages) - first
    made.cut = [id_ for id_ in made.cut if any(message["id"] == id_ for message in messages[first:])]
    made.pieces = _pieces(folder, messages[first:], first_waiting - first)
    return made


def _problem(row: Row) -> str:
    if not isinstance(row["id"], str) or not row["id"] or not box_core.fits(row["id"], box_core.ID_BYTES):
        return f"its id is no text of 1 to {box_core.ID_BYTES} bytes"
    if row["content"] is None or isinstance(row["content"], bytes):
        return "it has no text"
    time_ms = rules.utc_ms(row["timestamp"])
    if time_ms is None or time_ms < 0:
        return f"its time cannot be read: {row['timestamp']!r}"[:200]
    return ""


def _message(row: Row, assistant: str, made: History) -> Row:
    record = rows.message_record(row, 0, made.folder, assistant)
    text = str(row["content"])
    text = text[len(assistant) + 1 :].strip() if record["from_me"] else text
    if record["text"] != text:
        made.cut.append(record["id"])
    return {key: record[key] for key in ("id", "sender", "sender_name", "text", "ts_ms", "from_me")}


def _first_waiting(messages: list[Row], settled: int, room_bytes: int) -> int:
    """Where those begin that may wait on the box: the newest, as many as a group may have and as there is room for."""
    at, room = len(messages), box_core.MAILBOX_MESSAGES
    while at > settled:
        message = messages[at - 1]
        if not message["from_me"]:
            room, room_bytes = room - 1, room_bytes - box_core.weight(message)
        if room < 0 or room_bytes < 0:
            break
        at -= 1
    return at


def _first_kept(messages: list[Row], first_waiting: int, room_bytes: int) -> int:
    """Where the newest begin that the group's ring has room for; everything that waits is among them."""
    room_bytes -= sum(box_core.weight(message) for message in messages[first_waiting:])
    at = first_waiting
    while at > 0 and len(messages) - at < box_core.RING_MESSAGES:
        room_bytes -= box_core.weight(messages[at - 1])
        if room_bytes < 0:
            break
        at -= 1
    return at


def _pieces(folder: str, messages: list[Row], settled: int) -> list[Row]:
    pieces: list[Row] = []
    size = 0
    for at, message in enumerate(messages):
        weight = len(box_core.dumps(message).encode())
        full = pieces and (len(pieces[-1]["messages"]) >= rules.IMPORT_MESSAGES)
        if not pieces or full or size + weight > limits.IMPORT_PIECE_BYTES:
            pieces.append({"folder": folder, "messages": [], "settled": 0})
            size = 0
        pieces[-1]["messages"].append(message)
        pieces[-1]["settled"] += at < settled
        size += weight
    return pieces


def _received(messages: list[Row]) -> int:
    return sum(not message["from_me"] for message in messages)
