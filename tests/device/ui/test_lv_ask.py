"""An ask on the glass: in front, large enough to touch, allowed by a finger that stays, gone when it is over."""

# pyright: reportOptionalMemberAccess=false
from device.ui.geometry import inside
from device.ui.widgets.target import LEAST_PX
from tests.device.ui.glances import ASK, ASKS, glance
from tests.device.ui.glass import Screen

SCREEN = Screen()
DENY, ONCE, A_WHILE = (110, 230), (250, 230), (180, 288)


def show(value):
    SCREEN.ui.show(value)
    SCREEN.settle()


def front(value=ASKS["ask"]):
    SCREEN.home(glance())
    show(value)
    SCREEN.actions.clear()


def asks(id_="ask-2", **changes):
    return glance(ask=dict(ASK, id=id_, **changes), asks=1)


def answers():
    return [(args["answer"], args["presence"]) for name, args in SCREEN.actions if name == "ask.answer"]


def test_an_ask_comes_to_the_front_of_every_page_and_leaves_when_it_is_over():
    for page in ("home", "schedule"):
        SCREEN.home(glance())
        SCREEN.ui.navigation.open(page)
        show(ASKS["ask"])
        assert SCREEN.page.name == "ask" and SCREEN.page.host.text == "shop.example"
        show(glance())
        assert SCREEN.page.name == "home"
    assert not SCREEN.errors, SCREEN.errors


def test_every_target_is_large_enough_inside_the_glass_and_apart():
    for name in ("ask", "question", "long ask"):
        front(ASKS[name])
        found = SCREEN.page.targets()
        assert len(found) == (2 if name == "question" else 3)
        for index, target in enumerate(found):
            assert target.width >= LEAST_PX and target.height >= LEAST_PX
            assert inside(target.x, target.y, target.x + target.width - 1, target.y + target.height - 1)
            for other in found[index + 1 :]:
                assert target.x + target.width <= other.x or target.y + target.height <= other.y


def test_every_line_lies_inside_the_glass_and_none_overlaps_another():
    for name in ("ask", "question", "long ask"):
        front(ASKS[name])
        shown = sorted([(line.y, line.height, line.text) for line in SCREEN.page.labels() if line.text])
        for index in range(1, len(shown)):
            assert shown[index][0] >= shown[index - 1][0] + shown[index - 1][1] - 5, (name, shown[index])
        for line in SCREEN.page.labels():
            assert inside(line.x, line.y, line.x + line.width - 1, line.y + line.height - 1), (name, line.text)


def test_a_tap_says_no():
    front()
    SCREEN.press(DENY[0], DENY[1])
    assert SCREEN.actions == [("ask.answer", {"id": ASK["id"], "answer": "deny", "presence": True})]


def test_a_yes_takes_a_finger_that_stays():
    for spot, answer in ((ONCE, "once"), (A_WHILE, "15min")):
        front()
        SCREEN.press(spot[0], spot[1])
        SCREEN.press(spot[0], spot[1], 600)
        assert answers() == []
        SCREEN.press(spot[0], spot[1], 900)
        assert answers() == [(answer, True)]


def test_a_finger_that_stays_elsewhere_or_slides_away_says_nothing():
    front()
    SCREEN.press(180, 60, 900)
    SCREEN.press(DENY[0], DENY[1], 900)
    SCREEN.swipe(ONCE[0], ONCE[1], ONCE[0] - 40, ONCE[1], 900)
    assert answers() == [] and SCREEN.page.name == "ask"


def test_a_question_has_no_fifteen_minutes():
    front(ASKS["question"])
    SCREEN.press(A_WHILE[0], A_WHILE[1], 900)
    assert answers() == []


def injected_hold():
    front()
    SCREEN.ui.touch(ONCE[0], ONCE[1], True)
    for _ in range(40):
        SCREEN.step(25)
    SCREEN.ui.lift(ONCE[0], ONCE[1])
    SCREEN.settle()
    return answers()


def test_attack_an_injected_touch_is_no_presence():
    assert injected_hold() == [("once", False)]


def test_planted_bug_injected_touches_taken_for_fingers_are_found():
    navigation = SCREEN.ui.navigation
    navigation.from_afar, kept = lambda move, x, y, pressed: move(x, y, pressed), navigation.from_afar
    found = injected_hold()
    navigation.from_afar = kept
    assert found == [("once", True)]


def test_attack_an_injected_sample_in_the_middle_of_a_touch_taints_it_and_not_the_next():
    front()
    SCREEN.glass.touch(ONCE[0], ONCE[1], True)
    SCREEN.step(100)
    SCREEN.ui.touch(ONCE[0] + 1, ONCE[1], True)
    for _ in range(40):
        SCREEN.step(25)
    SCREEN.glass.touch(ONCE[0], ONCE[1], False)
    SCREEN.settle()
    assert answers() == [("once", False)]
    front()
    SCREEN.press(ONCE[0], ONCE[1], 900)
    assert answers() == [("once", True)]


def test_attack_a_finger_that_rests_on_one_ask_does_not_answer_the_next():
    front()
    SCREEN.glass.touch(ONCE[0], ONCE[1], True)
    SCREEN.step(500)
    SCREEN.ui.show(asks("ask-2"))
    for _ in range(40):
        SCREEN.step(25)
    SCREEN.glass.touch(ONCE[0], ONCE[1], False)
    SCREEN.settle()
    assert answers() == [] and SCREEN.page.id == "ask-2"
    SCREEN.press(ONCE[0], ONCE[1], 900)
    assert SCREEN.actions[-1][1]["id"] == "ask-2"


def test_a_swipe_leads_home_a_tap_back_and_the_next_ask_to_the_front():
    front()
    SCREEN.swipe(280, 120, 80, 120)
    assert SCREEN.page.name == "home"
    assert SCREEN.page.foot.text == "3 asks: tap", SCREEN.page.foot.text
    show(ASKS["ask"])
    assert SCREEN.page.name == "home"
    SCREEN.press(180, 180)
    assert SCREEN.page.name == "ask"
    SCREEN.swipe(280, 120, 80, 120)
    show(asks("ask-3"))
    assert SCREEN.page.name == "ask" and SCREEN.page.id == "ask-3"


def test_the_countdown_goes_on_every_second_and_stops_at_nothing():
    front(asks("ask-4", left_ms=3000))
    assert SCREEN.page.seconds.text == "3 s"
    for _ in range(30):
        SCREEN.step(100)
    assert SCREEN.page.seconds.text == "0 s"
    turns = SCREEN.step(1000)
    assert turns is None or turns > 1000


def test_a_strange_ask_is_reported_and_the_screen_goes_on():
    SCREEN.home(glance())
    show(glance(ask={"id": "x"}, asks=None))
    assert SCREEN.page.name == "ask" and not SCREEN.errors
    show(glance())
    assert SCREEN.page.name == "home"
