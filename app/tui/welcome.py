"""The first start: what the box is, and which language model answers. Everything in it can be changed later."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, cast

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Select, Static

from app.errors import ProblemError
from app.host.model_presets import PRESETS, Preset
from app.tui import say

LATER = "later"
BOXES = (
    ("a simulated box, on this machine", "simulator"),
    ("no box: the desktop host", "desktop"),
    ("a real board on the desk", "board"),
)
BOX_HINTS: Mapping[str, str] = {
    "simulator": "The box's own program runs here as a process, with its round screen. Nothing else is needed.",
    "desktop": "The same assistant without a screen: nothing to build, and NanoClaw's database opens as it is.",
    "board": "Not ready yet: there is no firmware image to flash, and nothing has run on a board so far "
    "(docs/hardware.md). Chosen now, no box starts here: whatever is at the desk has to connect by itself.",
}
LATER_HINT = "The offline assistant answers: it schedules, takes notes and says that it has no model."


@dataclass(frozen=True)
class Setup:
    """What was chosen. `preset` is a name of PRESETS, "" for no model; `model` "" is the preset's own; `key` the value
    of the credential that it needs, "" for none or one that is stored already."""

    box: str
    preset: str = ""
    model: str = ""
    key: str = ""

    def __repr__(self) -> str:
        return f"Setup(box={self.box!r}, preset={self.preset!r}, model={self.model!r}, key={'…' if self.key else ''!r})"


class Welcome(ModalScreen[Setup | None]):
    """Dismisses with what was carried out, or None. `apply` does it, and raises ProblemError for what stands in the
    way: that is shown, and the dialog stays. With `secrets` False no key is asked for."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "begin", "Begin", tooltip="Do as chosen and start"),
        Binding("escape", "dismiss(None)", "Later", tooltip="Change nothing"),
    ]

    def __init__(self, box: str, apply: Callable[[Setup], Awaitable[None]], *, secrets: bool = True) -> None:
        super().__init__()
        self._box = box
        self._apply = apply
        self._secrets = secrets
        self._busy = False

    def compose(self) -> ComposeResult:
        """Two choices, each with what it means; the key only where one is needed."""
        models = [("later", LATER), *((preset.what, kind) for kind, preset in PRESETS.items())]
        with VerticalScroll(id="welcome") as box:
            box.border_title = "Welcome to Barnacle"
            box.border_subtitle = "Ctrl+S begins · Escape: not now"
            yield Label("The box: it keeps groups and schedules")
            yield Select(BOXES, value=self._box, allow_blank=False, id="box")
            yield Static(id="box-hint", classes="hint")
            yield Label("The language model")
            yield Select(models, value=LATER, allow_blank=False, id="preset")
            yield Static(id="preset-hint", classes="hint")
            with Vertical(id="model-fields"):
                yield Label("Its name at that server")
                yield Input(id="model", max_length=100)
                with Vertical(id="key-field"):
                    yield Label("Its key, for this system's keyring; never shown")
                    yield Input(id="key", password=True, max_length=2000, placeholder="empty: stored already, or later")
            yield Static(id="welcome-error", classes="error")
            with Horizontal(classes="buttons"):
                yield Button("Not now", id="later")
                yield Button("Begin", id="begin", variant="primary")

    def on_mount(self) -> None:
        """Begin at the box."""
        self._explain()
        self.query_one("#box").focus()

    @on(Select.Changed)
    def _chosen(self) -> None:
        self._explain()

    @on(Input.Changed)
    def _typed(self) -> None:
        self._error("")

    @on(Input.Submitted)
    def _entered(self) -> None:
        self.action_begin()

    @on(Button.Pressed, "#later")
    def _later_pressed(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#begin")
    def _begin_pressed(self) -> None:
        self.action_begin()

    def action_begin(self) -> None:
        """Carry out what is chosen, unless that is under way."""
        if not self._busy:
            self._busy = True
            self._error("one moment …")
            self.run_worker(self._begin(), name="set up", group="setup")

    async def _begin(self) -> None:
        setup = self._setup()
        try:
            await self._apply(setup)
        except ProblemError as error:
            self._error("; ".join(part for part in (error.message, error.remedy) if part))
            if setup.key:
                self.query_one("#key", Input).focus()
            return
        finally:
            self._busy = False
        self.dismiss(Setup(setup.box, setup.preset, setup.model))

    def _setup(self) -> Setup:
        preset = self._preset()
        if preset is None:
            return Setup(self._choice("box"))
        key = self.query_one("#key", Input).value.strip() if self._asks_key(preset) else ""
        return Setup(self._choice("box"), self._choice("preset"), self.query_one("#model", Input).value.strip(), key)

    def _explain(self) -> None:
        preset = self._preset()
        self._error("")
        self.query_one("#box-hint", Static).update(Text(BOX_HINTS[self._choice("box")]))
        self.query_one("#preset-hint", Static).update(Text(self._about(preset)))
        self.query_one("#model-fields").display = preset is not None
        self.query_one("#key-field").display = preset is not None and self._asks_key(preset)
        if preset is not None:
            self.query_one("#model", Input).placeholder = preset.setting("model")

    def _about(self, preset: Preset | None) -> str:
        if preset is None:
            return LATER_HINT
        if preset.needs and not self._secrets:
            return f"Store its key in a terminal: barnacle secret set {preset.needs}"
        if preset.needs:
            return f"It costs money at its provider. {preset.needs} is sent to {preset.setting('url')} only."
        return f"{preset.setting('url')}; {preset.note}"

    def _asks_key(self, preset: Preset) -> bool:
        return bool(preset.needs) and self._secrets

    def _preset(self) -> Preset | None:
        return PRESETS.get(self._choice("preset"))

    def _choice(self, name: str) -> str:
        return str(cast("Select[str]", self.query_one(f"#{name}", Select)).value)

    def _error(self, text: str) -> None:
        shown = self.query_one("#welcome-error", Static)
        shown.update(Text(say.plain(text)))
        shown.display = bool(text)
