"""What waits in one group's mailbox: task runs, which go first, then messages in the order in which they came."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.tui import say
from app.tui.live import LiveData
from app.tui.widgets.line_table import Cell, Column, LineTable
from app.tui.widgets.titles import set_title

COLUMNS = (
    Column("", 4),
    Column("from", 10, grow=1),
    Column("age", 7),
    Column("text", 16, grow=4),
)


class WaitingTable(LineTable):
    """`show_contents` draws the answer to the request `queue`; `thing` is what the cursor is on."""

    def __init__(self) -> None:
        super().__init__(COLUMNS, id="queue-waiting")
        self._things: dict[str, dict[str, Any]] = {}

    @property
    def thing(self) -> dict[str, Any] | None:
        """The message or run under the cursor; a run has "kind"."""
        return self._things.get(self.selected or "")

    def show_contents(self, contents: Mapping[str, Any], live: LiveData) -> None:
        """Draw what waits."""
        now = say.now_ms()
        active: list[dict[str, Any]] = contents.get("runs") or []
        runs = [run for run in active if run.get("state") == "queued"]
        messages: list[dict[str, Any]] = contents.get("messages") or []
        self._things = {f"run {run['id']}": run for run in runs} | {f"msg {one['n']}": one for one in messages}
        things = self._things
        group = live.groups.get(str(contents.get("folder") or ""), {})
        name = say.plain(group.get("name", contents.get("folder") or "–"), 24)
        set_title(self, f"Waiting in {name}", _note(group, messages))
        self.empty("nothing waits here" if "messages" in contents else "not known yet")

        def row_of(key: str) -> Sequence[Cell]:
            thing = things.get(key)
            if thing is None:
                return ()
            return _run(thing, live, now) if "state" in thing else _message(thing, now)

        self.show(list(things), row_of)


def _note(group: Mapping[str, Any], messages: Sequence[object]) -> str:
    """Messages without the trigger are kept as context, but nobody waits for an answer to them."""
    if messages and not group.get("depth") and group.get("state") == "idle":
        return "kept as context until the trigger comes"
    return ""


def _run(run: dict[str, Any], live: LiveData, now: int) -> Sequence[Cell]:
    task = live.tasks.get(str(run.get("task") or ""), {})
    return (
        ("task", "accent"),
        "asked for" if run.get("due_ms") is None else "schedule",
        (say.age(max(0, now - (run.get("queued_ms") or now)) / 1000), "quiet"),
        say.plain(task.get("prompt", run.get("task") or "")),
    )


def _message(message: dict[str, Any], now: int) -> Sequence[Cell]:
    return (
        ("msg", "quiet"),
        say.plain(message["sender_name"]),
        (say.age(max(0, now - message["ts_ms"]) / 1000), "quiet"),
        say.plain(message["text"]),
    )
