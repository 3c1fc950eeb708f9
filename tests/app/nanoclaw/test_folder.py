import json

import pytest

from app.host import limits
from app.host.nanoclaw.errors import NotADatabase, NotAFolder
from app.host.nanoclaw.folder import read
from tests.app.nanoclaw.installation import NOW, execute, fingerprint, group, make_folder, message, opened


@pytest.fixture
def place(tmp_path):
    (tmp_path / "home").mkdir()
    make_folder(tmp_path / "nanoclaw")
    return tmp_path


def found(place):
    return read(place / "nanoclaw", place / "home")


def test_everything_that_is_there_is_found(place):
    folder = found(place)
    assert {jid: each["folder"] for jid, each in folder.groups.items()} == {
        "me@s.whatsapp.net": "main",
        "fam@g.us": "family",
    }
    assert [task["id"] for task in folder.tasks] == ["t1"]
    assert folder.sessions == {"family": "s1"}
    assert (folder.seen, folder.cursors) == (NOW, {"fam@g.us": NOW})
    assert (folder.messages, folder.waiting) == ({"fam@g.us": 1}, {})
    assert (folder.chats, folder.run_logs) == (1, 1)
    assert folder.group_files == {"family": ["CLAUDE.md"]}
    assert folder.has_credentials
    assert folder.problems == []


def test_reading_changes_nothing(place):
    before = fingerprint(place)
    found(place)
    assert fingerprint(place) == before


def test_messages_behind_the_cursor_are_counted_as_waiting(place):
    with opened(place / "nanoclaw/store/messages.db") as database:
        database.messages.store(message("m2", timestamp="2026-02-13T13:00:00.000Z"))
    assert found(place).waiting == {"fam@g.us": 1}


def test_files_of_the_first_versions_win_over_the_database(place):
    data = place / "nanoclaw/data"
    data.mkdir()
    (data / "registered_groups.json").write_text(json.dumps({"new@g.us": group("new", requiresTrigger=False)}))
    (data / "sessions.json").write_text(json.dumps({"new": "s9"}))
    (data / "router_state.json").write_text(
        json.dumps({"last_timestamp": "t", "last_agent_timestamp": {"new@g.us": NOW}})
    )
    folder = found(place)
    assert folder.groups["new@g.us"]["requiresTrigger"] is False
    assert folder.sessions == {"family": "s1", "new": "s9"}
    assert (folder.seen, folder.cursors) == ("t", {"new@g.us": NOW})


def test_a_folder_of_the_first_version_needs_no_database(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/registered_groups.json").write_text(json.dumps({"new@g.us": group("new"), "bad@g.us": 5}))
    folder = read(tmp_path, tmp_path)
    assert list(folder.groups) == ["new@g.us"]
    assert folder.database is None
    assert [what for what, _ in folder.problems] == ["group bad@g.us"]


@pytest.mark.parametrize("content", ["{oops", "[]", "null"])
def test_a_file_that_cannot_be_read_is_named(place, content):
    (place / "nanoclaw/data").mkdir()
    (place / "nanoclaw/data/sessions.json").write_text(content)
    assert [what for what, _ in found(place).problems] == ["data/sessions.json"]


def test_a_file_beyond_the_bound_is_named(place, monkeypatch):
    monkeypatch.setattr(limits, "IMPORT_FILE_BYTES", 10)
    (place / "nanoclaw/data").mkdir()
    (place / "nanoclaw/data/sessions.json").write_text(json.dumps({"family": "a session"}))
    assert [what for what, _ in found(place).problems] == ["data/sessions.json"]


def test_damaged_settings_and_cursors_are_named_and_the_rest_is_read(place):
    path = place / "nanoclaw/store/messages.db"
    execute(path, "UPDATE registered_groups SET container_config = '{' WHERE folder = 'family'")
    execute(path, "UPDATE router_state SET value = '{' WHERE key = 'last_agent_timestamp'")
    folder = found(place)
    assert [what for what, _ in folder.problems] == ["group fam@g.us", "cursors"]
    assert len(folder.groups) == 2


def test_requests_that_nanoclaw_has_not_worked_off_are_counted(place):
    tasks = place / "nanoclaw/data/ipc/family/tasks"
    tasks.mkdir(parents=True)
    (tasks / "1.json").write_text("{}")
    assert found(place).ipc_files == {"family": 1}


def test_the_mount_allowlist_is_found_in_the_users_home(place):
    allowlist = place / "home/.config/nanoclaw/mount-allowlist.json"
    allowlist.parent.mkdir(parents=True)
    allowlist.write_text("{}")
    assert found(place).allowlist == allowlist


def test_what_is_no_nanoclaw_folder_is_refused(tmp_path):
    with pytest.raises(NotAFolder, match="no such folder"):
        read(tmp_path / "missing", tmp_path)
    with pytest.raises(NotAFolder, match="neither"):
        read(tmp_path, tmp_path)


def test_a_database_that_lacks_a_table_is_refused(place):
    execute(place / "nanoclaw/store/messages.db", "DROP TABLE sessions")
    with pytest.raises(NotADatabase, match="sessions"):
        found(place)


def test_the_assistants_own_messages_do_not_wait_and_what_is_no_utf_8_is_shown_as_such(place):
    path = place / "nanoclaw/store/messages.db"
    later = "2026-02-13T13:00:00.000Z"
    with opened(path) as database:
        database.messages.store(message("m2", timestamp=later, content="Andy: done"))
        database.messages.store(message("m3", timestamp=later))
    execute(path, "UPDATE messages SET content = CAST(x'ff41' AS TEXT) WHERE id = 'm3'")
    folder = found(place)
    assert (folder.assistant, folder.waiting) == ("Andy", {"fam@g.us": 1})
    assert [row["content"] for row in folder.newest["fam@g.us"]] == ["hi", "Andy: done", "\ufffdA"]
