"""What can be wrong with the audit log.

AuditError             `.code`, `.message`, `.remedy`
└── AuditUnavailable   nothing can be recorded now, so nothing may be done that has to be
"""


class AuditError(Exception):
    """Something about the audit log; `code` is stable, `message` says what, `remedy` what to do."""

    code = "audit"

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class AuditUnavailable(AuditError):  # noqa: N818 - says what was met
    """The record is not accepted. `state`: "full", "unwritable", "changed" or "closed"."""

    code = "audit_unavailable"

    def __init__(self, state: str, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.state = state
