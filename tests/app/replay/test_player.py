"""Timelines in processes of their own."""

import pytest

from app.errors import ProblemError
from app.host.replay import player
from app.host.replay.player import BOX, DESKTOP, play

PHASE = {"start_ms": 1770984000000, "end_ms": 1000, "events": []}
GOOD = {"schema": "barnacle.timeline/1", "phases": [PHASE]}


@pytest.mark.parametrize("where", [DESKTOP, BOX])
def test_a_timeline_with_a_fault_says_so_and_the_others_go_on(where):
    traces = play([GOOD, {"phases": [{}]}, GOOD], where)
    assert "KeyError" in traces[1]["fault"]
    assert traces[0]["phases"][0]["final"]["groups"][0]["folder"] == "main"
    assert traces[2]["phases"][0]["out"] == []


def test_an_interpreter_that_ends_fails_one_timeline_only(monkeypatch, tmp_path):
    driver = tmp_path / "driver.py"
    driver.write_text(
        "import sys\n"
        "with open(sys.argv[1]) as lines, open(sys.argv[2], 'w') as out:\n"
        "    for line in lines:\n"
        "        if 'deadly' in line:\n"
        "            print('killed by the test')\n"
        "            out.flush()\n"
        "            raise SystemExit(7)\n"
        "        out.write('{\"phases\": []}\\n')\n"
    )
    monkeypatch.setattr(player, "_DRIVER", driver)
    assert play([GOOD, {"deadly": 1}, GOOD], DESKTOP) == [
        {"phases": []},
        {"fault": "ended its interpreter (7): killed by the test"},
        {"phases": []},
    ]


def test_a_box_that_was_never_built_is_told_with_the_remedy(monkeypatch, tmp_path):
    monkeypatch.setattr(player, "INTERPRETER", tmp_path / "micropython")
    with pytest.raises(ProblemError) as caught:
        play([GOOD], BOX)
    assert "--on desktop" in caught.value.remedy


def test_characters_beyond_the_basic_plane_and_lone_surrogates_reach_both_hosts_alike():
    group = {"folder": "main", "jid": "m@x", "name": "M", "trigger": "@A", "requires_trigger": False}
    body = {"jid": "m@x", "id": "1", "sender": "s", "sender_name": "S😀", "text": "a😀b", "ts_ms": 0, "from_me": False}
    phase = {
        **PHASE,
        "initial": {"groups": [{**group, "added_ms": 0, "paused": False}]},
        "events": [{"t": 10, "kind": "message", "body": body}],
    }
    for where in (DESKTOP, BOX):
        (stored,) = play([{"phases": [phase]}], where)[0]["phases"][0]["stored"]
        assert (stored["text"], stored["sender_name"]) == ("a😀b", "S😀")
