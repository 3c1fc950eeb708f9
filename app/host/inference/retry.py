"""How long to wait before a model is asked again: full jitter, and what the server asks for (Retry-After, RFC 9110)."""

from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime

from app.host import limits
from app.host.inference.errors import ModelError


def pause_ms(failure: ModelError, tried: int, chance: Callable[[], float]) -> int | None:
    """Milliseconds until try `tried` + 1; None: it is not worth it. `chance` gives numbers from 0 to 1.

    A server that names a time is never asked sooner; when that is later than limits.MODEL_RETRY_CAP_MS, not at all."""
    if not failure.retry or tried >= limits.MODEL_TRIES:
        return None
    most = min(limits.MODEL_RETRY_CAP_MS, limits.MODEL_RETRY_BASE_MS * 2 ** (tried - 1))
    jitter = int(most * chance())
    if failure.wait_ms is None:
        return jitter
    return failure.wait_ms + jitter if failure.wait_ms <= limits.MODEL_RETRY_CAP_MS else None


def retry_after_ms(value: str, now_ms: int) -> int | None:
    """The header as milliseconds from now: seconds, or a date; None when it is absent or unreadable."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return min(int(value[:12]) * 1000, limits.MODEL_LIMITED_MAX_MS)
    try:
        moment = parsedate_to_datetime(value)
        at_ms = int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return max(0, min(at_ms - now_ms, limits.MODEL_LIMITED_MAX_MS))
