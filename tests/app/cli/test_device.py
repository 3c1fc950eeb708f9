"""`barnacle device …`: the box's log, followed by marks, and a reboot that wants to be confirmed."""

import json

import pytest

from app.cli import device
from app.host.operator_client import OperatorRefused
from tests.app.cli.fake_host import FakeHost


class Stop(Exception):  # noqa: N818  ends a follower
    pass


def test_the_last_lines_are_printed_without_what_a_terminal_obeys(barnacle):
    host = FakeHost({"box.log": {"lines": ["ready 289", "\x1b[2Jgone"], "mark": "1:2"}})
    code, out, _ = barnacle("device", "log", "-n", "7", host=host)
    assert (code, out) == (0, "ready 289\n[2Jgone\n")
    assert host.asked == [("box.log", {"lines": 7})]
    assert json.loads(barnacle("device", "log", "--json", host=host)[1]) == ["ready 289", "\x1b[2Jgone"]


def test_a_follower_asks_for_what_came_after_its_mark(barnacle, monkeypatch):
    monkeypatch.setattr(device, "FOLLOW_S", 0)
    parts = iter([{"lines": ["one"], "mark": "9:4"}, {"lines": ["two"], "mark": "9:8"}])

    def answer(args):
        found = next(parts, None)
        if found is None:
            raise KeyboardInterrupt
        return found

    host = FakeHost({"box.log": answer})
    code, out, _ = barnacle("device", "log", "--follow", host=host)
    assert (code, out) == (130, "one\ntwo\n")
    assert [args.get("mark") for _, args in host.asked] == [None, "9:4", "9:8"]


@pytest.mark.parametrize("count", ["0", "501", "x"])
def test_no_other_number_of_lines(barnacle, count):
    assert barnacle("device", "log", "-n", count)[0] == 2


def test_a_reboot_wants_a_yes(barnacle):
    host = FakeHost({"box.reboot": {}})
    code, _, err = barnacle("device", "reboot", host=host)
    assert code == 2 and "--yes" in err and host.asked == []
    code, out, _ = barnacle("device", "reboot", "--yes", host=host)
    assert (code, out) == (0, "the box starts anew\n") and host.asked == [("box.reboot", {})]


def test_a_box_without_a_log_says_where_to_look(barnacle):
    host = FakeHost(
        {"box.log": OperatorRefused("unsupported", "the laptop keeps no log of it", "read its serial port")}
    )
    code, _, err = barnacle("device", "log", host=host)
    assert code == 1 and "serial port" in err
