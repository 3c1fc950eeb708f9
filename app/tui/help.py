"""`?`: every key by page, made from the same bindings as footer and palette."""

from typing import TYPE_CHECKING, ClassVar

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from app.tui.palette import Known, known_actions

if TYPE_CHECKING:
    from app.tui.app import Dashboard

KEYS_WIDTH = 10
LABEL_WIDTH = 14


class Help(ModalScreen[None]):
    """Scrolls; Escape, `?` and q close it. The page in front comes first."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,q", "dismiss", "Close")]

    def __init__(self, dashboard: "Dashboard") -> None:
        super().__init__()
        self._known = known_actions(dashboard)
        self._front = dashboard.page.NAME

    def compose(self) -> ComposeResult:
        """One scrolling text."""
        with VerticalScroll(id="help") as box:
            box.border_title = "Keys"
            box.border_subtitle = "Escape closes"
            yield Static(self._text())

    def on_mount(self) -> None:
        """The arrow keys scroll at once."""
        self.query_one("#help").focus()

    def _text(self) -> Group:
        parts: list[Text | Table] = []
        for title, known in self._by_page():
            rows = Table.grid(padding=(0, 2))
            rows.add_column(width=KEYS_WIDTH, style="bold")
            rows.add_column(width=LABEL_WIDTH)
            rows.add_column(style="dim")
            for one in known:
                rows.add_row(Text(one.keys), Text(one.label), Text(one.help))
            parts += [Text(title, "bold underline"), rows, Text("")]
        return Group(*parts)

    def _by_page(self) -> list[tuple[str, list[Known]]]:
        pages: dict[str, list[Known]] = {}
        for one in self._known:
            pages.setdefault(one.page, []).append(one)
        order = sorted(pages, key=lambda page: (page != self._front, page != ""))
        return [(pages[page][0].page_title, pages[page]) for page in order]
