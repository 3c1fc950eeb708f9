"""Policy and secrets: rules and exceptions, what would happen to a URL, which credentials are kept, and how all is."""

import time
from typing import Any, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widget import Widget

from app.errors import ProblemError
from app.tui import limits, say
from app.tui.confirm import Confirm
from app.tui.live import LiveData, Part
from app.tui.override_editor import OverrideEditor
from app.tui.page import Page
from app.tui.rule_editor import RuleEditor
from app.tui.widgets.keeping_panel import GOOD, KeepingPanel
from app.tui.widgets.line_table import LineTable
from app.tui.widgets.overrides_table import OverridesTable, opened
from app.tui.widgets.rules_table import RulesTable
from app.tui.widgets.secrets_table import SecretsTable
from app.tui.widgets.steady_text import SteadyText
from app.tui.widgets.url_tester import UrlTester

ASKED = ("policy", "overrides", "models", "spend", "broker")
LOAD_EVERY_S = 2.0
LOAD_AGAIN_S = 15.0


class PolicyPage(Page):
    """Rules and the tester to the left; exceptions, secrets and states to the right; what is badly wrong on top."""

    NAME = "policy"
    TITLE = "Policy"
    SHORT = "Pol"
    PARTS: ClassVar[frozenset[Part]] = frozenset({"status", "overrides"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", "New rule", tooltip="Add a rule", id="policy.new"),
        Binding(
            "d", "remove", "Remove", tooltip="Take the selected rule out, or end the exception", id="policy.remove"
        ),
        Binding("u", "undo", "Undo", tooltip="Put the rule that was removed last back", id="policy.undo"),
        Binding("e", "override", "Exception", tooltip="Open a host for a while", id="policy.exception"),
        Binding("t", "try", "Try a URL", tooltip="What would happen to a request", id="policy.try"),
        Binding("escape", "leave", "Back", show=False, tooltip="Back to the rules", id="policy.back"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._facts: dict[str, Any] = {}
        self._loaded_at = 0.0
        self._load_due = False
        self._undo: list[dict[str, Any]] = []

    def compose(self) -> ComposeResult:
        """Two columns below the banner; on a narrow terminal one above the other."""
        yield SteadyText(id="policy-alarm")
        with Horizontal():
            with Vertical(id="policy-left"):
                yield RulesTable()
                yield UrlTester()
            with VerticalScroll(id="policy-right", can_focus=False):
                yield OverridesTable()
                yield SecretsTable()
                yield KeepingPanel(id="keeping")

    def on_mount(self) -> None:
        """What is left of an exception goes down by itself."""
        self.query_one("#policy-alarm").display = False
        self.set_interval(1.0, self._tick)

    def opened(self) -> None:
        """Ask for everything."""
        self._load()

    def first_focus(self) -> Widget:
        """The rules."""
        return self.query_one(RulesTable)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Undo is offered when there is something to undo."""
        return action != "undo" or bool(self._undo)

    def show_live(self, live: LiveData, new: set[Part]) -> None:
        """Draw what is known, and ask again when something may have changed."""
        self._draw()
        if not self._load_due and live.connected:
            self._load_due = True
            self.set_timer(max(0.01, self._loaded_at + LOAD_EVERY_S - time.monotonic()), self._load)

    def _tick(self) -> None:
        if not self.in_view:
            return
        self.query_one(OverridesTable).show_overrides(self._facts.get("overrides") or [])
        if time.monotonic() - self._loaded_at > LOAD_AGAIN_S and self.live.connected:
            self._load()

    @work(group="policy", exclusive=True)
    async def _load(self) -> None:
        self._load_due, self._loaded_at = False, time.monotonic()
        version = self._policy.get("version")
        for name in ASKED:
            try:
                self._facts[name] = await self.dashboard.request(name)
            except ProblemError as error:
                if name in ("policy", "broker"):
                    self._facts[name] = None
                    self._facts["trouble"] = f"{error.message}; {error.remedy}" if error.remedy else error.message
            else:
                if name == "broker":
                    self._facts.pop("trouble", None)
        if self.is_attached:
            self._draw()
            if version != self._policy.get("version"):
                self.query_one(UrlTester).again()

    @property
    def _policy(self) -> dict[str, Any]:
        """The policy in force: the broker's word, else what the host was told last."""
        broker: dict[str, Any] = self._facts.get("broker") or {}
        policy: dict[str, Any] = self._facts.get("policy") or {}
        return broker.get("policy") or policy.get("broker") or {}

    def _draw(self) -> None:
        broker: dict[str, Any] | None = self._facts.get("broker")
        self.query_one(RulesTable).show_policy(self._policy or None)
        self.query_one(OverridesTable).show_overrides(self._facts.get("overrides") or [])
        self.query_one(SecretsTable).show_credentials(None if broker is None else broker.get("credentials") or [])
        self.query_one(KeepingPanel).show_facts(self._facts)
        alarm = self.query_one("#policy-alarm", SteadyText)
        words = self._alarm()
        alarm.display = bool(words)
        alarm.update(Text(say.plain(words)))

    def _alarm(self) -> str:
        """What stops everything, in one sentence."""
        if not self._facts:
            return ""
        broker: dict[str, Any] | None = self._facts.get("broker")
        if broker is None:
            return f"✕ {self._facts.get('trouble') or 'the credential broker does not answer'}"
        audit: dict[str, Any] = broker.get("audit") or {}
        if audit.get("state") not in GOOD:
            return f"✕ Nothing goes out: the audit log is {audit.get('state')}: {audit.get('message') or ''}"
        if self._policy.get("problem"):
            return f"✕ Everything is denied: {self._policy['problem']}"
        return ""

    # --- the tester ---

    def action_try(self) -> None:
        """Write a URL; that of the selected rule stands there when nothing does."""
        self.query_one(UrlTester).enter()

    @work(group="tester", exclusive=True)
    @on(UrlTester.Asked)
    async def _try(self, event: UrlTester.Asked) -> None:
        tester = self.query_one(UrlTester)
        group = {"group": event.group} if event.group else {}
        try:
            said = await self.dashboard.request("policy.test", url=event.url, method=event.method, **group)
        except ProblemError as error:
            tester.complain(event.number, error.message)
        else:
            tester.show(event.number, said)

    def action_leave(self) -> None:
        """Back to the rules."""
        self.first_focus().focus()

    # --- what is done ---

    def action_new(self) -> None:
        """Add a rule."""
        rules: list[dict[str, Any]] = self._policy.get("rules") or []

        async def save(wish: dict[str, Any]) -> None:
            await self.dashboard.request("policy.add", **wish)

        names = [str(rule["name"]) for rule in rules]
        self.dashboard.push_screen(RuleEditor(save, names, sorted(self.live.groups)), self._saved)

    def action_override(self) -> None:
        """Open a host for a while."""

        async def save(wish: dict[str, Any]) -> None:
            await self.dashboard.request("override.add", **wish)

        groups = sorted((str(group["name"]), folder) for folder, group in self.live.groups.items())
        self.dashboard.push_screen(OverrideEditor(save, groups), self._saved)

    def _saved(self, done: bool | None) -> None:
        if done:
            self._load()

    def action_remove(self) -> None:
        """Remove what is selected: an exception where the cursor is among them, else a rule. Asks first."""
        if self.query_one(OverridesTable).has_focus:
            self._end_override()
            return
        table = self.query_one(RulesTable)
        rule = table.rule
        if rule is None:
            return
        before, version = table.after(str(rule["name"])), self._policy.get("version")

        def answered(yes: bool | None) -> None:
            if yes:
                again = {"rule": rule} | ({"before": before} if before else {})
                self._change("policy.remove", {"name": rule["name"], "version": version}, again)

        question = f"Take the rule {say.plain(rule['name'], 40)} out? (u puts it back)"
        self.dashboard.push_screen(Confirm(question), answered)

    def _end_override(self) -> None:
        one = self.query_one(OverridesTable).override
        if one is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._change("override.remove", {"id": one["id"]}, None)

        self.dashboard.push_screen(Confirm(f"End the exception for {opened(one)} now?"), answered)

    @on(LineTable.Chosen, "#overrides")
    def _override_chosen(self) -> None:
        self._end_override()

    def action_undo(self) -> None:
        """Put the rule that was removed last back where it was."""
        if self._undo:
            self._change("policy.add", self._undo.pop(), None)
            self.refresh_bindings()

    @work(group="requests")
    async def _change(self, name: str, args: dict[str, Any], back: dict[str, Any] | None) -> None:
        try:
            await self.dashboard.request(name, **args)
        except ProblemError as error:
            self.dashboard.complain(error)
            return
        if back is not None:
            self._undo = [*self._undo, back][-limits.UNDO :]
            self.refresh_bindings()
        self._load()
