import pytest

from app.tui import limits
from app.tui.live import LiveData
from tests.tui.fake_client import group, message, task


def loaded() -> LiveData:
    live = LiveData()
    live.load("groups", [group("main"), group("family")])
    live.load("tasks", [task(1), task(2, folder="main")])
    live.load_chat("main", [message(1, "hello")])
    return live


def test_a_group_keeps_its_queue_state_when_its_record_changes() -> None:
    live = loaded()
    live.apply("tele.queue", {"groups": {"family": {"state": "running", "depth": 3}}, "slots": {"used": 1, "max": 2}})
    live.apply("group.set", {**group("family"), "name": "The family", "state": "running", "depth": 3})
    assert (live.groups["family"]["state"], live.groups["family"]["name"]) == ("running", "The family")
    assert live.slots == {"used": 1, "max": 2}


def test_a_group_that_the_queue_no_longer_names_is_idle() -> None:
    live = loaded()
    live.apply("tele.queue", {"groups": {"family": {"state": "running", "depth": 3}}})
    live.apply("tele.queue", {"groups": {}})
    assert (live.groups["family"]["state"], live.groups["family"]["depth"]) == ("idle", 0)


def test_a_message_dates_its_group() -> None:
    live = loaded()
    live.apply("msg.out", message(7, "hi", from_me=True, folder="family"))
    assert live.groups["family"]["last_message_ms"] == message(7, "hi")["ts_ms"]


def test_removing_a_group_removes_its_tasks() -> None:
    live = loaded()
    live.apply("group.remove", {"folder": "family"})
    assert list(live.groups) == ["main"]
    assert [t["folder"] for t in live.tasks.values()] == ["main"]


def test_a_message_that_comes_twice_is_shown_once() -> None:
    live = loaded()
    live.apply("msg.stored", message(2, "again"))
    live.apply("msg.stored", message(2, "again"))
    live.apply("msg.out", message(3, "yes", from_me=True))
    assert [m["text"] for m in live.chats["main"]] == ["hello", "again", "yes"]


def test_memory_is_bounded_however_much_arrives() -> None:
    live = loaded()
    for n in range(limits.AUDIT_LINES + 50):
        live.apply("audit", {"ts_ms": n, "what": "x"})
    for n in range(2, limits.CHAT_MESSAGES + 52):
        live.apply("msg.stored", message(n, "x"))
    for n in range(limits.CHATS + 5):
        live.load_chat(f"g{n}", [])
    live.apply("tele.text", {"folder": "main", "text": "y" * (limits.RUN_TEXT_CHARS + 1)})
    assert len(live.audit) == limits.AUDIT_LINES
    assert live.audit[-1]["ts_ms"] == limits.AUDIT_LINES + 49
    assert len(live.chats) == limits.CHATS
    assert len(live.run_texts["main"]) == limits.RUN_TEXT_CHARS
    live.load_chat("main", [message(n, "x") for n in range(limits.CHAT_MESSAGES + 9)])
    assert len(live.chats["main"]) == limits.CHAT_MESSAGES


def test_only_the_changed_part_gets_a_new_version() -> None:
    live = loaded()
    before = dict(live.versions)
    live.apply("task.set", task(9))
    assert [part for part in live.versions if live.versions[part] != before[part]] == ["tasks"]
    live.apply("something.else", {})
    assert live.versions["tasks"] == before["tasks"] + 1


def test_uptime_goes_on_between_the_boxs_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    live = LiveData()
    assert live.uptime_s is None
    now = [100.0]
    monkeypatch.setattr("app.tui.live.time.monotonic", lambda: now[0])
    live.load("status", {"device": {"health": {"uptime_ms": 5000}, "health_age_ms": 2000}})
    now[0] += 10
    assert live.uptime_s == 17
    live.apply("tele.health", {"uptime_ms": 18_000})
    assert live.uptime_s == 18


def test_losing_the_host_does_not_make_the_data_young(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("app.tui.live.time.monotonic", lambda: now[0])
    live = loaded()
    now[0] += 30
    live.set_connection(False, "the host does not answer")
    assert live.age_s == 30


def test_text_that_comes_after_the_end_of_its_run_does_not_stay():
    live = LiveData()
    run = {"id": "r1", "folder": "main"}
    live.apply("run.started", run | {"state": "running"})
    live.apply("tele.text", {"run": "r1", "folder": "main", "text": "Hel"})
    assert live.run_texts == {"main": "Hel"}
    live.apply("run.ended", run | {"state": "done"})
    live.apply("tele.text", {"run": "r1", "folder": "main", "text": "Hello"})
    assert live.run_texts == {}
