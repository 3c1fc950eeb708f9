"""A new egress rule: what it is about as one would type it, and what it is limited to."""

from collections.abc import Sequence
from typing import Any, ClassVar, cast

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Checkbox, Input, Label, Select, Static

from app.cli.rule_words import free_name, made, narrowed, whom
from app.errors import UsageError
from app.tui import say
from app.tui.form import FieldError, Form, Save, Tick
from broker.egress_core import METHODS

EFFECTS = (("allow it", "allow"), ("ask me each time", "ask"), ("deny it", "deny"))
AT_THE_END = ""


class RuleEditor(Form):
    """`save(args)` gets the arguments of policy.add. `names`: the rules there are, in order; `groups`: folders."""

    REFUSED_AT: ClassVar[str] = "what"

    def __init__(self, save: Save, names: Sequence[str], groups: Sequence[str]) -> None:
        super().__init__(save)
        self._names = list(names)
        self._groups = list(groups)

    def compose(self) -> ComposeResult:
        """Fields with their errors, the rule in words, the buttons."""
        with VerticalScroll(id="form") as box:
            box.border_title, box.border_subtitle = "New rule", "Ctrl+S saves · Escape cancels"
            yield Label("What it is about")
            yield Input(placeholder="https://api.example/v1 · api.example · 192.168.1.0/24", id="what")
            yield self.error("what")
            with Horizontal(classes="row"):
                with Vertical():
                    yield Label("A request there")
                    yield Select(EFFECTS, value="allow", allow_blank=False, id="effect")
                with Vertical():
                    yield Label("Comes before")
                    ends = [*((Text(say.plain(name)), name) for name in self._names), (Text("the end"), AT_THE_END)]
                    yield Select(ends, value=AT_THE_END, allow_blank=False, id="before")
            with Horizontal(classes="row"):
                yield Tick("everything below it too", id="subdomains", compact=True)
                yield Tick("may be on the local network", id="private", compact=True)
            with Horizontal(classes="row"):
                with Vertical():
                    yield Label("Only for methods")
                    yield Input(placeholder="all, or GET POST", id="methods")
                    yield self.error("methods")
                with Vertical():
                    yield Label("Only for groups")
                    yield Input(placeholder="all, or " + say.plain(" ".join(self._groups[:2])), id="groups-only")
                    yield self.error("groups-only")
            with Horizontal(classes="row"):
                with Vertical():
                    yield Label("Its name")
                    yield Input(placeholder="made from the host", id="rule-name")
                    yield self.error("rule-name")
                with Vertical():
                    yield Label("Note")
                    yield Input(id="note")
            yield Static(id="preview")
            yield from self.buttons()

    @on(Input.Changed)
    @on(Select.Changed)
    @on(Checkbox.Changed)
    def _preview(self) -> None:
        try:
            rule = self.read()["rule"]
        except FieldError:
            self.query_one("#preview", Static).update("")
            return
        text = Text(f"{rule['effect']} {whom(rule)}", "bold")
        text.append(f" {narrowed(rule)}")
        text.append(f"  (rule {rule['name']})", "dim")
        self.query_one("#preview", Static).update(text)

    def read(self) -> dict[str, Any]:
        """{"rule", "before"?}."""
        what, effect = self.text("what"), self._choice("effect")
        if not what:
            raise FieldError("what", "say what it is about: a URL, a host or a network")
        try:
            rule, _ = made(what, effect, self._checked("subdomains"))
        except UsageError as error:
            raise FieldError("what", f"{error.message}; {error.remedy}") from None
        rule["name"] = self.text("rule-name") or free_name(rule, set(self._names))
        if rule["name"] in self._names:
            raise FieldError("rule-name", "there is a rule of that name; choose another")
        rule |= {"methods": methods} if (methods := self._methods()) else {}
        rule |= {"groups": groups} if (groups := self._folders()) else {}
        if self._checked("private") and effect != "deny":
            if "host" not in rule:
                raise FieldError("what", "only one exact host may be on the local network")
            rule["private"] = True
        if self.text("note"):
            rule["note"] = self.text("note")
        before = self._choice("before")
        return {"rule": rule} | ({"before": before} if before else {})

    def _methods(self) -> list[str]:
        wanted = self.text("methods").upper().replace(",", " ").split()
        for method in wanted:
            if method not in METHODS:
                raise FieldError("methods", f"{method} is no method; known are {' '.join(METHODS)}")
        return wanted

    def _folders(self) -> list[str]:
        wanted = self.text("groups-only").replace(",", " ").split()
        for folder in wanted:
            if folder not in self._groups:
                raise FieldError("groups-only", f"there is no group {folder}; there are {' '.join(self._groups)}")
        return wanted

    def _choice(self, field: str) -> str:
        return str(cast("Select[str]", self.query_one(f"#{field}", Select)).value)

    def _checked(self, field: str) -> bool:
        return self.query_one(f"#{field}", Checkbox).value
