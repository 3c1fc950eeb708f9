"""Which module judges which kind of golden file. A driver has

    judge(case, context) -> None | Difference     see outcome.py; what it raises counts as the case's failure
    NEEDS           keys that every case has
    KNOWS_REPAIRS   True: it notes itself when a repair acts (Context.repaired), so a quirk's name alone excuses nothing

and is registered here. Those named PORTABLE run on both interpreters and keep device/'s rules.
"""

# pyright: standard

PORTABLE = {
    "trigger": "app.host.parity.judges.judge_trigger",
    "format": "app.host.parity.judges.judge_format",
    "schedule": "app.host.parity.judges.judge_schedule",
    "queue": "app.host.parity.judges.judge_queue",
    "ipc_auth": "app.host.parity.judges.judge_ipc_auth",
}
CPYTHON_ONLY = {
    "db": "app.host.parity.database",
    "mounts": "app.host.parity.mounts",
    "runner": "app.host.parity.runner",
}
ELSEWHERE = {"replay": "barnacle replay"}


def driver(fixture: str):
    """The driver's module; raises ImportError when there is none."""
    module = PORTABLE.get(fixture) or CPYTHON_ONLY.get(fixture)
    if module is None:
        raise ImportError("no driver for " + fixture)
    return __import__(module, None, None, ["judge"])
