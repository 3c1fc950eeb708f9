"""The row of tabs: numbers are keys, a click opens, titles shorten before anything is cut."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.message import Message
from textual.widget import Widget


class TabBar(Widget):
    """`tabs`: (name, title, short title) in the order of their number keys."""

    DEFAULT_CSS = """
    TabBar { height: 1; background: $panel; color: $text-muted; }
    """

    class Picked(Message):
        """A tab was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, tabs: Sequence[tuple[str, str, str]]) -> None:
        super().__init__(id="tabs")
        self._tabs = list(tabs)
        self._active = self._tabs[0][0]
        self._marks: dict[str, str] = {}

    def show(self, active: str, marks: dict[str, str]) -> None:
        """The tab in front, and a short mark (such as a count) behind the titles of others."""
        if (active, marks) != (self._active, self._marks):
            self._active, self._marks = active, dict(marks)
            self.refresh()

    def render(self) -> Text:
        """All tabs in one line."""
        text = Text(no_wrap=True, overflow="crop")
        for name, label in self._labels():
            text.append(label, "reverse bold" if name == self._active else "")
        return text

    def on_click(self, event: events.Click) -> None:
        """Open the tab under the pointer."""
        at = 0
        for name, label in self._labels():
            at += cell_len(label)
            if event.x < at:
                self.post_message(self.Picked(name))
                return

    def _labels(self) -> list[tuple[str, str]]:
        """The longest form of the labels that fits."""
        for form in (self._long, self._short, self._number):
            labels = [(name, form(index, title, short)) for index, (name, title, short) in enumerate(self._tabs)]
            if sum(cell_len(label) for _, label in labels) - 1 <= self.size.width:  # the last space may be cut
                break
        return labels

    def _long(self, index: int, title: str, short: str) -> str:
        return f" {index + 1} {title}{self._mark(index)} "

    def _short(self, index: int, title: str, short: str) -> str:
        return f" {index + 1}{short}{self._mark(index)} "

    def _number(self, index: int, title: str, short: str) -> str:
        named = short if self._tabs[index][0] == self._active else ""
        return f" {index + 1}{named}{self._mark(index)} "

    def _mark(self, index: int) -> str:
        mark = self._marks.get(self._tabs[index][0], "")
        return f" {mark}" if mark else ""
