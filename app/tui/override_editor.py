"""A new exception to the egress rules: one host, for a while, for a reason."""

from collections.abc import Sequence
from typing import Any, ClassVar, cast

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Input, Label, Select

from app.tui import say
from app.tui.form import FieldError, Form, Save
from broker import egress_core

MOST_MINUTES = 24 * 60
PORTS = 65535
EVERY = ""


class OverrideEditor(Form):
    """`save(args)` gets the arguments of override.add. `groups`: (name, folder)."""

    REFUSED_AT: ClassVar[str] = "host"

    def __init__(self, save: Save, groups: Sequence[tuple[str, str]]) -> None:
        super().__init__(save)
        self._groups = [(Text("every group"), EVERY), *((Text(say.plain(name)), folder) for name, folder in groups)]

    def compose(self) -> ComposeResult:
        """Fields with their errors, the buttons."""
        with VerticalScroll(id="form") as box:
            box.border_title, box.border_subtitle = "New exception", "Ctrl+S saves · Escape cancels"
            yield Label("Host that is opened, whatever the rules say")
            yield Input(placeholder="api.example", id="host")
            yield self.error("host")
            with Horizontal(classes="row"):
                with Vertical():
                    yield Label("Port")
                    yield Input(placeholder="every", id="port")
                    yield self.error("port")
                with Vertical():
                    yield Label("Minutes")
                    yield Input("60", id="minutes")
                    yield self.error("minutes")
                with Vertical():
                    yield Label("For")
                    yield Select(self._groups, value=EVERY, allow_blank=False, id="group")
            yield Label("What it is for (the audit keeps it)")
            yield Input(id="reason")
            yield self.error("reason")
            yield from self.buttons()

    def read(self) -> dict[str, Any]:
        """{"host", "minutes", "reason", "port"?, "group"?}."""
        wish: dict[str, Any] = {"host": self._host(), "minutes": self._number("minutes", MOST_MINUTES)}
        if self.text("port"):
            wish["port"] = self._number("port", PORTS)
        wish["reason"] = self.text("reason")
        if not wish["reason"]:
            raise FieldError("reason", "say what it is for")
        group = str(cast("Select[str]", self.query_one("#group", Select)).value)
        return wish | ({"group": group} if group else {})

    def _host(self) -> str:
        host = self.text("host")
        if not host:
            raise FieldError("host", "name the host")
        if "/" in host:
            raise FieldError("host", "only the host: neither https:// nor a path")
        try:
            target = egress_core.parse_url(f"https://[{host}]" if host.count(":") > 1 else f"https://{host}")
        except egress_core.TargetError as error:
            raise FieldError("host", f"{error}; {error.remedy}") from None
        if target.authority != target.host.join(("[", "]") if ":" in target.host else ("", "")):
            raise FieldError("host", "only the host: the port has its own field")
        return host

    def _number(self, field: str, most: int) -> int:
        text = self.text(field)
        if not text.isdigit() or not 1 <= int(text) <= most:
            raise FieldError(field, f"a number from 1 to {most}")
        return int(text)
