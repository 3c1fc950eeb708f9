"""`barnacle notes`, `cancel` and `budget`: what they ask the host for, and what they say."""

import io
import json
import sys

import pytest

from app.host.operator_problems import OperatorRefused
from tests.app.cli.fake_host import FakeHost, Terminal

NOTE = {"scope": "family", "text": "Ann likes tea.\nBen too.", "by": "owner", "ts_ms": 1_794_999_000_000}
EMPTY = {"scope": "global", "text": "", "by": "", "ts_ms": None}


@pytest.fixture
def typed(monkeypatch):
    """Gives a command this text on its stdin; None is a terminal."""

    def give(text):
        monkeypatch.setattr(sys, "stdin", Terminal() if text is None else io.StringIO(text))

    return give


def test_notes_are_shown_and_said_to_be_missing(barnacle):
    host = FakeHost({"notes.get": NOTE | {"text": "Ann\x1b[31m likes tea."}})
    code, out, _ = barnacle("notes", "show", "family", host=host)
    assert (
        code == 0 and out.startswith("Ann") and "\x1b" not in out and host.asked == [("notes.get", {"scope": "family"})]
    )
    assert json.loads(barnacle("notes", "show", "--json", host=FakeHost({"notes.get": NOTE}))[1]) == NOTE
    assert "barnacle notes edit" in barnacle("notes", "show", host=FakeHost({"notes.get": EMPTY}))[1]


def test_notes_come_from_stdin(barnacle, typed):
    typed("Ann likes gin.\n")
    host = FakeHost({"notes.get": NOTE, "notes.set": NOTE})
    assert barnacle("notes", "edit", "family", host=host)[0] == 0
    assert host.asked[-1] == ("notes.set", {"scope": "family", "text": "Ann likes gin."})
    typed("")
    assert "removed" in barnacle("notes", "edit", "family", host=host)[1]
    typed(NOTE["text"] + "\n")
    assert "nothing changed" in barnacle("notes", "edit", "family", host=FakeHost({"notes.get": NOTE}))[1]


def test_notes_are_edited_in_the_editor(barnacle, typed, monkeypatch):
    typed(None)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", "sed -i s/tea/cocoa/")
    host = FakeHost({"notes.get": NOTE, "notes.set": NOTE})
    assert barnacle("notes", "edit", "family", host=host)[0] == 0
    assert host.asked[-1] == ("notes.set", {"scope": "family", "text": "Ann likes cocoa.\nBen too."})
    for editor, said in (("false", "nothing was changed"), ("no-such-editor-here", "does not start"), ("", "EDITOR")):
        monkeypatch.setenv("EDITOR", editor)
        host = FakeHost({"notes.get": NOTE})
        code, _, err = barnacle("notes", "edit", host=host)
        assert code == 2 and said in err and len(host.asked) == 1


def test_a_run_is_cancelled_or_there_is_none(barnacle):
    host = FakeHost({"run.cancel": {"run": "run-1", "folder": "family"}})
    assert barnacle("cancel", "family", host=host)[:2] == (0, "the run of family is cancelled\n")
    assert host.asked == [("run.cancel", {"folder": "family"})]
    refused = FakeHost(
        {"run.cancel": OperatorRefused("unknown_run", "nothing runs under family", "see `barnacle queues`")}
    )
    assert barnacle("cancel", "family", host=refused)[0] == 1


def test_a_budget_is_set_in_tokens_and_money(barnacle):
    host = FakeHost({"settings.set": {"budget_tokens": 0, "budget_micro_usd": 1_500_000}})
    code, out, _ = barnacle("budget", "--tokens", "0", "--usd", "1.5", host=host)
    assert code == 0 and out == "each group may use any number of tokens and 1.50 USD a day\n"
    assert host.asked == [("settings.set", {"budget_tokens": 0, "budget_micro_usd": 1_500_000})]
    assert barnacle("budget")[0] == 2
    host = FakeHost({"group.set": {"folder": "kids", "budget_tokens": 500}})
    code, out, _ = barnacle("budget", "--group", "kids", "--tokens", "500", host=host)
    assert code == 0 and out == "kids may use 500 tokens a day\n"
    assert host.asked == [("group.set", {"folder": "kids", "budget_tokens": 500})]
    host = FakeHost({"group.set": {"folder": "kids"}})
    code, out, _ = barnacle("budget", "--group", "kids", "--default", host=host)
    assert code == 0 and "the budget for all" in out
    assert host.asked == [("group.set", {"folder": "kids", "budget_tokens": None, "budget_micro_usd": None})]
    assert barnacle("budget", "--default")[0] == 2
    assert barnacle("budget", "--group", "kids", "--default", "--tokens", "5")[0] == 2
    for odd in ("-1", "x", "1e3", "1.2345678", ".", "٣"):
        assert barnacle("budget", "--usd", odd)[0] == 2
        assert barnacle("budget", "--tokens", odd)[0] == 2
