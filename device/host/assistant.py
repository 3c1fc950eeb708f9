"""The built-in offline assistant: plain English about groups, queues and tasks, with no language model.

It guesses nothing: what it changes must name exactly one task, otherwise it lists the candidates and asks.
"""

from device.host import assistant_replies as replies
from device.host import schedule, sentences
from device.host import trigger as triggers
from device.host.errors import Refused

_IGNORED = (
    "the",
    "my",
    "our",
    "a",
    "an",
    "task",
    "tasks",
    "reminder",
    "reminders",
    "to",
    "now",
    "about",
    "for",
    "that",
)
_IGNORED += (
    "me",
    "us",
    "of",
    "job",
    "one",
    "with",
    "id",
    "reminding",
    "please",
    "again",
    "schedule",
    "and",
    "in",
    "on",
)
_DONE = {"pause": "Paused", "resume": "Resumed", "run": "Started", "remove": "Removed"}
_ID_PART = 3  # characters of an id that may stand for it
_CANDIDATES = 8


class OfflineAssistant:
    """Stateless. `view`: the box's state; `perform(name, args)` does a command as the group, or raises Refused."""

    def answer(self, messages, view, perform, now_ms, zone, folder, trigger=""):
        """The reply to a batch of messages, oldest first.

        Those that begin with `trigger` are answered one by one. Where none does (`main` needs no trigger) the last one
        is, and the earlier ones too as far as they are understood. The others are context: the reply says how many.
        """
        meant = [at for at in range(len(messages)) if trigger and triggers.matches(trigger, messages[at]["text"])]
        given, answered, unknown = [], 0, False
        last = meant[-1] if meant else len(messages) - 1
        for at in meant or range(len(messages)):
            request = sentences.understand(messages[at]["text"], now_ms, zone, trigger)
            owed = bool(meant) or at == last
            if not owed and request.verb in ("unknown", "unclear"):
                continue
            answered += 1
            if request.verb == "unknown":
                unknown = True
            else:
                given.append(self._reply(request, messages[:at], view, perform, now_ms, zone, folder))
        if unknown:
            given.append(replies.UNKNOWN)
        if answered <= last:
            given.append("(I have read %s.)" % replies.counted(last + 1 - answered, "earlier message"))
        return "\n\n".join(given)

    def answer_task(self, prompt, view, perform, now_ms, zone, folder):
        """What a due task says: the answer where the prompt is a question about the box, else the reminder itself.

        A task never changes anything: a prompt such as "remove the plants task" is only said.
        """
        request = sentences.understand(prompt, now_ms, zone)
        if request.verb in sentences.READ_ONLY and request.verb != "recap":
            return self._reply(request, [], view, perform, now_ms, zone, folder)
        return "Reminder: " + prompt

    def _reply(self, request, earlier, view, perform, now_ms, zone, folder):
        verb = request.verb
        if verb in sentences.READ_ONLY:
            return _tell(request, earlier, view, now_ms, zone, folder)
        if verb == "unclear":
            return request.text
        try:
            if verb == "add":
                return _add(request, perform, now_ms, zone, folder)
            if request.group:
                return _on_group(request, view, perform, folder)
            return _on_task(request, view, perform, now_ms, zone, folder)
        except Refused as refusal:
            return "I can't: %s.%s" % (refusal.message, " To do: " + refusal.remedy if refusal.remedy else "")


def _tell(request, earlier, view, now_ms, zone, folder):
    verb = request.verb
    if verb == "next":
        return replies.next_runs(view, now_ms, zone, folder)
    if verb == "day":
        return replies.day(view, now_ms, zone, folder, request.ahead)
    if verb == "tasks":
        return replies.tasks(view, now_ms, zone, folder)
    if verb == "groups":
        return replies.groups(view, folder)
    if verb == "queue":
        return replies.queue(view, folder)
    if verb == "status":
        return replies.status(view, now_ms, zone, folder)
    if verb == "time":
        return "It is %s." % schedule.say_date(now_ms, zone)
    return replies.recap(earlier, zone) if verb == "recap" else replies.HELP


def _add(request, perform, now_ms, zone, folder):
    args = {"folder": folder, "prompt": request.prompt, "kind": request.kind, "value": request.value}
    task = perform("task.add", args)
    how = schedule.describe(request.kind, request.value, zone)
    first = schedule.say_time(task["next_ms"], now_ms, zone)
    known = {task["id"]: task}
    tail = "" if request.kind == "once" else "; first " + first
    when = first if request.kind == "once" else how
    return "Done: %s, %s%s. (%s)" % (request.prompt, when, tail, replies.short_id(task, list(known.values())))


def _on_group(request, view, perform, folder):
    if request.verb not in ("pause", "resume"):
        return "I can only pause and resume groups. The rest is done with `barnacle group …` on the laptop."
    wanted = " ".join([word for word in request.target if word not in ("the", "this")]) or folder
    for group in view.groups.values():
        if wanted in (group["folder"].lower(), group["name"].lower()):
            perform("group." + request.verb, {"folder": group["folder"]})
            return "%s the group %s." % (_DONE[request.verb], group["name"])
    return "There is no group %s.\n%s" % (wanted, replies.groups(view, folder))


def _on_task(request, view, perform, now_ms, zone, folder):
    known = replies.visible_tasks(view, folder)
    verb = request.verb
    wanted = [word for word in request.target if word not in _IGNORED]
    if not wanted:
        return _ask(verb, "Which task", known, known, now_ms, zone, folder)
    found = [task for task in known if _named(task, wanted)]
    if verb != "remove":
        found = [task for task in found if task["status"] != "completed"]
    if not found:
        return _ask(verb, "No task matches “%s”. Which one" % " ".join(wanted), known, known, now_ms, zone, folder)
    if len(found) > 1:
        return _ask(verb, "%d tasks match. Which one" % len(found), found, known, now_ms, zone, folder)
    perform("task." + verb, {"id": found[0]["id"]})
    return "%s: %s. (%s)" % (_DONE[verb], replies.short(found[0]["prompt"]), replies.short_id(found[0], known))


def _named(task, wanted):
    """Whether the words are the task's id, a part of it, or all in its prompt."""
    if len(wanted) == 1 and _is_id(wanted[0], task["id"].lower()):
        return True
    prompt = [_stem(word) for word in task["prompt"].lower().split()]
    for word in wanted:
        if _stem(word) not in prompt:
            return False
    return True


def _is_id(word, id_):
    """Whether a word is the id, its end, or a part of its end with a digit in it (a word can be in it by chance)."""
    end = id_.split("-")[-1]
    digit = any("0" <= char <= "9" for char in word)
    return word in (id_, end) or (digit and len(word) >= _ID_PART and word in end)


def _stem(word):
    word = word.strip(".,;:!?\"'()")
    return word[:-1] if len(word) > 3 and word.endswith("s") else word


def _ask(verb, question, tasks, known, now_ms, zone, folder):
    if not tasks:
        return "There are no tasks."
    listed = replies.task_list(tasks[:_CANDIDATES], known, now_ms, zone, folder)
    more = "" if len(tasks) <= _CANDIDATES else "\n… and %d more" % (len(tasks) - _CANDIDATES)
    example = replies.short_id(tasks[0], known)
    return '%s shall I %s? Say for example "%s task %s".\n%s%s' % (question, verb, verb, example, listed, more)
