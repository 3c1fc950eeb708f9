"""Texts as JavaScript writes and measures them, where NanoClaw's files depend on it."""

import json
import re
from typing import Any

_LONE = re.compile("[\ud800-\udfff]")
_TRIMMED = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)


def json_text(value: Any, indent: int | None = None) -> str:
    """`JSON.stringify(value, null, indent)`: compact without indent, lone surrogates escaped."""
    separators = (",", ": " if indent else ":")
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)
    return _LONE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def parse_json(text: str) -> Any:
    """`JSON.parse(text)`; raises ValueError, also for NaN, Infinity and nesting beyond reason."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def truthy(value: Any) -> bool:
    """`Boolean(value)` of a JSON value: empty lists and objects count as true."""
    return isinstance(value, list | dict) or bool(value)


def trim(text: str) -> str:
    """`text.trim()`."""
    return text.strip(_TRIMMED)


def length(text: str) -> int:
    """`text.length`: UTF-16 units."""
    return len(text) + sum(char > "\uffff" for char in text)


def head(text: str, units: int) -> str:
    """`text.slice(0, units)`; half a character becomes U+FFFD."""
    if len(text) * 2 <= units:
        return text
    return text.encode("utf-16-le", "surrogatepass")[: max(0, units) * 2].decode("utf-16-le", "replace")


def tail(text: str, units: int) -> str:
    """`text.slice(-units)`; half a character becomes U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass")[-units * 2 :].decode("utf-16-le", "replace")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
