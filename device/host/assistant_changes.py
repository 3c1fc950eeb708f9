"""What the offline assistant changes: exactly one task or group, found by its words or id; else it asks which."""

from device.host import assistant_replies as replies
from device.host.assistant_tasks import stem
from device.host.sentence_times import postponed, rescheduled
from device.host.sentence_words import among

_IGNORED = (
    " the my our a an task tasks reminder reminders to now about for that me us of job one with id reminding please"
    " again schedule and in on this "
)
_EVERYTHING = (["everything"], ["all"], ["every"], ["everyone"], ["them"], ["all", "them"], ["anything"])
_DONE = {"pause": "Paused", "resume": "Resumed", "run": "Started", "remove": "Removed"}
_ID_PART = 3  # characters of an id that may stand for it
_CANDIDATES = 8


def on_group(request, view, perform, folder):
    """Pause or resume the group that is named. Raises Refused."""
    if request.verb not in ("pause", "resume"):
        return "I can only pause and resume groups. The rest is done with `barnacle group …` on the laptop."
    words = [word for word in request.target if word not in ("the", "this", "please", "chat")]
    if words in _EVERYTHING:
        return "I %s one group at a time, by its name.\n%s" % (request.verb, replies.groups(view, folder))
    wanted = " ".join(words) or folder
    for group in view.groups.values():
        if wanted in (group["folder"].lower(), group["name"].lower()):
            perform("group." + request.verb, {"folder": group["folder"]})
            return "%s the group %s." % (_DONE[request.verb], group["name"])
    return "There is no group %s.\n%s" % (wanted, replies.groups(view, folder))


def on_task(request, view, perform, now_ms, zone, folder):
    """Do the change to the one task that is meant. Raises Refused, and UnclearTime for a time that does not fit it."""
    known = replies.visible_tasks(view, folder)
    verb = "change" if request.verb == "edit" else request.verb
    wanted = [word for word in request.target if not among(word, _IGNORED)]
    if wanted in _EVERYTHING or wanted[:1] in (["all"], ["every"], ["everything"]):
        return _one_at_a_time(verb, known, now_ms, zone, folder)
    if not wanted:
        return _ask(verb, "Which task", known, known, now_ms, zone, folder)
    found = [task for task in known if _named(task, wanted)]
    if verb in ("pause", "resume", "run"):
        found = [task for task in found if task["status"] != "completed"]
    if not found:
        return _ask(verb, "No task matches “%s”. Which one" % " ".join(wanted), known, known, now_ms, zone, folder)
    if len(found) > 1:
        return _ask(verb, "%d tasks match. Which one" % len(found), found, known, now_ms, zone, folder)
    if request.verb == "edit":
        return _edit(request, found[0], known, perform, now_ms, zone)
    perform("task." + verb, {"id": found[0]["id"]})
    return "%s: %s. (%s)" % (_DONE[verb], replies.short(found[0]["prompt"]), replies.short_id(found[0], known))


def _edit(request, task, known, perform, now_ms, zone):
    args = {"id": task["id"]}
    if request.prompt:
        args["prompt"] = request.prompt
    elif request.ahead_ms:
        args["kind"], args["value"] = postponed(task, request.ahead_ms, now_ms)
    else:
        args["kind"], args["value"] = rescheduled(task, request.when, now_ms, zone)
    changed = perform("task.edit", args)
    note = " " + request.when.note() if request.when is not None and request.when.note() else ""
    paused = ", still paused" if changed["status"] == "paused" else ""
    how = replies.planned(changed, now_ms, zone)
    prompt = replies.short(changed["prompt"])
    return "Changed: %s, %s%s. (%s)%s" % (prompt, how, paused, replies.short_id(changed, known), note)


def _named(task, wanted):
    """Whether the words are the task's id, a part of it, or all in its prompt."""
    if len(wanted) == 1 and _is_id(wanted[0], task["id"].lower()):
        return True
    prompt = [stem(word) for word in task["prompt"].lower().split()]
    for word in wanted:
        if stem(word) not in prompt:
            return False
    return True


def _is_id(word, id_):
    """Whether a word is the id, its end, or a part of its end with a digit in it (a word can be in it by chance)."""
    end = id_.split("-")[-1]
    digit = any("0" <= char <= "9" for char in word)
    return word in (id_, end) or (digit and len(word) >= _ID_PART and word in end)


def _one_at_a_time(verb, known, now_ms, zone, folder):
    head = "I %s one task at a time, so that no sentence changes them all." % verb
    if verb in ("pause", "resume"):
        head += " For a whole group, say in main “%s group family”." % verb
    if not known:
        return head + " There are no tasks."
    return "%s\n%s" % (head, replies.task_list(known[:_CANDIDATES], known, now_ms, zone, folder))


def _ask(verb, question, tasks, known, now_ms, zone, folder):
    if not tasks:
        return "There are no tasks."
    listed = replies.task_list(tasks[:_CANDIDATES], known, now_ms, zone, folder)
    more = "" if len(tasks) <= _CANDIDATES else "\n… and %d more" % (len(tasks) - _CANDIDATES)
    example = replies.short_id(tasks[0], known)
    form = "move task %s to 9:00" % example if verb == "change" else "%s task %s" % (verb, example)
    return '%s shall I %s? Say for example "%s".\n%s%s' % (question, verb, form, listed, more)
