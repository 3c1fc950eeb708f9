"""The second page: the coming runs, and how many groups and tasks there are. Touching it changes nothing."""

from device.host import limits
from device.ui import theme
from device.ui.geometry import CENTER
from device.ui.screens.page import Page
from device.ui.widgets.line_of_text import LineOfText
from device.ui.widgets.page_dots import PageDots
from device.ui.widgets.rim import Rim

_TITLE_Y = 29
_ROWS_Y = 59
_ROW_PITCH = 47
_WHAT_OFFSET = 18
_TOTALS_Y = 298


class Schedule(Page):
    """A swipe to the right, or a long press, leads home."""

    name = "schedule"
    right = "home"

    def build(self, screen, guard):
        self.rim = Rim(screen)
        self.title = LineOfText(screen, _TITLE_Y, theme.BODY, theme.FOAM)
        self.empty = LineOfText(screen, CENTER - 11, theme.BODY, theme.MIST)
        self.rows = []
        for index in range(limits.NEXT_SHOWN):
            y = _ROWS_Y + index * _ROW_PITCH
            when = LineOfText(screen, y, theme.SMALL, theme.TEAL)
            what = LineOfText(screen, y + _WHAT_OFFSET, theme.BODY, theme.FOAM)
            self.rows.append((when, what))
        self.dots = PageDots(screen, 1)
        self.totals = LineOfText(screen, _TOTALS_Y, theme.SMALL, theme.MIST)

    def update(self, face):
        self.rim.update(face.connection, face.minute, face.marks)
        self.title.set("Next")
        upcoming = face.upcoming
        self.empty.set("" if upcoming else "nothing scheduled")
        for index, (when, what) in enumerate(self.rows):
            time, name, prompt = upcoming[index] if index < len(upcoming) else ("", "", "")
            when.set(time + "  " + name if time else "")
            what.set(prompt)
        self.totals.set(face.totals)

    def labels(self):
        lines = [self.title, self.empty, self.totals]
        for row in self.rows:
            lines.extend(row)
        return lines
