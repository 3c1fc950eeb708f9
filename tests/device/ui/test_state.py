"""A glance in words."""

# pyright: reportOptionalMemberAccess=false

from device.host import limits
from device.ui import state
from device.ui.state import Face
from tests.device.ui.glances import ASKS, LONG, NEXT, NOW_MS, REPLY, RUNNING, STATES, WAITING, glance, task


def kinds(face):
    return [kind for kind, _, _ in face.body]


def test_before_the_first_glance_the_box_is_starting():
    face = Face(None)
    assert (face.connection, face.status, face.clock, face.minute) == (state.BOOT, "starting", "--:--", None)
    assert face.marks == [] and face.upcoming == []


def test_the_connection_is_told_in_words_and_not_by_colour_alone():
    assert Face(glance()).status == "Barnacle"
    assert Face(glance(online=False)).status.endswith("offline")
    assert Face(glance(online=None)).status.endswith("linking")


def test_an_unset_clock_shows_no_time():
    face = Face(glance(now_ms=5000, next=NEXT))
    assert (face.clock, face.date, face.minute, face.upcoming, face.marks) == ("--:--", "time not set", None, [], [])


def test_time_moves_on_between_glances():
    assert Face(glance(), NOW_MS + 61000).clock == "17:04"


def test_what_runs_comes_first_then_who_waits_then_the_reply():
    face = Face(glance(running=RUNNING, waiting=WAITING, reply=REPLY))
    assert kinds(face) == [state.BUSY, state.STREAM, state.WAITING, state.QUIET]
    assert face.body[1][1] == "The first free hour on Tuesday is at ten, right after the"
    assert face.body[2][1] == "2 waiting: Family, Home lab"
    assert face.busy


def test_several_runs_are_counted():
    assert Face(glance(running=RUNNING * 3)).body[0][1] == "Work +2"


def test_a_run_without_text_says_that_it_thinks():
    assert Face(glance(running=[{"folder": "work", "text": "\n"}])).body[:2] == [
        ("busy", "work", 1),
        ("stream", "thinking ...", 1),
    ]


def test_a_quiet_box_shows_the_reply_in_full():
    assert kinds(Face(glance(reply=REPLY))) == [state.WHO, state.TEXT]
    assert Face(glance(reply=REPLY)).body[0][1] == "Family  •  16:38"
    assert Face(glance(reply=REPLY)).body[1][2] == 3


def test_a_problem_is_shown_before_the_reply():
    assert kinds(Face(glance(problem="No model", reply=REPLY))) == [state.ALERT]
    assert kinds(Face(glance(problem="No model", running=RUNNING)))[2] == state.ALERT


def test_an_empty_box_says_what_to_do():
    assert Face(glance(groups=0)).body[0][1] == "No groups yet"
    assert Face(glance()).body[1][1] == "write @Barnacle in a group"


def test_the_next_run_has_time_name_and_prompt():
    assert Face(glance(next=NEXT)).next == ("19:00  •  Family", "water the plants")
    assert Face(glance()).next == ("", "nothing scheduled")


def test_marks_are_the_runs_of_the_next_twelve_hours():
    soon = [task(1, "a"), task(1, "b"), task(11.9, "c"), task(12, "d"), task(-1, "e")]
    assert Face(glance(next=soon)).marks == [18 * 60 + 3, 4 * 60 + 57]


def test_a_paused_task_without_a_next_run_is_left_out():
    assert Face(glance(next=[{"name": "x", "prompt": "y", "next_ms": None}])).upcoming == []


def test_lists_and_texts_beyond_their_bounds_are_cut():
    many = [task(hour, LONG) for hour in range(1, 40)]
    face = Face(glance(next=many, waiting=[{"folder": "g%d" % i} for i in range(40)]))
    assert len(face.upcoming) == limits.NEXT_SHOWN
    assert len(face.marks) <= limits.NEXT_SHOWN
    assert face.body[-1][1] == "40 waiting: " + ", ".join(["g%d" % i for i in range(limits.WAITING_SHOWN)])


def test_what_waits_to_be_sent_is_shown_while_the_box_is_offline():
    assert Face(glance(online=False, spool=12)).foot == "12 to send"
    assert Face(glance(spool=12)).foot == ""


def test_totals_know_one_from_many():
    assert Face(glance(groups=1, tasks=1)).totals == "1 group • 1 task"
    assert Face(glance(groups=3, tasks=0)).totals == "3 groups • 0 tasks"


def test_every_designed_state_has_words_without_line_breaks():
    for value in list(STATES.values()) + [{}, {"running": [{}], "waiting": [{}], "reply": {}, "next": [{}]}]:
        face = Face(value)
        for kind, text, rows in face.body:
            assert kind and rows >= 1 and "\n" not in text
        assert face.status and len(face.clock) == 5


def test_an_ask_has_words_and_a_countdown_that_goes_on_between_glances():
    face = Face(ASKS["ask"], NOW_MS + 1500, 1500)
    assert (face.ask.who, face.ask.host, face.ask.left_s, face.ask.share) == ("1/3 Family", "shop.example", 86, 712)
    assert Face(ASKS["ask"], None, 999999).ask.left_s == 0
    assert face.foot == "3 asks: tap" and Face(glance()).ask is None


def test_a_model_that_is_not_ready_is_told_in_a_few_words():
    for name in ("no_key", "refused_key", "rate_limited", "offline", "over_budget", "broker_down", "absent"):
        assert kinds(Face(glance(model={"state": name, "text": "x"}, reply=REPLY)))[-1] == state.WAITING, name
    for model in (None, {}, {"state": "ready"}, {"state": "none"}, {"state": "?"}, "no_key"):
        assert kinds(Face(glance(model=model, reply=REPLY))) == [state.WHO, state.TEXT]


def test_what_a_run_shows_stands_in_the_middle():
    assert Face(glance(shown="Bin\x1b day", reply=REPLY)).body == [(state.TEXT, "Bin day", 4)]
