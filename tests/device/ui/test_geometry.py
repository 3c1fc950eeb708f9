"""What fits where on the round glass."""

from device.ui.geometry import CENTER, RADIUS, chord, dial_angle, inside, on_circle


def test_a_chord_lies_inside_the_circle_and_is_no_smaller_than_it_could_be():
    for y in range(30, 310, 7):
        x, width = chord(y, 20)
        assert inside(x, y, x + width - 1, y + 19, RADIUS + 1)
        assert not inside(x - 3, y, x + width + 2, y + 19, RADIUS)


def test_a_chord_is_widest_in_the_middle_and_symmetrical():
    assert chord(170, 20)[1] > chord(100, 20)[1] > chord(40, 20)[1]
    assert chord(40, 20) == chord(300, 20)
    x, width = chord(100, 20)
    assert x + width // 2 == CENTER


def test_a_chord_outside_the_circle_has_no_width():
    assert chord(0, 20) == (CENTER, 0)
    assert chord(350, 20) == (CENTER, 0)


def test_corners_of_the_square_are_outside_and_the_middle_is_inside():
    assert not inside(0, 0, 10, 10)
    assert inside(100, 100, 260, 260)
    assert not inside(170, 170, 190, 400)


def test_the_dial_is_a_twelve_hour_clock_face():
    assert dial_angle(0) == 270
    assert dial_angle(3 * 60) == 0
    assert dial_angle(18 * 60) == 90
    assert dial_angle(21 * 60) == 180
    assert dial_angle(12 * 60) == dial_angle(24 * 60) == 270


def test_points_on_the_dial():
    assert on_circle(0, 100) == (280, 180)
    assert on_circle(270, 100) == (180, 80)
    assert on_circle(90, 100) == (180, 280)
