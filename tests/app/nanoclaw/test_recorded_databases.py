"""Databases and folders as NanoClaw left them in its recordings: opened, checked and read without harm."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.host.nanoclaw.check import check
from app.host.nanoclaw.folder import read
from app.host.nanoclaw.plan import BoxNow, Choices, make
from app.host.nanoclaw.schema import TABLES
from tests.app.nanoclaw.installation import OLD_SCHEMA, fingerprint, opened
from tests.parity.recordings import FOLDER


def left_behind() -> Iterator[tuple[str, dict]]:
    """(name, tables) of every run of NanoClaw from its start to its end."""
    for case in json.loads((FOLDER / "replay.json").read_text())["cases"]:
        for at, phase in enumerate(case["phases"]):
            yield f"{case['id']}-{at}", phase["final"]["tables"]


def write_database(path: Path, tables: dict) -> Path:
    """A file as NanoClaw writes it, with the recorded rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    connection.executescript(OLD_SCHEMA)
    connection.execute("ALTER TABLE scheduled_tasks ADD COLUMN context_mode TEXT DEFAULT 'isolated'")
    connection.execute("ALTER TABLE registered_groups ADD COLUMN requires_trigger INTEGER DEFAULT 1")
    for table, rows in tables.items():
        for row in rows:
            marks = ", ".join("?" for _ in row)
            connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
    connection.commit()
    connection.close()
    return path


RECORDED = dict(left_behind())


@pytest.mark.parametrize("name", RECORDED)
def test_a_database_of_nanoclaw_opens_as_it_is_and_keeps_every_row(tmp_path, name) -> None:
    path = write_database(tmp_path / "messages.db", RECORDED[name])
    with opened(path) as database:
        assert {table: database.rows(table) for table in TABLES} == {table: RECORDED[name][table] for table in TABLES}


@pytest.mark.parametrize("name", RECORDED)
def test_checking_a_database_of_nanoclaw_finds_exactly_what_it_left_wrong(tmp_path, name) -> None:
    tables = RECORDED[name]
    findings = check(write_database(tmp_path / "messages.db", tables))
    folders = {row["folder"] for row in tables["registered_groups"]}
    orphans = {row["id"] for row in tables["scheduled_tasks"] if row["group_folder"] not in folders}
    assert {each.row for each in findings.kept if "orphan" in each.what} == orphans
    known = {row["id"] for row in tables["scheduled_tasks"] if row["schedule_type"] in ("cron", "interval", "once")}
    unknown = {row["id"] for row in tables["scheduled_tasks"]} - known
    errors = {(each.table, each.row) for each in findings.kept if each.severity == "error"}
    assert {("scheduled_tasks", task) for task in orphans | unknown} <= errors
    assert {table for table, _ in errors} <= {"scheduled_tasks", "router_state"}


@pytest.mark.parametrize("name", RECORDED)
def test_a_folder_of_nanoclaw_is_planned_without_a_loss_that_is_not_told(tmp_path, name) -> None:
    tables = RECORDED[name]
    write_database(tmp_path / "nanoclaw/store/messages.db", tables)
    before = fingerprint(tmp_path)
    folder = read(tmp_path / "nanoclaw", tmp_path)
    plan = make(folder, BoxNow(), Choices())
    assert fingerprint(tmp_path) == before
    told = [each.name for each in plan.entries]
    assert [each for each in tables["registered_groups"] if each["folder"] not in told] == []
    assert [each for each in tables["scheduled_tasks"] if each["id"] not in told] == []
    assert sum(each.kind == "session" for each in plan.entries) == len(tables["sessions"])
    added = {step.args["folder"] for step in plan.steps if step.name == "import.group"}
    assert added == {row["folder"] for row in tables["registered_groups"]}


def test_the_files_of_the_first_version_are_read_as_nanoclaw_takes_them_over(tmp_path) -> None:
    seen = 0
    for case in json.loads((FOLDER / "replay.json").read_text())["cases"]:
        files = case["phases"][0]["scenario"]["initial"].get("files", {})
        if not any(name.startswith("data/") for name in files):
            continue
        for name, content in files.items():
            (tmp_path / case["id"] / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / case["id"] / name).write_text(content)
        folder = read(tmp_path / case["id"], tmp_path)
        tables = case["phases"][0]["final"]["tables"]
        assert {jid: group["folder"] for jid, group in folder.groups.items()} == {
            row["jid"]: row["folder"] for row in tables["registered_groups"]
        }
        assert set(folder.sessions) <= {row["group_folder"] for row in tables["sessions"]}
        assert folder.cursors
        seen += 1
    assert seen
