"""Cases of trigger.json through device/host/trigger.py. What a quirk says is right (`fixed_matches`) is answered."""

# pyright: standard

from app.host.parity.judges.outcome import difference
from device.host import trigger

NEEDS = ("trigger", "text", "matches")
KNOWS_REPAIRS = True


def judge(case, context):
    """Compare `matches`."""
    want = case["matches"]
    quirk = case.get("quirk", {})
    if quirk.get("fixed_matches", want) != want:
        want = quirk["fixed_matches"]
        context.repaired(quirk["name"])
    return difference(want, trigger.matches(case["trigger"], case["text"]))
