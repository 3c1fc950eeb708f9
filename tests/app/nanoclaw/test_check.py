import os
import sqlite3

import pytest

from app.errors import UsageError
from app.host import limits
from app.host.nanoclaw.check import check
from app.host.nanoclaw.errors import NotADatabase
from app.host.nanoclaw.recordings import recorded_columns
from tests.app.nanoclaw.installation import OLD_SCHEMA, execute, fingerprint, make_database
from tests.parity.recordings import FOLDER

SET_TASK = "UPDATE scheduled_tasks SET "
SET_GROUP = "UPDATE registered_groups SET "
SET_STATE = "UPDATE router_state SET value = "

MISTAKES = [
    ("DELETE FROM chats", "error", "messages", "chat is not there"),
    ("UPDATE chats SET last_message_time = 'soon'", "error", "chats", "no time"),
    ("INSERT INTO chats VALUES ('', 'x', NULL)", "error", "chats", "without jid"),
    ("UPDATE messages SET timestamp = 'yesterday'", "error", "messages", "no time"),
    ("UPDATE messages SET timestamp = '2026-02-13T12:00:00Z'", "warning", "messages", "compared as text"),
    ("UPDATE messages SET content = NULL", "warning", "messages", "no text"),
    ("UPDATE messages SET is_from_me = 7", "warning", "messages", "is_from_me"),
    ("UPDATE messages SET content = x'ff00'", "error", "messages", "binary"),
    (SET_TASK + "group_folder = 'ghost'", "error", "scheduled_tasks", "orphan"),
    (SET_TASK + "chat_jid = 'other@g.us'", "warning", "scheduled_tasks", "not its group's chat"),
    (SET_TASK + "schedule_type = 'sometimes'", "error", "scheduled_tasks", "sometimes"),
    (SET_TASK + "schedule_value = '99 99 * * *'", "error", "scheduled_tasks", "99"),
    (SET_TASK + "status = 'weird'", "error", "scheduled_tasks", "never runs"),
    (SET_TASK + "status = NULL", "error", "scheduled_tasks", "never runs"),
    (SET_TASK + "next_run = NULL", "warning", "scheduled_tasks", "without a next run"),
    (SET_TASK + "next_run = 'never'", "error", "scheduled_tasks", "next_run is no time"),
    (SET_TASK + "context_mode = 'shared'", "warning", "scheduled_tasks", "context"),
    (SET_TASK + "prompt = ' '", "warning", "scheduled_tasks", "prompt is empty"),
    (SET_TASK + "id = 'renamed'", "error", "task_run_logs", "t1"),
    ("UPDATE task_run_logs SET status = 'maybe'", "warning", "task_run_logs", "maybe"),
    ("UPDATE task_run_logs SET duration_ms = -1", "warning", "task_run_logs", "-1"),
    ("UPDATE sessions SET group_folder = 'ghost'", "warning", "sessions", "no group"),
    ("UPDATE sessions SET session_id = ''", "warning", "sessions", "empty"),
    (SET_STATE + "'soon' WHERE key = 'last_timestamp'", "error", "router_state", "no time"),
    (SET_STATE + "'2027-01-01T00:00:00.000Z' WHERE key = 'last_timestamp'", "warning", "router_state", "later"),
    (SET_STATE + "'2025-01-01T00:00:00.000Z' WHERE key = 'last_timestamp'", "warning", "router_state", "no message"),
    (SET_STATE + "'{oops' WHERE key = 'last_agent_timestamp'", "error", "router_state", "no JSON object"),
    (SET_STATE + "'{\"x@g.us\":\"\"}' WHERE key = 'last_agent_timestamp'", "warning", "router_state", "no group"),
    ("INSERT INTO router_state VALUES ('k', 'v')", "info", "router_state", "further key"),
    (SET_GROUP + "folder = '../up' WHERE folder = 'family'", "error", "registered_groups", "not allowed"),
    (SET_GROUP + "folder = 'MAIN' WHERE folder = 'family'", "error", "registered_groups", "is that of"),
    (SET_GROUP + "trigger_pattern = '@'", "warning", "registered_groups", "trigger is empty"),
    (SET_GROUP + "container_config = '{'", "error", "registered_groups", "no JSON"),
    (SET_GROUP + "container_config = '[]'", "error", "registered_groups", "no object"),
    (SET_GROUP + "requires_trigger = 5", "warning", "registered_groups", "requires_trigger"),
    (SET_GROUP + "added_at = ''", "error", "registered_groups", "no time"),
    ("DELETE FROM registered_groups WHERE folder = 'main'", "warning", "registered_groups", "no group main"),
    ("DROP TABLE sessions", "error", "sessions", "missing"),
    ("ALTER TABLE chats RENAME COLUMN name TO title", "error", "chats", "name is missing"),
    ("ALTER TABLE registered_groups DROP COLUMN requires_trigger", "warning", "registered_groups", "older"),
    ("ALTER TABLE messages ADD COLUMN is_bot_message INTEGER", "info", "messages", "further column"),
    ("CREATE TABLE token_usage (id)", "info", "token_usage", "newer NanoClaw"),
    ("DROP INDEX idx_timestamp", "warning", "messages", "index"),
]


@pytest.fixture
def path(tmp_path):
    return make_database(tmp_path / "store/messages.db")


def told(findings) -> list[tuple]:
    return [(each.severity, each.table, each.what) for each in findings.kept]


def test_a_sound_database_has_only_our_own_table_to_tell_of(path):
    assert told(check(path)) == [("info", "barnacle_run_logs", "a further table, Barnacle's own")]
    assert check(path).sound


@pytest.mark.parametrize(("statement", "severity", "table", "words"), MISTAKES, ids=[each[0] for each in MISTAKES])
def test_a_mistake_is_found_with_its_place_and_a_remedy(path, statement, severity, table, words):
    execute(path, statement)
    findings = check(path)
    matching = [
        each for each in findings.kept if (each.severity, each.table) == (severity, table) and words in each.what
    ]
    assert matching, told(findings)
    assert all(each.remedy for each in findings.kept)
    assert findings.sound == (not findings.counts["error"])


def test_a_table_without_its_key_and_reference_is_found(path):
    execute(path, "CREATE TABLE copy AS SELECT * FROM messages", "DROP TABLE messages")
    execute(path, "ALTER TABLE copy RENAME TO messages")
    found = [what for _, table, what in told(check(path)) if table == "messages"]
    assert any("unique" in what for what in found)
    assert any("not tied" in what for what in found)


def test_an_older_file_is_only_warned_of(tmp_path):
    connection = sqlite3.connect(tmp_path / "old.db")
    connection.executescript(OLD_SCHEMA)
    connection.close()
    findings = check(tmp_path / "old.db")
    assert findings.sound
    assert findings.counts["warning"] == 2


def test_damaged_pages_are_found(path):
    with open(path, "r+b") as file:
        file.seek(4096 * 2)
        file.write(os.urandom(4096 * 4))
    findings = check(path)
    assert not findings.sound


def test_neither_the_file_nor_its_folder_changes(path):
    os.chmod(path, 0o444)
    before = fingerprint(path.parent)
    check(path)
    assert fingerprint(path.parent) == before


@pytest.mark.parametrize("closed", [True, False])
def test_a_file_in_wal_mode_is_read_with_what_lies_in_its_log_and_stays_as_it_is(path, closed):
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("INSERT INTO router_state VALUES ('k', 'v')")
    if closed:
        writer.close()
    before = fingerprint(path.parent)
    found = told(check(path))
    assert ("info", "router_state", "a further key") in found
    assert any("a copy was checked" in what for _, _, what in found) == (not closed)
    assert fingerprint(path.parent) == before
    writer.close()


def test_findings_beyond_the_bound_are_counted_only(path, monkeypatch):
    monkeypatch.setattr(limits, "FINDINGS", 5)
    execute(path, *(f"INSERT INTO router_state VALUES ('k{at}', 'v')" for at in range(20)))
    report = check(path).as_json()
    assert len(report["findings"]) == 5
    assert report["left_out"] == 16
    assert report["counts"]["info"] == 21


@pytest.mark.parametrize("content", [b"", b"hello " * 100])
def test_what_is_no_database_is_refused(tmp_path, content):
    (tmp_path / "x.db").write_bytes(content)
    with pytest.raises(NotADatabase, match="no SQLite file"):
        check(tmp_path / "x.db")


def test_a_database_of_another_program_and_a_missing_file_are_refused(tmp_path):
    execute(tmp_path / "other.db", "CREATE TABLE bookmarks (id)")
    with pytest.raises(NotADatabase, match="none of the tables"):
        check(tmp_path / "other.db")
    with pytest.raises(NotADatabase, match="No such file"):
        check(tmp_path / "missing.db")


def test_recordings_tell_which_columns_there_must_be(path):
    recorded = recorded_columns(FOLDER)
    assert set(recorded) == {
        "chats",
        "messages",
        "scheduled_tasks",
        "task_run_logs",
        "router_state",
        "sessions",
        "registered_groups",
    }
    assert check(path, recorded).sound
    execute(path, "ALTER TABLE messages DROP COLUMN sender_name")
    assert any("recorded, but not in this file: sender_name" in what for _, _, what in told(check(path, recorded)))


def test_a_folder_without_recordings_of_tables_is_refused(tmp_path):
    with pytest.raises(UsageError):
        recorded_columns(tmp_path)
