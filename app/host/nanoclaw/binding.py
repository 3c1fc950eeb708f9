"""JSON values as NanoClaw's database binding takes them: numbers are reals, a missing value is NULL, the rest refused.

A number in a text column therefore becomes "5.0": files written by either program look the same.
"""

from typing import Any, cast

from app.host.nanoclaw.errors import RowRefused

SqlValue = str | float | None


def bound(*values: Any) -> tuple[SqlValue, ...]:
    """The values for one statement; a list stands for its elements. Raises RowRefused for booleans and objects."""
    flat: list[SqlValue] = []
    for value in values:
        if isinstance(value, list):
            flat.extend(_one(element) for element in cast("list[Any]", value))
        else:
            flat.append(_one(value))
    if len(flat) != len(values):
        raise RowRefused(f"{len(flat)} values were given where {len(values)} are needed")
    return tuple(flat)


def text_of(text: str) -> str:
    """`text` as UTF-8 can hold it: lone surrogates become U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _one(value: Any) -> SqlValue:
    if value is None:
        return None
    if isinstance(value, str):
        return text_of(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _real(value)
    raise RowRefused(f"a value of type {type(value).__name__} cannot be stored", "give text or a number")


def _real(number: int | float) -> float:
    try:
        return float(number)
    except OverflowError:
        raise RowRefused(f"the number {str(number)[:20]}… is too large to be stored") from None
