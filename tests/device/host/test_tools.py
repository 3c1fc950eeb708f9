"""The tools: what each does and for whom, and what becomes of whatever else a model asks for."""

# pyright: reportOptionalSubscript=false, reportOptionalMemberAccess=false, reportAttributeAccessIssue=false
from device.host import limits
from device.host.calls import CallFailed
from device.host.errors import Refused
from device.host.tools.toolbox import TOOLS
from tests.device.host.agent_box import AgentBox, says, uses

EVERY = {"schedule_type": "interval", "schedule_value": "3600000"}


async def _box():
    box = await AgentBox().start()
    await box.group("home", requires_trigger=False)
    await box.group("work", requires_trigger=False)
    return box


async def _use(box, folder, name, args):
    """(text, error) of one tool call by a run of `folder`."""
    await box.ask(uses((name, args)), says("ok"), folder=folder)
    (result,) = box.results()
    return result


def _tasks(box):
    return sorted((task["folder"], task["prompt"], task["status"]) for task in box.state.tasks.values())


async def test_a_group_schedules_for_itself_and_main_for_all():
    box = await _box()
    for folder, target, done in (
        ("home", None, True),
        ("home", "console:home", True),
        ("home", "console:work", False),
        ("home", "console:main", False),
        ("main", "console:work", True),
        ("main", None, True),
    ):
        args = dict(EVERY, prompt="p")
        if target:
            args["target_group_jid"] = target
        before = len(box.state.tasks)
        text, error = await _use(box, folder, "schedule_task", args)
        assert error is not done and len(box.state.tasks) == before + done, (folder, target, text)
        if not done:
            assert "not_authorized" in text and box.audits("task.add")[-1]["decision"] == "deny"
    text, error = await _use(box, "home", "schedule_task", dict(EVERY, prompt="p", target_group_jid="nobody@g"))
    assert error and "unknown_group" in text
    assert [task["context"] for task in box.state.tasks.values()] == ["group"] * 4
    await box.stop()


async def test_tasks_are_seen_and_changed_by_their_own_group_and_main_only():
    box = await _box()
    own = (await box.task(folder="home", prompt="mine", kind="interval", value="3600000"))["id"]
    other = (await box.task(folder="work", prompt="theirs", kind="interval", value="3600000"))["id"]
    text, _ = await _use(box, "home", "list_tasks", {})
    assert own in text and other not in text
    text, _ = await _use(box, "main", "list_tasks", {})
    assert own in text and other in text
    for name, more in (
        ("get_task", {}),
        ("update_task", {"prompt": "x"}),
        ("pause_task", {}),
        ("resume_task", {}),
        ("cancel_task", {}),
    ):
        before = _tasks(box)
        text, error = await _use(box, "home", name, dict(more, task_id=other))
        assert error and "unknown_task" in text and _tasks(box) == before, name
        text, error = await _use(box, "home", name, dict(more, task_id=own[:-1]))
        assert error and _tasks(box) == before, name
        for folder, task in (("home", own), ("main", other)):
            text, error = await _use(box, folder, name, dict(more, task_id=task))
            assert not error, (folder, name, text)
    assert box.state.tasks == {}
    await box.stop()


async def test_a_task_is_changed_paused_and_resumed():
    box = await _box()
    task = (await box.task(folder="home", prompt="old", kind="interval", value="3600000"))["id"]
    args = {"task_id": task, "prompt": "new", "schedule_value": "7200000", "context_mode": "group"}
    await _use(box, "home", "update_task", args)
    changed = box.state.tasks[task]
    assert (changed["prompt"], changed["value"], changed["context"]) == ("new", "7200000", "group")
    assert (await _use(box, "home", "update_task", {"task_id": task}))[1]
    await _use(box, "home", "pause_task", {"task_id": task})
    assert box.state.tasks[task]["status"] == "paused"
    await _use(box, "home", "resume_task", {"task_id": task})
    assert box.state.tasks[task]["status"] == "active"
    await box.stop()


async def test_prompt_injection_that_registers_a_group_from_another_group_is_denied():
    box = await _box()
    args = {"jid": "evil@g", "name": "Evil", "folder": "evil", "trigger": "@x"}
    text, error = await _use(box, "home", "register_group", args)
    assert error and "not_authorized" in text and "evil" not in box.state.groups
    assert box.audits("group.add")[-1]["decision"] == "deny"
    assert "register_group" not in [tool["name"] for tool in box.model.requests[-1]["tools"]]
    text, error = await _use(box, "main", "register_group", args)
    assert not error and "evil" in box.state.groups
    assert "register_group" in [tool["name"] for tool in box.model.requests[-1]["tools"]]
    await box.stop()


async def test_groups_are_listed_for_main_others_see_themselves():
    box = await _box()
    assert "work" not in (await _use(box, "home", "list_groups", {}))[0]
    assert "work" in (await _use(box, "main", "list_groups", {}))[0]
    await box.stop()


async def test_a_group_sends_to_its_own_chat_and_main_to_all():
    box = await _box()
    for folder, jid, to in (
        ("home", None, "home"),
        ("home", "console:work", None),
        ("home", "console:main", None),
        ("main", "console:work", "work"),
    ):
        args = {"text": "psst"} if jid is None else {"text": "psst", "chat_jid": jid}
        before = len(box.replies())
        text, error = await _use(box, folder, "send_message", args)
        sent = [reply for reply in box.replies()[before:] if reply[1] == "psst"]
        assert sent == ([(to, "psst")] if to else []) and error is (to is None), text
        assert box.audits("message.send")[-1]["decision"] == ("allow" if to else "deny")
    await box.stop()


async def test_notes_are_written_where_the_group_may():
    box = await _box()
    assert not (await _use(box, "home", "notes_write", {"text": "tea"}))[1]
    assert not (await _use(box, "home", "notes_write", {"text": "milk", "mode": "append"}))[1]
    assert (await _use(box, "home", "notes_read", {})) == ("tea\nmilk", False)
    assert (await _use(box, "home", "notes_write", {"text": "x", "scope": "all"}))[1]
    assert not (await _use(box, "main", "notes_write", {"text": "for all", "scope": "all"}))[1]
    assert (await _use(box, "home", "notes_read", {"scope": "all"})) == ("for all", False)
    await box.ask(says("ok"), folder="work")
    told = box.model.requests[-1]["system"]
    assert "for all" in told and "milk" not in told
    await box.stop()


async def test_a_fetch_goes_through_the_gate_and_the_laptop_with_the_approval():
    box = await _box()
    box.gate.approval = "ask-1"
    box.model.answers = [
        ([], {"status": 200, "headers": {"content-type": "text/plain"}, "text": "sun", "version": "v"})
    ]
    text, error = await _use(box, "home", "http_fetch", {"url": "https://w.example/x?key=1"})
    assert not error and "Status 200" in text and text.endswith("sun")
    assert box.gate.checked == [("home", "GET", "https://w.example/x?key=1")]
    (request,) = box.model.fetched
    assert request["approval"] == "ask-1" and request["lease"] == "lease-1" and request["folder"] == "home"
    assert "key=1" not in box.audits("tool.http_fetch")[-1]["detail"]
    await box.stop()


async def test_a_fetch_that_is_denied_or_fails_sends_nothing_and_says_why():
    box = await _box()
    box.gate.refusal = Refused("denied", "no rule allows this", "ask the owner")
    text, error = await _use(box, "home", "http_fetch", {"url": "https://evil.example/", "method": "POST"})
    assert error and "no rule allows this" in text and box.model.fetched == []
    assert box.state.runs[-1]["result"] == "ok"
    box.gate.refusal = None
    box.model.answers = [CallFailed("dns", "there is no such host", "")]
    text, error = await _use(box, "home", "http_fetch", {"url": "https://gone.example/"})
    assert error and "no such host" in text
    for args in ({"url": "https://x/", "body": "b"}, {"url": "https://x/", "headers": {str(n): "" for n in range(9)}}):
        assert (await _use(box, "home", "http_fetch", args))[1]
    assert len(box.model.fetched) == 1
    await box.stop()


async def test_the_owner_is_asked_and_the_answer_told():
    box = await _box()
    for answer, said in (("once", "yes"), ("15min", "yes"), ("deny", "no"), (None, "no")):
        box.owner.answer = answer
        assert (await _use(box, "home", "ask_owner", {"question": "Open the\ngate?"}))[0] == "The owner says %s." % said
    assert box.owner.asked[0] == ("home", "Open the gate?")
    await box.stop()


async def test_a_text_is_shown_on_the_screen_for_its_time():
    box = await _box()
    assert not (await _use(box, "home", "show_on_screen", {"text": "Dinner\x07 is\nready"}))[1]
    assert box.host.glance()["shown"] == "Dinner is ready"
    assert (await _use(box, "home", "show_on_screen", {"text": "x" * (limits.SHOWN_BYTES + 1)}))[1]
    await _use(box, "home", "show_on_screen", {"text": "ä" * limits.SHOWN_BYTES})
    assert len(box.host.glance()["shown"].encode()) <= limits.SHOWN_BYTES
    await box.clock.advance(limits.SHOWN_MS - 1)
    assert box.host.glance()["shown"] is not None
    await box.clock.advance(1)
    assert box.host.glance()["shown"] is None
    await box.stop()


async def test_the_box_tells_how_it_is_and_a_group_only_its_own_tasks():
    box = await _box()
    await box.task(folder="work", prompt="secret plan", kind="interval", value="3600000")
    text, _ = await _use(box, "home", "box_status", {})
    assert "laptop: connected" in text and "secret plan" not in text
    assert "secret plan" in (await _use(box, "main", "box_status", {}))[0]
    await box.stop()


async def test_whatever_a_hostile_model_calls_it_gets_an_error_that_it_can_read():
    box = await _box()
    deep = {}
    for _ in range(limits.TOOL_DEPTH + 1):
        deep = {"x": deep}
    hostile = [
        ("rm", {}),
        ("os.system", {"cmd": "ls"}),
        ("__class__", {}),
        ("<b>", {}),
        (None, {}),
        ({"name": "send_message"}, {}),
        ("send_message", None),
        ("send_message", []),
        ("send_message", {}),
        ("send_message", {"text": ""}),
        ("send_message", {"text": 5}),
        ("send_message", {"text": ["x"]}),
        ("send_message", {"text": "x", "folder": "main"}),
        ("send_message", {"text": "x" * (limits.TOOL_ARGS_BYTES + 1)}),
        ("send_message", deep),
        ("list_tasks", {"all": True}),
        ("schedule_task", dict(EVERY, prompt="p", schedule_type="yearly")),
        ("schedule_task", dict(EVERY, prompt="p", schedule_value="soon")),
        ("schedule_task", dict(EVERY, prompt="p" * (limits.PROMPT_BYTES + 1))),
        ("notes_write", {"text": "x", "mode": "yes"}),
        ("notes_write", {"text": "x", "scope": "work"}),
        ("get_task", {"task_id": "../../etc/passwd"}),
        ("http_fetch", {"url": "https://x/", "headers": {"a": 1}}),
        ("http_fetch", {"url": "https://x/", "method": "TRACE"}),
        ("http_fetch", {"url": 7}),
    ]
    for name, args in hostile:
        before = len(box.replies())
        await box.ask(uses((name, args)), says("ok"), folder="home")
        (result,) = box.results()
        assert result[1] and 0 < len(result[0]) < 1000, (name, result)
        assert box.replies()[before:] == [("home", "ok")], (name, args)
        assert box.state.tasks == {} and box.model.fetched == [] and "home" not in box.state.notes
    await box.stop()


async def test_odd_ids_items_and_too_many_calls_are_sorted_out():
    box = await _box()
    calls = [("box_status", {}, "same"), ("box_status", {}, "same"), ("box_status", {}, 7), ("box_status", {}, "a b")]
    await box.ask(uses(*calls), says("ok"), folder="home")
    assert [error for _, error in box.results()] == [False, True, True, True]
    await box.ask(uses(*[("box_status", {})] * 40), says("ok"), folder="home")
    errors = [error for _, error in box.results()]
    assert errors == [False] * limits.TOOL_CALLS + [True] * limits.TOOL_CALLS
    odd = [
        {},
        {"t": 5},
        {"t": "text"},
        {"t": "text", "text": 5},
        {"t": "note", "text": "x"},
        {"t": "text", "text": "hi"},
    ]
    assert await box.ask((odd, {"stop": 9, "usage": [1], "model": None}), folder="home") == ["hi"]
    await box.stop()


async def test_results_are_bounded_and_old_ones_give_way():
    box = await _box()
    page = "ü" * 20000
    box.model.answers = [([], {"status": 200, "text": page})] * 6
    fetch = uses(("http_fetch", {"url": "https://x.example/"}))
    assert await box.ask(fetch, fetch, fetch, fetch, fetch, fetch, says("ok"), folder="home") == ["ok"]
    (newest,) = box.results()
    assert len(newest[0].encode()) <= limits.TOOL_RESULT_BYTES and newest[0].endswith("(cut)")
    kept = [
        len(part["text"].encode())
        for turn in box.model.requests[-1]["messages"]
        for part in turn["content"]
        if part["t"] == "tool_result"
    ]
    assert len(kept) == 6 and sum(kept) <= limits.TOOL_WORK_BYTES and min(kept) < 100
    await box.stop()


async def test_each_call_is_on_record_before_its_effect():
    box = await _box()
    seen = []

    async def look(*question):
        seen.append((box.store.spool_size, [entry["what"] for entry in box.state.audit][-1], box.store._durable_puts))
        assert box.store._durable_puts == box.store._puts
        return "once"

    box.owner.ask = look
    await _use(box, "home", "ask_owner", {"question": "Now?"})
    assert seen[0][1] == "tool.ask_owner"
    await box.stop()


async def test_no_tool_reaches_files_or_programs():
    names = sorted(tool.name for tool in TOOLS)
    assert names == [
        "ask_owner",
        "box_status",
        "cancel_task",
        "get_task",
        "http_fetch",
        "list_groups",
        "list_tasks",
        "notes_read",
        "notes_write",
        "pause_task",
        "register_group",
        "resume_task",
        "schedule_task",
        "send_message",
        "show_on_screen",
        "update_task",
    ]
