"""What a JSON event carries as text: every string with the place where it stands, and which streams the event ends.

Clients put pieces of the same place together: same indices (`index` of the objects around it, else positions in
lists) and same last key, whatever objects lie between. So `content_block.text` goes on as `delta.text`.
"""

import json
from dataclasses import dataclass, field
from typing import Any, cast

from broker import limits
from broker.errors import Unavailable

Path = tuple[str | int, ...]
Place = tuple[tuple[int, ...], str]

_OPENAI = {"content", "arguments", "refusal", "reasoning", "reasoning_content", "delta", "transcript", "input"}
_ANTHROPIC = {"text", "partial_json", "thinking", "signature", "citation", "completion", "response"}
_PIECES = _OPENAI | _ANTHROPIC  # what clients put together; other texts are whole by themselves
_INDEXES = ("output_index", "content_index", "summary_index", "index")
_REASONS = ("finish_reason", "finishReason", "stop_reason")
_ENDING = ("_stop", "_done", ".done", ".completed", ".incomplete", ".failed", "error", "message_delta")


@dataclass
class Leaf:
    """One string. `piece` when it is put together with others of its `place`; `begins` when it starts anew there."""

    path: Path
    place: Place
    text: str
    piece: bool
    begins: bool

    @property
    def name(self) -> str:
        """Its place without numbers."""
        return ".".join(key for key in self.path if isinstance(key, str))


@dataclass
class Leaves:
    """All of one event. `ends` are the beginnings of indices whose streams go no further; `twice` when an object has
    a key two times: then only the last one was looked at."""

    value: Any
    found: list[Leaf] = field(default_factory=list["Leaf"])
    ends: list[tuple[int, ...]] = field(default_factory=list[tuple[int, ...]])
    twice: bool = False

    def closes(self, place: Place) -> bool:
        """Whether the event ends the stream of this place."""
        return any(place[0][: len(end)] == end for end in self.ends)


def parse(data: bytes) -> Leaves | None:
    """The leaves of an event's data; None when it is no JSON, or only a number or word. Raises
    Unavailable("bad_encoding") when it is nested deeper than limits.EVENT_DEPTH."""
    leaves = Leaves(None)

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        leaves.twice = leaves.twice or len(made) < len(pairs)
        return made

    text = data.decode("utf-8", "replace")
    try:
        value: Any = json.loads(text, strict=False, parse_int=_number, object_pairs_hook=unique)
    except ValueError:
        return None
    except RecursionError:
        raise _deep() from None
    if value is None or isinstance(value, int | float):
        return None
    leaves.value = value
    _walk(leaves, leaves.value, (), ())
    kind = _mapping(leaves.value).get("type")
    if isinstance(kind, str) and kind.endswith(_ENDING):
        leaves.ends.append(_numbers(_mapping(leaves.value)))
    return leaves


def replaced(value: Any, changes: dict[Path, str]) -> Any:
    """The value with other texts at these paths; it is changed itself."""
    for path, text in changes.items():
        if not path:
            return text
        holder = value
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = text
    return value


def only(value: Any, path: Path) -> tuple[Any, Path]:
    """An event like this one that carries nothing but an empty text, and the path of that: what a stream goes on with
    after its last event."""
    fields = _mapping(value)
    if fields.get("type") == "content_block_start":  # a second one would begin another block
        delta = {"type": f"{path[-1]}_delta", str(path[-1]): ""}
        number = fields.get("index")
        return {"type": "content_block_delta", "index": number, "delta": delta}, ("delta", path[-1])
    rest = _only(value, path)
    place = tuple(0 if isinstance(key, int) else key for key in path)
    if not isinstance(rest, dict):
        return rest, place
    named = {key: each for key, each in fields.items() if isinstance(each, str) and key not in _PIECES}
    short = {key: each for key, each in named.items() if len(each) <= limits.EVENT_LABEL_CHARS}
    return short | cast("dict[str, Any]", rest), place


def _only(value: Any, path: Path) -> Any:
    if not path:
        return ""
    if isinstance(value, list):
        return [_only(cast("list[Any]", value)[cast("int", path[0])], path[1:])]
    kept: dict[str, Any] = {}
    for key, each in cast("dict[str, Any]", value).items():
        if key == path[0]:
            kept[key] = _only(each, path[1:])
        elif each is None or isinstance(each, int | float) or (key == "type" and isinstance(each, str)):
            kept[key] = each
    return kept


def _walk(leaves: Leaves, value: Any, path: Path, numbers: tuple[int, ...], begins: bool = False) -> None:
    if len(path) > limits.EVENT_DEPTH:
        raise _deep()
    if isinstance(value, str):
        key = next((each for each in reversed(path) if isinstance(each, str)), "")
        leaves.found.append(Leaf(path, (numbers, key), value, not key or key in _PIECES, begins))
    elif isinstance(value, list):
        for at, each in enumerate(cast("list[Any]", value)):
            own = () if _numbers(_mapping(each)) else (at,)
            _walk(leaves, each, (*path, at), (*numbers, *own))
    elif isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        numbers = (*numbers, *_numbers(fields))
        if any(fields.get(key) for key in _REASONS):
            leaves.ends.append(numbers)
        for key, each in fields.items():
            _walk(leaves, each, (*path, key), numbers, bool(fields.get("name")))


def _numbers(fields: dict[str, Any]) -> tuple[int, ...]:
    found = [fields.get(key) for key in _INDEXES]
    return tuple(each for each in found if isinstance(each, int) and not isinstance(each, bool))


def _mapping(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _number(digits: str) -> int | float:
    return int(digits) if len(digits) < limits.EVENT_DIGITS else float(digits)


def _deep() -> Unavailable:
    return Unavailable("bad_encoding", f"an event is nested deeper than {limits.EVENT_DEPTH}", "")
