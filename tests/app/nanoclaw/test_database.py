import sqlite3

import pytest

from app.host.nanoclaw.database import NanoClawDatabase
from app.host.nanoclaw.errors import NanoClawError, NotADatabase, RowRefused
from app.host.nanoclaw.messages import Cursor
from app.host.nanoclaw.schema import OWN_PREFIX, TABLES, columns
from tests.app.nanoclaw.installation import NOW, OLD_SCHEMA, execute, group, make_database, message, opened, task


@pytest.fixture
def database():
    with opened(None) as made:
        made.chats.saw("fam@g.us", NOW)
        yield made


def test_a_message_that_comes_later_with_the_same_time_is_not_lost(database):
    database.messages.store(message("m1"))
    first = database.messages.after(["fam@g.us"], Cursor(), "Andy")
    database.messages.store(message("m2"))
    second = database.messages.after(["fam@g.us"], first.cursor, "Andy")
    third = database.messages.after(["fam@g.us"], second.cursor, "Andy")
    assert [[row["id"] for row in each.messages] for each in (first, second, third)] == [["m1"], ["m2"], []]
    assert third.cursor == second.cursor


def test_a_bare_time_means_what_it_means_to_nanoclaw(database):
    database.messages.store(message("m1"))
    assert database.messages.since("fam@g.us", NOW, "Andy") == []
    assert database.messages.after(["fam@g.us"], Cursor(NOW), "Andy").messages == []


def test_no_chats_leave_the_cursor_where_it_is(database):
    assert database.messages.after([], Cursor(NOW, 7), "Andy").cursor == Cursor(NOW, 7)


def test_a_taken_folder_is_refused_and_both_groups_stay_as_they_are(database):
    database.groups.put("a@g.us", group("g"))
    with pytest.raises(RowRefused, match=r"a@g\.us"):
        database.groups.put("b@g.us", group("g"))
    assert list(database.groups.all()) == ["a@g.us"]


def test_the_run_of_a_task_that_was_deleted_meanwhile_is_kept_beside(database):
    database.tasks.create(task("t1"))
    database.tasks.delete("t1")
    run = {"task_id": "t1", "run_at": NOW, "duration_ms": 5, "status": "success", "result": "done"}
    database.tasks.log(run)
    assert database.rows("task_run_logs") == []
    assert database.tasks.orphan_runs() == [run | {"error": None}]


@pytest.mark.parametrize("value", [True, {"a": 1}, [], ["a", "b"], 10**400])
def test_what_a_column_cannot_hold_is_refused_and_nothing_is_stored(database, value):
    with pytest.raises(RowRefused):
        database.messages.store(message("m1", content=value))
    assert database.rows("messages") == []


def test_lone_surrogates_are_stored_as_replacement_characters(database):
    database.messages.store(message("m1", content="a\ud83d"))
    assert database.rows("messages")[0]["content"] == "a\ufffd"


def test_the_time_of_the_last_sync_is_kept_among_the_chats(database):
    assert database.chats.last_sync() is None
    database.chats.synced()
    assert database.chats.last_sync() == NOW


def test_container_settings_that_are_no_json_are_named(database, tmp_path):
    path = make_database(tmp_path / "messages.db")
    execute(path, "UPDATE registered_groups SET container_config = '{oops' WHERE folder = 'family'")
    with opened(path) as damaged, pytest.raises(NanoClawError, match=r"fam@g\.us"):
        damaged.groups.all()


def test_an_older_file_gets_the_columns_it_lacks_and_keeps_its_rows(tmp_path):
    path = tmp_path / "messages.db"
    old = sqlite3.connect(path)
    old.executescript(OLD_SCHEMA)
    old.execute("INSERT INTO scheduled_tasks VALUES ('t1','g','g@g.us','p','once','x',NULL,NULL,NULL,'active','c')")
    old.execute("INSERT INTO registered_groups VALUES ('g@g.us','G','g','@Andy','c',NULL)")
    old.commit()
    old.close()
    with opened(path) as database:
        assert database.rows("scheduled_tasks")[0]["context_mode"] == "isolated"
        assert database.groups.all()["g@g.us"]["requiresTrigger"] is True
    with opened(path) as again:
        assert len(again.tasks.all()) == 1


def test_nanoclaw_finds_its_own_tables_and_only_further_ones_with_our_prefix(tmp_path):
    path = make_database(tmp_path / "messages.db")
    connection = sqlite3.connect(path)
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert {name for name in names if not name.startswith(("sqlite_", OWN_PREFIX))} == set(TABLES)
    for table, expected in TABLES.items():
        assert tuple(columns(connection, table)) == expected
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("INSERT OR REPLACE INTO messages VALUES ('m9','fam@g.us','s','n','c','t',0)")
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("INSERT INTO messages VALUES ('m9','nobody','s','n','c','t',0)")
    connection.close()


def test_columns_and_tables_of_a_newer_nanoclaw_are_left_alone(tmp_path):
    path = make_database(tmp_path / "messages.db")
    execute(
        path,
        "ALTER TABLE messages ADD COLUMN is_bot_message INTEGER DEFAULT 0",
        "CREATE TABLE token_usage (id INTEGER PRIMARY KEY)",
        "INSERT INTO token_usage VALUES (1)",
    )
    with opened(path) as database:
        database.messages.store(message("m2", timestamp="2026-02-13T13:00:00.000Z"))
        (found,) = database.messages.since("fam@g.us", NOW, "Andy")
        assert set(found) == {"id", "chat_jid", "sender", "sender_name", "content", "timestamp"}
    assert sqlite3.connect(path).execute("SELECT COUNT(*) FROM token_usage").fetchone() == (1,)


def test_a_file_that_is_no_database_is_named_and_left_alone(tmp_path):
    path = tmp_path / "messages.db"
    path.write_text("not a database, but long enough to be looked at " * 10)
    before = path.read_bytes()
    with pytest.raises(NotADatabase, match=r"messages\.db"):
        NanoClawDatabase.open(path, lambda: NOW)
    assert path.read_bytes() == before
