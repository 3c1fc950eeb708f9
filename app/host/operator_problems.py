"""Why an operator got no answer, or not the one that was hoped for.

ProblemError
├── OperatorRefused       host or box said no: `code`, `message`, `remedy`
└── OperatorUnreachable   nobody answered: broker, host or password; `message`, `remedy`
"""

from app.errors import ProblemError
from app.host.keys import OperatorCredentials

UP_REMEDY = "is `barnacle up` running?"


class OperatorRefused(ProblemError):  # noqa: N818 - reads as what happened
    """The host or the box said no."""

    def __init__(self, code: str, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.code = code


class OperatorUnreachable(ProblemError):  # noqa: N818 - reads as what happened
    """Nobody answered."""

    exit_code = 3


def hopeless(online: bool, problem: str) -> bool:
    """True when waiting will not help: credentials refused, nothing listens, or there is no such
    certificate. `problem` is the bridge's state."""
    signs = ("refused", "cannot connect", "ca certificate")
    return not online and any(sign in problem.lower() for sign in signs)


def unreachable(what: str, who: OperatorCredentials, online: bool, problem: str) -> OperatorUnreachable:
    """`what` did not happen: say which part is the matter and what to do. `online`: the broker answers."""
    where = f"{who.host}:{who.port}"
    if online:
        remedy = f"the broker at {where} does answer; {UP_REMEDY} Is the key of operator {who.client} still valid?"
        return OperatorUnreachable(what, remedy)
    if problem.startswith("offline: refused"):
        why = problem.removeprefix("offline: refused").lstrip(": ")
        return OperatorUnreachable(
            f"the broker at {where} refused user {who.user}: {why}",
            "make a new credential file: barnacle operator add NAME --out FILE",
        )
    if "CA certificate" in problem:
        return OperatorUnreachable(
            problem.removeprefix("offline: "), "correct mqtt.tls_ca in config.toml, or tls_ca in the credential file"
        )
    if "cannot connect" in problem:
        return OperatorUnreachable(f"nothing listens at {where}", UP_REMEDY)
    return OperatorUnreachable(f"no connection to the broker at {where} ({problem})", UP_REMEDY)
