from device.host import assistant_replies, schedule
from device.host.assistant import OfflineAssistant
from device.host.tz import Zone, join
from tests.device.host.household_talk import SENTENCES
from tests.device.host.test_assistant import Box

BERLIN = Zone("CET-1CEST,M3.5.0,M10.5.0/3")
NOW = join(2026, 11, 22, 19, 0) * 1000  # Sunday 22 November 2026, 20:00 in Berlin
MINUTE = 60000
RIGHT = ("add", "pause", "resume", "run", "remove", "edit", "say", "ask", "model", "group.pause")


def cases():
    for line in SENTENCES.strip("\n").split("\n"):
        text, _, expected = line.partition(" | ")
        yield text, expected


class House(Box):
    """The box of test_assistant.py with two more tasks and a run."""

    def __init__(self):
        super().__init__()
        self.task("task-5-dentis", "main", "dentist", "once", "2026-11-27T08:00", join(2026, 11, 27, 7) * 1000)
        self.task("task-6-backup", "main", "nightly backup", "cron", "0 3 * * *", NOW + 7 * 60 * MINUTE, "paused")
        door = dict(self.view.tasks["task-3-qqzz11"], last_ms=NOW - 15 * MINUTE)
        self.view.apply("task.set", door)
        run = {"id": "r1", "folder": "main", "kind": "task", "task": door["id"], "due_ms": None, "queued_ms": 1}
        run.update({"started_ms": 1, "ended_ms": NOW - 15 * MINUTE, "state": "done", "upto": None, "result": ""})
        self.view.apply("run.ended", dict(run, error=None, attempt=1))
        self.view.told = {"slots": {"used": 0, "max": 2}, "groups": {}, "waiting": []}

    def perform(self, name, args):
        self.done.append((name, args))
        if name == "task.edit":
            task = dict(self.view.tasks[args["id"]])
            task.update(args)
        else:
            task = dict(args, id="task-9-newone", status="active")
        if "kind" in args:
            task["next_ms"] = schedule.first(task["kind"], task["value"], NOW, BERLIN)
        return task

    def outcome(self, text):
        """("add …" or the like, the reply)."""
        message = {"sender_name": "Ann", "text": text, "ts_ms": NOW}
        reply = OfflineAssistant().answer([message], self.view, self.perform, NOW, BERLIN, "main", "@Barnacle")
        assert len(self.done) < 2, text
        if not self.done:
            return "", reply
        name, args = self.done[0]
        if name == "task.add":
            return "add %s, %s" % (args["prompt"], schedule.describe(args["kind"], args["value"], BERLIN)), reply
        if name == "task.edit":
            what = args.get("prompt") or "%s %s" % (args["kind"], args["value"])
            return "edit %s: %s" % (args["id"], what), reply
        return "%s %s" % (name.replace("task.", ""), args.get("id") or args.get("folder")), reply


def fault(text, expected):
    """What is wrong with the outcome of a sentence, or ""."""
    done, reply = House().outcome(text)
    kind, _, rest = expected.partition(" ")
    if kind == "model":
        good = not done and reply == assistant_replies.UNKNOWN
    elif kind in ("say", "ask", "cannot"):
        good = not done and rest in reply and (kind == "say" or reply != assistant_replies.UNKNOWN)
    else:
        good = done == expected
    return "" if good else "%r gives %r: %s" % (text, done, reply)


def test_two_hundred_sentences_do_what_they_say() -> None:
    faults = [found for found in [fault(text, expected) for text, expected in cases()] if found]
    assert not faults, "\n".join(faults)


def test_at_most_one_in_ten_is_beyond_it() -> None:
    kinds = [expected.split(" ")[0] for _, expected in cases()]
    assert len(kinds) >= 200
    assert len([kind for kind in kinds if kind not in RIGHT]) * 10 <= len(kinds)


def test_replies_are_short_and_calm() -> None:
    for text, _ in cases():
        reply = House().outcome(text)[1]
        assert "!" not in reply and len(reply.encode()) < 1500, (text, reply)
