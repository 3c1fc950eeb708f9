"""The queues page: order, countdown, what waits, what was refused; each action asks the box for the right thing."""

import asyncio
from typing import Any

import pytest
from textual.pilot import Pilot

from app.errors import ProblemError
from app.tui import say
from app.tui.app import Dashboard
from app.tui.pages.queues import QueuesPage
from app.tui.widgets.queues_table import QueuesTable
from app.tui.widgets.refused_table import RefusedTable
from app.tui.widgets.waiting_table import WaitingTable
from tests.tui.fake_client import FakeClient, task
from tests.tui.test_dashboard import cells, loaded, until


class Mailboxes(FakeClient):
    """Answers `queue` per group."""

    def __init__(self) -> None:
        super().__init__()
        self.hold: asyncio.Event | None = None
        now = say.now_ms()
        self.boxes: dict[str, dict[str, Any]] = {
            "family": {
                "folder": "family",
                "messages": [
                    {"n": 4, "id": "m4", "sender_name": "Ada[/b]", "text": "water?\x1b[2J", "ts_ms": now - 65_000},
                    {"n": 5, "id": "m5", "sender_name": "Bob", "text": "and now?", "ts_ms": now - 1000},
                ],
                "runs": [
                    {"id": "r1", "state": "running", "task": None, "queued_ms": now},
                    {"id": "r2", "state": "queued", "task": task(1)["id"], "queued_ms": now, "due_ms": now},
                ],
                "refused": [
                    {"ts_ms": now, "what": "message.send", "rule": "full", "reason": "32 wait already", "detail": ""},
                ],
            },
            "main": {"folder": "main", "messages": [], "runs": [], "refused": []},
        }

    async def request(self, name: str, /, **args: Any) -> Any:
        if name != "queue":
            return await super().request(name, **args)
        if self.hold is not None:
            await self.hold.wait()
        return self.boxes[args["folder"]]


def queue(**groups: dict[str, Any]) -> dict[str, Any]:
    return {"slots": {"used": 1, "max": 2}, "groups": groups, "waiting": []}


async def opened(pilot: Pilot[Any], client: FakeClient, **groups: dict[str, Any]) -> QueuesTable:
    """The page in front, `family` selected."""
    await loaded(pilot)
    await pilot.press("3")
    client.push("tele.queue", queue(**groups))
    app = pilot.app
    table = app.query_one(QueuesTable)
    await until(pilot, lambda: table.row_count == 2, "the groups")
    table.select("family")
    await until(pilot, lambda: app.query_one(WaitingTable).row_count == 3, "what waits in family")
    return table


async def test_those_that_run_come_first_then_those_that_wait_in_their_order() -> None:
    client = Mailboxes()
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        table = await opened(pilot, client, main={"state": "waiting", "depth": 2}, family={"state": "running"})
        client.push("run.started", {"id": "r1", "folder": "family", "state": "running", "task": task(2)["id"]})
        await until(pilot, lambda: "water plant 2" in cells(table, 0)[7], "what runs")
        assert table.keys == ["family", "main"]
        both = queue(main={"state": "waiting"}, family={"state": "waiting"}) | {"waiting": ["main", "family"]}
        client.push("tele.queue", both)
        await until(pilot, lambda: table.keys == ["main", "family"], "the order of waiting")
        assert [cells(table, row)[0] for row in range(2)] == ["1", "2"]


async def test_a_retry_is_counted_down_each_second_and_no_other_line_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Mailboxes()
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        retry = {"state": "retrying", "depth": 1, "retry_ms": say.now_ms() + 30_000}
        table = await opened(pilot, client, family=retry)
        await until(pilot, lambda: table.keys == ["family", "main"], "what is busy comes first")
        row = 0

        def painted() -> bool:
            drawn = table._drawn  # pyright: ignore[reportPrivateUsage]
            return row in drawn and drawn[row][1] is True

        await until(pilot, painted, "the cursor is painted")
        before = cells(table, row)[5]
        drawn: set[int] = set()
        monkeypatch.setattr(table, "_refresh_row", drawn.add)
        await until(pilot, lambda: cells(table, row)[5] != before and bool(drawn), "it counts down")
        assert before.endswith(" s") and drawn == {row}


async def test_what_waits_and_what_was_refused_is_plain_text() -> None:
    client = Mailboxes()
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await opened(pilot, client, family={"state": "waiting", "depth": 3})
        waiting, refused = app.query_one(WaitingTable), app.query_one(RefusedTable)
        assert waiting.border_title and "Waiting in Family" in str(waiting.border_title)
        assert cells(waiting, 0)[:2] == ["task", "schedule"]
        assert cells(waiting, 1)[1:] == ["Ada[/b]", "1 min", "water? [2J"]
        assert "32 wait already · full" in cells(refused, 0)[2]
        app.query_one(QueuesTable).select("main")
        await until(pilot, lambda: waiting.row_count == refused.row_count == 0, "main has nothing")


async def test_one_that_waits_is_dropped_after_a_question_and_not_without_it() -> None:
    client = Mailboxes()
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await opened(pilot, client, family={"state": "waiting", "depth": 3})
        await pilot.press("enter", "down", "d")
        await until(pilot, lambda: len(app.screen_stack) == 2, "the question")
        await pilot.press("n")
        assert client.commands() == []
        await pilot.press("d", "y")
        await until(pilot, lambda: bool(client.commands()), "dropped")
        assert client.commands() == [("queue.drop", {"folder": "family", "id": "m4"})]


async def test_a_task_run_is_dropped_by_its_id_and_the_mailbox_is_read_again() -> None:
    client = Mailboxes()
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await opened(pilot, client, family={"state": "waiting", "depth": 3})
        client.boxes["family"] = {**client.boxes["family"], "runs": []}
        await pilot.press("d", "y")
        await until(pilot, lambda: bool(client.commands()), "dropped")
        assert client.commands() == [("queue.drop", {"folder": "family", "id": "r2"})]
        await until(pilot, lambda: app.query_one(WaitingTable).row_count == 2, "it is gone")


async def test_all_that_waits_is_dropped_after_a_question() -> None:
    client = Mailboxes()
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await opened(pilot, client, family={"state": "waiting", "depth": 3})
        await pilot.press("D", "y")
        await until(pilot, lambda: bool(client.commands()), "dropped")
        assert client.commands() == [("queue.drop", {"folder": "family", "all": True})]


async def test_retry_cancel_and_pause_act_on_the_selected_group_when_they_make_sense() -> None:
    client = Mailboxes()
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        table = await opened(pilot, client)
        await pilot.press("r", "s")
        assert client.commands() == []
        client.push("tele.queue", queue(family={"state": "retrying", "retry_ms": say.now_ms() + 30_000}))
        await until(pilot, lambda: "retrying" in cells(table, table.keys.index("family"))[2], "it retries")
        await pilot.press("r")
        client.push("tele.queue", queue(family={"state": "running"}))
        await until(pilot, lambda: "running" in cells(table, table.keys.index("family"))[2], "it runs")
        await pilot.press("s", "p")
        await until(pilot, lambda: len(client.commands()) == 3, "three commands")
        assert client.commands() == [
            ("queue.retry", {"folder": "family"}),
            ("run.cancel", {"folder": "family"}),
            ("group.pause", {"folder": "family"}),
        ]


async def test_in_an_empty_mailbox_nothing_is_asked() -> None:
    client = Mailboxes()
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        table = await opened(pilot, client)
        table.select("main")
        await until(pilot, lambda: app.query_one(WaitingTable).row_count == 0, "nothing waits")
        await pilot.press("d", "D")
        assert len(app.screen_stack) == 1 and client.commands() == []


async def test_a_slow_answer_is_not_asked_for_again_and_again() -> None:
    client = Mailboxes()
    client.hold = asyncio.Event()
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await loaded(pilot)
        await pilot.press("3")
        page = app.query_one(QueuesPage)
        await until(pilot, lambda: page._asked is not None, "asked")  # pyright: ignore[reportPrivateUsage]
        for depth in range(4):
            client.push("tele.queue", queue(family={"state": "waiting", "depth": depth}))
            await pilot.pause(0.3)
            page.query_one(QueuesTable).select("family")
        client.hold.set()
        await until(pilot, lambda: app.query_one(WaitingTable).row_count == 3, "answered")


async def test_a_host_that_cannot_say_is_told_in_place_of_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    client = FakeClient()
    client.refuse = ProblemError("there is no request 'queue'", "update Barnacle on both sides")
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await loaded(pilot)
        await pilot.press("3")
        table = app.query_one(WaitingTable)
        await until(pilot, lambda: "no request" in table._empty, "the reason")  # pyright: ignore[reportPrivateUsage]
