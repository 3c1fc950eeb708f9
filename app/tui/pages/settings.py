"""Settings and help: how the dashboard looks, what can be set where, which keys there are."""

from typing import Any, ClassVar, cast

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widget import Widget
from textual.widgets import Label, Select, Static

from app.tui import say
from app.tui.live import LiveData, Part
from app.tui.page import Page
from app.tui.preferences import DENSITIES, NOTICES
from app.tui.themes import THEMES
from app.tui.widgets.steady_text import SteadyText

NOTICE_WORDS = {"off": "not at all", "bell": "ring the bell", "desktop": "desktop notification"}


class SettingsPage(Page):
    """Choices to the left, facts to the right."""

    NAME = "settings"
    TITLE = "Settings"
    SHORT = "Set"
    PARTS: ClassVar[frozenset[Part]] = frozenset({"status"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "theme", "Theme", tooltip="The next of Barnacle's themes", id="settings.theme"),
        Binding("v", "density", "Density", tooltip="With frames or without", id="settings.density"),
    ]

    def compose(self) -> ComposeResult:
        """Two columns."""
        chosen = self.dashboard.preferences
        themes = sorted(self.dashboard.available_themes, key=lambda name: (not name.startswith("barnacle"), name))
        with Horizontal():
            with Vertical(id="choices") as box:
                box.border_title = "Looks"
                yield Label("Theme")
                yield Select([(name, name) for name in themes], value=chosen.theme, allow_blank=False, id="theme")
                yield Label("Density")
                yield Select([(n, n) for n in DENSITIES], value=chosen.density, allow_blank=False, id="density")
                yield Label("A question while you look elsewhere")
                words = [(NOTICE_WORDS[name], name) for name in NOTICES]
                yield Select(words, value=chosen.notify, allow_blank=False, id="notify")
                yield Static(
                    Text("Choices are kept for the next time. NO_COLOR=1 does without colours.", "dim"), id="kept"
                )
            with VerticalScroll(id="facts") as box:
                box.border_title = "Where things are"
                yield SteadyText(id="facts-text")

    def first_focus(self) -> Widget:
        """The first choice."""
        return self.query_one("#theme")

    def show_live(self, live: LiveData, new: set[Part]) -> None:
        """The facts change when the host does."""
        text = Text()
        for name, value in (*self.dashboard.facts, *_facts(live)):
            text.append(f"{name:<11}", "dim")
            text.append(say.plain(value) + "\n")
        text.append("\n? shows every key. For [dashboard] keys in config.toml they are called:\n")
        for page in self.dashboard.pages:
            names = [binding.id for binding in page.BINDINGS if isinstance(binding, Binding) and binding.id]
            text.append("  " + " ".join(names) + "\n", "dim")
        self.query_one("#facts-text", SteadyText).update(text)

    @on(Select.Changed)
    def _chosen(self, event: Select.Changed) -> None:
        name, value = str(event.select.id), str(cast("Select[str]", event.select).value)
        if getattr(self.dashboard.preferences, name) != value:
            self.dashboard.prefer(**{name: value})

    def action_theme(self) -> None:
        """The next of Barnacle's own themes."""
        names = [theme.name for theme in THEMES]
        now = self.dashboard.preferences.theme
        self._choose("theme", names[(names.index(now) + 1) % len(names)] if now in names else names[0])

    def action_density(self) -> None:
        """The other density."""
        self._choose("density", DENSITIES[1 - DENSITIES.index(self.dashboard.preferences.density)])

    def _choose(self, name: str, value: str) -> None:
        cast("Select[str]", self.query_one(f"#{name}", Select)).value = value


def _facts(live: LiveData) -> list[tuple[str, Any]]:
    host, device = live.host, live.device
    health = live.health
    return [
        ("host", f"version {host.get('version', '–')}, zone {host.get('zone', '–')}"),
        ("box", f"{device.get('id', '–')}, version {health.get('version', '–')}, {health.get('board', '–')}"),
    ]
