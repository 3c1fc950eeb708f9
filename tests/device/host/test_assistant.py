from device.host import assistant_replies
from device.host.assistant import OfflineAssistant
from device.host.errors import Refused
from device.host.state import State
from device.host.tz import Zone, join

BERLIN = Zone("CET-1CEST,M3.5.0,M10.5.0/3")
NOW = join(2026, 11, 22, 19, 0) * 1000  # Sunday 22 November 2026, 20:00 in Berlin
HOUR = 3600000


class View(State):
    """A state that can also tell the queue."""

    told = {}

    def queue(self):
        return self.told or None


class Box:
    """A state with two groups and four tasks, and a `perform` that notes what it is told."""

    def __init__(self):
        self.view = View()
        self.done = []
        self.refusal = []
        for folder, name in (("main", "Main"), ("family", "Family")):
            group = {"folder": folder, "jid": "console:" + folder, "name": name, "trigger": "@Barnacle"}
            self.view.apply("group.set", dict(group, requires_trigger=folder != "main", added_ms=1, paused=False))
        self.task("task-1-xdd8w2", "family", "water the plants", "cron", "30 8 * * 1-5", NOW + 11 * HOUR + HOUR // 2)
        self.task("task-2-k3m9ab", "family", "water the garden", "interval", "7200000", NOW + HOUR)
        self.task("task-3-qqzz11", "main", "check the door", "interval", "900000", NOW + HOUR // 4)
        self.task("task-4-olddo1", "family", "call mum", "once", "2026-11-01T10:00", None, "completed")

    def task(self, id_, folder, prompt, kind, value, next_ms, status="active"):
        task = {"id": id_, "folder": folder, "jid": "console:" + folder, "prompt": prompt, "kind": kind, "value": value}
        task.update({"context": "isolated", "missed": "once", "status": status, "next_ms": next_ms})
        self.view.apply("task.set", dict(task, last_ms=None, last_result=None, created_ms=1))

    def perform(self, name, args):
        if self.refusal:
            raise self.refusal[0]
        self.done.append((name, args))
        return dict(args, id="task-9-newone", next_ms=NOW + HOUR)

    def say(self, *texts, folder="family", trigger="@Barnacle"):
        messages = [{"sender_name": "Ann", "text": text, "ts_ms": NOW - 60000} for text in texts]
        return OfflineAssistant().answer(messages, self.view, self.perform, NOW, BERLIN, folder, trigger)

    def due(self, prompt):
        return OfflineAssistant().answer_task(prompt, self.view, self.perform, NOW, BERLIN, "family")


def test_a_reminder_is_added_and_confirmed() -> None:
    box = Box()
    reply = box.say("@Barnacle, remind me every weekday at 8:30 to feed the cat")
    args = {"folder": "family", "prompt": "feed the cat", "kind": "cron", "value": "30 8 * * 1-5"}
    assert box.done == [("task.add", args)]
    assert "feed the cat" in reply and "every weekday at 08:30" in reply and "newone" in reply


def test_a_task_is_found_by_its_words_or_by_a_part_of_its_id() -> None:
    for text, name, id_ in (
        ("pause the plants reminder", "task.pause", "task-1-xdd8w2"),
        ("Resume the PLANTS reminder, please", "task.resume", "task-1-xdd8w2"),
        ("remove task xdd8w2", "task.remove", "task-1-xdd8w2"),
        ("remove task k3m9", "task.remove", "task-2-k3m9ab"),
        ("delete task-2-k3m9ab", "task.remove", "task-2-k3m9ab"),
        ("run the garden task now", "task.run", "task-2-k3m9ab"),
        ("stop reminding me about the garden", "task.pause", "task-2-k3m9ab"),
        ("remove the call mum task", "task.remove", "task-4-olddo1"),
    ):
        box = Box()
        box.say("@Barnacle " + text)
        assert box.done == [(name, {"id": id_})], text


def test_ambiguous_and_unnamed_removals_are_asked_back() -> None:
    for text in (
        "remove the water reminder",
        "remove the task",
        "delete it",
        "remove everything",
        "cancel task 1",
        "remove ta",
    ):
        box = Box()
        reply = box.say("@Barnacle " + text)
        assert box.done == [], text
        assert "xdd8w2" in reply and "k3m9ab" in reply, text


def test_words_that_match_nothing_change_nothing() -> None:
    box = Box()
    assert "No task matches" in box.say("@Barnacle remove the plants and the walrus")
    assert "No task matches" in box.say("@Barnacle remove old")  # letters of task-4-olddo1, but not its name
    assert box.done == []


def test_other_groups_tasks_are_neither_seen_nor_changed() -> None:
    box = Box()
    assert "door" not in box.say("@Barnacle list tasks")
    assert "Main" not in box.say("@Barnacle list groups")
    box.say("@Barnacle remove the door task")
    box.say("@Barnacle remove task qqzz11")
    assert box.done == []
    assert "door" in box.say("list tasks", folder="main") and "Family" in box.say("list groups", folder="main")


def test_what_is_next_and_what_runs_when() -> None:
    box = Box()
    assert box.say("@Barnacle what's next?").startswith("Next: water the garden, today 21:00.")
    today, tomorrow = box.say("@Barnacle what runs today"), box.say("@Barnacle what is planned for tomorrow?")
    assert "garden" in today and "plants" not in today
    assert "tomorrow 07:30: water the plants" in tomorrow
    assert "garden" in tomorrow


def test_lists_status_queue_time_and_help() -> None:
    box = Box()
    assert "xdd8w2: water the plants (every weekday at 08:30" in box.say("@Barnacle list tasks")
    assert "2 groups, 3 active tasks" in box.say("status", folder="main")
    assert "Running: 0" in box.say("@Barnacle queue")
    assert box.say("@Barnacle what time is it?") == "It is Sun 22 Nov 2026 at 20:00."
    assert box.say("@Barnacle help") == assistant_replies.HELP


def test_the_queue_is_told_where_the_view_has_one() -> None:
    told = {"slots": {"used": 1, "max": 2}, "groups": {}, "waiting": []}
    for folder in ("main", "family"):
        told["groups"][folder] = {"state": "running", "depth": 3, "retry_ms": None, "run": "r"}
    box = Box()
    box.view.told = told
    own = box.say("@Barnacle show the queue")
    assert "1 of 2 slots" in own and "family: running, 3 waiting" in own and "main" not in own


def test_groups_are_paused_by_name() -> None:
    box = Box()
    box.say("pause group Family", folder="main")
    box.say("resume the family group", folder="main")
    assert [name for name, _ in box.done] == ["group.pause", "group.resume"]
    assert "There is no group walrus" in box.say("pause group walrus", folder="main")


def test_a_refusal_is_told_with_its_remedy() -> None:
    box = Box()
    box.refusal.append(Refused("full", "256 tasks exist already", "remove tasks that are done"))
    reply = box.say("@Barnacle every hour drink")
    assert "256 tasks exist already" in reply and "remove tasks that are done" in reply


def test_anything_else_says_that_no_model_is_configured() -> None:
    reply = Box().say("@Barnacle write a poem")
    assert reply.startswith("No language model is configured, so I only know a fixed set of sentences: ")
    assert 'Say "help" for all of them.' in reply
    assert reply.endswith("\nHow to add a model: see docs/models.md.")


def test_earlier_messages_are_read_as_context() -> None:
    box = Box()
    reply = box.say("the garden is dry", "we should water it", "@Barnacle what's next?")
    assert reply.startswith("Next: ") and reply.endswith("(I have read 2 earlier messages.)")
    reply = box.say("the garden is dry", "@Barnacle what did we say?")
    assert "Ann: the garden is dry" in reply and "(I have read 1 earlier message.)" in reply
    assert box.done == []


def test_earlier_messages_without_the_trigger_are_never_carried_out() -> None:
    box = Box()
    box.say("remove task xdd8w2", "@Barnacle help")
    assert box.done == []


def test_every_triggered_message_of_a_batch_is_answered() -> None:
    box = Box()
    reply = box.say("well", "@Barnacle every hour drink", "hm", "@Barnacle pause the plants", "thanks everybody")
    assert [name for name, _ in box.done] == ["task.add", "task.pause"]
    assert "Done: drink" in reply and "Paused: water the plants" in reply
    assert reply.endswith("(I have read 2 earlier messages.)")


def test_without_a_trigger_the_last_message_is_answered_and_earlier_commands_too() -> None:
    box = Box()
    reply = box.say("the weather is nice", "pause the door task", "what a day", folder="main")
    assert box.done == [("task.pause", {"id": "task-3-qqzz11"})]
    assert "No language model" in reply and "(I have read 1 earlier message.)" in reply


def test_a_long_batch_is_told_within_bounds() -> None:
    texts = ["message %d %s" % (n, "x" * 500) for n in range(40)]
    reply = Box().say(*(texts + ["@Barnacle recap"]))
    assert "message 39" in reply and "message 19 " not in reply and "40 messages" in reply
    assert len(reply) < 4000


def test_many_tasks_are_listed_within_bounds() -> None:
    box = Box()
    for n in range(60):
        box.task("task-7-n%04d" % n, "family", "y" * 400, "cron", "0 9 * * *", NOW + n)
    reply = box.say("@Barnacle list tasks")
    assert "and 42 more" in reply and len(reply.encode()) < 4096


def test_a_due_task_says_its_reminder_or_answers_its_question() -> None:
    box = Box()
    assert box.due("water the plants") == "Reminder: water the plants"
    assert box.due("what's next").startswith("Next: ")
    assert box.due("remove task xdd8w2") == "Reminder: remove task xdd8w2"
    assert box.due("every hour drink") == "Reminder: every hour drink"
    assert box.done == []


def test_a_task_is_moved_only_when_exactly_one_is_meant() -> None:
    box = Box()
    assert "2 tasks match" in box.say("@Barnacle move the water reminder to 9:00")
    assert "No task matches" in box.say("@Barnacle move the walrus to 9:00")
    assert "repeats by a length" in box.say("@Barnacle move the garden reminder to 9:00")
    assert "put off a single run" in box.say("@Barnacle postpone the plants by 10 minutes")
    assert box.done == []


def test_everything_at_once_is_refused() -> None:
    for text in ("pause everything", "remove all tasks", "delete all", "stop all reminders", "resume everything"):
        box = Box()
        assert "one task at a time" in box.say("@Barnacle " + text), text
        assert box.done == []
    assert "one group at a time" in box.say("pause all groups", folder="main")


def test_questions_about_other_groups_stay_unanswered() -> None:
    box = Box()
    assert box.say("@Barnacle show tasks of main") == "From here I only see the tasks of this group."
    assert "door" not in box.say("@Barnacle when does the door check run?")
    box.view.apply("group.set", dict(box.view.groups["family"], folder="work", name="Work"))
    assert box.say("@Barnacle show tasks of work") == box.say("@Barnacle show tasks of nobody")
    assert box.say("@Barnacle how many tasks are there?") == "2 tasks."


def test_small_talk_among_earlier_messages_is_passed_over() -> None:
    box = Box()
    reply = box.say("thanks", "hello", "what time is it?", folder="main")
    assert reply.startswith("It is Sun") and reply.endswith("(I have read 2 earlier messages.)")


def test_a_due_task_that_is_a_greeting_is_said() -> None:
    assert Box().due("good night") == "Reminder: good night"
    assert Box().due("when is Anna coming") == "Reminder: when is Anna coming"


def test_what_was_missed_is_bounded_and_the_groups_own() -> None:
    box = Box()
    for n in range(40):
        run = {"id": "r%d" % n, "folder": "family", "kind": "task", "task": "task-1-xdd8w2", "due_ms": None}
        run.update({"queued_ms": 1, "started_ms": 1, "ended_ms": NOW - n, "state": "done", "upto": None})
        box.view.apply("run.ended", dict(run, result="", error=None, attempt=1))
    assert box.say("@Barnacle what did I miss?").count("water the plants (done)") == assistant_replies.LISTED
    assert "plants" in box.say("what did i miss", folder="main")
    box.view.runs[:] = [dict(run, folder="main") for run in box.view.runs]
    assert box.say("@Barnacle what did I miss?") == "In the last day no task ran."


def test_asked_who_it_is_it_says_how_the_model_is():
    box = Box()
    assert "No language model is configured." in box.say("who are you?", folder="main")
    messages = [{"sender_name": "Ann", "text": "who are you?", "ts_ms": NOW}]
    why = "The language model's key is not stored."
    said = OfflineAssistant().answer(messages, box.view, box.perform, NOW, BERLIN, "main", "", why)
    assert why in said and "No language model is configured" not in said
