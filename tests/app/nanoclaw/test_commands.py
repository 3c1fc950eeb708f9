import json

import pytest

from app.host.keys import load_keys
from app.host.operator_client import OperatorRefused
from app.host.paths import Paths
from tests.app.cli.fake_host import Command, FakeHost
from tests.app.nanoclaw.installation import execute, fingerprint, make_database, make_folder

MAIN = {"folder": "main", "jid": "console:main", "name": "Main", "trigger": "@Andy", "requires_trigger": False}


@pytest.fixture
def barnacle(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("BARNACLE_HOME", raising=False)
    paths = Paths(tmp_path / "barnacle")
    paths.make_folders()
    load_keys(paths.keys)
    return Command(paths.home, capsys)


def box(**answers) -> FakeHost:
    made = {"import.messages": {"stored": 1, "known": 0, "left": 0}, "import.session": {"known": False}}
    return FakeHost({"groups": [MAIN], "tasks": []} | made | answers)


def test_a_sound_database_ends_with_0(barnacle, tmp_path):
    path = make_database(tmp_path / "messages.db")
    code, printed, errors = barnacle("parity", "check", "--db", str(path))
    assert (code, errors) == (0, "")
    assert "0 errors, 0 warnings, 1 notes" in printed


def test_errors_end_with_1_and_are_told_with_severity_place_and_remedy(barnacle, tmp_path):
    path = make_database(tmp_path / "messages.db")
    execute(path, "UPDATE scheduled_tasks SET group_folder = 'ghost\x1b[2J'")
    code, printed, _ = barnacle("parity", "check", "--db", str(path))
    assert code == 1
    assert printed.startswith("error scheduled_tasks t1: an orphan")
    assert "register the group" in printed
    assert "\x1b" not in printed
    code, printed, _ = barnacle("parity", "check", "--db", str(path), "--json")
    report = json.loads(printed)
    assert (code, report["ok"], report["counts"]["error"]) == (1, False, 1)
    assert set(report["findings"][0]) == {"severity", "table", "row", "what", "remedy"}


def test_wrong_usage_ends_with_2_and_what_is_no_database_with_1(barnacle, tmp_path):
    assert barnacle("parity", "check")[0] == 2
    path = make_database(tmp_path / "messages.db")
    assert barnacle("parity", "check", "--db", str(path), "--fixtures", str(tmp_path / "none"))[0] == 2
    code, _, errors = barnacle("parity", "check", "--db", str(tmp_path / "missing.db"))
    assert code == 1
    assert errors.count("\n") == 1
    assert "store/messages.db" in errors


def test_a_dry_run_asks_only_for_what_is_there_and_writes_nothing(barnacle, tmp_path):
    folder = make_folder(tmp_path / "nanoclaw")
    before = fingerprint(tmp_path)
    host = box()
    code, printed, _ = barnacle("import", "nanoclaw", str(folder), "--dry-run", "--user-home", str(tmp_path), host=host)
    assert code == 0
    assert [name for name, _ in host.asked] == ["groups", "tasks"]
    assert "dry run, nothing was done" in printed
    assert "console:family" in printed
    assert fingerprint(tmp_path) == before


def test_a_dry_run_works_while_nothing_runs(barnacle, tmp_path):
    folder = make_folder(tmp_path / "nanoclaw")
    host = box(groups=OperatorRefused("timeout", "nobody is there"))
    code, printed, _ = barnacle("import", "nanoclaw", str(folder), "--dry-run", "--json", host=host)
    assert code == 0
    assert json.loads(printed)["note"] == "planned for an empty box: nobody is there"


def test_an_import_asks_the_box_and_keeps_the_history(barnacle, tmp_path):
    folder = make_folder(tmp_path / "nanoclaw")
    host = box()
    arguments = ("import", "nanoclaw", str(folder), "--json", "--user-home", str(tmp_path))
    code, printed, _ = barnacle(*arguments, host=host)
    assert code == 0
    assert [name for name, _ in host.asked] == [
        "groups",
        "tasks",
        "import.group",
        "import.task",
        "import.session",
        "import.messages",
        "group.resume",
    ]
    report = json.loads(printed)
    assert report["kept"] == [str(tmp_path / "barnacle/nanoclaw/messages.db")]
    assert report["counts"]["kept"] > 0
    assert all(each["why"] for each in report["entries"] if each["outcome"] != "taken")


def test_a_refused_step_ends_with_1(barnacle, tmp_path):
    folder = make_folder(tmp_path / "nanoclaw")
    host = box(**{"import.task": OperatorRefused("full", "256 tasks exist already")})
    code, printed, _ = barnacle("import", "nanoclaw", str(folder), host=host)
    assert code == 1
    assert "256 tasks exist already" in printed


def test_credentials_never_appear(barnacle, tmp_path):
    folder = make_folder(tmp_path / "nanoclaw")
    _, printed, _ = barnacle("import", "nanoclaw", str(folder), host=box())
    assert "made-up-and-never-read" not in printed
    kept = (tmp_path / "barnacle").rglob("*")
    assert not any(b"made-up-and-never-read" in path.read_bytes() for path in kept if path.is_file())
