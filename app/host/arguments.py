"""A request's arguments, checked one by one."""

from typing import Any

from app.host import limits
from app.host.refusal import RequestRefused

_MISSING = object()


class Arguments:
    """Reads `args`; anything not in `known` is refused, so that a misspelt name is noticed."""

    def __init__(self, args: dict[str, Any], *known: str) -> None:
        unknown = sorted(set(args) - set(known))
        if unknown:
            raise RequestRefused("bad_value", f"unknown argument {unknown[0]!r}", "known are " + ", ".join(known))
        self._args = args

    def text(self, name: str, default: object = _MISSING, most: int = limits.FILTER_CHARS * 2) -> str:
        """A text of at most `most` characters."""
        value = self._value(name, default)
        if not isinstance(value, str) or (default is _MISSING and not value):
            raise RequestRefused("bad_value", f"{name} must be a text")
        if len(value) > most:
            raise RequestRefused("bad_value", f"{name} has {len(value)} characters, at most {most} are allowed")
        return value

    def number(self, name: str, default: object = _MISSING) -> int:
        """A whole number from 0 to 2**53."""
        value = self._value(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 2**53:
            raise RequestRefused("bad_value", f"{name} must be a whole number")
        return value

    def limit(self) -> int:
        """The `limit` argument: 1 to READ_LIMIT."""
        value = self.number("limit", limits.READ_LIMIT_DEFAULT)
        if not 1 <= value <= limits.READ_LIMIT:
            raise RequestRefused("bad_value", f"limit is {value}", f"use a number from 1 to {limits.READ_LIMIT}")
        return value

    def _value(self, name: str, default: object) -> object:
        value = self._args.get(name, default)
        if value is _MISSING:
            raise RequestRefused("bad_value", f"{name} is missing")
        return value
