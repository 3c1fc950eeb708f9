"""What a finger meant."""

from device.ui import touch


def meaning(x, y, to_x, to_y):
    finger = touch.Touch()
    finger.down(x, y)
    return finger.up(to_x, to_y)


def test_a_touch_that_stays_is_a_tap():
    assert meaning(180, 180, 184, 178) == touch.TAP


def test_a_long_move_is_a_swipe_in_its_main_direction():
    assert meaning(250, 180, 100, 200) == touch.LEFT
    assert meaning(100, 180, 250, 160) == touch.RIGHT
    assert meaning(180, 250, 200, 100) == touch.UP
    assert meaning(180, 100, 160, 250) == touch.DOWN


def test_a_short_slip_means_nothing():
    assert meaning(180, 180, 210, 180) is None


def test_a_hold_counts_once_and_its_release_means_nothing():
    finger = touch.Touch()
    finger.down(100, 100)
    assert finger.held(102, 100) == touch.HOLD
    assert finger.held(102, 100) is None
    assert finger.up(102, 100) is None
    assert not finger.pressed


def test_a_hold_after_a_move_is_no_hold():
    finger = touch.Touch()
    finger.down(100, 100)
    assert finger.held(160, 100) is None
    assert finger.up(160, 100) == touch.RIGHT


def test_a_cancelled_touch_means_nothing():
    finger = touch.Touch()
    finger.down(100, 100)
    finger.cancel()
    assert not finger.pressed
    assert finger.up(200, 100) is None


def test_a_release_without_a_press_means_nothing():
    assert touch.Touch().up(1, 1) is None
    assert touch.Touch().held(1, 1) is None
