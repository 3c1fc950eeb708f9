"""What an answer cost, in whole micro-USD: no float touches money."""

from dataclasses import dataclass, replace
from typing import Any, Final

from app.host.models_settings import MICRO, Prices

CHARS_PER_TOKEN: Final = 4


@dataclass(frozen=True)
class Usage:
    """Tokens of one answer. `input` does not include what was read from or written to the provider's prompt cache."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    estimated: bool = False
    """The server did not say; counted from characters."""

    def micro_usd(self, prices: Prices) -> int:
        """The cost, rounded up once."""
        total = (
            self.input * prices.input
            + self.output * prices.output
            + self.cache_read * prices.cache_read
            + self.cache_write * prices.cache_write
        )
        return -(-total // MICRO)

    def as_dict(self, prices: Prices) -> dict[str, Any]:
        """The form that goes to the box; `estimated` is only there when it is true."""
        counted: dict[str, Any] = {
            "input": self.input,
            "output": self.output,
            "cache_read": self.cache_read,
            "cache_write": self.cache_write,
            "micro_usd": self.micro_usd(prices),
        }
        return counted | {"estimated": True} if self.estimated else counted


def tokens(chars: int) -> int:
    """About how many tokens a text of so many characters has; at least one for any text."""
    return -(-chars // CHARS_PER_TOKEN)


def filled(usage: Usage, sent_chars: int, received_chars: int) -> Usage:
    """`usage`, or an estimate marked as such where the server counted nothing."""
    if usage.input or usage.output or usage.cache_read or usage.cache_write:
        return usage
    return replace(usage, input=tokens(sent_chars), output=tokens(received_chars), estimated=True)
