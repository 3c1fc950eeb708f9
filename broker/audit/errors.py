"""What can be wrong with the audit log (part of the tree in broker/errors.py).

AuditUnavailable   nothing can be recorded now, so nothing may be done that has to be
UnsafePathError    in folder.py: a path is a link, belongs to somebody else, or is open to others
"""

from broker.errors import Unavailable


class AuditUnavailable(Unavailable):
    """The record is not accepted. `state`: "full", "unwritable", "changed" or "closed"."""

    def __init__(self, state: str, message: str, remedy: str = "") -> None:
        super().__init__("audit_unavailable", message, remedy)
        self.state = state
