"""What the box does shows in NanoClaw's tables as NanoClaw would have written it, and nothing else changes there."""

import sqlite3

from app.host.nanoclaw.database import NanoClawDatabase
from tests.app.desktop.desk import Desk
from tests.app.desktop.nanoclaw_file import NOW_MS, chat, group, message, read, task, write


def test_groups_keep_what_only_nanoclaw_knows(tmp_path):
    path = write(tmp_path / "db", {"registered_groups": [group("main", container_config='{"timeout":5}')]})
    with Desk(path) as desk:
        desk.put(("group.set", desk.state.groups["main"] | {"name": "Home", "paused": True}))
        desk.add_group("family", requires_trigger=False)
    rows = {row["folder"]: row for row in read(path)["registered_groups"]}
    assert rows["main"] == group("main", container_config='{"timeout":5}', name="Home")
    assert (rows["family"]["jid"], rows["family"]["requires_trigger"]) == ("family@g.us", 0)


def test_a_group_that_changes_its_chat_stays_one_row(tmp_path):
    with Desk(tmp_path / "db") as desk:
        desk.add_group("family")
        desk.put(("group.set", desk.state.groups["family"] | {"jid": "new@g.us"}))
    assert [row["jid"] for row in read(tmp_path / "db")["registered_groups"]] == ["new@g.us"]


def test_removing_a_group_removes_its_tasks_and_leaves_its_history(tmp_path):
    with Desk(tmp_path / "db") as desk:
        desk.add_group("family")
        desk.say("hello", "family")
        desk.add_task("task-1", "family")
        desk.put(("run.ended", desk.run_of("task-1", folder="family")))
        desk.put(("group.remove", {"folder": "family"}))
    found = read(tmp_path / "db")
    assert (found["registered_groups"], found["scheduled_tasks"], found["task_run_logs"]) == ([], [], [])
    assert len(found["messages"]) == 1


def test_a_tasks_life_is_told_by_nanoclaws_own_functions(tmp_path):
    with Desk(tmp_path / "db") as desk:
        desk.add_group()
        desk.add_task()
        desk.put(("run.ended", desk.run_of("task-1")))
        desk.put(("task.set", desk.state.tasks["task-1"] | {"last_ms": NOW_MS, "last_result": "done it"}))
        desk.add_task("task-2", kind="once", value="2026-02-14T10:00:00", next_ms=None, status="completed")
        desk.add_task("task-3")
        desk.put(("task.remove", {"id": "task-3", "folder": "main"}))
    with NanoClawDatabase.open(tmp_path / "db", lambda: "2026-12-01T00:00:00.000Z") as nanoclaw:
        assert {each["id"] for each in nanoclaw.tasks.all()} == {"task-1", "task-2"}
        assert [each["id"] for each in nanoclaw.tasks.due()] == ["task-1"]
        first = nanoclaw.tasks.get("task-1")
        assert first is not None
        assert (first["last_run"], first["last_result"]) == ("2026-02-13T16:26:40.000Z", "done it")
        (log,) = nanoclaw.rows("task_run_logs")
        assert (log["task_id"], log["duration_ms"], log["status"]) == ("task-1", 2000, "success")
        assert log["run_at"] == "2026-02-13T16:26:42.000Z"


def test_only_what_changed_of_a_task_is_written(tmp_path):
    path = write(tmp_path / "db", {"registered_groups": [group("main")], "scheduled_tasks": [task("t")]})
    raw = sqlite3.connect(path)
    raw.execute("UPDATE scheduled_tasks SET last_result = ?", ("long " * 1000,))
    raw.commit()
    raw.close()
    with Desk(path) as desk:
        desk.put(("task.set", desk.state.tasks["t"] | {"status": "paused"}))
    (row,) = read(path)["scheduled_tasks"]
    assert row == task("t", status="paused", last_result="long " * 1000)


def test_a_run_of_a_task_that_was_removed_meanwhile_is_kept_beside(tmp_path):
    with Desk(tmp_path / "db") as desk:
        desk.add_group()
        desk.put(("run.ended", desk.run_of("gone")))
    with NanoClawDatabase.open(tmp_path / "db", lambda: "") as nanoclaw:
        assert nanoclaw.rows("task_run_logs") == []
        assert [run["task_id"] for run in nanoclaw.tasks.orphan_runs()] == ["gone"]


def test_runs_that_never_began_and_message_runs_leave_no_log(tmp_path):
    with Desk(tmp_path / "db") as desk:
        desk.add_group()
        desk.add_task()
        desk.put(("run.ended", desk.run_of("task-1", "r1", started_ms=None)))
        desk.put(("run.ended", desk.run_of(None, "r2", kind="messages")))
        desk.put(("run.queued", desk.run_of("task-1", "r3", state="queued", started_ms=None, ended_ms=None)))
    assert read(tmp_path / "db")["task_run_logs"] == []


def test_nanoclaw_sees_the_messages_that_wait_and_no_others(tmp_path):
    with Desk(tmp_path / "db") as desk:
        desk.add_group()
        handled = desk.say("what time is it?")
        desk.reply("noon")
        desk.put(("cursor.set", {"folder": "main", "n": handled}))
        desk.say("and now?")
    with NanoClawDatabase.open(tmp_path / "db", lambda: "") as nanoclaw:
        handed_over = nanoclaw.state.get("last_agent_timestamp")
        assert handed_over == f'{{"main@g.us":"{nanoclaw.rows("messages")[0]["timestamp"]}"}}'
        cursor = nanoclaw.rows("messages")[0]["timestamp"]
        waiting = nanoclaw.messages.since("main@g.us", cursor, "Andy")
        assert [row["content"] for row in waiting] == ["and now?"]
        assert nanoclaw.state.get("last_timestamp") == nanoclaw.rows("messages")[-1]["timestamp"]
        assert nanoclaw.rows("messages")[1]["content"] == "Andy: noon"
        assert nanoclaw.chats.all()[0]["jid"] == "main@g.us"


def test_nanoclaws_cursor_never_passes_a_message_that_waits(tmp_path):
    with Desk(tmp_path / "db") as desk:
        desk.add_group()
        desk.say("first", ts_ms=NOW_MS + 1000)
        late = desk.say("second", ts_ms=NOW_MS + 9000)
        desk.put(("cursor.set", {"folder": "main", "n": late}))
        desk.say("delayed on its way", ts_ms=NOW_MS + 5000)
    with NanoClawDatabase.open(tmp_path / "db", lambda: "") as nanoclaw:
        cursors = nanoclaw.state.get("last_agent_timestamp")
        assert cursors == '{"main@g.us":"2026-02-13T16:26:41.000Z"}'
        waiting = nanoclaw.messages.since("main@g.us", "2026-02-13T16:26:41.000Z", "Andy")
        assert "delayed on its way" in [row["content"] for row in waiting]


def test_a_message_older_than_all_others_does_not_take_nanoclaw_back_to_the_beginning(tmp_path):
    with Desk(tmp_path / "db") as desk:
        desk.add_group()
        desk.put(("cursor.set", {"folder": "main", "n": desk.say("first", ts_ms=NOW_MS + 1000)}))
        desk.say("long delayed", ts_ms=NOW_MS - 5000)
        desk.say("without a time", ts_ms=0)
    with NanoClawDatabase.open(tmp_path / "db", lambda: "") as nanoclaw:
        assert nanoclaw.state.get("last_agent_timestamp") == '{"main@g.us":"2026-02-13T16:26:34.999Z"}'


def test_a_record_that_means_nothing_to_nanoclaw_stops_nothing(tmp_path, capsys):
    with Desk(tmp_path / "db") as desk:
        desk.add_group()
        desk.add_task()
        desk.put(("run.ended", desk.run_of("task-1", ended_ms=None)))
        desk.put(("run.ended", desk.run_of("task-1", "r2", result={"no": "text"})))
        desk.say("goes on")
    assert capsys.readouterr().out.count("do not take a run.ended") == 2
    found = read(tmp_path / "db")
    assert found["task_run_logs"] == [] and len(found["messages"]) == 1


def test_a_console_message_belongs_to_the_groups_chat(tmp_path):
    with Desk(tmp_path / "db") as desk:
        desk.add_group("family")
        desk.say("from the desk", "family", jid="console:family")
    assert [row["chat_jid"] for row in read(tmp_path / "db")["messages"]] == ["family@g.us"]


def test_a_full_transfer_to_the_laptop_writes_nothing_twice(tmp_path):
    with Desk(tmp_path / "db") as desk:
        desk.add_group()
        desk.add_task()
        desk.say("hello")
        desk.reply("hi")
        desk.put(("run.ended", desk.run_of("task-1")))
        before = read(tmp_path / "db")
        repeated = [(kind, body) for kind, body in desk.state.snapshot_records() if kind[0] != "!"]
        desk.put(("sync.begin", {"rev": 1}), *repeated, ("sync.end", {"rev": 1}))
        assert read(tmp_path / "db") == before


def test_cursors_of_other_chats_and_sessions_stay(tmp_path):
    tables = {
        "registered_groups": [group("main")],
        "chats": [chat("main@g.us")],
        "sessions": [{"group_folder": "main", "session_id": "s-1"}],
        "router_state": [
            {"key": "last_agent_timestamp", "value": '{"other@g.us":"2026-01-01T00:00:00.000Z"}'},
            {"key": "something_else", "value": "kept"},
        ],
    }
    path = write(tmp_path / "db", tables)
    with Desk(path) as desk:
        desk.put(("cursor.set", {"folder": "main", "n": desk.say("hello")}))
    found = read(path)
    assert found["sessions"] == tables["sessions"]
    values = {row["key"]: row["value"] for row in found["router_state"]}
    assert values["something_else"] == "kept"
    assert values["last_agent_timestamp"].startswith('{"other@g.us":"2026-01-01T00:00:00.000Z","main@g.us":"')


def test_a_row_that_nanoclaws_tables_refuse_stops_nothing(tmp_path, capsys):
    taken = group("Global", "same@g.us")  # the box takes no such folder, so it does not know the chat
    path = write(tmp_path / "db", {"registered_groups": [taken]})
    with Desk(path) as desk:
        assert desk.state.groups == {}
        desk.add_group("family", "same@g.us")
        desk.add_group("work")
        assert set(desk.state.groups) == {"family", "work"}
    assert "do not take a group.set" in capsys.readouterr().out
    assert {row["folder"] for row in read(path)["registered_groups"]} == {"Global", "work"}
    with Desk(path) as desk:
        assert set(desk.state.groups) == {"family", "work"}


def test_a_message_that_nanoclaw_has_already_is_not_replaced(tmp_path):
    tables = {
        "registered_groups": [group("main")],
        "chats": [chat("main@g.us")],
        "messages": [message(n, "main@g.us", f"text {n}") for n in range(3)],
    }
    path = write(tmp_path / "db", tables)
    with Desk(path) as desk:
        desk.say("the same again", id="M1")
    assert read(path)["messages"] == tables["messages"]
