"""Container messages become commands; what they claim about their sender does not count."""

import json

from device.host.errors import Refused
from device.host.ipc import actor_of, translate
from tests.device.portable_test import raises


class State:
    tasks = {"task-1": {"id": "task-1", "folder": "home"}}

    def folder_of(self, jid):
        return "home" if jid == "home@g" else None


SCHEDULE = {
    "type": "schedule_task",
    "prompt": "water",
    "schedule_type": "cron",
    "schedule_value": "0 9 * * *",
    "targetJid": "home@g",
}


def _refused(data):
    with raises(Refused) as caught:
        translate(data, State())
    return getattr(caught.error, "code", None)


def test_the_actor_is_where_the_message_arrived():
    assert actor_of("home", False) == {"kind": "group", "folder": "home"}
    assert actor_of("main", True) == {"kind": "group", "folder": "main"}
    assert actor_of("main", False)["folder"] is None


def test_a_schedule_becomes_a_task_of_the_group_that_has_the_chat():
    command, args = translate(dict(SCHEDULE, groupFolder="main", id="mine", context_mode="odd"), State())
    assert command == "task.add"
    assert args == {"folder": "home", "prompt": "water", "kind": "cron", "value": "0 9 * * *", "context": "isolated"}
    assert translate(dict(SCHEDULE, context_mode="group"), State())[1]["context"] == "group"
    assert _refused(dict(SCHEDULE, targetJid="__proto__")) == "unknown_group"


def test_tasks_are_named_in_full():
    assert translate({"type": "cancel_task", "taskId": "task-1"}, State()) == ("task.remove", {"id": "task-1"})
    assert translate({"type": "pause_task", "taskId": "task-1"}, State())[0] == "task.pause"
    assert translate({"type": "resume_task", "taskId": "task-1"}, State())[0] == "task.resume"
    assert _refused({"type": "pause_task", "taskId": "task"}) == "unknown_task"


def test_a_group_is_registered_with_the_four_named_fields_only():
    data = {
        "type": "register_group",
        "jid": "n@g",
        "name": "N",
        "folder": "n",
        "trigger": "@B",
        "requiresTrigger": False,
    }
    assert translate(data, State()) == ("group.add", {"jid": "n@g", "name": "N", "folder": "n", "trigger": "@B"})


def test_a_message_knows_its_group_or_that_there_is_none():
    command, args = translate({"type": "message", "chatJid": "home@g", "text": 5}, State())
    assert (command, args) == ("message.send", {"jid": "home@g", "folder": "home", "text": "5"})
    assert translate({"type": "message", "chatJid": "x@g", "text": "hi"}, State())[1]["folder"] is None


def test_what_cannot_be_meant_is_refused_and_never_raises_anything_else():
    for odd in (None, "", 0, False, True, [], ["task-1"], {"a": 1}, {}, 1.5):
        assert _refused(odd) == "unsupported"
        assert _refused({"type": odd}) == "unsupported"
        for key in ("prompt", "schedule_type", "schedule_value", "targetJid"):
            assert _refused(dict(SCHEDULE, **{key: odd})) == "bad_value", (key, odd)
        assert _refused({"type": "pause_task", "taskId": odd}) == "bad_value"
    for odd in (None, "", 0, False):
        assert _refused({"type": "message", "chatJid": "home@g", "text": odd}) == "bad_value"


def test_half_a_surrogate_pair_becomes_the_replacement_character():
    half = json.loads('"a\\ud83d"')
    assert translate(dict(SCHEDULE, prompt=half), State())[1]["prompt"] == "a\ufffd"


def test_anything_may_be_a_messages_text_as_javascript_writes_it():
    texts = (
        ({"a": 1}, "[object Object]"),
        (["a", ["b", None], 2.0], "a,b,,2"),
        ([], ""),
        (True, "true"),
        (1.5, "1.5"),
    )
    for value, text in texts:
        assert translate({"type": "message", "chatJid": "home@g", "text": value}, State())[1]["text"] == text


def test_a_chat_that_is_registered_again_moves_or_is_changed_where_it_is():
    data = {"type": "register_group", "jid": "home@g", "name": "N", "folder": "n", "trigger": "@B"}
    moved = {"jid": "home@g", "name": "N", "folder": "n", "trigger": "@B", "move_chat": True}
    assert translate(data, State()) == ("group.add", moved)
    changed = {"name": "N", "folder": "home", "trigger": "@B", "requires_trigger": True}
    assert translate(dict(data, folder="home"), State()) == ("group.set", changed)
