"""The device's errors.

BarnacleError          whatever a module of device/host raises on purpose derives from it
|-- NoRoom             back-pressure: what was asked can be done later, nothing has changed
`-- Refused            "no" to a person or a program: a stable code, what and why, and what to do instead
"""

CODES = (
    "not_authorized",
    "unknown_group",
    "unknown_task",
    "unknown_run",
    "bad_value",
    "full",
    "duplicate",
    "expired",
    "busy",
    "unsupported",
    "too_large",
    "reserved",
    "unknown_ask",
    "unknown_override",
    "bad_url",
    "denied",
    "ask_denied",
    "audit_unavailable",
    "limited",
)


class BarnacleError(Exception):
    """Base of every error that the device raises on purpose."""


class NoRoom(BarnacleError):  # noqa: N818 - back-pressure, not an error
    """There is no room at present; nothing was applied, it can be asked for again."""


class Refused(BarnacleError):  # noqa: N818 - reads as what happened: raise Refused(...)
    """A request that is not carried out. `code` is one of CODES and never changes its meaning; `message` names what
    failed and why; `remedy` says what to do next ("" when there is nothing to do)."""

    def __init__(self, code, message, remedy=""):
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy

    def as_dict(self):
        """The wire's form: {"code", "message", "remedy"}."""
        return {"code": self.code, "message": self.message, "remedy": self.remedy}
