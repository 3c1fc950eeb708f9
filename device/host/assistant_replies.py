"""What the offline assistant says: pure texts from the state that a group may see."""

from device.host import schedule
from device.host.schedule_words import WEEKDAYS, say_time

LISTED = 20  # tasks, groups or messages in one reply
_QUOTE = 60  # characters shown of a prompt or message
HELP = """I am the built-in offline assistant. I understand:
• remind me every weekday at 8:30 to water the plants
• tomorrow at 17:00 call mum / in 10 minutes turn off the oven / next friday at 8am dentist
• every 15 minutes check the door / on the 1st of every month at 10:00 pay the rent
• what's next / what runs today / list tasks / list groups / queue / status / what time is it
• when does the plants reminder run / what did I miss / how many tasks are there
• pause, resume, run or remove a task, by its words or id: pause the plants reminder, remove task x4k2p9
• move the plants reminder to 9:00 / postpone the dentist by 30 minutes
• pause group family / resume group family
• what did we say"""
NO_MODEL = "No language model is configured."
ABOUT = (
    "I am the assistant built into this box: I know reminders, tasks, groups and the queue. %s "
    'Say "help" for what I understand.'
)
UNKNOWN = (
    "No language model is configured, so I only know a fixed set of sentences: reminders and tasks at a time, "
    "what's next, list tasks, list groups, queue, status, pause, resume, run, move or remove a task, what did we say. "
    'Say "help" for all of them.\nHow to add a model: see docs/models.md.'
)


def visible_tasks(view, folder):
    """The tasks a group may see: its own; `main` sees all. By next run, those that have none last."""
    tasks = [task for task in view.tasks.values() if folder == "main" or task["folder"] == folder]
    return sorted(tasks, key=lambda task: (task["next_ms"] is None, task["next_ms"] or 0, task["id"]))


def short(text):
    """A text on one line, cut with "…"."""
    text = " ".join(text.split())
    return text if len(text) <= _QUOTE else text[: _QUOTE - 1] + "…"


def short_id(task, tasks):
    """The end of a task's id where that names it alone, else the whole id."""
    end = task["id"].split("-")[-1]
    return end if len(end) >= 4 and len([other for other in tasks if end in other["id"]]) == 1 else task["id"]


def task_line(task, tasks, now_ms, zone, folder):
    """One task: "x4k2p9: water the plants (every weekday at 08:30; next tomorrow 08:30)"."""
    how = schedule.describe(task["kind"], task["value"], zone)
    state = task["status"] if task["status"] != "active" else "next " + say_time(task["next_ms"], now_ms, zone)
    where = "" if folder != "main" or task["folder"] == "main" else " [%s]" % task["folder"]
    return "• %s: %s%s (%s; %s)" % (short_id(task, tasks), short(task["prompt"]), where, how, state)


def task_list(tasks, known, now_ms, zone, folder):
    """The lines of several tasks, bounded."""
    lines = [task_line(task, known, now_ms, zone, folder) for task in tasks[:LISTED]]
    if len(tasks) > LISTED:
        lines.append("… and %d more" % (len(tasks) - LISTED))
    return "\n".join(lines)


def planned(task, now_ms, zone):
    """When a task comes: "every weekday at 08:30; first tomorrow 08:30", or the moment of one that comes once."""
    first = say_time(task["next_ms"], now_ms, zone)
    if task["kind"] == "once":
        return first
    return "%s; first %s" % (schedule.describe(task["kind"], task["value"], zone), first)


def small_talk(verb, view, now_ms, zone, folder, why_no_model=None):
    """A greeting, thanks or good-bye, answered in one line; who this is with `why_no_model`."""
    following = next_runs(view, now_ms, zone, folder).split("\n")[0]
    if verb == "hello":
        return "Hello. %s" % following
    if verb == "bye":
        return "Good night. %s" % following if zone.local(now_ms)[3] >= 20 or zone.local(now_ms)[3] < 4 else "See you."
    return {"thanks": "You're welcome.", "fine": "All right."}.get(verb) or ABOUT % (why_no_model or NO_MODEL)


def missed(view, earlier, now_ms, zone, folder):
    """The tasks that ran in the last day, and the messages since the last answer."""
    lines = []
    for run in view.runs:
        task = view.tasks.get(run["task"]) if run["kind"] == "task" else None
        ended = run["ended_ms"]
        if task is None or folder not in ("main", run["folder"]) or ended is None or ended < now_ms - 86400000:
            continue
        lines.append("• %s: %s (%s)" % (say_time(ended, now_ms, zone), short(task["prompt"]), run["state"]))
    told = "In the last day no task ran."
    if lines:
        told = "In the last day:\n" + "\n".join(lines[-LISTED:])
    return told + ("\n" + recap(earlier, zone) if earlier else "")


def next_runs(view, now_ms, zone, folder):
    """What is next."""
    active = _active(view, folder)
    if not active:
        return "Nothing is planned."
    first = active[0]
    lines = ["Next: %s, %s." % (short(first["prompt"]), say_time(first["next_ms"], now_ms, zone))]
    for task in active[1:5]:
        lines.append("• %s: %s" % (say_time(task["next_ms"], now_ms, zone), short(task["prompt"])))
    return "\n".join(lines)


def day(view, now_ms, zone, folder, ahead):
    """What runs today (0) or tomorrow (1): every task once, with its first run on that day."""
    name = ("today", "tomorrow")[ahead] if ahead < 2 else WEEKDAYS[(zone.local(now_ms)[6] + ahead) % 7]
    start_ms = now_ms if not ahead else _midnight_ms(now_ms, zone, ahead)
    end_ms = _midnight_ms(now_ms, zone, ahead + 1)
    found = []
    for task in _active(view, folder):
        due = task["next_ms"]
        if due < start_ms and task["kind"] != "once":
            due = schedule.after_run(task["kind"], task["value"], start_ms - 1, start_ms - 1, zone)
        if due is not None and due < end_ms and (due >= start_ms or not ahead):
            found.append((due, task["id"], short(task["prompt"])))
    if not found:
        return "Nothing is planned for %s." % name
    lines = ["• %s: %s" % (say_time(due, now_ms, zone), prompt) for due, _, prompt in sorted(found)[:LISTED]]
    return "%s %s:\n%s" % (counted(len(found), "task"), name if ahead < 2 else "on " + name, "\n".join(lines))


def groups(view, folder):
    """The groups; outside of `main` only the own one."""
    known = [view.groups[name] for name in sorted(view.groups) if folder in ("main", name)]
    lines = []
    for group in known[:LISTED]:
        count = len([task for task in view.tasks.values() if task["folder"] == group["folder"]])
        paused = ", paused" if group["paused"] else ""
        lines.append("• %s (%s): %s%s" % (group["name"], group["folder"], counted(count, "task"), paused))
    return "%s:\n%s" % (counted(len(known), "group"), "\n".join(lines))


def queue(view, folder):
    """What runs and waits."""
    told = view.queue() if hasattr(view, "queue") else None
    if told is None:
        return "Running: %d." % len(
            [run for run in view.runs if run["state"] == "running" and folder in ("main", run["folder"])]
        )
    lines = ["%d of %d slots are in use." % (told["slots"]["used"], told["slots"]["max"])]
    for name in sorted(told["groups"]):
        state = told["groups"][name]
        if folder in ("main", name) and (state["state"] != "idle" or state["depth"]):
            lines.append("• %s: %s, %d waiting" % (name, state["state"], state["depth"]))
    return "\n".join(lines if len(lines) > 1 else lines + ["Nothing waits."])


def status(view, now_ms, zone, folder):
    """Everything in three lines."""
    live = [task for task in visible_tasks(view, folder) if task["status"] == "active"]
    groups_seen = len(view.groups) if folder == "main" else 1
    head = "All is well. %s, %s." % (counted(groups_seen, "group"), counted(len(live), "active task"))
    return "\n".join((head, queue(view, folder), next_runs(view, now_ms, zone, folder).split("\n")[0]))


def recap(messages, zone):
    """The messages handed over, with their senders: the last LISTED of them."""
    if not messages:
        return "I have seen no earlier messages since my last answer."
    lines = []
    for message in messages[-LISTED:]:
        clock = zone.local(message["ts_ms"])[3:5] if message.get("ts_ms") is not None else (0, 0)
        lines.append("• %02d:%02d %s: %s" % (clock[0], clock[1], message["sender_name"], short(message["text"])))
    return "Since my last answer (%s):\n%s" % (counted(len(messages), "message"), "\n".join(lines))


def counted(count, noun, scope=""):
    """ "1 task", "3 tasks", "3 paused tasks"."""
    return "%d%s %s%s" % (count, scope, noun, "" if count == 1 else "s")


def _active(view, folder):
    return [task for task in visible_tasks(view, folder) if task["status"] == "active" and task["next_ms"] is not None]


def _midnight_ms(now_ms, zone, ahead):
    year, month, number, _, _, _, _ = zone.local(now_ms)
    return zone.utc_ms(year, month, number + ahead)
