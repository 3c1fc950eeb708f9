"""Audit: what was decided, by which rule, as it happens."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.widget import Widget

from app.tui.live import LiveData, Part
from app.tui.page import Page
from app.tui.widgets.audit_panel import AuditPanel


class AuditPage(Page):
    """The live tail."""

    NAME = "audit"
    TITLE = "Audit"
    SHORT = "Aud"
    PARTS: ClassVar[frozenset[Part]] = frozenset({"audit"})

    def compose(self) -> ComposeResult:
        """The log."""
        yield AuditPanel()

    def first_focus(self) -> Widget:
        """The log scrolls."""
        return self.query_one(AuditPanel)

    def show_live(self, live: LiveData, new: set[Part]) -> None:
        """Append what is new."""
        self.query_one(AuditPanel).show_live(live)
