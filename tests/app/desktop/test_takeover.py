"""A NanoClaw database opens as it is, is worked with, and goes back unharmed; what NanoClaw did meanwhile is seen."""

import json
import sqlite3

import pytest

from app.host import limits
from app.host.nanoclaw.database import NanoClawDatabase
from device.host import limits as device_limits
from tests.app.desktop.desk import Desk
from tests.app.desktop.nanoclaw_file import chat, golden_cases, group, message, read, schema_of, task, write

CASES = {case["id"]: case["tables"] for case in golden_cases()}
REPLAYS = {f"{c['id']}": c["phases"][-1]["final"]["tables"] for c in golden_cases("replay")}


def household(handed_over="2026-02-13T12:00:02.000Z"):
    """Two groups; in `family` three messages were answered and two wait."""
    return {
        "chats": [chat("main@g.us"), chat("family@g.us")],
        "registered_groups": [group("main"), group("family", requires_trigger=0)],
        "messages": [message(n, "family@g.us", f"text {n}") for n in range(5)],
        "scheduled_tasks": [task("task-1"), task("task-2", "family", status="paused", context_mode="group")],
        "router_state": [
            {"key": "last_timestamp", "value": "2026-02-13T12:00:04.000Z"},
            {"key": "last_agent_timestamp", "value": json.dumps({"family@g.us": handed_over})},
        ],
        "sessions": [{"group_folder": "family", "session_id": "s-1"}],
    }


def nanoclaw(path):
    return NanoClawDatabase.open(path, lambda: "2026-02-13T13:00:00.000Z")


def records(path):
    raw = sqlite3.connect(path)
    found = [json.loads(row[0]) for row in raw.execute("SELECT payload FROM barnacle_records ORDER BY n")]
    raw.close()
    return found


@pytest.mark.parametrize("name", [*CASES, *REPLAYS])
def test_every_recorded_database_opens_and_is_left_exactly_as_it_was(tmp_path, name):
    tables = CASES.get(name) or REPLAYS[name]
    path = write(tmp_path / "messages.db", tables)
    before, schema = read(path), schema_of(path)
    with Desk(path) as desk:
        assert desk.store.problem is None
    assert read(path) == before
    assert schema_of(path) == schema
    with nanoclaw(path) as database:
        assert {table: database.rows(table) for table in tables} == before
    count = len(records(path))
    with Desk(path):
        assert len(records(path)) == count


def test_sessions_are_taken_over_and_one_that_is_imported_goes_back(tmp_path):
    path = write(tmp_path / "messages.db", household())
    with Desk(path) as desk:
        assert desk.state.sessions == {"family": "s-1"}
        desk.put(("session.set", {"folder": "main", "session": "s-2"}))
    with nanoclaw(path) as database:
        assert database.state.sessions() == {"family": "s-1", "main": "s-2"}


def test_groups_tasks_messages_and_cursors_are_taken_over(tmp_path):
    with Desk(write(tmp_path / "db", household())) as desk:
        state = desk.state
        assert {folder: g["requires_trigger"] for folder, g in state.groups.items()} == {"main": True, "family": False}
        assert state.groups["family"]["jid"] == "family@g.us" and state.groups["main"]["trigger"] == "@Andy"
        assert state.settings["assistant"] == "Andy"
        assert {t["id"]: (t["status"], t["context"], t["missed"]) for t in state.tasks.values()} == {
            "task-1": ("active", "isolated", "once"),
            "task-2": ("paused", "group", "once"),
        }
        assert state.tasks["task-1"]["next_ms"] == 1_771_227_000_000
        assert [m["text"] for m in state.rings["family"]] == [f"text {n}" for n in range(5)]
        assert [m["text"] for m in state.pending("family")] == ["text 3", "text 4"]
        assert desk.journal.untold


def test_what_happens_here_is_there_when_nanoclaw_takes_the_file_back(tmp_path):
    path = write(tmp_path / "db", household())
    with Desk(path) as desk:
        desk.put(("cursor.set", {"folder": "family", "n": desk.state.pending("family")[-1]["n"]}))
        desk.reply("both answered", "family")
        asked = desk.say("one more", "family")
        desk.put(("task.set", desk.state.tasks["task-1"] | {"next_ms": 1_771_313_400_000, "last_result": "ok"}))
        desk.put(("run.ended", desk.run_of("task-1")))
        assert asked
    with nanoclaw(path) as database:
        cursors = json.loads(database.state.get("last_agent_timestamp") or "{}")
        assert cursors == {"family@g.us": "2026-02-13T12:00:04.000Z"}
        waiting = database.messages.since("family@g.us", cursors["family@g.us"], "Andy")
        assert [row["content"] for row in waiting] == ["one more"]
        first = database.tasks.get("task-1")
        assert first is not None and first["next_run"] == "2026-02-17T07:30:00.000Z"
        assert len(database.rows("task_run_logs")) == 1
        assert database.state.session("family") == "s-1"
        assert database.groups.all()["family@g.us"]["requiresTrigger"] is False
    read(path)


def test_what_nanoclaw_changed_meanwhile_is_taken_over_and_nothing_else(tmp_path):
    path = write(tmp_path / "db", household())
    with Desk(path) as desk:
        desk.add_task("mine", "main")
        n = len(records(path))
    with nanoclaw(path) as database:
        database.tasks.change("task-1", {"status": "paused"})
        database.tasks.delete("task-2")
        database.tasks.create(task("task-3", "family", prompt="feed the cat"))
        database.messages.store(message(5, "family@g.us", "while you were away"))
        database.messages.store(message(6, "family@g.us", "Andy: I was here", is_from_me=1))
        database.messages.store(message(7, "family@g.us", "still open"))
        database.state.put("last_agent_timestamp", '{"family@g.us":"2026-02-13T12:00:05.000Z"}')
        database.groups.put("cats@g.us", {"name": "Cats", "folder": "cats", "trigger": "@Andy", "added_at": "x"})
    with Desk(path) as desk:
        state = desk.state
        assert {t["id"]: t["status"] for t in state.tasks.values()} == {
            "task-1": "paused",
            "task-3": "active",
            "mine": "active",
        }
        assert [m["text"] for m in state.pending("family")] == ["still open"]
        assert [m["text"] for m in state.rings["family"]][-3:] == ["while you were away", "I was here", "still open"]
        assert "cats" in state.groups and state.groups["cats"]["added_ms"] > 0
        added = [kind for kind, *_ in records(path)[n:] if kind[0] != "!"]
        assert sorted(added) == [
            "audit",
            "cursor.set",
            "cursor.set",
            "group.set",
            "msg.stored",
            "msg.stored",
            "msg.stored",
            "task.remove",
            "task.set",
            "task.set",
        ]


def test_messages_that_wait_here_still_wait_when_nanoclaw_added_others(tmp_path):
    path = write(tmp_path / "db", household())
    with Desk(path):
        pass
    with nanoclaw(path) as database:
        database.messages.store(message(8, "family@g.us", "newer"))
    with Desk(path) as desk:
        assert [m["text"] for m in desk.state.pending("family")] == ["text 3", "text 4", "newer"]


def test_a_transfer_to_the_laptop_settles_what_is_untold(tmp_path):
    path = write(tmp_path / "db", household())
    with Desk(path) as desk:
        assert desk.journal.untold
    with Desk(path) as desk:
        assert desk.journal.untold
        desk.put(("sync.begin", {"rev": 1}), ("sync.end", {"rev": 1}))
        assert not desk.journal.untold
    with Desk(path) as desk:
        assert not desk.journal.untold


def test_an_older_file_gets_the_columns_that_nanoclaw_adds(tmp_path):
    raw = sqlite3.connect(tmp_path / "db")
    raw.execute(
        "CREATE TABLE registered_groups (jid TEXT PRIMARY KEY, name TEXT NOT NULL, folder TEXT NOT NULL UNIQUE,"
        " trigger_pattern TEXT NOT NULL, added_at TEXT NOT NULL, container_config TEXT)"
    )
    raw.execute("INSERT INTO registered_groups VALUES ('f@g.us', 'F', 'family', '@Andy', '2026', NULL)")
    raw.commit()
    raw.close()
    with Desk(tmp_path / "db") as desk:
        assert desk.state.groups["family"]["requires_trigger"] is True


def test_more_than_a_box_holds_is_left_out_and_stays_in_the_file(tmp_path):
    many = device_limits.TASKS + 40
    tables = {
        "registered_groups": [group("main"), *(group(f"g{n}") for n in range(device_limits.GROUPS + 3))],
        "scheduled_tasks": [task(f"t{n}") for n in range(many)],
    }
    path = write(tmp_path / "db", tables)
    before = read(path)
    with Desk(path) as desk:
        assert len(desk.state.groups) == device_limits.GROUPS
        assert len(desk.state.tasks) == device_limits.TASKS
        assert any(entry["what"] == "nanoclaw.left_out" for entry in desk.state.audit)
    assert read(path) == before


def test_of_completed_tasks_only_some_are_taken(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "DESKTOP_DONE_TASKS", 2)
    done = [task(f"d{n}", status="completed", next_run=None) for n in range(5)]
    with Desk(write(tmp_path / "db", {"registered_groups": [group("main")], "scheduled_tasks": done})) as desk:
        assert set(desk.state.tasks) == {"d4", "d3"}


def test_of_a_long_history_the_newest_is_taken_once(tmp_path):
    tables = household(handed_over="")
    tables["messages"] = [message(n, "family@g.us", f"text {n}") for n in range(500)]
    path = write(tmp_path / "db", tables)
    for _ in range(2):
        with Desk(path) as desk:
            ring = [m["text"] for m in desk.state.rings["family"]]
            assert ring == [f"text {n}" for n in range(460, 500)]
            waiting = [m["text"] for m in desk.state.pending("family")]
            assert waiting == [f"text {n}" for n in range(500 - device_limits.MAILBOX_MESSAGES, 500)]


def test_the_waiting_messages_of_many_groups_fit_the_rings(tmp_path):
    folders = [f"g{n}" for n in range(20)]
    tables = {
        "chats": [chat(f"{f}@g.us") for f in folders],
        "registered_groups": [group(f, requires_trigger=0) for f in folders],
        "messages": [message(n, f"{f}@g.us", "x" * 4000) for f in folders for n in range(20)],
    }
    with Desk(write(tmp_path / "db", tables)) as desk:
        assert desk.state.unsettled_bytes() <= device_limits.RING_BYTES // 2  # pyright: ignore[reportOperatorIssue]
        assert desk.state.ring_bytes <= device_limits.RING_BYTES


@pytest.mark.parametrize(
    "bad",
    [
        task("bad", schedule_value="every full moon"),
        task("bad", schedule_type="lunar"),
        task("bad", status="lost"),
        task("bad", folder="nowhere"),
        task("bad", prompt="p" * 5000),
        task("b" * 500),
    ],
)
def test_a_task_that_cannot_run_is_left_out_with_an_audit_event(tmp_path, bad):
    path = write(tmp_path / "db", {"registered_groups": [group("main")], "scheduled_tasks": [bad, task("good")]})
    with Desk(path) as desk:
        assert set(desk.state.tasks) == {"good"}
        assert [entry["detail"][:5] for entry in desk.state.audit][:1] == ["task "]
    assert len(read(path)["scheduled_tasks"]) == 2


def test_two_groups_may_swap_their_chats(tmp_path):
    path = write(tmp_path / "db", {"registered_groups": [group("a", "1@g.us"), group("b", "2@g.us")]})
    with Desk(path):
        pass
    raw = sqlite3.connect(path)
    for old, new in (("1@g.us", "3@g.us"), ("2@g.us", "1@g.us"), ("3@g.us", "2@g.us")):
        raw.execute("UPDATE registered_groups SET jid = ? WHERE jid = ?", (new, old))
    raw.commit()
    raw.close()
    with Desk(path) as desk:
        assert {f: g["jid"] for f, g in desk.state.groups.items()} == {"a": "2@g.us", "b": "1@g.us"}


def test_rows_without_a_name_are_left_alone(tmp_path):
    tables = household()
    tables["messages"] += [message(9, "family@g.us", id=None), message(10, "family@g.us", timestamp=None)]
    tables["scheduled_tasks"].append(task(None))
    path = write(tmp_path / "db", tables)
    before = read(path)
    for _ in range(2):
        with Desk(path) as desk:
            assert len(desk.state.rings["family"]) == 5 and len(desk.state.tasks) == 2
    assert read(path) == before
