"""NanoClaw's recorded schedules against device/host/schedule.py. Runs on both interpreters."""

from device.host import date_text, schedule
from device.host.cron import Cron
from device.host.tz import Zone
from tests.parity import golden

PATH = "tests/golden/schedule.json"
RULES = {
    "UTC": "UTC0",
    "Europe/Berlin": "CET-1CEST,M3.5.0,M10.5.0/3",
    "America/New_York": "EST5EDT,M3.2.0,M11.1.0",
    "Australia/Lord_Howe": "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
    "Asia/Kolkata": "IST-5:30",
}
UTC = Zone("UTC0")


def drive(path=PATH):
    """All cases; an exempt one counts as exempt only where it differs."""
    result = golden.Result()
    for case in golden.cases(path):
        want, got = create(case) if case["kind"] == "create" else after_run(case)
        if want == got or not result.excuse(case):
            result.check(case, want, got)
    return result


def create(case):
    """(recorded, computed) of a new task: whether it is accepted, its first run, and for cron the five next ones."""
    zone, now_ms = Zone(RULES[case["tz"]]), ms(case["now"])
    value = case["value"]
    want = (case["accepted"], ms(case["next_run"]), [ms(text) for text in case.get("next5", ())])
    try:
        first = schedule.first(case["type"], value if isinstance(value, str) else str(value), now_ms, zone)
    except schedule.ScheduleError:
        return want, (False, None, [])
    following, cron = [], Cron(value) if case["type"] == "cron" else None
    while cron and len(following) < len(want[2]):
        following.append(cron.next_ms(following[-1] if following else now_ms, zone))
    if cron and following and following[0] != first:
        return want, "first and next differ"
    return want, (True, first, following)


def after_run(case):
    """(recorded, computed) next run. A case that was not due computes nothing: it keeps its time."""
    if not case["ran"]:
        return case["next_run"], case["due"]
    zone = Zone(RULES[case["tz"]])
    got = schedule.after_run(case["type"], case["value"], ms(case["due"]), ms(case["now"]), zone)
    return ms(case["next_run"]), got


def ms(text):
    """A recorded time as utc_ms; None stays None."""
    return None if text is None else date_text.utc_ms(text, UTC)
