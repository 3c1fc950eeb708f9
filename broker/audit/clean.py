"""Makes an event fit to be kept: no controls, no secrets, nothing beyond its bounds.

In this order: what a terminal would obey goes, then every known secret (so that none hides behind a control
character), then what is too much (so that no secret is cut in two and kept by halves).
"""

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, cast

from broker.audit import limits
from broker.audit.record import dumps

Scrub = Callable[[str], str]
CUT = "…"
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def same(text: str) -> str:
    """A `Scrub` that knows no secrets."""
    return text


def clean_event(event: Mapping[str, Any], scrub: Scrub = same) -> dict[str, Any]:
    """The event as it is written. Values that JSON has no form for become text; a field too many is left out."""
    cleaned = _object(event, scrub, 0)
    size = len(dumps(cleaned))
    if size > limits.EVENT_BYTES:
        cleaned = _smaller(cleaned, size)
    if scrub(dumps(cleaned).decode()) != dumps(cleaned).decode():  # a secret put together from several parts
        kept = ("ts_ms", "src", "what", "decision")
        cleaned = {name: cleaned[name] for name in kept if name in cleaned} | {"cut": "a secret"}
        cleaned = cleaned if scrub(dumps(cleaned).decode()) == dumps(cleaned).decode() else {"cut": "a secret"}
    return cleaned


def clean_text(text: str, scrub: Scrub = same) -> str:
    """One text: on one line, without controls, scrubbed, cut at TEXT_CHARS."""
    return _cut(scrub(_plain(text)))


def _object(value: Mapping[Any, Any], scrub: Scrub, depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, item in value.items():
        if len(found) == limits.FIELDS:
            found[CUT] = len(value) - limits.FIELDS
            break
        found[clean_text(str(name), scrub)] = _value(item, scrub, depth + 1)
    return found


def _value(value: Any, scrub: Scrub, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        text = str(value)
        fits = scrub(text) == text and text.lower().strip("-") not in ("nan", "inf") and len(text) <= 40
        return value if fits else clean_text(text, scrub)
    if isinstance(value, Mapping | list | tuple) and depth >= limits.DEPTH:
        return CUT
    if isinstance(value, Mapping):
        return _object(cast("Mapping[Any, Any]", value), scrub, depth)
    if isinstance(value, list | tuple):
        items = cast("list[Any]", value)
        cut = [CUT] if len(items) > limits.ITEMS else []
        return [_value(item, scrub, depth + 1) for item in items[: limits.ITEMS]] + cut
    return clean_text(str(value), scrub)


def _plain(text: str) -> str:
    spaced = " ".join(text.split())
    if spaced.isascii() and spaced.isprintable():
        return spaced
    return "".join(char for char in spaced if unicodedata.category(char) not in _UNSEEN)


def _cut(text: str) -> str:
    return text if len(text) <= limits.TEXT_CHARS else text[: limits.TEXT_CHARS - 1] + CUT


def _smaller(event: dict[str, Any], size: int) -> dict[str, Any]:
    """Shorten the largest fields until the whole fits."""
    left = dict(event) | {"cut": f"{size} bytes"}
    while len(dumps(left)) > limits.EVENT_BYTES:
        largest = max((name for name in left if name != "cut"), key=lambda name: len(dumps({name: left[name]})))
        held = left[largest]
        if isinstance(held, str) and len(held) > 64:
            left[largest] = held[: len(held) // 2] + CUT
        elif isinstance(held, str | int | float | None):
            del left[largest]
        else:
            left[largest] = CUT
    return left
