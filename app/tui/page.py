"""What every tab of the dashboard is: a page that is drawn while it is in front, and only then."""

from typing import TYPE_CHECKING, ClassVar, cast

from textual.containers import Vertical
from textual.widget import Widget

from app.tui.live import LiveData, Part

if TYPE_CHECKING:
    from app.tui.app import Dashboard


class Page(Vertical):
    """One tab. A subclass names itself, says which parts of the live data it draws, and has BINDINGS with ids
    ("schedules.pause") and tooltips: footer, palette, help and key map are made from them."""

    NAME: ClassVar[str] = ""
    """Id of the tab, and the prefix of its bindings' ids."""
    TITLE: ClassVar[str] = ""
    SHORT: ClassVar[str] = ""
    """The title where there is little room."""
    PARTS: ClassVar[frozenset[Part]] = frozenset()
    """Parts of the live data whose change makes a drawing due."""

    def __init__(self) -> None:
        super().__init__(id=self.NAME)

    @property
    def dashboard(self) -> "Dashboard":
        """The application, with its type."""
        return cast("Dashboard", super().app)  # pyright: ignore[reportUnknownMemberType]  generic in the library

    @property
    def live(self) -> LiveData:
        """The data."""
        return self.dashboard.live

    @property
    def in_view(self) -> bool:
        """True while this page is in front and nothing covers it: a timer of a page draws only then."""
        dashboard = self.dashboard
        return self.is_mounted and dashboard.page is self and len(dashboard.screen_stack) == 1

    def show_live(self, live: LiveData, new: set[Part]) -> None:
        """Draw; `new` are the parts that differ from what this page drew last. Called only while it is in front, at
        most four times a second, and once more every ten seconds for relative times (then `new` is all of PARTS)."""

    def opened(self) -> None:
        """The page has come to the front: load what it alone needs."""

    def first_focus(self) -> Widget:
        """Where the keyboard goes when the page is opened."""
        return self
