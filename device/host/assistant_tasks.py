"""Which tasks a question is about, and what the offline assistant says of them. Nothing is changed here."""

from device.host import assistant_replies as replies
from device.host.schedule_words import say_time

STATUSES = ("active", "paused", "completed")


def tasks(view, now_ms, zone, folder, words=(), count_only=False):
    """All tasks that are not completed; `words` choose a group ("family"), a status ("paused") or words of prompts."""
    known = replies.visible_tasks(view, folder)
    chosen, scope = _chosen(known, view, folder, words)
    if chosen is None:
        return "From here I only see the tasks of this group."
    if count_only:
        return _count(chosen, scope)
    if not chosen:
        if scope or known:
            return "There are no%s tasks." % scope if scope else "There are no tasks to come."
        return 'There are no tasks. Make one: "remind me every weekday at 8:30 to water the plants".'
    return "%s:\n%s" % (
        replies.counted(len(chosen), "task", scope),
        replies.task_list(chosen, known, now_ms, zone, folder),
    )


def _chosen(known, view, folder, words):
    """(the tasks that the words choose, how to call them); None for another group's tasks."""
    live = [task for task in known if task["status"] != "completed"]
    for word in words:
        group = _group(view, word, folder)
        if group is not None:
            if folder not in ("main", group):
                return None, ""
            return [task for task in live if task["folder"] == group], " " + group
        status = {"done": "completed", "finished": "completed", "stopped": "paused"}.get(word, word)
        if status in STATUSES:
            return [task for task in known if task["status"] == status], " " + status
    matching = [task for task in live if _shares(task, words)]
    return matching or live, ""


def _group(view, word, folder):
    """The folder of the group that is named. Outside of `main` only it and the own group are known by name."""
    for group in view.groups.values():
        known = folder == "main" or group["folder"] in ("main", folder)
        if known and word in (group["folder"].lower(), group["name"].lower()):
            return group["folder"]
    return None


def _count(chosen, scope):
    paused = len([task for task in chosen if task["status"] == "paused"])
    tail = ", %d of them paused" % paused if paused and "paused" not in scope else ""
    return "%s%s." % (replies.counted(len(chosen), "task", scope), tail)


def about(view, now_ms, zone, folder, words):
    """When the tasks run that share a word with the question; None when there is none."""
    known = replies.visible_tasks(view, folder)
    best, found = 0, []
    for task in known:
        shared = _shares(task, words)
        if shared > best:
            best, found = shared, []
        if shared and shared == best:
            found.append(task)
    if not found:
        return None
    lines = []
    for task in found[: replies.LISTED]:
        ran = "" if task["last_ms"] is None else "\n  last run " + say_time(task["last_ms"], now_ms, zone)
        lines.append(replies.task_line(task, known, now_ms, zone, folder) + ran)
    return "\n".join(lines)


def not_found(words):
    """The reply where a question names no known task."""
    return 'I know no task about “%s”. Say "list tasks" to see them.' % replies.short(" ".join(words))


def _shares(task, words):
    """How many of the words are in the task's prompt (one that is its id counts most)."""
    prompt = [stem(word) for word in task["prompt"].lower().split()]
    end = task["id"].lower().split("-")[-1]
    return sum([9 if word in (task["id"].lower(), end) else 1 for word in words if stem(word) in prompt or word == end])


def stem(word):
    """A word of a prompt for comparison: no punctuation, no plural s."""
    word = word.strip(".,;:!?\"'()")
    return word[:-1] if len(word) > 3 and word.endswith("s") else word
