"""A request that the host answers with "no"."""


class RequestRefused(Exception):  # noqa: N818 - reads as what happened
    """`code` is stable (box_offline, timeout, unknown_request, bad_value, busy, too_large or one of the box's own);
    `message` names what failed and why; `remedy` says what to do next ("" when nothing)."""

    def __init__(self, code: str, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy

    def as_dict(self) -> dict[str, str]:
        """The wire's form."""
        return {"code": self.code, "message": self.message, "remedy": self.remedy}
