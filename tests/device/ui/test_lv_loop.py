"""The loop around LVGL: idle costs nothing, errors stop nothing, touches lead where they should, the heap stays."""

# pyright: reportOptionalMemberAccess=false, reportOptionalOperand=false
import asyncio
import gc

import lvgl as lv  # pyright: ignore[reportMissingImports]

from device.host import limits
from device.ui import navigation
from tests.device.ui.glances import LONG, NEXT, REPLY, RUNNING, STATES, glance
from tests.device.ui.glass import Screen

SCREEN = Screen()
MINUTE_MS = 60000


async def test_an_idle_screen_wakes_once_a_minute():
    SCREEN.home(STATES["quiet"])
    task = asyncio.create_task(SCREEN.ui.run())
    clock = SCREEN.glass.clock()
    await clock.advance(MINUTE_MS)
    turns, drawn = SCREEN.ui.turns, SCREEN.glass.drawn
    await clock.advance(10 * MINUTE_MS)
    task.cancel()
    assert 10 <= SCREEN.ui.turns - turns <= 30
    assert 10 <= SCREEN.glass.drawn - drawn <= 80
    assert SCREEN.page.clock.text == "17:14"


async def test_a_screen_without_time_or_work_never_wakes_by_itself():
    SCREEN.home(None)
    task = asyncio.create_task(SCREEN.ui.run())
    await SCREEN.glass.clock().advance(1000)
    turns = SCREEN.ui.turns
    await SCREEN.glass.clock().advance(60 * MINUTE_MS)
    assert SCREEN.ui.turns == turns
    SCREEN.ui.show(glance())
    await SCREEN.glass.clock().advance(100)
    task.cancel()
    assert SCREEN.ui.turns > turns
    assert SCREEN.page.clock.text == "17:03"


async def test_a_burst_of_glances_is_drawn_once():
    SCREEN.home(glance())
    task = asyncio.create_task(SCREEN.ui.run())
    await SCREEN.glass.clock().advance(100)
    turns = SCREEN.ui.turns
    for number in range(200):
        SCREEN.ui.show(glance(reply={"name": "Family", "text": "number %d" % number}))
    await SCREEN.glass.clock().advance(100)
    task.cancel()
    assert SCREEN.ui.turns - turns < 10
    assert SCREEN.page.body.lines[2].text == "number 199"


def fail(*args, **named):
    raise ValueError("a callback that fails")


def lvgl_is_alive():
    """Whether LVGL still runs its timers and draws."""
    drawn = SCREEN.glass.drawn
    SCREEN.page.screen.invalidate()
    SCREEN.settle()
    return SCREEN.glass.drawn > drawn


def test_an_action_that_fails_is_reported_and_the_screen_goes_on():
    SCREEN.home(STATES["quiet"])
    SCREEN.on_action = fail
    SCREEN.press(180, 180)
    assert [where for where, _ in SCREEN.errors] == ["actions"]
    assert SCREEN.page.name == "schedule"
    assert lvgl_is_alive()


def test_a_drawing_callback_that_fails_is_reported_and_lvgl_goes_on():
    SCREEN.home(STATES["quiet"])
    SCREEN.page.clock._glyph = fail
    errors = SCREEN.ui.errors
    assert lvgl_is_alive()
    assert SCREEN.ui.errors > errors and SCREEN.errors[0][0] == "clock"
    SCREEN.ui.navigation.open("home")
    assert lvgl_is_alive()


def test_a_failing_error_report_goes_no_further():
    SCREEN.home(STATES["quiet"])
    SCREEN.ui._guard._on_error, kept = fail, SCREEN.ui._guard._on_error
    SCREEN.on_action = fail
    errors = SCREEN.ui.errors
    SCREEN.press(180, 180)
    SCREEN.ui._guard._on_error = kept
    assert SCREEN.ui.errors == errors + 2
    assert lvgl_is_alive()


def test_a_tap_opens_the_schedule_and_tells_the_host():
    SCREEN.home(STATES["quiet"])
    SCREEN.press(180, 180)
    assert SCREEN.page.name == "schedule"
    assert SCREEN.actions == [("ui.page", {"page": "schedule"})]


def test_a_tap_on_the_schedule_does_nothing():
    SCREEN.home(STATES["quiet"])
    SCREEN.press(180, 180)
    SCREEN.actions.clear()
    for y in range(40, 330, 30):
        SCREEN.press(180, y)
    assert SCREEN.page.name == "schedule" and SCREEN.actions == []


def test_swipes_lead_to_the_schedule_and_back():
    SCREEN.home(STATES["quiet"])
    SCREEN.swipe(280, 180, 80, 190)
    assert SCREEN.page.name == "schedule"
    SCREEN.swipe(280, 180, 80, 190)
    assert SCREEN.page.name == "schedule"
    SCREEN.swipe(80, 180, 280, 190)
    assert SCREEN.page.name == "home"


def test_a_swipe_that_comes_in_one_step_counts():
    SCREEN.home(STATES["quiet"])
    SCREEN.swipe(280, 180, 80, 190, 30)
    assert SCREEN.page.name == "schedule"


def test_a_long_press_leads_home_while_the_finger_is_still_down():
    SCREEN.home(STATES["quiet"])
    SCREEN.press(180, 180)
    SCREEN.glass.touch(180, 180, True)
    for _ in range(30):
        SCREEN.step(30)
    assert SCREEN.page.name == "home"
    SCREEN.glass.touch(180, 180, False)
    SCREEN.settle()
    assert SCREEN.page.name == "home" and not SCREEN.ui.navigation.pressed


def test_the_new_page_shows_the_newest_glance():
    SCREEN.home(STATES["quiet"])
    SCREEN.ui.show(glance(next=[], groups=9))
    SCREEN.settle()
    SCREEN.press(180, 180)
    assert SCREEN.page.totals.text == "9 groups • 0 tasks"
    assert SCREEN.page.empty.text == "nothing scheduled"


def test_taps_beyond_the_bound_are_dropped():
    SCREEN.home(STATES["quiet"])
    for _ in range(limits.TOUCHES * 3):
        SCREEN.glass.touch(100, 100, True)
        SCREEN.glass.touch(100, 100, False)
    assert len(SCREEN.ui.navigation._meant) == limits.TOUCHES
    SCREEN.settle()
    assert SCREEN.page.name == "schedule"
    assert SCREEN.ui.navigation._meant == []


async def test_a_touch_wakes_the_sleeping_loop():
    SCREEN.home(STATES["empty"])
    task = asyncio.create_task(SCREEN.ui.run())
    await SCREEN.glass.clock().advance(1000)
    SCREEN.glass.touch(280, 180, True)
    SCREEN.glass.touch(100, 180, True)
    SCREEN.glass.touch(100, 180, False)
    await SCREEN.glass.clock().advance(100)
    task.cancel()
    assert SCREEN.page.name == "schedule"


def test_injected_samples_beyond_the_bound_are_refused_and_the_finger_still_leaves():
    SCREEN.home(STATES["quiet"])
    taken = [SCREEN.ui.touch(100, 100, True) for _ in range(limits.TOUCHES + 5)]
    assert taken == [True] * limits.TOUCHES + [False] * 5
    SCREEN.ui.lift(100, 100)
    SCREEN.settle()
    assert not SCREEN.ui.navigation.pressed
    assert SCREEN.page.name == "schedule"


def test_the_screen_stands_still_for_a_shot_and_goes_on_by_itself_in_time():
    SCREEN.home(STATES["quiet"])
    SCREEN.ui.stand_still()
    SCREEN.ui.show(STATES["running"])
    frame = bytes(SCREEN.glass.frame())
    SCREEN.settle()
    assert frame == bytes(SCREEN.glass.frame())
    assert SCREEN.ui.go_on()
    SCREEN.settle()
    assert frame != bytes(SCREEN.glass.frame())
    SCREEN.ui.stand_still()
    SCREEN.step(limits.STILL_MS)
    assert not SCREEN.ui.go_on()


def test_a_page_that_cannot_be_built_leaves_the_old_one():
    SCREEN.home(STATES["quiet"])
    kept = navigation.PAGES["schedule"]
    navigation.PAGES["schedule"] = fail
    SCREEN.press(180, 180)
    navigation.PAGES["schedule"] = kept
    assert SCREEN.page.name == "home" and SCREEN.errors[0][0] == "schedule"
    assert SCREEN.actions == []
    assert lvgl_is_alive()


def test_the_heap_is_where_it_was_after_a_thousand_glances_and_two_hundred_pages():
    def work(rounds):
        for number in range(rounds):
            run = dict(RUNNING[0])
            run["text"] = LONG + "%d" % number
            busy = number % 3 == 0
            SCREEN.ui.show(
                glance(
                    running=[run] if busy else [], reply=REPLY, next=NEXT, groups=number % 30, online=number % 2 == 0
                )
            )
            SCREEN.step(40)
            if number % 5 == 0:
                SCREEN.ui.navigation.open("schedule" if number % 2 else "home")
        SCREEN.home(STATES["quiet"])
        gc.collect()
        return gc.mem_alloc()  # pyright: ignore[reportAttributeAccessIssue]

    before = work(60)
    after = work(1000)
    assert after - before < 4096, "%d bytes more" % (after - before)
    assert not SCREEN.errors


def test_the_screen_leaves_most_of_the_box_heap_free():
    SCREEN.home(STATES["long"])
    gc.collect()
    assert gc.mem_alloc() < 900 * 1024  # pyright: ignore[reportAttributeAccessIssue]
    assert lv.anim_count_running() <= 3


def test_an_exception_that_the_binding_catches_is_counted_and_reported():
    SCREEN.home(glance())
    SCREEN.glass.on_screen_fault(SCREEN.ui.fault)
    before = SCREEN.ui.errors

    def fail(event):
        raise ValueError("in a callback of LVGL's")

    SCREEN.page.screen.add_event_cb(fail, lv.EVENT.VALUE_CHANGED, None)
    SCREEN.page.screen.send_event(lv.EVENT.VALUE_CHANGED, None)
    assert SCREEN.ui.errors == before + 1
    assert [(where, str(error)) for where, error in SCREEN.errors] == [("lvgl", "in a callback of LVGL's")]
    SCREEN.ui.show(glance(assistant="Still here"))
    SCREEN.settle()
    assert SCREEN.page.status.text == "Still here"
