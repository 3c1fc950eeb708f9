"""The laptop side's errors.

ProblemError             a situation the user can do something about: what failed and why, and what to do next
|-- SettingsError        config.toml says something that cannot be
|-- KeysError            keys.json or a credential file is missing, damaged or open to others
|-- SupervisorError      `barnacle up` cannot start what it should
`-- UsageError           an argument that argparse accepted and the command cannot use
"""


class ProblemError(Exception):
    """Base of what the user is told in one line. `message` names what failed and why; `remedy` what to do next ("" when
    nothing can be done); `exit_code` is the command line's."""

    exit_code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class SettingsError(ProblemError):
    """config.toml cannot be used; the message names the file and the key."""


class KeysError(ProblemError):
    """A file of keys cannot be used; the message names it."""


class SupervisorError(ProblemError):
    """The appliance cannot start or stop."""


class UsageError(ProblemError):
    """Wrong usage that only the command itself can see."""

    exit_code = 2
