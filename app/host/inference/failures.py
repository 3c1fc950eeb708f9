"""What servers answer when they do not answer: status codes, error bodies and the broker's own codes, as ModelErrors.

Anthropic {"type": "error", "error": {"type", "message", "details"?}}    OpenAI {"error": {"message", "type", "code"}}
"""

from typing import Any, Final

import httpx

from app.host import limits
from app.host.inference import bounded_json as loose
from app.host.inference.errors import ModelError, Unfinished
from app.host.inference.retry import retry_after_ms

_BY_TYPE: Final = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "billing_error": 402,
    "insufficient_quota": 402,
    "credit_balance_exhausted": 402,
    "enforced_spend_limit_reached": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "model_not_found": 404,
    "request_too_large": 413,
    "context_length_exceeded": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "api_error": 500,
    "server_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
_MONEY: Final = ("credit balance", "insufficient_quota", "spend limit", "usage limit", "billing")
_LENGTH: Final = ("prompt is too long", "context length", "context_length", "context window", "context size")
_RETRIED: Final = (408, 409, 425, 500, 502, 503, 504, 520, 522, 524, 529)


def refused(status: int, headers: httpx.Headers, body: bytes, now_ms: int) -> ModelError:
    """An answer with a status other than 200. `body` may be cut at limits.MODEL_ERROR_BYTES."""
    if 300 <= status < 400:
        return ModelError("model_error", "the model server sends us elsewhere (a redirect)", "correct the model's url")
    error = _error_of(body)
    wait_ms = retry_after_ms(headers.get("retry-after", ""), now_ms)
    return _failure(_meant(status, error), error, wait_ms)


def reported(error: dict[str, Any]) -> ModelError:
    """An error in the middle of a stream, or in a body that came with status 200."""
    return _failure(_meant(200, error), error, None)


def not_a_stream(content_type: str, body: bytes) -> ModelError:
    """Status 200 and something other than a stream: often a login page, or an error without its status."""
    error = _error_of(body)
    if error.get("type") or error.get("message"):
        return reported(error)
    kind = content_type.partition(";")[0].strip()[:60] or "no content type"
    return ModelError(
        "model_error", f"the model server answers with {kind} instead of a stream", "see whether url and api are right"
    )


def of_transport(error: httpx.TransportError) -> ModelError:
    """No connection, or one that broke. Texts of libraries are left out: they may quote what was sent."""
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return ModelError("model_offline", "the model server cannot be reached", _SERVER, retry=True)
    if isinstance(error, httpx.TimeoutException):
        return ModelError("model_offline", "the model server does not answer", _SERVER, retry=True)
    if isinstance(error, httpx.LocalProtocolError | httpx.UnsupportedProtocol):
        return ModelError(
            "model_error", "the request cannot be sent", "this is a fault of Barnacle's: please report it"
        )
    return Unfinished("the connection to the model server broke off")


def of_broker(code: str, message: str, remedy: str) -> ModelError:
    """The credential broker did not let the request out, or could not carry it."""
    known, retry = _BROKER.get(code, ("model_error", False))
    return ModelError(known, message, remedy, retry=retry)


_SERVER: Final = "see whether the server runs and this machine is online"
_BROKER: Final[dict[str, tuple[str, bool]]] = {
    "no_credential": ("no_key", False),
    "bad_binding": ("no_key", False),
    "keyring_unavailable": ("no_key", False),
    "lease_unknown": ("broker_down", True),
    "lease_expired": ("broker_down", True),
    "lease_spent": ("broker_down", True),
    "dns": ("model_offline", True),
    "unreachable": ("model_offline", True),
    "timeout": ("model_offline", True),
    "tls": ("model_offline", False),
    "outcome_unknown": ("model_offline", True),
    "limited": ("broker_down", True),
    "audit_unavailable": ("audit_unavailable", False),
    "broker_down": ("broker_down", False),
}


def _error_of(body: bytes) -> dict[str, Any]:
    try:
        found = loose.parse_object(body.decode("utf-8", "replace"))
    except ValueError:
        return {}
    error = found.get("error", found)
    return loose.mapping(error) if not isinstance(error, str) else {"message": error}


def _words(error: dict[str, Any]) -> str:
    """Everything that says what kind of error it is."""
    kinds = [error.get("type"), error.get("code"), loose.mapping(error.get("details")).get("error_code")]
    return " ".join(str(kind) for kind in kinds if kind)


def _meant(status: int, error: dict[str, Any]) -> int:
    """The status that the error means: servers send money troubles as 400 and 429 and stream errors with 200."""
    words = _words(error)
    said = (words + " " + loose.text(error.get("message"))).lower()
    if status in (200, 400, 402, 403, 429) and any(sign in said for sign in _MONEY):
        return 402
    if status in (200, 400, 500) and any(sign in said for sign in _LENGTH):
        return 413
    exact = [_BY_TYPE[word] for word in words.split() if word in _BY_TYPE]
    if status == 200 or (status in (400, 429) and 402 in exact):
        return 402 if 402 in exact else exact[-1] if exact else _numeric(error)
    return status


def _numeric(error: dict[str, Any]) -> int:
    code = loose.count(error.get("code"))
    return code if 400 <= code < 600 else 500


def _failure(status: int, error: dict[str, Any], wait_ms: int | None) -> ModelError:
    said = says(error)
    if status == 401:
        return ModelError("refused_key", f"the model server refuses the key{said}", "store a valid key")
    if status == 402:
        return ModelError("over_budget", f"the account has no money or reached its limit{said}", _ACCOUNT)
    if status == 403:
        return ModelError("refused_key", f"the key may not use this model{said}", "use another key or model")
    if status == 404:
        return ModelError("model_offline", f"the server does not know this model{said}", "correct model and url")
    if status == 413:
        return ModelError("too_long", f"the conversation is too long for the model{said}", "begin a new session")
    if status == 429:
        return ModelError("rate_limited", f"too many requests{said}", "wait a little", retry=True, wait_ms=wait_ms)
    if status in _RETRIED or status >= 500:
        busy = "is overloaded" if status in (503, 529) else f"has a fault of its own ({status})"
        return ModelError("model_offline", f"the model server {busy}{said}", _LATER, retry=True, wait_ms=wait_ms)
    return ModelError("model_error", f"the model server refuses the request ({status}){said}", "see docs/models.md")


_ACCOUNT: Final = "look at the provider's billing page"
_LATER: Final = "it is asked again by itself; if it stays, look at the provider's status page"


def says(error: dict[str, Any]) -> str:
    """A server's own words, short and printable, as the end of a sentence."""
    raw = " ".join("".join(c if c.isprintable() else " " for c in loose.text(error.get("message"))).split())
    text = raw if len(raw) <= limits.MODEL_SAYS_CHARS else raw[: limits.MODEL_SAYS_CHARS - 1] + "…"
    return f": {text}" if text else ""
