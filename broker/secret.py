"""A secret in memory: it shows itself to `reveal()` and to nothing else."""

import hmac
from typing import NoReturn

MASK = "[secret]"


class Secret:
    """Holds a text. repr, str and format give a mask; it cannot be pickled or copied; it compares in constant time."""

    __slots__ = ("_value",)
    __hash__ = None  # pyright: ignore[reportAssignmentType]  # a hash would tell equal ones apart

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value: for the line of code that needs it, not to be kept."""
        return self._value

    def __repr__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other.reveal().encode())

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is neither copied nor pickled")

    def __copy__(self) -> NoReturn:
        raise TypeError("a secret is neither copied nor pickled")

    def __deepcopy__(self, memo: object) -> NoReturn:
        raise TypeError("a secret is neither copied nor pickled")
