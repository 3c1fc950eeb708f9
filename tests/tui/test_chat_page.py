"""Chat: replies as Markdown and as they grow, folded tool steps, search, older messages, other groups."""

from typing import Any

from textual.pilot import Pilot

from app.tui.app import Dashboard
from app.tui.pages.chat import ChatPage
from app.tui.widgets.line_table import LineTable
from app.tui.widgets.message_log import MessageLog
from tests.tui.fake_client import NOW_MS, FakeClient, message
from tests.tui.test_dashboard import loaded, until


async def opened(pilot: Pilot[Any]) -> MessageLog:
    await loaded(pilot)
    await pilot.app.open_page("chat")  # type: ignore[attr-defined]
    log = pilot.app.query_one("#log", MessageLog)
    await pilot.pause()
    return log


def shown(log: MessageLog) -> str:
    return "\n".join(log.texts)


async def test_what_the_assistant_says_is_markdown_and_what_people_write_is_not() -> None:
    client = FakeClient()
    client.answers["messages"] = [
        message(1, "**not bold** [red]x[/red]\x1b[2J"),
        message(2, "# Title\n\nsome **bold** text\n\n- one\n- two\n\n[site](https://x.example)", True),
    ]
    app = Dashboard(lambda: client)
    async with app.run_test(size=(100, 40)) as pilot:
        log = await opened(pilot)
        await until(pilot, lambda: "one" in shown(log), "the messages")
        text = shown(log)
        assert "**not bold** [red]x[/red] [2J" in text
        assert "some bold text" in text
        assert " • one" in text
        styles = [segment.style for strip in log._lines for segment in strip[0]]  # pyright: ignore[reportPrivateUsage]
        assert not any(style is not None and style.link for style in styles)


async def test_a_reply_is_seen_as_it_grows_and_the_view_stays_at_the_end() -> None:
    client = FakeClient()
    client.answers["messages"] = [message(n, f"line {n}") for n in range(60)]
    app = Dashboard(lambda: client)
    async with app.run_test(size=(100, 30)) as pilot:
        log = await opened(pilot)
        await until(pilot, lambda: "line 59" in shown(log), "the messages")
        client.push("tele.text", {"run": "r", "folder": "main", "text": "The weather\nis"})
        await until(pilot, lambda: "is▍" in shown(log), "the growing reply")
        assert log.at_end
        client.push("msg.out", message(61, "The weather is fine", True))
        client.push("run.ended", {"id": "r", "folder": "main", "state": "done"})
        await until(pilot, lambda: "▍" not in shown(log) and "is fine" in shown(log), "the reply")
        assert log.at_end
        log.focus()
        await pilot.press("home")
        await pilot.pause()
        client.push("msg.out", message(62, "another", True))
        await until(pilot, lambda: "another" in shown(log), "it came")
        assert log.scroll_offset.y == 0


async def test_only_what_is_new_is_laid_out() -> None:
    client = FakeClient()
    client.answers["messages"] = [message(n, f"line {n}", True) for n in range(60)]
    app = Dashboard(lambda: client)
    async with app.run_test(size=(100, 30)) as pilot:
        log = await opened(pilot)
        await until(pilot, lambda: "line 59" in shown(log), "the messages")
        laid: list[int] = []
        inner = log._strips  # pyright: ignore[reportPrivateUsage]
        log._strips = lambda renderable, width: laid.append(1) or inner(renderable, width)  # type: ignore[method-assign]
        client.push("msg.out", message(61, "new", True))
        await until(pilot, lambda: "new" in shown(log), "it came")
        assert len(laid) == 1


async def test_tool_steps_are_folded_between_the_messages_and_unfold() -> None:
    client = FakeClient()
    client.answers["messages"] = [message(1, "weather?"), message(9, "fine", True)]
    base = {"actor": "group:main", "folder": "main", "rule": "", "reason": ""}
    client.answers["audit"] = [
        base | {"ts_ms": NOW_MS + 2000, "what": "tool.http_fetch", "decision": "deny", "detail": "host=[b]evil"},
        base | {"ts_ms": NOW_MS + 3000, "what": "tool.list_tasks", "decision": "allow", "detail": ""},
        base | {"ts_ms": NOW_MS + 3000, "what": "tool.other", "folder": "family", "decision": "allow", "detail": ""},
    ]
    app = Dashboard(lambda: client)
    async with app.run_test(size=(100, 40)) as pilot:
        log = await opened(pilot)
        await until(pilot, lambda: "fine" in shown(log), "the messages")
        text = shown(log)
        assert text.index("weather?") < text.index("▸ 2 tool steps: http_fetch, list_tasks") < text.index("fine")
        assert "evil" not in text
        log.focus()
        await pilot.press("t")
        assert "✕ http_fetch  host=[b]evil" in shown(log)


async def test_a_search_goes_from_the_newest_to_older_ones() -> None:
    client = FakeClient()
    client.answers["messages"] = [message(n, "apples" if n in (3, 40) else f"line {n}") for n in range(60)]
    app = Dashboard(lambda: client)
    async with app.run_test(size=(100, 30)) as pilot:
        log = await opened(pilot)
        await until(pilot, lambda: "line 59" in shown(log), "the messages")
        log.focus()
        await pilot.press("slash", *"apples")
        first = log.scroll_offset.y
        await pilot.press("enter")
        await pilot.pause()
        assert 0 < log.scroll_offset.y < first
        assert not log.find("pears")


async def test_older_messages_are_loaded_before_the_first() -> None:
    client = FakeClient()
    client.answers["messages"] = [message(n, f"line {n}") for n in range(100, 110)]
    app = Dashboard(lambda: client)
    async with app.run_test(size=(100, 30)) as pilot:
        log = await opened(pilot)
        await until(pilot, lambda: "line 109" in shown(log), "the messages")
        client.answers["messages"] = [message(n, f"line {n}") for n in range(90, 100)]
        log.focus()
        await pilot.press("o")
        await until(pilot, lambda: "line 90" in shown(log), "older ones")
        assert ("messages", {"folder": "main", "limit": 100, "before_n": 100}) in client.requests


async def test_another_group_is_chosen_and_written_to_and_its_run_cancelled() -> None:
    client = FakeClient()
    app = Dashboard(lambda: client)
    async with app.run_test(size=(100, 30)) as pilot:
        log = await opened(pilot)
        app.query_one("#chat-groups").focus()
        await pilot.press("down", "enter")
        assert app.query_one(ChatPage).folder == "family"
        await pilot.press(*"hello", "enter")
        await until(pilot, lambda: ("send", {"folder": "family", "text": "hello"}) in client.requests, "sent")
        queue = {"slots": {"used": 1, "max": 2}, "groups": {"family": {"state": "running", "depth": 0}}}
        client.push("tele.queue", queue)
        groups = app.query_one("#chat-groups", LineTable)
        await until(pilot, lambda: groups.text_of("family")[1] == "▶", "it runs")
        log.focus()
        await pilot.press("x")
        await until(pilot, lambda: ("run.cancel", {"folder": "family"}) in client.requests, "cancelled")


async def test_the_conversation_is_laid_out_anew_for_another_width() -> None:
    client = FakeClient()
    client.answers["messages"] = [message(1, "word " * 60, True)]
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 40)) as pilot:
        log = await opened(pilot)
        await until(pilot, lambda: "word" in shown(log), "the message")
        wide = len(log.texts)
        await pilot.resize_terminal(70, 40)
        await until(pilot, lambda: len(log.texts) > wide, "more lines")
        assert max(len(line) for line in log.texts) <= 70
