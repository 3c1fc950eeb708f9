"""Cases of schedule.json through device/host/schedule.py and the scheduler's rule of what is due.

Where Barnacle differs, the reason must be found in the case itself, marked or not, and it must do what the repair says:
refuse what NanoClaw should not have accepted; take H for another fixed value; follow the wall clock (what a quirk
carries as `wall_clock_next5`) where NanoClaw stands still, leaves out a local time that exists, or makes one up.
"""

# pyright: standard

from app.host.parity.judges.outcome import difference
from app.host.parity.judges.wall_clock import WallClock
from device.host import date_text, schedule
from device.host.clock import ManualClock
from device.host.cron import Cron, CronError
from device.host.cron_fields import MACROS, leading_number
from device.host.scheduler import Scheduler
from device.host.state import State
from device.host.tz import Zone

NEEDS = ("kind", "type", "value", "now", "tz", "next_run")
KNOWS_REPAIRS = True
UTC = Zone("UTC0")
SECOND_MS = 1000
CLOCK_CHANGES = ("dst_differs_from_wall_clock", "dst_not_increasing")


class Task:
    """One case's schedule: kind, value, zone, and the time at which it is asked."""

    def __init__(self, case, context):
        self.kind, self.value, self.now_ms = case["type"], case["value"], read_ms(case["now"])
        self.text = self.value if isinstance(self.value, str) else str(self.value)
        self.zone = Zone(context.document["zone_rules"][case["tz"]])

    def cron(self):
        """The parsed expression, None for one that cannot be read."""
        try:
            return Expression(self.text)
        except CronError:
            return None


class Expression(Cron):
    """One that may never come true."""

    def _refuse_impossible(self):
        return


class BareStore:
    """A state and nothing else."""

    def __init__(self):
        self.state = State()


def judge(case, context):
    """Compare what a new task is taken for, or what becomes of one after its run."""
    task = Task(case, context)
    if case["kind"] == "after_run":
        return _judge_after_run(case, task, context)
    recorded = {"accepted": case["accepted"], "next": read_ms(case["next_run"])}
    recorded["following"] = [read_ms(text) for text in case.get("next5", ())]
    got = _created(task, len(recorded["following"]))
    if got == recorded:
        return None
    name = _reason(task, recorded, got)
    if name is None or (name in CLOCK_CHANGES and not _may_differ_by_clock(case, task, got["following"])):
        return difference(recorded, got)
    context.repaired(name)
    return difference(_repaired(name, case, task, recorded), got)


def _may_differ_by_clock(case, task, moments):
    """Clock changes are always marked: with a quirk that carries the wall clock's times, or with another one."""
    carried = case.get("quirk", {}).get("wall_clock_next5")
    change = any(task.zone.offset_s(moment) != task.zone.offset_s(task.now_ms) for moment in moments)
    return carried is not None or ("quirk" in case and change)


def _created(task, count):
    """What Barnacle makes of it: accepted, the first run, and for cron the `count` next ones."""
    try:
        first = schedule.first(task.kind, task.text, task.now_ms, task.zone)
    except schedule.ScheduleError:
        return {"accepted": False, "next": None, "following": []}
    following = []
    cron = task.cron() if task.kind == "cron" else None
    while cron and len(following) < count:
        following.append(cron.next_ms(following[-1] if following else task.now_ms, task.zone))
    return {"accepted": True, "next": first, "following": following}


def _reason(task, recorded, got):
    """The name of the quirk because of which Barnacle differs, found from the case alone; None if there is none."""
    if task.kind not in schedule.KINDS:
        return "unknown_type_accepted"
    if task.kind != "cron" or not recorded["accepted"]:
        return None
    words = task.text.split()
    if len(words) < 5 and task.text not in MACROS:
        return "short_expression_accepted"
    cron = task.cron()
    moments = recorded["following"]
    if "H" in task.text.upper().replace("THU", "") and task.text not in MACROS:
        return "hash_random" if got["accepted"] else None
    if cron is None:
        return None
    if not got["accepted"]:
        return None if _on_the_wall(task, 1) else "loop_limit_garbage"
    if any(moments[i] >= moments[i + 1] for i in range(len(moments) - 1)):
        return "dst_not_increasing"
    return "dst_differs_from_wall_clock" if _misses_the_wall(task, cron, moments) else None


def _misses_the_wall(task, cron, moments):
    """Whether NanoClaw's moments leave out a local time that exists, or are neither on the wall nor moved by a gap."""
    clock = WallClock(cron, task.zone)
    if any(not clock.shows(moment) and not clock.is_moved(moment) for moment in moments):
        return True
    every_hour = len(cron.hours) == 24
    expected = [moment for moment in clock.after(task.now_ms, len(moments)) if moment <= moments[-1]]
    return any(moment not in moments and (every_hour or clock.is_single(moment)) for moment in expected)


def _repaired(name, case, task, recorded):
    if name == "hash_random" or name in CLOCK_CHANGES:
        carried = case.get("quirk", {}).get("wall_clock_next5")
        moments = [read_ms(text) for text in carried] if carried else _on_the_wall(task, len(recorded["following"]))
        return {"accepted": True, "next": moments[0], "following": moments}
    return {"accepted": False, "next": None, "following": []}


def _on_the_wall(task, count):
    return WallClock(task.cron(), task.zone).after(task.now_ms, count)


def _judge_after_run(case, task, context):
    recorded = {"ran": case["ran"], "next": read_ms(case["next_run"]), "status": case["status"]}
    due_ms, status = read_ms(case["due"]), case.get("status_before", "active")
    got = {"ran": 0, "next": due_ms, "status": status}
    if _is_due(task, _stored_ms(case["due"]), status):
        following = schedule.after_run(task.kind, task.text, due_ms, task.now_ms, task.zone)
        got = {"ran": 1, "next": following, "status": "completed" if following is None else status}
    if got == recorded:
        return None
    if task.kind == "interval" and leading_number(task.text) is None:
        context.repaired("bad_interval_after_run")
        recorded = {"ran": 1, "next": None, "status": "completed"}
    return difference(recorded, got)


def _is_due(task, due_ms, status):
    """Whether the scheduler would run it at once."""
    store = BareStore()
    store.state.apply("group.set", {"folder": "g", "jid": "g", "paused": False})
    row = {"id": "t", "folder": "g", "kind": task.kind, "value": task.text, "status": status, "next_ms": due_ms}
    store.state.apply("task.set", row)
    return Scheduler(store, ManualClock(task.now_ms), lambda: task.zone).wait_ms() == 0


def _stored_ms(text):
    """When a time that NanoClaw's database holds is due: it compares texts, so one without milliseconds, which sorts
    behind all of its second, is due a second later."""
    due_ms = date_text.utc_ms(text, UTC)
    return due_ms if due_ms is None or "." in text else due_ms + SECOND_MS


def read_ms(text):
    """A recorded time as utc_ms; None stays None."""
    return None if text is None else date_text.utc_ms(text, UTC)
