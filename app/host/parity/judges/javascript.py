"""What JavaScript makes of JSON values: truth, text, numbers. Runs on both interpreters, as device/ does."""

# pyright: standard

from device.host.cron_fields import leading_number

OBJECT_KEYS = (
    "__proto__", "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__", "constructor",
    "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString", "valueOf",
)  # fmt: skip


class Thrown(Exception):  # noqa: N818 - reads as what happened
    """JavaScript would have thrown here."""


def truthy(value):
    """Whether `if (value)` holds: empty lists and objects do."""
    return bool(value) or isinstance(value, (list, dict))


def parse_int(value):
    """parseInt(value, 10), None for NaN; raises Thrown for an object that is not made of text."""
    return leading_number(text(value))


def text(value):
    """String(value)."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list):
        return ",".join(["" if each is None else text(each) for each in value])
    if isinstance(value, dict):
        if "toString" in value or "valueOf" in value:
            raise Thrown("Cannot convert object to primitive value")
        return "[object Object]"
    return str(int(value)) if value == int(value) and abs(value) < 1e21 else str(value)


def stored(value):
    """A text as SQLite keeps it, in UTF-8: half a surrogate pair becomes U+FFFD."""
    return "".join(["\ufffd" if 0xD800 <= ord(char) <= 0xDFFF else char for char in value])
