"""What can go wrong between the box and a language model.

ModelError         the answer to the box is "no", with a code of CODES; also what the states are made from
`-- Unfinished     the connection ended or stalled before the answer was complete
"""

from typing import Final

from app.host.refusal import RequestRefused

CODES: Final = (
    "no_model",
    "no_key",
    "refused_key",
    "over_budget",
    "rate_limited",
    "model_offline",
    "model_error",
    "too_long",
    "broker_down",
    "audit_unavailable",
)


class ModelError(RequestRefused):
    """`code`, `message` (what failed and why) and `remedy` are for people. `retry`: the same request may go through a
    moment later; `wait_ms` is how long the server asks to wait (None: it does not say). `partial`: part of the answer
    had been delivered, so nobody else is asked and the caller begins the round again."""

    def __init__(
        self, code: str, message: str, remedy: str = "", *, retry: bool = False, wait_ms: int | None = None
    ) -> None:
        super().__init__(code, message, remedy)
        self.retry = retry
        self.wait_ms = wait_ms
        self.partial = False


class Unfinished(ModelError):  # noqa: N818 - reads as what happened
    """An answer that broke off; asking again may help."""

    def __init__(self, message: str) -> None:
        super().__init__("model_offline", message, "it is asked again; see whether the server is well", retry=True)
