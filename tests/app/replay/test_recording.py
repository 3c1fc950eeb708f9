"""What the channel of a recording does with replies: hold them back, fail to send them, send them again."""

from app.host.replay.judge import FAILED, PASSED
from tests.app.replay.recordings import case, entries, judge


def _changed(*entries_added):
    recorded = case("four kinds of groups")
    trace = recorded["phases"][0]["trace"]
    trace.extend(entries_added)
    return recorded, entries(recorded, "outbound")


def _sort(recorded):
    recorded["phases"][0]["trace"].sort(key=lambda entry: entry["t"])
    return recorded


def test_replies_that_were_held_back_while_the_channel_was_down_may_be_late():
    recorded, out = _changed({"t": 2200, "ev": "disconnect", "code": 500}, {"t": 9000, "ev": "reconnect"})
    for entry in out[:4]:
        entry["t"] = 9000
    assert judge(_sort(recorded)).verdict == PASSED


def test_replies_that_are_late_for_no_reason_differ():
    recorded, out = _changed({"t": 2700, "ev": "disconnect", "code": 500}, {"t": 9000, "ev": "reconnect"})
    out[0]["t"] = 9000
    assert judge(_sort(recorded)).verdict == FAILED


def test_replies_that_never_left_because_the_channel_stayed_down_are_not_missed():
    recorded, out = _changed({"t": 26100, "ev": "disconnect", "code": 500})
    recorded["phases"][0]["trace"].remove(out[-1])
    assert judge(_sort(recorded)).verdict == PASSED


def test_a_reply_that_failed_and_was_sent_again_is_one_reply():
    recorded, out = _changed({"t": 3000, "ev": "disconnect", "code": 500}, {"t": 9000, "ev": "reconnect"})
    failed = {**out[0], "ev": "send_failed"}
    out[0]["t"] = 9000
    recorded["phases"][0]["trace"].append(failed)
    assert judge(_sort(recorded)).verdict == PASSED


def test_a_reply_that_failed_for_good_was_sent_as_far_as_the_host_knows():
    recorded, out = _changed()
    out[0]["ev"] = "send_failed"
    assert judge(recorded).verdict == PASSED
