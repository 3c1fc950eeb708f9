"""Every case of trigger.json through device/host/trigger.py. A quirk's `fixed_matches` is what Barnacle answers."""

from device.host import trigger
from tests.parity import golden

PATH = "tests/golden/trigger.json"


def drive():
    """Compare `matches` on every case; none is exempt."""
    result = golden.Result()
    for case in golden.cases(PATH):
        want = case["quirk"]["fixed_matches"] if "quirk" in case else case["matches"]
        result.check(case, want, trigger.matches(case["trigger"], case["text"]))
    return result
