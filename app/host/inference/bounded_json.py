"""JSON from a server that is not trusted: bounded in depth, and made of text that can be written as UTF-8."""

import json
import math
import re
from typing import Any, Final, NoReturn, cast

from app.host import limits

_TEXT: Final = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)  # possessive: linear for any text
_BRACKETS: Final = re.compile(r"[\[\]{}]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def parse(text: str, depth: int = limits.MODEL_JSON_DEPTH) -> Any:
    """The value; raises ValueError for what is no JSON (NaN and Infinity are none) or nested deeper than `depth`."""
    level = 0
    for bracket in _BRACKETS.findall(_TEXT.sub("", text)):
        level += 1 if bracket in "[{" else -1
        if level > depth:
            raise ValueError("nested too deeply")
    return writable(json.loads(text, parse_constant=_no_constant, parse_float=_finite))


def parse_object(text: str) -> dict[str, Any]:
    """As `parse`; anything but an object is a ValueError too."""
    value = parse(text)
    if not isinstance(value, dict):
        raise ValueError("no JSON object")  # noqa: TRY004 - callers catch one kind
    return cast("dict[str, Any]", value)


def writable(value: Any) -> Any:
    """The same value; halves of surrogate pairs, which no UTF-8 can hold, become "\N{REPLACEMENT CHARACTER}"."""
    if isinstance(value, str):
        return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", value) if _SURROGATE.search(value) else value
    if isinstance(value, list):
        return [writable(item) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {writable(key): writable(item) for key, item in cast("dict[str, Any]", value).items()}
    return value


def mapping(value: object) -> dict[str, Any]:
    """`value` when it is an object, else an empty one: for fields that servers leave out or fill with null."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """`value` when it is a list, else an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def text(value: object) -> str:
    """`value` when it is a text, else ""."""
    return value if isinstance(value, str) else ""


def count(value: object) -> int:
    """`value` when it is a whole number from 0 to a billion, else 0."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1_000_000_000 else 0


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number is out of range")
    return number
