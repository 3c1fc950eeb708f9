"""Schedules: find, make, edit, copy, remove and undo, by keys and by mouse."""

from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input, Select, Static, TextArea

from app.errors import ProblemError
from app.tui import limits
from app.tui.app import Dashboard
from app.tui.run_history import RunHistory
from app.tui.task_editor import TaskEditor
from app.tui.widgets.task_detail import TaskDetail
from app.tui.widgets.tasks_table import TasksTable
from tests.tui.fake_client import NOW_MS, FakeClient, task
from tests.tui.test_dashboard import cells, loaded, until


async def opened(pilot: Pilot[Any]) -> TasksTable:
    await loaded(pilot)
    await pilot.press("2")
    return pilot.app.query_one(TasksTable)


def text_of(app: Dashboard, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).content)


async def test_a_filter_keeps_tasks_with_all_its_words_and_escape_clears_it() -> None:
    client = FakeClient()
    client.answers["tasks"] = [task(1), task(2, prompt="feed the cat", status="paused", next_ms=None), task(3)]
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        table = await opened(pilot)
        await pilot.press("slash", *"cat paused")
        assert table.row_count == 1
        assert "1 of 3" in str(table.border_title)
        await pilot.press("escape")
        assert table.row_count == 3
        assert table.has_focus


async def test_a_heading_sorts_and_again_the_other_way_round() -> None:
    client = FakeClient()
    client.answers["tasks"] = [task(1, prompt="b"), task(2, prompt="a"), task(3, prompt="c")]
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        table = await opened(pilot)
        at = 1 + 1 + 12 + 1 + 9 + 1 + 10 + 6
        await pilot.click(TasksTable, offset=(at + 8, 1))
        await pilot.pause()
        assert [cells(table, row)[4] for row in range(3)] == ["a", "b", "c"]
        table.sort_by("prompt")
        table.show_live(app.live)
        assert [cells(table, row)[4] for row in range(3)] == ["c", "b", "a"]


async def test_a_new_task_is_made_from_plain_words() -> None:
    client = FakeClient()
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await opened(pilot)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, TaskEditor), "the editor")
        await pilot.press(*"feed the cat")
        app.screen.query_one("#words", Input).focus()
        await pilot.press(*"weekdays at 8:30")
        assert "every weekday at 08:30" in text_of(app, "#preview")
        assert app.screen.query_one("#value", Input).value == "30 8 * * 1-5"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: bool(client.commands()), "the command")
        assert client.commands() == [
            (
                "task.add",
                {
                    "folder": "family",
                    "prompt": "feed the cat",
                    "context": "isolated",
                    "missed": "once",
                    "kind": "cron",
                    "value": "30 8 * * 1-5",
                },
            )
        ]


async def test_errors_stand_at_their_fields_and_nothing_is_sent() -> None:
    client = FakeClient()
    app = Dashboard(lambda: client)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, TaskEditor), "the editor")
        await pilot.press("ctrl+s")
        assert "say what" in text_of(app, "#prompt-error")
        await pilot.press("x")
        assert not app.screen.query_one("#prompt-error").display
        await pilot.press("ctrl+s")
        assert "say when" in text_of(app, "#value-error")
        app.screen.query_one("#words", Input).focus()
        await pilot.press(*"whenever")
        assert "not understood" in text_of(app, "#words-error")
        app.screen.query_one("#value", Input).value = "61 * * * *"
        await pilot.pause()
        assert app.screen.query_one("#value-error").display
        await pilot.press("ctrl+s")
        assert isinstance(app.screen, TaskEditor)
        assert client.commands() == []
        await pilot.press("escape")
        assert len(app.screen_stack) == 1


async def test_an_edit_sends_only_what_differs_and_can_be_taken_back() -> None:
    client = FakeClient()
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await opened(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, TaskEditor), "the editor")
        app.screen.query_one("#prompt", TextArea).text = "other words"
        app.screen.query_one("#missed", Select).value = "skip"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: len(client.commands()) == 1, "the edit")
        first = task(1)
        assert client.commands()[0] == (
            "task.edit",
            {"id": first["id"], "prompt": "other words", "missed": "skip"},
        )
        await pilot.press("u")
        await until(pilot, lambda: len(client.commands()) == 2, "the undo")
        assert client.commands()[1] == (
            "task.edit",
            {"id": first["id"], "prompt": first["prompt"], "missed": "once"},
        )


async def test_an_edit_that_changes_nothing_asks_nothing() -> None:
    client = FakeClient()
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await opened(pilot)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, TaskEditor), "the editor")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: len(app.screen_stack) == 1, "closed")
        assert client.commands() == []


async def test_a_removed_task_is_made_again_by_undo() -> None:
    client = FakeClient()
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await opened(pilot)
        await pilot.press("d", "y")
        await until(pilot, lambda: len(client.commands()) == 1, "the removal")
        await pilot.press("u")
        await until(pilot, lambda: len(client.commands()) == 2, "the undo")
        name, fields = client.commands()[1]
        assert name == "task.add"
        assert fields == {key: task(1)[key] for key in ("folder", "prompt", "kind", "value", "context", "missed")}
        await pilot.press("u")
        await pilot.pause()
        assert len(client.commands()) == 2


async def test_what_was_refused_is_not_offered_for_undo_and_undo_is_bounded() -> None:
    client = FakeClient()
    client.refuse = ProblemError("the box is not reachable", "wait")
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await opened(pilot)
        await pilot.press("d", "y")
        await until(pilot, lambda: len(client.commands()) == 1, "the removal")
        await pilot.pause()
        await pilot.press("u")
        assert len(client.commands()) == 1
        client.refuse = None
        for count in range(limits.UNDO + 3):
            await pilot.press("d", "y")
            await until(pilot, lambda count=count: len(client.commands()) == count + 2, "a removal")
        sent = len(client.commands())
        for _ in range(limits.UNDO + 3):
            await pilot.press("u")
            await pilot.pause()
        await until(pilot, lambda: len(client.commands()) == sent + limits.UNDO, "as many undone as are kept")


async def test_a_copy_opens_the_editor_with_everything_filled_in() -> None:
    client = FakeClient()
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await opened(pilot)
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, TaskEditor), "the editor")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: bool(client.commands()), "the command")
        assert client.commands()[0][0] == "task.add"
        assert client.commands()[0][1]["prompt"] == task(1)["prompt"]


async def test_the_history_shows_each_run_in_full_with_its_duration() -> None:
    client = FakeClient()
    run = {"folder": "family", "task": task(1)["id"], "queued_ms": NOW_MS, "attempt": 1, "error": None}
    client.answers["task.history"] = [
        run | {"id": "r1", "state": "done", "started_ms": NOW_MS, "ended_ms": NOW_MS + 1500, "result": "all watered"},
        run
        | {"id": "r2", "state": "failed", "started_ms": NOW_MS, "ended_ms": NOW_MS + 10, "error": "[b]no\x1b water"},
    ]
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await opened(pilot)
        await pilot.press("h")
        await until(pilot, lambda: isinstance(app.screen, RunHistory), "the history")
        assert text_of(app, "#run-text").startswith("[b]no  water")
        await pilot.press("down")
        await pilot.pause()
        assert text_of(app, "#run-text").startswith("all watered")
        assert "1.5 s" in app.screen.query_one("#runs").render_line(2).text
        await pilot.press("escape")
        assert len(app.screen_stack) == 1


async def test_the_detail_follows_the_cursor_and_marks_failures() -> None:
    client = FakeClient()
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        table = await opened(pilot)
        assert app.query_one(TaskDetail).display
        await pilot.press("down")
        await pilot.pause()
        assert text_of(app, "#task-text").startswith("water plant 2")
        client.push("task.set", task(1, last_ms=NOW_MS, last_result="Error: no water"))
        await until(pilot, lambda: "ago" in cells(table, 0)[6], "the last run")
