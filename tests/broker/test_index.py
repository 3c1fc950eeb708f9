"""The list of credentials: two writers, a damaged file, its bound; and notes of changes for the audit log."""

import json
import os
import stat
import subprocess
import sys

import keyring
import pytest

from broker import limits
from broker.binding import Binding, make_binding
from broker.change_notes import ChangeNotes, change_event, place_of
from broker.credentials import Credentials
from broker.errors import BadRequest
from broker.index import Index
from tests.broker.broker_process import REPOSITORY
from tests.broker.test_secrets import FakeKeyring

CANARY = "canary-7f3a9c41e2b8d605"
PLACE = Binding("https", "api.test", 443, "x-key")
WRITER = """
import sys
from pathlib import Path
from broker.index import Index
index = Index(Path(sys.argv[1]))
for number in range(25):
    index.put(f"{sys.argv[2]}-{number}", host="api.test", port=443)
    index.note_use("shared", number)
"""


@pytest.fixture
def index(tmp_path):
    return Index(tmp_path / "credentials.json")


@pytest.fixture
def ring():
    before = keyring.get_keyring()
    keyring.set_keyring(FakeKeyring())
    yield keyring.get_keyring()
    keyring.set_keyring(before)


def test_two_processes_that_write_at_once_lose_nothing(index, tmp_path):
    index.put("shared", host="api.test", port=443)
    argv = [sys.executable, "-c", WRITER, str(tmp_path / "credentials.json")]
    writers = [subprocess.Popen([*argv, name], cwd=REPOSITORY) for name in ("a", "b")]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert len(index.entries()) == 51


def test_a_use_that_is_noted_late_does_not_list_a_removed_name_again(index):
    index.put("a", host="api.test", port=443)
    index.note_use("a", 5)
    assert index.entries()["a"]["last_used_ms"] == 5
    index.remove("a")
    index.note_use("a", 6)
    assert index.entries() == {}


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', "\0" * 100, "[" * 100_000])
def test_a_damaged_list_is_never_written_over_and_is_found_again(index, ring, tmp_path, text):
    credentials = Credentials(index)
    credentials.store("my-server", CANARY, PLACE)
    credentials.store("openai-api-key", CANARY, make_binding("openai-api-key"))
    assert credentials.rebuild(["my-server"]) is None
    path = tmp_path / "credentials.json"
    path.write_text(text)
    assert index.entries() == {} and index.damaged()
    with pytest.raises(OSError, match="damaged"):
        index.put("other", host="api.test", port=1)
    assert path.read_text() == text
    assert credentials.rebuild(["my-server", ""]) == ["my-server", "openai-api-key"]
    assert [(row["name"], row["host"], row["stored"]) for row in credentials.listed()] == [
        ("my-server", "api.test", True),
        ("openai-api-key", "api.openai.com", True),
    ]
    assert (tmp_path / "credentials.json.damaged").read_text() == text


def test_listed_rows_have_one_shape_and_no_value(index, ring):
    credentials = Credentials(index)
    credentials.store("my-server", CANARY, PLACE)
    index.put("gone", host="api.test", port=443)
    index.put("moved", host="evil.test", port=443)
    ring.set_password("barnacle", "credential:moved", json.dumps({"value": CANARY, **vars(PLACE)}))
    ring.set_password("barnacle", "credential:odd", "no entry " + CANARY)
    index.put("odd", host="api.test", port=443)
    rows = {row["name"]: row for row in credentials.listed()}
    keys = {"name", "stored", "scheme", "host", "port", "header", "set_ms", "last_used_ms", "problem"}
    assert all(set(row) == keys for row in rows.values())
    assert rows["my-server"]["stored"] and not rows["my-server"]["problem"] and rows["my-server"]["set_ms"] > 0
    assert not rows["gone"]["stored"] and "not kept here" in rows["gone"]["problem"]
    assert rows["moved"]["host"] == "api.test" and "the keyring counts" in rows["moved"]["problem"]
    assert not rows["odd"]["stored"] and rows["odd"]["problem"]
    assert CANARY not in json.dumps(list(rows.values()))


def test_there_are_only_so_many_credentials(index, ring):
    credentials = Credentials(index)
    for number in range(limits.CREDENTIALS):
        index.put(f"n{number}", host="api.test", port=443)
    with pytest.raises(BadRequest) as caught:
        credentials.store("one-more", CANARY, PLACE)
    assert caught.value.code == "limited" and CANARY not in caught.value.message
    credentials.store("n1", CANARY, PLACE)  # one that is there may be changed
    assert ("barnacle", "credential:one-more") not in ring.entries


def test_a_list_with_too_many_names_is_cut(index, tmp_path):
    (tmp_path / "credentials.json").write_text(json.dumps({f"n{number}": {} for number in range(100)}))
    assert len(index.entries()) == limits.CREDENTIALS


def test_a_change_waits_durably_for_the_next_start_and_holds_no_value(tmp_path):
    notes = ChangeNotes(tmp_path / "changes.jsonl")
    assert notes.waiting() == ([], 0)
    notes.add(change_event("set", "my-server", place_of(PLACE), 5))
    notes.add(change_event("remove", "my-server", "", 6))
    assert stat.S_IMODE((tmp_path / "changes.jsonl").stat().st_mode) == 0o600
    events, lines = ChangeNotes(tmp_path / "changes.jsonl").waiting()
    told = [(event["ts_ms"], event["what"], event["detail"], event["reason"]) for event in events]
    when = "noted before this start"
    assert told == [
        (5, "secret.set", "my-server for https://api.test:443 in x-key", when),
        (6, "secret.remove", "my-server", when),
    ]
    notes.add(change_event("set", "other", "", 7))  # while the first two are written to the log
    notes.clear(lines)
    assert [event["detail"] for event in notes.waiting()[0]] == ["other"]
    notes.clear(1)
    assert notes.waiting() == ([], 0) and not (tmp_path / "changes.jsonl").exists()


def test_notes_that_cannot_be_read_are_told_of_and_others_kept(tmp_path):
    path = tmp_path / "changes.jsonl"
    good = json.dumps(change_event("set", "my-server", "", 5))
    forged = json.dumps(change_event("set", "x", "", 5) | {"what": "override.add", "actor": "somebody"})
    path.write_text("\n".join(["{", forged, "7", json.dumps({"what": "secret.set"}), good]) + "\n")
    events, lines = ChangeNotes(path).waiting()
    assert lines == 5 and [event["what"] for event in events] == ["secret.set", "secret.note"]
    assert events[1]["detail"].startswith("4 notes") and "somebody" not in json.dumps(events)


def test_there_are_only_so_many_notes_and_no_link_is_followed(tmp_path):
    path = tmp_path / "changes.jsonl"
    notes = ChangeNotes(path)
    line = json.dumps(change_event("set", "n", "", 5)) + "\n"
    path.write_text(line * limits.CHANGE_NOTES)
    notes.add(change_event("set", "one-more", "", 6))
    assert len(notes.waiting()[0]) == limits.CHANGE_NOTES
    path.unlink()
    os.symlink(tmp_path / "elsewhere", path)
    with pytest.raises(OSError):
        notes.add(change_event("set", "n", "", 6))
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(("action", "name"), [("steal", "a"), ("set", "A"), ("set", "audit-key"), ("set", "")])
def test_what_is_no_change_is_refused(action, name):
    assert change_event("set", "a", "")["what"] == "secret.set"
    with pytest.raises(BadRequest):
        change_event(action, name, "")
