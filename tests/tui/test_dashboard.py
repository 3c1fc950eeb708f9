"""The dashboard against a host that answers from memory, driven by keys as a person would."""

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from app.errors import ProblemError
from app.tui import say
from app.tui.app import Dashboard
from app.tui.pages.chat import ChatPage
from app.tui.widgets.audit_table import AuditTable
from app.tui.widgets.connection_strip import ConnectionStrip
from app.tui.widgets.groups_table import GroupsTable, line
from app.tui.widgets.line_table import LineTable
from app.tui.widgets.queues_table import QueuesTable
from app.tui.widgets.tasks_table import TasksTable
from tests.tui.fake_client import FakeClient, task


async def until(pilot: Pilot[Any], condition: Callable[[], bool], what: str) -> None:
    for _ in range(100):
        if condition():
            return
        await pilot.pause(0.05)
    raise AssertionError(f"never came true: {what}")


def cells(table: LineTable, row: int) -> list[str]:
    return table.text_of(table.keys[row])


async def loaded(pilot: Pilot[Any]) -> None:
    await until(pilot, lambda: pilot.app.query_one(GroupsTable).row_count == 2, "two groups")


async def test_groups_show_main_first_with_state_and_queue() -> None:
    client = FakeClient()
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await loaded(pilot)
        client.push(
            "tele.queue", {"slots": {"used": 1, "max": 2}, "groups": {"family": {"state": "running", "depth": 4}}}
        )
        panel = app.query_one(GroupsTable)
        await until(pilot, lambda: "running" in cells(panel, 1)[1], "family runs")
        assert cells(panel, 0)[0] == "Main"
        assert cells(panel, 1)[2:5] == ["4", "█", "2"]


async def test_tasks_stand_in_the_order_of_their_next_run() -> None:
    client = FakeClient()
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await loaded(pilot)
        await pilot.press("2")
        panel = app.query_one(TasksTable)
        assert [cells(panel, row)[4] for row in range(2)] == ["water plant 1", "water plant 2"]
        client.push("task.set", task(3, next_ms=1))
        await until(pilot, lambda: panel.row_count == 3, "three tasks")
        assert cells(panel, 0)[4] == "water plant 3"


async def test_removing_a_task_that_has_just_gone_asks_nothing() -> None:
    client = FakeClient()
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await loaded(pilot)
        await pilot.press("2")
        assert app.query_one(TasksTable).selected
        app.live.tasks.clear()  # an event said so; the table is drawn a moment later
        await pilot.press("d")
        assert app.is_running and len(app.screen_stack) == 1
        assert client.commands() == []


async def test_pause_run_and_remove_ask_the_host_and_removing_asks_first() -> None:
    client = FakeClient()
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await loaded(pilot)
        await pilot.press("2", "p", "r", "d")
        await until(pilot, lambda: len(app.screen_stack) == 2, "the question")
        await pilot.press("n")
        await until(pilot, lambda: len(client.commands()) == 2, "pause and run")
        await pilot.press("d", "y")
        await until(pilot, lambda: len(client.commands()) == 3, "remove")
        first = task(1)["id"]
        assert client.commands() == [
            ("task.pause", {"id": first}),
            ("task.run", {"id": first}),
            ("task.remove", {"id": first}),
        ]


async def test_what_runs_is_shown_with_its_text_and_what_comes_next_below_it() -> None:
    client = FakeClient()
    app = Dashboard(lambda: client)
    run = {"id": "r1", "folder": "family", "state": "running", "task": task(1)["id"], "started_ms": say.now_ms()}
    async with app.run_test(size=(140, 45)) as pilot:
        await loaded(pilot)
        shown = app.query_one("#running-text", Static)
        await until(pilot, lambda: "nothing runs" in str(shown.content), "nothing")
        client.push("run.started", run | {"attempt": 2})
        client.push("tele.text", {"run": "r1", "folder": "family", "text": "one\n[b]two\x1b"})
        await until(pilot, lambda: "[b]two" in str(shown.content), "the text")
        text = str(shown.content)
        assert "Family  water plant 1" in text
        assert "try 2" in text
        assert "\x1b" not in text
        assert text.index("[b]two") < text.index("next") < text.index("water plant 2")
        client.push("run.ended", run | {"state": "done"})
        await until(pilot, lambda: "nothing runs" in str(shown.content), "it has ended")


async def test_a_group_is_opened_in_the_chat_and_its_run_is_cancelled() -> None:
    client = FakeClient()
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await loaded(pilot)
        queue = {"slots": {"used": 1, "max": 2}, "groups": {"family": {"state": "running", "depth": 1}}}
        client.push("tele.queue", queue)
        panel = app.query_one(GroupsTable)
        await until(pilot, lambda: "running" in cells(panel, 1)[1], "family runs")
        await pilot.press("down", "s")
        await until(pilot, lambda: ("run.cancel", {"folder": "family"}) in client.requests, "cancelled")
        await pilot.press("enter")
        assert isinstance(app.page, ChatPage)
        assert app.page.folder == "family"
        await app.open_page("overview")
        await pilot.press("up", "c")
        assert isinstance(app.page, ChatPage)
        assert app.page.folder == "main"
        await pilot.press("ctrl+n")
        assert app.page.folder == "family"


def test_queue_depths_become_a_small_line() -> None:
    assert line([]) == ""
    assert line([0, 0]) == ""
    assert line([0, 1, 4, 8]) == " ▁▄█"


async def test_a_refusal_is_told_with_its_remedy() -> None:
    client = FakeClient()
    client.refuse = ProblemError("the mailbox of family is full", "wait until it has answered")
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45), notifications=True) as pilot:
        await loaded(pilot)
        await pilot.press("2", "r")
        await until(pilot, lambda: bool(app._notifications), "a notification")  # pyright: ignore[reportPrivateUsage]
        (told,) = list(app._notifications)  # pyright: ignore[reportPrivateUsage]
        assert told.message == "the mailbox of family is full wait until it has answered"


async def test_audit_entries_are_appended_and_denials_stand_out() -> None:
    client = FakeClient()
    app = Dashboard(lambda: client)
    entry = {"ts_ms": 0, "what": "task.add", "actor": "op:local", "folder": "family", "rule": "owner", "detail": ""}
    async with app.run_test(size=(140, 45)) as pilot:
        await loaded(pilot)
        await pilot.press("4")
        client.push("audit", {**entry, "decision": "allow", "reason": "owner"})
        client.push("audit", {**entry, "decision": "deny", "reason": "not its own group"})
        panel = app.query_one(AuditTable)
        await until(pilot, lambda: panel.row_count == 2, "two entries")
        assert cells(panel, 1)[1:3] == ["✕", "task.add"]
        assert "not its own group" in cells(panel, 1)[6]


class Unreachable(FakeClient):
    async def __aenter__(self) -> "FakeClient":
        raise ProblemError("nothing listens at 127.0.0.1:1", "is `barnacle up` running?")


async def test_nothing_reachable_is_shown_and_the_dashboard_stays_and_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.tui.feed.RETRY_S", 0.6)
    clients: list[FakeClient] = [Unreachable(), Unreachable(), FakeClient()]
    app = Dashboard(lambda: clients.pop(0) if len(clients) > 1 else clients[0])
    async with app.run_test(size=(80, 24)) as pilot:
        strip = app.query_one(ConnectionStrip)
        await until(pilot, lambda: "nothing listens" in str(strip.content), "the problem is shown")
        await until(pilot, lambda: "● box" in str(strip.content), "it came back")
        await loaded(pilot)


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (140, 45), (200, 60)])
async def test_every_tab_fits_every_size(size: tuple[int, int]) -> None:
    client = FakeClient()
    app = Dashboard(lambda: client)
    async with app.run_test(size=size) as pilot:
        await loaded(pilot)
        for key, panel in (("1", GroupsTable), ("2", TasksTable), ("3", QueuesTable), ("4", AuditTable)):
            await pilot.press(key)
            region = app.query_one(panel).region
            assert region.width >= 40
            assert region.height >= 4
            assert region.right <= size[0]
            assert region.bottom <= size[1]
