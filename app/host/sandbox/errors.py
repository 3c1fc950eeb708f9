"""This package's errors.

SandboxError       base: a ProblemError, so the command line shows it in one line
|-- BadMount       a mount request or an allowlist entry of the wrong shape
`-- BadRun         a run that cannot be started as it was asked for
"""

from app.errors import ProblemError


class SandboxError(ProblemError):
    """Base of this package's errors."""


class BadMount(SandboxError):  # noqa: N818 - says what was met
    """A mount request or an allowlist entry has the wrong shape."""


class BadRun(SandboxError):  # noqa: N818 - says what was met
    """A run cannot be started as it was asked for; nothing was started."""
