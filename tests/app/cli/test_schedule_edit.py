"""A task edited as a file: what is changed reaches the box, what is wrong is said at its top, nothing else happens."""

import tomllib
from pathlib import Path

import pytest

from app.cli.task_file import TaskFile, with_errors
from app.errors import UsageError
from app.host.operator_client import OperatorRefused, OperatorUnreachable
from tests.app.cli.fake_host import NOW_MS, FakeHost, Terminal
from tests.app.cli.test_commands import TASK

ZONE = "Europe/Berlin"


class Typist:
    """An editor that makes one change after another; `seen` is what it was shown."""

    def __init__(self, monkeypatch, *edits):
        self.seen = []
        self._edits = list(edits)
        monkeypatch.setattr("sys.stdin", Terminal())
        monkeypatch.setattr("app.cli.editor.subprocess.call", self._call)

    def _call(self, command):
        path = Path(command[-1])
        assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700
        text = path.read_text()
        self.seen.append(text)
        edit = self._edits.pop(0)
        if isinstance(edit, int):
            return edit
        path.write_text(edit(text))
        return 0


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr("app.cli.schedule.now_ms", lambda: NOW_MS)
    monkeypatch.setattr("app.cli.task_file.now_ms", lambda: NOW_MS)


def replace(old, new):
    def edit(text):
        assert old in text
        return text.replace(old, new)

    return edit


def test_only_what_was_changed_is_sent(barnacle, monkeypatch):
    typist = Typist(monkeypatch, replace('"30 8 * * 1-5"\ncontext', '"0 9 * * *"\ncontext'))
    host = FakeHost({"task": TASK, "task.edit": TASK})
    code, out, _ = barnacle("schedule", "edit", "3f2", host=host)
    assert code == 0 and "task-3f2 changed" in out
    assert host.asked[1:] == [("task.edit", {"id": "task-3f2", "kind": "cron", "value": "0 9 * * *"})]
    assert "every weekday at 08:30" in typist.seen[0]


@pytest.mark.parametrize("edit", [lambda text: text, lambda text: "", lambda text: "\n", replace("# Save", "# Sa")])
def test_unchanged_or_empty_does_nothing(barnacle, monkeypatch, edit):
    Typist(monkeypatch, edit)
    host = FakeHost({"task": TASK})
    code, _, errors = barnacle("schedule", "edit", "3f2", host=host)
    assert code == 0 and "is as it was" in errors and [name for name, _ in host.asked] == ["task"]


def test_what_is_wrong_stands_at_the_top_and_the_editor_comes_again(barnacle, monkeypatch):
    refusal = OperatorRefused("bad_value", "the cron expression has 2 fields", "give five")
    typist = Typist(
        monkeypatch,
        replace('prompt = "weather?"', "prompt = weather?"),
        replace("prompt = weather?", 'prompt = "rain?"\nevery = "1h"'),
        lambda text: text.replace('every = "1h"', "").replace('"30 8 * * 1-5"\ncontext', '"0 9"\ncontext'),
        replace('"0 9"', '"0 9 * * *"'),
    )

    def edited(args):
        if args["value"] == "0 9":
            raise refusal
        return TASK

    host = FakeHost({"task": TASK, "task.edit": edited})
    code, out, _ = barnacle("schedule", "edit", "3f2", host=host)
    assert code == 0 and "changed" in out
    tops = [text.splitlines()[0] for text in typist.seen]
    assert tops[1].startswith("# wrong: this is no TOML")
    assert tops[2].startswith("# wrong: exactly one of cron, every, at, when")
    assert tops[3] == "# wrong: the cron expression has 2 fields; give five"
    assert all(text.count("# wrong:") == 1 for text in typist.seen[1:])
    sent = {"id": "task-3f2", "prompt": "rain?", "kind": "cron", "value": "0 9 * * *"}
    assert host.asked[-1] == ("task.edit", sent)


def test_leaving_a_wrong_file_as_it_is_gives_up(barnacle, monkeypatch):
    typist = Typist(monkeypatch, replace('isolated"', 'alone"'), lambda text: text)
    host = FakeHost({"task": TASK})
    assert barnacle("schedule", "edit", "3f2", host=host)[0] == 0
    assert len(typist.seen) == 2 and [name for name, _ in host.asked] == ["task"]


def test_an_editor_that_fails_changes_nothing(barnacle, monkeypatch):
    Typist(monkeypatch, 1)
    host = FakeHost({"task": TASK})
    code, _, errors = barnacle("schedule", "edit", "3f2", host=host)
    assert code == 1 and "nothing was changed" in errors and len(host.asked) == 1


def test_what_was_written_is_not_lost_when_the_host_goes_away(barnacle, monkeypatch):
    Typist(monkeypatch, replace("weather?", "a long new text"))
    host = FakeHost({"task": TASK, "task.edit": OperatorUnreachable("the host does not answer", "start it")})
    code, out, _ = barnacle("schedule", "edit", "3f2", host=host)
    assert code == 3 and 'prompt = "a long new text"' in out


@pytest.mark.parametrize(
    ("prompt", "kind", "value"),
    [
        ('say "hello" \\ \x7f \x01', "interval", "5400000"),
        ("two\nlines", "once", "2026-12-24T17:00:00"),
        ('ends with "\n"', "once", "2026-12-24T16:00:00Z"),
        ("'''\n\"\"\"", "cron", "0 9 * * *"),
    ],
)
def test_every_task_reads_back_as_it_is(prompt, kind, value):
    file = TaskFile(TASK | {"prompt": prompt, "kind": kind, "value": value}, ZONE)
    assert tomllib.loads(file.text())["prompt"] == prompt
    assert file.changes(file.text()) == {}
    assert file.changes(with_errors(file.text(), ["one", "two"])) == {}


@pytest.mark.parametrize(
    ("line", "sent"),
    [
        ('every = "1h30m"', {"kind": "interval", "value": "5400000"}),
        ('at = "2026-12-24 17:00"', {"kind": "once", "value": "2026-12-24T17:00:00"}),
        ('when = "weekdays at 9:00"', {"kind": "cron", "value": "0 9 * * 1-5"}),
    ],
)
def test_a_time_is_given_in_the_same_ways_as_on_the_command_line(line, sent):
    file = TaskFile(TASK, ZONE)
    assert file.changes(file.text().replace('\ncron = "30 8 * * 1-5"', "\n" + line)) == sent


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('\ncron = "30 8 * * 1-5"', "", "exactly one of"),
        ('\ncron = "30 8 * * 1-5"', '\nat = "2020-01-01 10:00"', "has passed"),
        ('\ncron = "30 8 * * 1-5"', '\nevery = "often"', "no length of time"),
        ('\nprompt = "weather?"', "\nprompt = 3", "is no text"),
        ('\nprompt = "weather?"', "", "prompt is missing"),
        ("\ncontext =", "\ncolour =", "there is no colour"),
    ],
)
def test_what_cannot_be_is_said(old, new, says):
    file = TaskFile(TASK, ZONE)
    with pytest.raises(UsageError, match=says):
        file.changes(file.text().replace(old, new))


def test_a_time_that_has_passed_is_taken_with_force_only(barnacle):
    host = FakeHost({"task.add": TASK})
    words = ("schedule", "add", "main", "x", "--at", "2026-11-10 10:00")
    code, _, errors = barnacle(*words, host=host)
    assert code == 2 and "8 days ago" in errors and "--force" in errors and not host.asked
    assert barnacle(*words, "--force", host=host)[0] == 0
    assert host.asked[0][1]["value"] == "2026-11-10T10:00:00"
