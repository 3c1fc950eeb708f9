"""Policy and secrets: what is shown, the tester, rules and exceptions made and ended, and what is badly wrong."""

from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Input, Static

from app.errors import ProblemError
from app.host.operator_client import OperatorRefused
from app.tui.app import Dashboard
from app.tui.confirm import Confirm
from app.tui.form import Tick
from app.tui.override_editor import OverrideEditor
from app.tui.rule_editor import RuleEditor
from app.tui.widgets.keeping_panel import KeepingPanel
from app.tui.widgets.line_table import LineTable
from app.tui.widgets.overrides_table import OverridesTable
from app.tui.widgets.rules_table import RulesTable
from app.tui.widgets.secrets_table import SecretsTable
from tests.tui.fake_client import FakeClient
from tests.tui.policy_answers import answers, override
from tests.tui.test_dashboard import loaded, until

SIZE = (140, 45)


class Refusing(FakeClient):
    """Refuses requests of some names."""

    def __init__(self) -> None:
        super().__init__()
        self.answers |= answers()
        self.refusals: dict[str, ProblemError] = {}

    async def request(self, name: str, /, **args: Any) -> Any:
        if name in self.refusals:
            self.requests.append((name, args))
            raise self.refusals[name]
        return await super().request(name, **args)

    def asked(self, name: str) -> list[dict[str, Any]]:
        return [args for asked, args in self.requests if asked == name]


@pytest.fixture
def client() -> Refusing:
    return Refusing()


async def opened(pilot: Pilot[Any], app: Dashboard) -> None:
    await loaded(pilot)
    await app.open_page("policy")
    await until(pilot, lambda: bool(app.query_one(RulesTable).keys), "the rules")
    await until(pilot, lambda: "records" in text(app, "#keeping"), "the states")


def rows(table: LineTable) -> list[list[str]]:
    return [[cell.strip() for cell in table.text_of(key)] for key in table.keys]


def text(app: Dashboard, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).content)


def in_sight(app: Dashboard, widget: Widget | None) -> bool:
    return widget is not None and app.screen.find_widget(widget).visible_region.height > 0


def write(app: Dashboard, **fields: str) -> None:
    for field, value in fields.items():
        app.screen.query_one(f"#{field.replace('_', '-')}", Input).value = value


async def test_rules_exceptions_secrets_and_states_are_shown_and_no_value(client: Refusing) -> None:
    client.answers["broker"]["credentials"][0]["value"] = "canary-7f3a9c41e2b8d605"
    app = Dashboard(lambda: client)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, app)
        shown = rows(app.query_one(RulesTable))
        assert [row[:4] for row in shown] == [
            ["✓ allow", "weather", "api.open-meteo.com", "GET"],
            ["? ask", "nas", "nas.lan", "all"],
            ["✕ deny", "ads", "ads.example and below", "all"],
        ]
        assert shown[1][4:] == ["main", "http 8080 private", "photos"]
        assert rows(app.query_one(SecretsTable)) == [
            ["claude-key", "api.anthropic.com", "3 d", "2 min"],
            ["nas", "nas.lan:8080", "2 h", "never"],
        ]
        first, second = rows(app.query_one(OverridesTable))
        assert first[0] == "h1.example:443" and first[1].startswith("11:5") and first[2] == "main"
        assert second[1].startswith("3:19:") and second[3] == "the new service"
        said = str(app.query_one(KeepingPanel).content)
        assert "1204 records, key in keyring" in said and "$0.0410" in said and "claude: claude-opus answers" in said
        assert not app.query_one("#policy-alarm").display
        assert "canary" not in app.export_screenshot()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"policy": {"version": "missing", "rules": [], "problem": "policy.toml is missing"}}, "Everything is denied"),
        ({"audit": {"state": "full", "message": "the disk is full", "n": 3}}, "Nothing goes out"),
    ],
)
async def test_what_stops_everything_is_said_on_top(client: Refusing, change: dict[str, Any], words: str) -> None:
    client.answers["broker"] |= change
    app = Dashboard(lambda: client)
    async with app.run_test(size=(80, 24)) as pilot:
        await loaded(pilot)
        await app.open_page("policy")
        await until(pilot, lambda: words in text(app, "#policy-alarm"), "the alarm")
        assert app.query_one("#policy-alarm").display and app.query_one("#policy-alarm").size.height > 0


async def test_without_the_credential_broker_that_is_said_and_it_comes_back(client: Refusing) -> None:
    client.refusals["broker"] = OperatorRefused("broker_down", "the credential broker is not running", "barnacle up")
    app = Dashboard(lambda: client)
    async with app.run_test(size=SIZE) as pilot:
        await loaded(pilot)
        await app.open_page("policy")
        await until(pilot, lambda: "not running; barnacle up" in text(app, "#policy-alarm"), "the alarm")
        assert rows(app.query_one(RulesTable))[0][1] == "weather"  # what the host was told last
        client.refusals.clear()
        client.push("host.broker", {"state": "ok"})
        await until(pilot, lambda: not app.query_one("#policy-alarm").display, "all is well")
        assert app.query_one(SecretsTable).row_count == 2


async def test_a_url_is_judged_a_moment_after_the_last_key(client: Refusing) -> None:
    app = Dashboard(lambda: client)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, app)
        await pilot.press("t", *"api.x/v1")
        await until(pilot, lambda: "✓ allowed by weather" in text(app, "#test-verdict"), "the verdict")
        assert "94.130.142.35 public" in text(app, "#test-verdict")
        assert client.asked("policy.test") == [{"url": "https://api.x/v1", "method": "GET"}]
        write(app, test_method="post", test_group="family")
        await until(pilot, lambda: len(client.asked("policy.test")) == 2, "asked again")
        assert client.asked("policy.test")[1] == {"url": "https://api.x/v1", "method": "POST", "group": "family"}
        client.refusals["policy.test"] = OperatorRefused("broker_down", "the credential broker is not running")
        write(app, test_url="other")
        await until(pilot, lambda: "not running" in text(app, "#test-verdict"), "the complaint")
        await pilot.press("escape")
        assert app.query_one(RulesTable).has_focus


async def test_a_denied_address_is_said_with_its_class(client: Refusing) -> None:
    denied = {"rule": "private_address", "reason": "it is private"}
    client.answers["policy.test"] |= {"effect": "deny", **denied, "remedy": "name the host with private = true"}
    client.answers["policy.test"]["addresses"] = [{"address": "10.0.0.1", "class": "private", "denied": denied}]
    app = Dashboard(lambda: client)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, app)
        await pilot.press("t", *"nas.lan")
        await until(pilot, lambda: "10.0.0.1 private" in text(app, "#test-verdict"), "the address")
        assert "✕ denied by private_address" in text(app, "#test-verdict")


async def test_a_rule_is_made_with_errors_at_the_field(client: Refusing) -> None:
    app = Dashboard(lambda: client)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, app)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, RuleEditor), "the dialog")
        await pilot.press(*"x.example")  # at once into the first field
        assert app.screen.query_one("#what", Input).value == "x.example"
        for fields, at, words in (
            ({"what": ""}, "what", "say what it is about"),
            ({"what": "https://u:p@x.example/"}, "what", "; "),
            ({"what": "news.example", "methods": "GET FETCH"}, "methods", "FETCH is no method"),
            ({"methods": "get", "groups_only": "nobody"}, "groups-only", "no group nobody"),
            ({"groups_only": "family", "rule_name": "ads"}, "rule-name", "choose another"),
        ):
            write(app, **fields)
            await pilot.press("ctrl+s")
            await pilot.pause()
            assert words in text(app, f"#{at}-error"), (fields, text(app, f"#{at}-error"))
        assert client.commands() == []
        assert not app.screen.query_one("#private", Tick).value
        client.refusals["policy.add"] = OperatorRefused("bad_policy", "64 rules are too many", "remove one")
        write(app, rule_name="")
        await until(pilot, lambda: "allow news.example" in text(app, "#preview"), "the preview")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "64 rules are too many" in text(app, "#what-error"), "the refusal at the field")
        client.refusals.clear()
        await pilot.press("ctrl+s")
        await until(pilot, lambda: len(app.screen_stack) == 1, "saved")
        rule = {"name": "news-example", "effect": "allow", "host": "news.example", "methods": ["GET"]}
        assert client.commands()[1:] == [("policy.add", {"rule": rule | {"groups": ["family"]}})]


async def test_ticks_differ_by_more_than_colour_and_count(client: Refusing) -> None:
    app = Dashboard(lambda: client)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, app)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, RuleEditor), "the dialog")
        write(app, what="nas.lan")
        private, below = (app.screen.query_one(f"#{name}", Tick) for name in ("private", "subdomains"))
        assert "✓" not in str(private.render())
        private.value = True
        await until(pilot, lambda: "✓" in str(private.render()), "the tick")
        below.value = True
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "one exact host" in text(app, "#what-error"), "no suffix on the local network")
        below.value = False
        await pilot.press("ctrl+s")
        await until(pilot, lambda: bool(client.commands()), "saved")
        rule = {"name": "nas-lan", "effect": "allow", "host": "nas.lan", "private": True}
        assert client.commands() == [("policy.add", {"rule": rule})]


async def test_a_rule_is_removed_after_a_question_and_put_back_where_it_was(client: Refusing) -> None:
    app = Dashboard(lambda: client)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, app)
        await pilot.press("down", "d")
        await until(pilot, lambda: isinstance(app.screen, Confirm), "the question")
        await pilot.press("n")
        assert client.commands() == []
        await pilot.press("u")  # nothing to take back yet
        await pilot.press("d", "y")
        await until(pilot, lambda: len(client.commands()) == 1, "removed")
        assert client.commands() == [("policy.remove", {"name": "nas", "version": "3f2a9c41e2b8"})]
        await until(pilot, lambda: bool(app.page.check_action("undo", ())), "undo is offered")
        await pilot.press("u")
        await until(pilot, lambda: len(client.commands()) == 2, "put back")
        rule = client.answers["broker"]["policy"]["rules"][1]
        assert client.commands()[1] == ("policy.add", {"rule": rule, "before": "ads"})


async def test_a_removal_that_is_refused_leaves_nothing_to_undo(client: Refusing) -> None:
    client.refusals["policy.remove"] = OperatorRefused("changed", "the rules have changed since you looked")
    app = Dashboard(lambda: client)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, app)
        await pilot.press("d", "y")
        await until(pilot, lambda: bool(client.asked("policy.remove")), "asked")
        await pilot.pause()
        assert not app.page.check_action("undo", ())


async def test_an_exception_is_made_with_errors_at_the_field(client: Refusing) -> None:
    app = Dashboard(lambda: client)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, app)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, OverrideEditor), "the dialog")
        for fields, at, words in (
            ({}, "host", "name the host"),
            ({"host": "http://x.example"}, "host", "neither https://"),
            ({"host": "x.example:8443"}, "host", "its own field"),
            ({"host": "X..example"}, "host", "; "),
            ({"host": "x.example/path"}, "host", "only the host"),
            ({"host": "x.example", "minutes": "1441"}, "minutes", "1 to 1440"),
            ({"minutes": "30", "port": "65536"}, "port", "1 to 65535"),
            ({"port": "8443"}, "reason", "what it is for"),
        ):
            write(app, **fields)
            await pilot.press("ctrl+s")
            await pilot.pause()
            assert words in text(app, f"#{at}-error"), (fields, at)
        write(app, reason="trying")
        client.refusals["override.add"] = OperatorRefused("reserved", "nothing can open x.example")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "nothing can open" in text(app, "#host-error"), "the refusal")
        client.refusals.clear()
        await pilot.press("ctrl+s")
        await until(pilot, lambda: len(app.screen_stack) == 1, "saved")
        wish = {"host": "x.example", "minutes": 30, "port": 8443, "reason": "trying"}
        assert client.commands()[1:] == [("override.add", wish)]


async def test_an_exception_is_ended_from_its_table_after_a_question(client: Refusing) -> None:
    app = Dashboard(lambda: client)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, app)
        table = app.query_one(OverridesTable)
        table.focus()
        await pilot.press("down", "d", "y")
        await until(pilot, lambda: bool(client.commands()), "ended")
        assert client.commands() == [("override.remove", {"id": "override-2"})]
        client.answers["overrides"] = []
        client.push("override.end", {"id": "override-2", "why": "removed"})
        await until(pilot, lambda: table.row_count == 0, "gone")


async def test_an_exception_that_is_over_goes_by_itself(client: Refusing) -> None:
    client.answers["overrides"] = [override(1, 0.02), override(2)]
    app = Dashboard(lambda: client)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, app)
        await until(pilot, lambda: app.query_one(OverridesTable).keys == ["override-2"], "only the other one")


async def test_untrusted_words_reach_no_markup_and_no_terminal(client: Refusing) -> None:
    client.answers["broker"]["policy"]["rules"][0] |= {"note": "[red]\x1b[2J[/red]"}
    client.answers["overrides"] = [override(1, reason="[link=x]\x1b]8;;")]
    client.answers["broker"]["keyring"] = {"state": "no [b]keyring", "message": "\x1b[31mx", "remedy": ""}
    app = Dashboard(lambda: client)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, app)
        assert "\x1b" not in app.export_screenshot()
        assert rows(app.query_one(RulesTable))[0][-1] == "[red] [2J[/red]"
        assert "no [b]keyring" in text(app, "#keeping")


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (140, 45), (200, 60)])
async def test_every_size_reaches_every_table_with_the_keyboard(client: Refusing, size: tuple[int, int]) -> None:
    app = Dashboard(lambda: client)
    async with app.run_test(size=size) as pilot:
        await opened(pilot, app)
        seen: set[str] = set()
        for _ in range(12):
            focused = app.focused
            if focused is not None:
                seen.add(str(focused.id))
                await until(pilot, lambda: in_sight(app, app.focused), str(focused.id))
            await pilot.press("tab")
        assert {"rules", "test-url", "test-method", "test-group", "overrides", "secrets"} <= seen
