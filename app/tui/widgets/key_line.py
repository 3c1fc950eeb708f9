"""The line of keys at the bottom: those of the page as far as they fit, and always those that lead everywhere else."""

from typing import Any, cast

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual import events
from textual.app import App
from textual.binding import Binding
from textual.screen import Screen
from textual.signal import Signal
from textual.widget import Widget

ALWAYS = ("help", "palette", "quit")
NEEDED = ("help", "quit")
GAP = 2


class KeyLine(Widget):
    """What is not shown here is in the help and in the palette. A click presses the key."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES = {"key-line--key"}  # noqa: RUF012  Textual declares it so
    DEFAULT_CSS = """
    KeyLine { dock: bottom; height: 1; color: $footer-description-foreground; background: $footer-background; }
    KeyLine > .key-line--key { color: $footer-key-foreground; text-style: bold; }
    """

    def on_mount(self) -> None:
        """Follow what can be done at present."""
        changes = cast("Signal[Any]", self._screen.bindings_updated_signal)  # pyright: ignore[reportUnknownMemberType]
        changes.subscribe(self, self._changed)

    def _changed(self, screen: Screen[Any]) -> None:
        self.refresh()

    @property
    def _screen(self) -> Screen[Any]:
        return cast("Screen[Any]", self.screen)  # pyright: ignore[reportUnknownMemberType]  generic in the library

    @property
    def _app(self) -> App[Any]:
        return cast("App[Any]", self.app)  # pyright: ignore[reportUnknownMemberType]  generic in the library

    def render(self) -> Text:
        """The keys in one line."""
        style = Style(bold=True) + self.get_component_rich_style("key-line--key", partial=True)
        text = Text(" ", no_wrap=True, overflow="crop")
        for place, (binding, key) in enumerate(self._fitting()):
            text.append(" " * GAP if place else "")
            text.append(key, style)
            text.append(f" {binding.description}")
        return text

    def on_click(self, event: events.Click) -> None:
        """Press the key under the pointer."""
        at = 1
        for binding, key in self._fitting():
            wide = _width(binding, key)
            if at <= event.x < at + wide:
                self._app.simulate_key(binding.key)
                return
            at += wide + GAP

    def _fitting(self) -> list[tuple[Binding, str]]:
        """The page's own as far as there is room, then those of ALWAYS; with too little room only NEEDED of them."""
        active = self._screen.active_bindings.values()
        shown = {one.binding.action: one.binding for one in active if one.binding.show and one.enabled}
        keys = [(binding, self._app.get_key_display(binding)) for binding in shown.values()]
        last = [one for one in keys if one[0].id in ALWAYS]
        own = [one for one in keys if one[0].id not in ALWAYS]
        if _total([*own, *last]) > self.size.width:
            last = [one for one in last if one[0].id in NEEDED]
        while own and _total([*own, *last]) > self.size.width:
            own.pop()
        return [*own, *last]


def _width(binding: Binding, key: str) -> int:
    return cell_len(key) + 1 + cell_len(binding.description)


def _total(keys: list[tuple[Binding, str]]) -> int:
    return 1 + sum(_width(*one) + GAP for one in keys) - GAP
