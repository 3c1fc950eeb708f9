"""The credential broker's errors.

BrokerError          whatever broker/ raises on purpose: a stable code, what and why, and what to do; never a secret
|-- Denied           it may not be done: no_credential bad_binding lease_* out_of_scope denied ask limited …
|-- Unavailable      it cannot be done now: dns unreachable tls timeout too_large bad_encoding outcome_unknown …
`-- BadRequest       it was asked for wrongly: bad_url bad_request
"""


class BrokerError(Exception):
    """Base of every error that the credential broker raises on purpose."""

    def __init__(self, code: str, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy


class Denied(BrokerError):  # noqa: N818 - reads as what happened
    """It may not be done."""


class Unavailable(BrokerError):  # noqa: N818 - reads as what happened
    """It cannot be done at present."""


class BadRequest(BrokerError):  # noqa: N818 - reads as what happened
    """It was asked for wrongly."""
