"""What a run wants the owner to decide, in front of everything else: who, what, where to, why, and how long still.

Saying no takes a tap, saying yes a finger that stays: nothing is allowed by brushing over the glass.
"""

from device.ui import fit, theme
from device.ui.geometry import chord
from device.ui.screens.page import Page
from device.ui.widgets.countdown import Countdown
from device.ui.widgets.line_of_text import LineOfText
from device.ui.widgets.target import Target

_WHO_Y = 34
_TOOL_Y = 56
_HOST_Y = 84
_ARGS_Y = 112
_ROW = 20
_WHY_Y = 156
_BIG_Y = 204
_BIG_H = 54
_LONG_Y = 266
_LONG_H = 46
_LEFT_Y = 315
_GAP = 10


class Ask(Page):
    """A swipe leads home; the next ask comes to the front again. The page belongs to the one ask it was opened for."""

    name = "ask"
    left = "home"
    right = "home"
    hold_ms = 700

    def build(self, screen, guard):
        self.id = None
        self.ring = Countdown(screen)
        self.who = LineOfText(screen, _WHO_Y, theme.SMALL, theme.TEAL)
        self.tool = LineOfText(screen, _TOOL_Y, theme.BODY, theme.FOAM)
        self.host = LineOfText(screen, _HOST_Y, theme.BODY, theme.SKY)
        self.args = [LineOfText(screen, _ARGS_Y + i * _ROW, theme.SMALL, theme.MIST) for i in range(2)]
        self.why = [LineOfText(screen, _WHY_Y + i * _ROW, theme.SMALL, theme.AMBER) for i in range(2)]
        x, width = chord(_BIG_Y, _BIG_H)
        half = (width - _GAP) // 2
        self.seconds = LineOfText(screen, _LEFT_Y, theme.SMALL, theme.MIST)
        self.deny = Target(screen, x, _BIG_Y, half, _BIG_H, theme.CORAL)
        self.once = Target(screen, x + half + _GAP, _BIG_Y, half, _BIG_H, theme.TEAL)
        x, width = chord(_LONG_Y, _LONG_H)
        self.a_while = Target(screen, x, _LONG_Y, width, _LONG_H, theme.AMBER)

    def update(self, face):
        ask = face.ask
        if ask is None or self.id not in (None, ask.id):  # another ask has a page of its own
            return
        self.id = ask.id
        self.ring.update(ask.share)
        self.who.set(ask.who)
        self.seconds.set("%d s" % ask.left_s)
        self.tool.set(ask.tool)
        self.host.set(ask.host)
        _wrap(self.args, ask.args)
        _wrap(self.why, ask.why)
        self.deny.set("No")
        self.once.set("hold: yes")
        self.a_while.set("hold: 15 min" if ask.a_while else "")

    def tapped(self, x, y):  # pyright: ignore[reportIncompatibleMethodOverride]
        if self.id is None or not self.deny.holds(x, y):
            return None
        return self._answer("deny")

    def held(self, x, y):  # pyright: ignore[reportIncompatibleMethodOverride]
        if self.id is None:
            return None
        if self.once.holds(x, y):
            return self._answer("once")
        return self._answer("15min") if self.a_while.holds(x, y) else None

    def labels(self):
        return [self.who, self.tool, self.host, self.seconds] + self.args + self.why

    def targets(self):
        """What can be touched at present."""
        return [target for target in (self.deny, self.once, self.a_while) if target.shown]

    def sets(self):
        """How many changes reached LVGL so far."""
        return sum([line.sets for line in self.labels() + [self.deny, self.once, self.a_while]]) + self.ring.sets

    def _answer(self, answer):
        return "ask.answer", {"id": self.id, "answer": answer}


def _wrap(lines, text):
    pieces = fit.wrap(text, [line.room_px for line in lines], lines[0].advance())
    for index, line in enumerate(lines):
        line.set(pieces[index] if index < len(pieces) else "")
