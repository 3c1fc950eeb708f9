"""The editor of a task: every field, the next runs as one types, and what is wrong where it is wrong."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, cast

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Select, Static, TextArea

from app.cli.times import Times
from app.errors import ProblemError
from app.host.box_time import BoxZone
from app.host.device_core import PROMPT_BYTES
from app.tui import say, when

KINDS = (("cron: by the calendar", "cron"), ("interval: every so long", "interval"), ("once", "once"))
CONTEXTS = (("on its own", "isolated"), ("with the group's conversation", "group"))
MISSED = (("run once, late", "once"), ("skip it", "skip"))
EXAMPLES = {"cron": "30 8 * * 1-5", "interval": "45m", "once": "2026-11-24 17:00"}


class TaskEditor(ModalScreen[dict[str, Any] | None]):
    """Dismisses with the fields of task.add or task.edit, or None. `task` is what is edited; without an id it is new.

    `groups`: (name, folder). `zone` is the box's: all times are read and shown in it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Save", tooltip="Save the task"),
        Binding("escape", "dismiss(None)", "Cancel", tooltip="Leave without saving"),
    ]

    def __init__(self, task: Mapping[str, Any], groups: Sequence[tuple[str, str]], zone: str) -> None:
        super().__init__()
        self._edited = {**task, "prompt": say.plain_lines(task.get("prompt", ""))}  # a field draws what it holds
        self._groups = [(Text(say.plain(name)), folder) for name, folder in groups]
        self._zone_name = zone
        self._zone = BoxZone(zone)
        self._times = Times(zone)

    def compose(self) -> ComposeResult:
        """Fields with their errors below them, the preview, the buttons."""
        task = self._edited
        with VerticalScroll(id="editor") as box:
            box.border_title = "Edit task" if "id" in task else "New task"
            box.border_subtitle = "Ctrl+S saves · Escape cancels"
            yield Label("Group")
            yield Select(self._groups, value=self._known_group(), allow_blank=False, id="group", disabled="id" in task)
            yield Label("What the assistant is asked")
            yield TextArea(task.get("prompt", ""), id="prompt", tab_behavior="focus")
            yield Static(id="prompt-error", classes="error")
            yield Label("When, in plain words")
            yield Input(placeholder="weekdays at 8:30 · every 2 hours · tomorrow at 17:00", id="words")
            yield Static(id="words-error", classes="error")
            with Horizontal(classes="row"):
                with Vertical():
                    yield Label("Kind")
                    yield Select(KINDS, value=task.get("kind", "cron"), allow_blank=False, id="kind")
                with Vertical():
                    yield Label(f"Value ({say.plain(self._zone_name)})", id="value-label")
                    yield Input(when.shown(task.get("kind", ""), task.get("value", ""), self._times), id="value")
            yield Static(id="value-error", classes="error")
            yield Static(id="preview")
            with Horizontal(classes="row"):
                with Vertical():
                    yield Label("Runs")
                    yield Select(CONTEXTS, value=task.get("context", "isolated"), allow_blank=False, id="context")
                with Vertical():
                    yield Label("If it was missed")
                    yield Select(MISSED, value=task.get("missed", "once"), allow_blank=False, id="missed")
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Save", id="save", variant="primary")

    def on_mount(self) -> None:
        """Begin where there is most to say."""
        self.query_one("#prompt", TextArea).focus()
        self._look()

    @on(Input.Changed, "#words")
    def _words_typed(self, event: Input.Changed) -> None:
        if not event.value.strip():
            self._error("words", "")
            return
        try:
            kind, value = when.read(event.value, self._zone, say.now_ms())
        except ProblemError as error:
            self._error("words", f"{error.message}; {error.remedy}")
            return
        self._error("words", "")
        with self.prevent(Select.Changed):
            cast("Select[str]", self.query_one("#kind", Select)).value = kind
        self.query_one("#value", Input).value = when.shown(kind, value, self._times)
        self._look()

    @on(Input.Changed, "#value")
    @on(Select.Changed, "#kind")
    def _schedule_changed(self) -> None:
        self._look()

    @on(TextArea.Changed, "#prompt")
    def _prompt_typed(self) -> None:
        self._error("prompt", "")

    @on(Button.Pressed, "#save")
    def _save_pressed(self) -> None:
        self.action_save()

    @on(Button.Pressed, "#cancel")
    def _cancel_pressed(self) -> None:
        self.dismiss(None)

    def action_save(self) -> None:
        """Hand the fields over when nothing is wrong with them; else go where it is."""
        prompt = self.query_one("#prompt", TextArea).text.strip()
        wrong = self._wrong_prompt(prompt)
        if wrong:
            self._error("prompt", wrong)
            self.query_one("#prompt", TextArea).focus()
            return
        schedule = self._look()
        if schedule is None:
            value = self.query_one("#value", Input)
            if not value.value.strip():
                self._error("value", "say when: in plain words above, or here")
            value.focus()
            return
        fields = {"prompt": prompt, **{name: self._choice(name) for name in ("context", "missed")}}
        if "id" in self._edited:
            self.dismiss({"id": self._edited["id"], **self._changes(fields | schedule)})
        else:
            self.dismiss({"folder": self._choice("group"), **fields, **schedule})

    def _changes(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Only what differs: an unchanged schedule keeps its next run."""
        changed = {name: value for name, value in fields.items() if self._edited.get(name) != value}
        if "kind" in changed or "value" in changed:
            changed |= {name: fields[name] for name in ("kind", "value")}
        return changed

    def _look(self) -> dict[str, str] | None:
        """Show what the schedule means; kind and value, or None when it means nothing."""
        kind, typed = self._choice("kind"), self.query_one("#value", Input).value
        self.query_one("#value", Input).placeholder = EXAMPLES[kind]
        shown = self.query_one("#preview", Static)
        if not typed.strip():
            shown.update("")
            self._error("value", "")
            return None
        try:
            value = when.stored(kind, typed)
            found = when.preview(kind, value, self._zone, say.now_ms())
        except ProblemError as error:
            shown.update("")
            self._error("value", "; ".join(part for part in (error.message, error.remedy) if part))
            return None
        self._error("value", "")
        shown.update(self._runs(found))
        return {"kind": kind, "value": value}

    def _runs(self, found: when.Preview) -> Text:
        text = Text()
        text.append(say.plain(found.words), "bold")
        now = say.now_ms()
        for ms, note in found.runs:
            text.append(f"\n  {self._times.full(ms)}  ", "")
            text.append(say.until(ms, now), "dim")
            if note:
                text.append(f"  ⚠ {note}", "yellow")
        return text

    def _wrong_prompt(self, prompt: str) -> str:
        if not prompt:
            return "say what the assistant shall do"
        over = len(prompt.encode()) - PROMPT_BYTES
        return f"{over} bytes too long: shorten it" if over > 0 else ""

    def _choice(self, name: str) -> str:
        select = cast("Select[str]", self.query_one(f"#{name}", Select))
        return str(select.value)

    def _known_group(self) -> str:
        folders = [folder for _, folder in self._groups]
        wanted = str(self._edited.get("folder", "main"))
        return wanted if wanted in folders else folders[0]

    def _error(self, field: str, text: str) -> None:
        shown = self.query_one(f"#{field}-error", Static)
        shown.update(Text(text))
        shown.display = bool(text)
