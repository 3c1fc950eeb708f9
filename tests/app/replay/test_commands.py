"""`barnacle replay`, `record` and `incident export` as commands: output and exit codes."""

import json
import tarfile

import pytest

from tests.app.cli.conftest import barnacle  # noqa: F401 - a fixture
from tests.app.cli.fake_host import FakeHost
from tests.app.replay.recordings import case, document, entries

ONE = "sessions carried over"


@pytest.fixture
def recording(tmp_path):
    def write(*cases):
        path = tmp_path / "replay.json"
        path.write_text(json.dumps({**document(), "cases": list(cases)}))
        return path

    return write


def test_a_file_is_replayed_and_summed_up(barnacle, recording):  # noqa: F811
    path = recording(case(ONE), case("late (out of order) delivery is lost"))
    code, printed, _ = barnacle("replay", str(path), "--on", "desktop")
    assert code == 0
    assert "1 passed, 0 failed, 1 exempt" in printed and "(late_message_lost)" in printed


def test_a_difference_is_shown_and_the_exit_code_is_1(barnacle, recording):  # noqa: F811
    changed = case(ONE)
    entries(changed, "outbound")[0]["text"] = "Andy: another"
    code, printed, _ = barnacle("replay", str(recording(changed)), "--on", "desktop")
    assert code == 1
    assert "- at 2300 ms: Andy: another" in printed and "+ at 2300 ms: Andy: one" in printed


def test_json_has_every_case_with_its_differences(barnacle, recording):  # noqa: F811
    path = recording(case("late (out of order) delivery is lost"))
    code, printed, _ = barnacle("replay", str(path), "--on", "box", "--json")
    (file,) = json.loads(printed)["files"]
    assert code == 0
    assert file["counts"] == {"passed": 0, "failed": 0, "exempt": 1}
    assert file["cases"][0]["differences"][0]["where"].startswith("runs.main")


def test_one_case_can_be_chosen(barnacle, recording):  # noqa: F811
    wanted = case(ONE)
    path = recording(wanted, case("four kinds of groups"))
    code, printed, _ = barnacle("replay", str(path), "--on", "desktop", "--case", wanted["id"])
    assert code == 0 and "1 passed, 0 failed, 0 exempt" in printed
    assert barnacle("replay", str(path), "--on", "desktop", "--case", "none")[0] == 2


@pytest.mark.parametrize(
    "content",
    ["no json", "[]", "{}", '{"schema": "other/1", "phases": []}', '{"schema": "barnacle.timeline/1", "phases": []}'],
)
def test_a_file_that_is_no_timeline_is_wrong_usage(barnacle, tmp_path, content):  # noqa: F811
    path = tmp_path / "x.json"
    path.write_text(content)
    code, _, errors = barnacle("replay", str(path))
    assert code == 2
    assert str(path) in errors and errors.count("\n") == 1


def test_a_missing_file_a_bundle_without_timeline_and_another_recording_are_wrong_usage(barnacle, tmp_path):  # noqa: F811
    assert barnacle("replay", str(tmp_path / "none.json"))[0] == 2
    empty = tmp_path / "empty.tar.gz"
    with tarfile.open(empty, "w:gz"):
        pass
    assert barnacle("replay", str(empty))[0] == 2
    other = tmp_path / "queue.json"
    other.write_text('{"fixture": "queue", "cases": []}')
    code, _, errors = barnacle("replay", str(other))
    assert code == 2 and "parity golden" in errors


@pytest.mark.parametrize(
    "event",
    [{"t": 1, "kind": "odd"}, {"t": -1, "kind": "stop"}, {"t": 1, "kind": "message"}, {"kind": "stop"}],
)
def test_an_event_that_makes_no_sense_is_named(barnacle, tmp_path, event):  # noqa: F811
    path = tmp_path / "x.json"
    phase = {"start_ms": 0, "end_ms": 10, "events": [event]}
    path.write_text(json.dumps({"schema": "barnacle.timeline/1", "phases": [phase]}))
    assert barnacle("replay", str(path))[0] == 2


def test_a_recording_is_written_privately_and_replays(barnacle, tmp_path):  # noqa: F811
    group = {"folder": "main", "jid": "console:main", "name": "Main", "trigger": "@Barnacle", "requires_trigger": False}
    answers = {
        "status": {"host": {"zone": "Europe/Berlin"}, "queue": None},
        "groups": [{**group, "paused": False, "added_ms": 1, "cursor": 0}],
        "tasks": [],
        "messages": [],
    }
    path = tmp_path / "out.json"
    code, printed, _ = barnacle("record", "--out", str(path), "--seconds", "0.1", host=FakeHost(answers))
    assert code == 0 and "0 events, 0 replies" in printed
    assert path.stat().st_mode & 0o777 == 0o600
    assert barnacle("replay", str(path))[0] == 0
    assert barnacle("record", "--out", str(path), "--seconds", "0")[0] == 2


def test_an_incident_is_exported_without_anything_running(barnacle, tmp_path):  # noqa: F811
    path = tmp_path / "x.tar.gz"
    code, printed, _ = barnacle("incident", "export", str(path), "--since", "2h")
    assert code == 0 and "left out: the mirror is not there" in printed
    code, printed, _ = barnacle("incident", "export", str(path), "--json")
    assert code == 0 and {file["name"] for file in json.loads(printed)["files"]} >= {"config.toml"}
    assert barnacle("incident", "export", str(path), "--since", "soon")[0] == 2
