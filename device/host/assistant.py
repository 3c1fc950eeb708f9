"""The built-in offline assistant: plain English about groups, queues and tasks, with no language model.

It guesses nothing: what it changes must name exactly one task, otherwise it lists the candidates and asks.
"""

from device.host import assistant_changes as changes
from device.host import assistant_replies as replies
from device.host import assistant_tasks as told
from device.host import schedule, sentences
from device.host import trigger as triggers
from device.host.errors import Refused
from device.host.sentence_times import UnclearTime

REMINDER = "Reminder: "
_PASSED_OVER = ("unknown", "unclear") + sentences.SOCIAL


class OfflineAssistant:
    """Stateless. `view`: the box's state; `perform(name, args)` does a command as the group, or raises Refused."""

    def answer(self, messages, view, perform, now_ms, zone, folder, trigger="", unknown_text=None):
        """The reply to a batch of messages, oldest first.

        Those that begin with `trigger` are answered one by one. Where none does (`main` needs no trigger) the last one
        is, and the earlier ones too as far as they are understood. The others are context: the reply says how many.
        `unknown_text`, how the model is, is said where nothing is understood and when asked who this is; without it,
        that none is configured.
        """
        meant = [at for at in range(len(messages)) if trigger and triggers.matches(trigger, messages[at]["text"])]
        given, answered, unknown = [], 0, False
        last = meant[-1] if meant else len(messages) - 1
        for at in meant or range(len(messages)):
            request = sentences.understand(messages[at]["text"], now_ms, zone, trigger)
            owed = bool(meant) or at == last
            if not owed and request.verb in _PASSED_OVER:
                continue
            reply = self._reply(request, messages[:at], view, perform, now_ms, zone, folder, unknown_text)
            if reply is None and not owed:
                continue
            answered += 1
            if reply is None:
                unknown = True
            else:
                given.append(reply)
        if unknown:
            given.append(replies.UNKNOWN if unknown_text is None else unknown_text)
        if answered <= last:
            given.append("(I have read %s.)" % replies.counted(last + 1 - answered, "earlier message"))
        return "\n\n".join(given)

    def answer_task(self, prompt, view, perform, now_ms, zone, folder):
        """What a due task says: the answer where the prompt is a question about the box, else the reminder itself.

        A task never changes anything: a prompt such as "remove the plants task" is only said.
        """
        request = sentences.understand(prompt, now_ms, zone)
        if request.verb in sentences.READ_ONLY and request.verb != "recap":
            reply = self._reply(request, [], view, perform, now_ms, zone, folder)
            if reply is not None:
                return reply
        return REMINDER + prompt

    def _reply(self, request, earlier, view, perform, now_ms, zone, folder, why_no_model=None):
        """The answer; None where the sentence is about something else."""
        verb = request.verb
        if verb == "unknown":
            return None
        if verb == "unclear":
            return request.text
        if verb in sentences.SOCIAL:
            return replies.small_talk(verb, view, now_ms, zone, folder, why_no_model)
        if verb in sentences.READ_ONLY:
            return _tell(request, earlier, view, now_ms, zone, folder)
        try:
            if verb == "add":
                return _add(request, perform, now_ms, zone, folder)
            if request.group:
                return changes.on_group(request, view, perform, folder)
            return changes.on_task(request, view, perform, now_ms, zone, folder)
        except UnclearTime as unclear:
            return str(unclear)
        except Refused as refusal:
            return "I can't: %s.%s" % (refusal.message, " To do: " + refusal.remedy if refusal.remedy else "")


def _tell(request, earlier, view, now_ms, zone, folder):
    verb = request.verb
    if verb == "next":
        return replies.next_runs(view, now_ms, zone, folder)
    if verb == "day":
        return replies.day(view, now_ms, zone, folder, request.ahead)
    if verb in ("tasks", "count"):
        return told.tasks(view, now_ms, zone, folder, request.target, verb == "count")
    if verb == "find":
        found = told.about(view, now_ms, zone, folder, request.target)
        return told.not_found(request.target) if found is None and request.certain else found
    if verb == "groups":
        return replies.groups(view, folder)
    if verb == "queue":
        return replies.queue(view, folder)
    if verb == "status":
        return replies.status(view, now_ms, zone, folder)
    if verb == "time":
        return "It is %s." % schedule.say_date(now_ms, zone)
    if verb == "missed":
        return replies.missed(view, earlier, now_ms, zone, folder)
    return replies.recap(earlier, zone) if verb == "recap" else replies.HELP


def _add(request, perform, now_ms, zone, folder):
    args = {"folder": folder, "prompt": request.prompt, "kind": request.kind, "value": request.value}
    task = perform("task.add", args)
    how = replies.planned(task, now_ms, zone)
    note = " " + request.note if request.note else ""
    return "Done: %s, %s. (%s)%s" % (request.prompt, how, replies.short_id(task, [task]), note)
