"""The screen that is up all day: time, connection, what runs, who waits, the last reply, what comes next."""

from device.ui import fit, state, theme
from device.ui.screens.page import Page
from device.ui.widgets.body import Body
from device.ui.widgets.line_of_text import LineOfText
from device.ui.widgets.numerals import Numerals
from device.ui.widgets.page_dots import PageDots
from device.ui.widgets.rim import Rim
from device.ui.widgets.spinner import GAP as SPINNER_GAP
from device.ui.widgets.spinner import SIZE as SPINNER_SIZE
from device.ui.widgets.spinner import Spinner

_STATUS_Y = 32
_CLOCK_Y = 59
_DATE_Y = 131
_BODY_Y = 157
_PITCH = 25
_NEXT_Y = 264
_WHAT_Y = 288
_FOOT_Y = 308


class Home(Page):
    """A tap, or a swipe to the left, leads to the schedule."""

    name = "home"
    tap_opens = "schedule"
    left = "schedule"

    def build(self, screen, guard):
        self.rim = Rim(screen)
        self.status = LineOfText(screen, _STATUS_Y, theme.SMALL, theme.MIST)
        self.clock = Numerals(screen, _CLOCK_Y, guard)
        self.date = LineOfText(screen, _DATE_Y, theme.SMALL, theme.MIST)
        self.body = Body(screen, _BODY_Y, _PITCH)
        self.next = LineOfText(screen, _NEXT_Y, theme.BODY, theme.TEAL)
        self.what = LineOfText(screen, _WHAT_Y, theme.SMALL, theme.FOAM)
        self.foot = LineOfText(screen, _FOOT_Y, theme.SMALL, theme.AMBER)
        self.dots = PageDots(screen, 0)
        self.spinner = Spinner(screen)

    def update(self, face):
        connection = face.connection
        calm = connection == state.ONLINE
        self.rim.update(connection, face.minute, face.marks)
        self.status.style(theme.SMALL, theme.MIST if calm else theme.connection_color(connection))
        self.status.set(face.status)
        self.clock.set(face.clock, theme.FOAM if face.time_known else theme.SLATE)
        self.date.set(face.date)
        self.body.update(face.body)
        when, what = face.next
        self.next.set(when)
        self.what.style(theme.SMALL, theme.FOAM if when else theme.MIST)
        self.what.set(what)
        self.foot.set(face.foot)
        self._turn(face.busy)

    def _turn(self, busy):
        """Put the spinner in front of the name of what runs, or away."""
        row = self.body.row_of(state.BUSY) if busy else None
        if row is None:
            self.spinner.hide()
            return
        line = self.body.lines[row]
        text_px = fit.width_of(line.text, line.advance())
        x = line.x + (line.width - text_px) // 2 - SPINNER_SIZE - SPINNER_GAP
        self.spinner.show(max(line.x, x), line.y + (line.height - SPINNER_SIZE) // 2)

    def labels(self):
        lines = [self.status, self.date, self.next, self.what, self.foot]
        return lines + self.body.lines

    def sets(self):
        """How many changes reached LVGL so far."""
        return sum([line.sets for line in self.labels()]) + self.clock.sets + self.rim.sets
