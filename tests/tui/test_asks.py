"""What a run asks, on top of the overview: seen, heard once, answered with one key."""

from typing import Any

import pytest
from rich.text import Text

from app.errors import ProblemError
from app.tui import say
from app.tui.app import Dashboard
from app.tui.pages.overview import OverviewPage
from app.tui.widgets import asks_panel
from app.tui.widgets.asks_panel import AsksPanel
from app.tui.widgets.connection_strip import ConnectionStrip
from tests.tui.fake_client import FakeClient
from tests.tui.test_dashboard import loaded, until


@pytest.fixture(autouse=True)
def read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asks_panel, "LOOK_S", 0.0)


def ask(number: int, **fields: Any) -> dict[str, Any]:
    now = say.now_ms()
    return {
        "id": f"ask-{number}",
        "n": number,
        "folder": "family",
        "run": "run-1",
        "tool": "http_fetch",
        "args": f"list=[b]{number}[/b]\x1b[2J",
        "host": f"shop{number}.example",
        "port": 443,
        "method": "POST",
        "url": "https://shop.example/cart",
        "why": "the rule shop asks",
        "created_ms": now,
        "expires_ms": now + 120_000,
        "state": "open",
        "answer": None,
        "by": None,
        "presence": False,
    } | fields


def words(app: Dashboard) -> str:
    content = app.query_one(AsksPanel).content
    assert isinstance(content, Text)
    return content.plain


async def test_an_ask_shows_group_tool_host_and_arguments_as_plain_text() -> None:
    client = FakeClient()
    client.answers["asks"] = [ask(2), ask(1)]
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await loaded(pilot)
        panel = app.query_one(AsksPanel)
        await until(pilot, lambda: panel.display, "the ask is shown")
        shown = words(app)
        assert "Family  http_fetch POST shop1.example" in shown
        assert "s left" in shown
        assert "list=[b]1[/b] [2J" in shown
        assert panel.border_subtitle == "1 of 2"


async def test_without_asks_there_is_no_panel_and_no_key() -> None:
    client = FakeClient()
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await loaded(pilot)
        assert not app.query_one(AsksPanel).display
        await pilot.press("a", "f", "x")
        assert client.commands() == []
        assert "overview.approve" not in {b.binding.id for b in app.screen.active_bindings.values()}


@pytest.mark.parametrize(("key", "answer"), [("a", "once"), ("f", "15min"), ("x", "deny")])
async def test_one_key_answers_the_ask_that_is_shown_though_another_came_to_the_front(
    key: str, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = FakeClient()
    client.answers["asks"] = [ask(1), ask(2)]
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await loaded(pilot)
        await until(pilot, lambda: app.query_one(AsksPanel).shown is not None, "the ask is shown")
        assert "overview.deny" in {b.binding.id for b in app.screen.active_bindings.values()}
        monkeypatch.setattr(
            OverviewPage, "_show_ask", lambda page, live: None
        )  # it is not drawn yet, not by a tick either
        app.live.apply("ask.set", ask(1, state="approved", answer="once"))
        await pilot.press(key)
        await until(pilot, lambda: bool(client.commands()), "the answer")
        assert client.commands() == [("ask.answer", {"id": "ask-1", "answer": answer})]


async def test_a_question_has_no_fifteen_minutes() -> None:
    client = FakeClient()
    client.answers["asks"] = [ask(1, port=None, host="", method="")]
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await loaded(pilot)
        await until(pilot, lambda: app.query_one(AsksPanel).display, "the ask is shown")
        await pilot.press("f", "a")
        await until(pilot, lambda: bool(client.commands()), "the answer")
        assert client.commands() == [("ask.answer", {"id": "ask-1", "answer": "once"})]


async def test_the_bell_rings_once_for_each_ask_and_it_goes_when_it_is_answered_anywhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = FakeClient()
    app = Dashboard(lambda: client)
    rung: list[int] = []
    monkeypatch.setattr(app, "bell", lambda: rung.append(1))
    async with app.run_test(size=(140, 45)) as pilot:
        await loaded(pilot)
        client.push("ask.set", ask(1))
        await until(pilot, lambda: app.query_one(AsksPanel).display, "the ask is shown")
        client.push("tele.queue", {"slots": {"used": 1, "max": 2}, "groups": {}})
        await pilot.pause(0.6)
        assert len(rung) == 1
        client.push("ask.set", ask(2))
        await until(pilot, lambda: len(rung) == 2, "the bell")
        client.push("ask.set", ask(1, state="denied", answer="deny", by="owner:screen"))
        client.push("ask.set", ask(2, state="expired", answer="deny", by="box"))
        await until(pilot, lambda: not app.query_one(AsksPanel).display, "the panel is gone")
        assert len(rung) == 2


async def test_an_ask_whose_time_is_over_goes_by_itself() -> None:
    client = FakeClient()
    client.answers["asks"] = [ask(1, expires_ms=say.now_ms() + 1500)]
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await loaded(pilot)
        await until(pilot, lambda: app.query_one(AsksPanel).display, "the ask is shown")
        await until(pilot, lambda: not app.query_one(AsksPanel).display, "the panel is gone")


class OlderHost(FakeClient):
    async def request(self, name: str, /, **args: Any) -> Any:
        if name == "asks":
            error = ProblemError("there is no request 'asks'", "")
            error.code = "unknown_request"  # type: ignore[attr-defined]
            raise error
        return await super().request(name, **args)


async def test_a_host_that_knows_no_asks_is_followed_all_the_same() -> None:
    app = Dashboard(OlderHost)
    async with app.run_test(size=(140, 45)) as pilot:
        await loaded(pilot)
        assert not app.query_one(AsksPanel).display


async def test_the_strip_says_what_hinders_the_model_and_the_credential_broker() -> None:
    client = FakeClient()
    app = Dashboard(lambda: client)
    async with app.run_test(size=(200, 45)) as pilot:
        await loaded(pilot)
        strip = app.query_one(ConnectionStrip)
        for state, shown in (("ready", "● model"), ("no_key", "○ model has no key"), ("none", "● box")):
            client.push("host.model", {"state": state, "name": "m", "text": "t"})
            await until(pilot, lambda shown=shown: shown in str(strip.content), shown)
        client.push("host.broker", {"state": "audit_unavailable"})
        await until(pilot, lambda: "✕ audit not writable" in str(strip.content), "the audit's state")
        client.push("host.broker", {"state": "ok"})
        await until(pilot, lambda: "✕" not in str(strip.content), "all is well")


async def test_a_key_meant_for_one_ask_never_answers_the_one_that_came_in_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = FakeClient()
    client.answers["asks"] = [ask(1), ask(2)]
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await loaded(pilot)
        panel = app.query_one(AsksPanel)
        await until(pilot, lambda: panel.shown is not None, "the first ask")
        monkeypatch.setattr(asks_panel, "LOOK_S", 60.0)
        client.push("ask.set", ask(1, state="denied"))
        await until(pilot, lambda: panel.shown is not None and panel.shown["id"] == "ask-2", "the second ask")
        await pilot.press("a")
        await pilot.pause()
        assert client.commands() == []
        monkeypatch.setattr(asks_panel, "LOOK_S", 0.0)
        await pilot.press("a")
        await until(pilot, lambda: client.commands() == [("ask.answer", {"id": "ask-2", "answer": "once"})], "answered")
