"""Every designed state, drawn by LVGL: all text inside the round glass, and only what changed is touched."""

# pyright: reportOptionalMemberAccess=false, reportOptionalOperand=false
import lvgl as lv  # pyright: ignore[reportMissingImports]

from device.ui import state, theme
from device.ui.geometry import CENTER, inside
from device.ui.widgets.line_of_text import LineOfText
from tests.device.ui.glances import LONG, NEXT, NOW_MS, REPLY, RUNNING, STATES, WAITING, glance
from tests.device.ui.glass import Screen

SCREEN = Screen()


def coords(obj):
    area = lv.area_t()
    obj.get_coords(area)
    return area.x1, area.y1, area.x2, area.y2


def check_labels(where):
    for line in SCREEN.page.labels():
        assert inside(*coords(line.label)), "%s: %r leaves the glass" % (where, line.text)
        size = lv.point_t()
        lv.text_get_size(size, line.text, theme.font(line.size), 0, 0, 10000, lv.TEXT_FLAG.NONE)
        assert size.x <= line.width, "%s: %r is %d wide, has %d" % (where, line.text, size.x, line.width)
        assert size.y <= line.height, "%s: %r is too high" % (where, line.text)
        assert line.label.get_text() == line.text


def test_every_text_of_every_state_lies_inside_the_glass():
    for name in STATES:
        SCREEN.home(STATES[name])
        assert not SCREEN.errors, SCREEN.errors
        check_labels(name)
        SCREEN.ui.navigation.open("schedule")
        SCREEN.settle()
        check_labels(name + " schedule")


def test_lines_do_not_overlap():
    for name in STATES:
        SCREEN.home(STATES[name])
        for page in ("home", "schedule"):
            SCREEN.ui.navigation.open(page)
            shown = sorted([(line.y, line.height, line.text) for line in SCREEN.page.labels() if line.text])
            for index in range(1, len(shown)):
                assert shown[index][0] >= shown[index - 1][0] + shown[index - 1][1] - 5, (name, page, shown[index])


def test_everything_but_the_rings_lies_inside_the_glass():
    SCREEN.home(STATES["long"])
    for index in range(SCREEN.page.screen.get_child_count()):
        child = SCREEN.page.screen.get_child(index)
        x1, y1, x2, y2 = coords(child)
        if child.has_flag(lv.obj.FLAG.HIDDEN) or x2 - x1 > 300:
            continue
        if x2 - x1 == y2 - y1:  # a dot: round
            dx, dy = x1 + x2 + 1 - 2 * CENTER, y1 + y2 + 1 - 2 * CENTER
            assert dx * dx + dy * dy <= (2 * CENTER - (x2 - x1 + 1)) ** 2, (x1, y1, x2, y2)
        else:
            assert inside(x1, y1, x2, y2), (x1, y1, x2, y2)


def test_the_same_glance_again_touches_nothing():
    for name in STATES:
        SCREEN.home(STATES[name])
        SCREEN.page.spinner.hide()
        SCREEN.settle()
        before = SCREEN.page.sets()
        SCREEN.glass.areas.clear()
        drawn = SCREEN.glass.drawn
        for _ in range(5):
            SCREEN.ui.navigation.update(state.Face(STATES[name]))
        assert SCREEN.page.sets() == before, name
        SCREEN.page.spinner.hide()
        if not state.Face(STATES[name]).busy:
            SCREEN.settle()
            assert not SCREEN.glass.areas, (name, SCREEN.glass.areas)
            assert SCREEN.glass.drawn == drawn


def test_streamed_text_invalidates_its_own_line_only():
    SCREEN.home(glance(running=RUNNING, reply=REPLY, next=NEXT))
    line = SCREEN.page.body.lines[SCREEN.page.body.row_of(state.STREAM)]
    run = dict(RUNNING[0])
    before = SCREEN.page.sets()
    SCREEN.glass.areas.clear()
    run["text"] += " weekly meeting"
    SCREEN.ui.navigation.update(state.Face(glance(running=[run], reply=REPLY, next=NEXT)))
    assert SCREEN.page.sets() == before + 1
    assert SCREEN.glass.areas
    for _, y1, _, y2 in SCREEN.glass.areas:
        assert y1 >= line.y - 6 and y2 <= line.y + line.height + 6, SCREEN.glass.areas


def test_an_unchanged_text_is_not_measured_again():
    line = LineOfText(SCREEN.page.screen, 170, theme.BODY, theme.FOAM)
    line.set(LONG)
    measured = []
    advance = line.advance
    line.advance = lambda: measured.append(1) or advance()
    line.set(LONG)
    assert measured == []
    line.set(LONG + " more")
    assert measured
    line.label.delete()


def test_a_line_that_changes_its_font_cuts_the_same_text_anew():
    line = LineOfText(SCREEN.page.screen, 170, theme.SMALL, theme.FOAM)
    line.set("i" * 60)
    whole = line.text
    line.style(theme.TITLE, theme.FOAM)
    line.set("i" * 60)
    assert whole == "i" * 60 and line.text.endswith("...")
    line.label.delete()


def test_a_block_that_stays_is_not_laid_out_again():
    SCREEN.home(glance(running=RUNNING, waiting=WAITING, reply=REPLY))
    body = SCREEN.page.body
    laid_out = []
    pieces = body._pieces
    body._pieces = lambda kind, text, lines: laid_out.append(kind) or pieces(kind, text, lines)
    run = dict(RUNNING[0], text=RUNNING[0]["text"] + " weekly meeting")
    SCREEN.ui.navigation.update(state.Face(glance(running=[run], waiting=WAITING, reply=REPLY)))
    assert laid_out == [state.STREAM]


def test_a_new_minute_touches_the_clock_and_the_rim_only():
    SCREEN.home(glance(reply=REPLY, next=NEXT))
    labels = sum([line.sets for line in SCREEN.page.labels()])
    clock, rim = SCREEN.page.clock.sets, SCREEN.page.rim.sets
    SCREEN.ui.navigation.update(state.Face(glance(reply=REPLY, next=NEXT), NOW_MS + 60000))
    assert sum([line.sets for line in SCREEN.page.labels()]) == labels
    assert (SCREEN.page.clock.sets, SCREEN.page.rim.sets) == (clock + 1, rim + 1)


def test_the_spinner_turns_only_while_something_runs():
    SCREEN.home(glance(running=RUNNING))
    assert SCREEN.page.spinner.turning
    assert SCREEN.step(40) <= 40
    SCREEN.ui.show(glance())
    SCREEN.settle()
    assert not SCREEN.page.spinner.turning
    assert SCREEN.step(40) > 1000


def test_the_spinner_does_not_touch_the_name():
    for running in (RUNNING, STATES["long"]["running"]):
        SCREEN.home(glance(running=running, waiting=WAITING))
        line = SCREEN.page.body.lines[SCREEN.page.body.row_of(state.BUSY)]
        size = lv.point_t()
        lv.text_get_size(size, line.text, theme.font(line.size), 0, 0, 10000, lv.TEXT_FLAG.NONE)
        assert coords(SCREEN.page.spinner._spinner)[2] < CENTER - size.x // 2


def test_a_glance_full_of_strange_values_is_reported_and_the_next_one_shown():
    SCREEN.home(glance())
    SCREEN.ui.show(glance(running=7, next="soon"))
    SCREEN.settle()
    assert SCREEN.errors and SCREEN.errors[0][0] == "home"
    SCREEN.ui.show(glance(reply={"name": LONG, "text": LONG}))
    SCREEN.settle()
    assert SCREEN.page.body.lines[1].text.startswith("Uberprufe cafe")
