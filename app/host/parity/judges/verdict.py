"""The verdict on one case: passed, failed or exempt. Runs on both interpreters, so it keeps device/'s rules.

A case is exempt when it differs from its recording because of a quirk in the table of exemptions. A driver that knows
what a repair leads to says that it acted (Context.repaired); it is then exempt only if nothing else differs. A driver
that says nothing of the kind leaves it at the quirk's name.
"""

# pyright: standard

from app.host.parity.judges.exemptions import EXEMPT
from app.host.parity.judges.outcome import Context, Difference, quirk_name

PASSED, FAILED, EXEMPTED = "passed", "failed", "exempt"


def verdict(driver, case, document):
    """A dict: {"id", "verdict"}, with "where", "expected", "got" when it failed, with "quirk", "marked" when exempt."""
    context = Context(document)
    try:
        found = driver.judge(case, context)
    except Exception as error:  # whatever the code under judgement does is this case's failure, not the program's
        found = Difference("an answer", error)
        found.got = f"raised {type(error).__name__}: {str(error)[:300]}"
    marked = _marked_exempt(case)
    if context.repairs:
        found = found or _unfounded(context.repairs, marked)
        name = marked or context.repairs[0]
    else:
        name = None if getattr(driver, "KNOWS_REPAIRS", False) else marked
    if found is None and context.repairs:
        return {"id": case["id"], "verdict": EXEMPTED, "quirk": name, "marked": marked is not None}
    if found is None:
        return {"id": case["id"], "verdict": PASSED}
    if not context.repairs and name is not None:
        return {"id": case["id"], "verdict": EXEMPTED, "quirk": name, "marked": True}
    return {
        "id": case["id"],
        "verdict": FAILED,
        "where": found.where,
        "expected": found.expected,
        "got": found.got,
    }


def _marked_exempt(case):
    """The name of the case's quirk, if the table excuses it."""
    name = quirk_name(case)
    entry = EXEMPT.get(name) if name else None
    if entry is None or (case["quirk"].get("kind") != "bug" and not entry.surprise):
        return None
    return name


def _unfounded(repairs, marked):
    for name in repairs:
        if name not in EXEMPT:
            return Difference("only exempt repairs", name)
    if marked is not None and marked not in repairs:
        return Difference("the repair of " + marked, repairs)
    return None
