"""The journal in SQLite keeps the promises of the one on flash."""

import sqlite3

import pytest

from app.host import limits
from app.host.desktop.journal import SqliteJournal
from app.host.desktop.tables import SKIPPED, DatabaseProblem, fact
from device.host import limits as device_limits
from device.host.journal import JournalError
from tests.app.desktop.desk import Desk
from tests.app.desktop.nanoclaw_file import group, message, read, write
from tests.device.host.box import canonical


def filled(desk):
    desk.add_group()
    desk.add_group("family")
    desk.add_task()
    for n in range(5):
        desk.put(("cursor.set", {"folder": "main", "n": desk.say(f"text {n}")}))
        desk.reply(f"answer {n}")
    desk.put(("run.ended", desk.run_of("task-1")))


def test_a_store_comes_back_as_it_was(tmp_path):
    with Desk(tmp_path / "db") as desk:
        filled(desk)
        desk.store.put("audit", {"ts_ms": 1, "what": "waits for the laptop"})
        desk.store.commit()
        before = canonical(desk.state)
    with Desk(tmp_path / "db") as desk:
        assert canonical(desk.state) == before
        assert desk.store.spool_size == 1


def test_a_snapshot_is_the_same_state_in_fewer_records(tmp_path):
    with Desk(tmp_path / "db") as desk:
        filled(desk)
        for n in range(200):
            desk.put(("group.set", desk.state.groups["main"] | {"name": f"Main {n}"}))
        before = canonical(desk.state)
        desk.store.snapshot()
        assert not desk.store.drop_old()
        count = desk.journal._connection.execute("SELECT count(*) FROM barnacle_records").fetchone()[0]
        assert count < 60
    with Desk(tmp_path / "db") as desk:
        assert canonical(desk.state) == before


def test_a_snapshot_is_due_when_the_log_outweighs_the_state(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "DESKTOP_LOG_BYTES", 2000)
    with Desk(tmp_path / "db") as desk:
        desk.add_group()
        assert not desk.store.wants_snapshot
        while not desk.store.wants_snapshot:
            desk.put(("group.set", desk.state.groups["main"]))
        assert not desk.store.overdue_snapshot
        while not desk.store.overdue_snapshot:
            desk.put(("group.set", desk.state.groups["main"]))
        desk.store.snapshot()
        assert not desk.store.wants_snapshot


def test_a_locked_database_keeps_the_commit_pending_and_writes_it_once_later(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "DESKTOP_LOCK_S", 0.05)
    with Desk(tmp_path / "db") as desk:
        desk.add_group()
        other = sqlite3.connect(tmp_path / "db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        for _ in range(3):
            with pytest.raises(JournalError, match="locked"):
                desk.say("held up")
        assert desk.journal.pending >= 3 and desk.store.problem
        other.execute("ROLLBACK")
        other.close()
        desk.store.commit()
        assert desk.journal.pending == 0 and desk.store.problem is None
    assert len(read(tmp_path / "db")["messages"]) == 3


def test_a_failure_in_mid_transaction_leaves_neither_records_nor_rows(tmp_path, monkeypatch):
    with Desk(tmp_path / "db") as desk:
        desk.add_group()
        before = read(tmp_path / "db")
        full = desk.journal._connection.execute("PRAGMA page_count").fetchone()[0]
        desk.journal._connection.execute(f"PRAGMA max_page_count = {full + 1}")
        with pytest.raises(JournalError, match="full"):
            for n in range(20):
                desk.store.put("audit", {"ts_ms": n, "what": "x" * 2000})
                desk.say("y" * 3000)
        written = read(tmp_path / "db")["messages"]
        assert len(written) < len(desk.state.rings["main"])
        assert before["registered_groups"] == read(tmp_path / "db")["registered_groups"]
        desk.journal._connection.execute("PRAGMA max_page_count = 100000")
        desk.store.commit()
        assert len(read(tmp_path / "db")["messages"]) == len(desk.state.rings["main"])
        assert fact(desk.journal._connection, SKIPPED) == 0


def test_a_record_beyond_the_bound_is_refused(tmp_path):
    with Desk(tmp_path / "db") as desk, pytest.raises(JournalError, match="exceeds"):
        desk.journal.append(b"x" * (device_limits.RECORD_BYTES + 1))


def test_of_its_own_messages_and_logs_only_the_newest_stay_and_nanoclaws_all(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "DESKTOP_MESSAGES", 5)
    monkeypatch.setattr(limits, "DESKTOP_RUN_LOGS", 3)
    old = [message(n, "main@g.us", f"old {n}") for n in range(4)]
    tables = {"registered_groups": [group("main")], "messages": old}
    tables["chats"] = [{"jid": "main@g.us", "name": "Main", "last_message_time": "2026-02-13T12:00:00.000Z"}]
    path = write(tmp_path / "db", tables)
    with Desk(path) as desk:
        desk.add_task()
        for n in range(9):
            desk.say(f"new {n}")
            desk.put(("run.ended", desk.run_of("task-1", f"run-{n}")), ("run.ended", desk.run_of("gone", f"lost-{n}")))
        desk.store.snapshot()
        orphans = desk.journal._connection.execute("SELECT count(*) FROM barnacle_run_logs").fetchone()[0]
        known = desk.journal._connection.execute("SELECT count(*) FROM barnacle_messages").fetchone()[0]
        assert (orphans, known) == (3, 5)
    found = read(path)
    assert [row["content"] for row in found["messages"]] == [row["content"] for row in old] + [
        f"new {n}" for n in range(4, 9)
    ]
    assert 1 <= len(found["task_run_logs"]) <= 3


def test_closing_leaves_one_file_as_nanoclaw_does(tmp_path):
    with Desk(tmp_path / "db") as desk:
        filled(desk)
    assert [each.name for each in tmp_path.iterdir()] == ["db"]
    raw = sqlite3.connect(tmp_path / "db")
    assert raw.execute("PRAGMA journal_mode").fetchone()[0] == "delete"
    raw.close()


def test_the_database_is_the_owners_only(tmp_path):
    with Desk(tmp_path / "new" / "db"):
        assert (tmp_path / "new").stat().st_mode & 0o077 == 0


def test_two_boxes_never_share_a_database(tmp_path):
    with Desk(tmp_path / "db"), pytest.raises(DatabaseProblem, match="another Barnacle"):
        SqliteJournal(tmp_path / "db", "Andy", lambda: 0)
    with Desk(tmp_path / "db"):
        pass


def test_another_programs_database_is_refused(tmp_path):
    raw = sqlite3.connect(tmp_path / "db")
    raw.execute("CREATE TABLE songs (name TEXT)")
    raw.close()
    before = (tmp_path / "db").read_bytes()
    with pytest.raises(DatabaseProblem, match="another program"):
        SqliteJournal(tmp_path / "db", "Andy", lambda: 0)
    assert (tmp_path / "db").read_bytes() == before


@pytest.mark.parametrize("content", [b"no database at all, " * 200, b"SQLite format 3\0" + b"x" * 5000])
def test_what_is_no_database_is_refused(tmp_path, content):
    (tmp_path / "db").write_bytes(content)
    with pytest.raises(DatabaseProblem) as problem:
        SqliteJournal(tmp_path / "db", "Andy", lambda: 0)
    assert problem.value.remedy and str(tmp_path / "db") in problem.value.message
    assert (tmp_path / "db").read_bytes() == content


def test_a_damaged_database_is_refused(tmp_path):
    with Desk(tmp_path / "db") as desk:
        filled(desk)
    data = bytearray((tmp_path / "db").read_bytes())
    data[4096 : 4096 * 3] = b"\xff" * 8192
    (tmp_path / "db").write_bytes(data)
    with pytest.raises(DatabaseProblem):
        SqliteJournal(tmp_path / "db", "Andy", lambda: 0)
