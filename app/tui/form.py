"""What dialogs that save by asking the host have in common: errors at the fields, and staying open on a refusal."""

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import ModalScreen
from textual.widgets import Button, Checkbox, Input, Static

from app.errors import ProblemError
from app.tui import say

Save = Callable[[dict[str, Any]], Awaitable[object]]


class FieldError(Exception):
    """`field` holds something that cannot be used; `str` says what is wrong and what to do."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


class Tick(Checkbox):
    """A checkbox that differs by more than its colour."""

    BUTTON_INNER = " "

    def watch_value(self) -> None:
        """Another sign for another value."""
        self.BUTTON_INNER = "✓" if self.value else " "  # pyright: ignore[reportConstantRedefinition]
        super().watch_value()


class Form(ModalScreen[bool]):
    """A subclass yields fields, an `error(field)` below each, and `buttons()`; `read()` gives what is saved or raises
    FieldError. Dismisses with True when `save` took it; what it refuses is shown at the field `REFUSED_AT`."""

    REFUSED_AT: ClassVar[str] = ""
    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Save", tooltip="Save"),
        Binding("escape", "dismiss(False)", "Cancel", tooltip="Leave without saving"),
    ]

    def __init__(self, save: Save) -> None:
        super().__init__()
        self._save = save

    def read(self) -> dict[str, Any]:
        """What the fields say. Raises FieldError."""
        raise NotImplementedError

    def error(self, field: str) -> Static:
        """The place where it is said what is wrong with a field."""
        return Static(id=f"{field}-error", classes="error")

    def buttons(self) -> ComposeResult:
        """Cancel and Save."""
        with Horizontal(classes="buttons"):
            yield Button("Cancel", id="cancel")
            yield Button("Save", id="save", variant="primary")

    def text(self, field: str) -> str:
        """What stands in an Input."""
        return self.query_one(f"#{field}", Input).value.strip()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._show(str(event.input.id), "")

    @on(Button.Pressed, "#save")
    @on(Input.Submitted)
    def _save_asked(self) -> None:
        self.action_save()

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(False)

    def action_save(self) -> None:
        """Hand over what is there when nothing is wrong with it; else go where it is."""
        try:
            wish = self.read()
        except FieldError as error:
            self._show(error.field, str(error))
            self.query_one(f"#{error.field}").focus()
            return
        self._ask(wish)

    @work(exclusive=True)
    async def _ask(self, wish: dict[str, Any]) -> None:
        try:
            await self._save(wish)
        except ProblemError as error:
            self._show(self.REFUSED_AT, "; ".join(part for part in (error.message, error.remedy) if part))
            return
        self.dismiss(True)

    def _show(self, field: str, text: str) -> None:
        for shown in self.query(f"#{field}-error").results(Static):
            shown.update(Text(say.plain(text)))
            shown.display = bool(text)
