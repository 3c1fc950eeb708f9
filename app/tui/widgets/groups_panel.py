"""Groups with their state and queue."""

from rich.text import Text

from app.tui import say
from app.tui.live import LiveData
from app.tui.widgets.rows_table import RowsTable

STATES = {
    "idle": ("·", "dim"),
    "waiting": ("…", "yellow"),
    "running": ("▶", "green"),
    "retrying": ("↻", "magenta"),
    "paused": ("‖", "cyan"),
}


class GroupsPanel(RowsTable):
    """One row per group; `main` first, then by name."""

    BORDER_TITLE = "Groups"

    def __init__(self) -> None:
        columns = (("group", 16), ("state", 10), ("queue", 5), ("tasks", 5), ("last message", 13))
        super().__init__(columns, "no groups yet: barnacle group add NAME", id="groups")

    def show_live(self, live: LiveData) -> None:
        """Redraw what differs."""
        now = say.now_ms()
        counts: dict[str, int] = {}
        for task in live.tasks.values():
            counts[task["folder"]] = counts.get(task["folder"], 0) + (task["status"] == "active")
        ordered = sorted(live.groups.values(), key=lambda g: (g["folder"] != "main", g["name"].lower()))
        self.show({g["folder"]: self._row(g, counts.get(g["folder"], 0), now) for g in ordered})

    def _row(self, group: dict[str, object], tasks: int, now: int) -> tuple[Text, ...]:
        state = "paused" if group.get("paused") else str(group.get("state", "idle"))
        sign, style = STATES.get(state, ("?", ""))
        depth = group.get("depth") or 0
        last = group.get("last_message_ms")
        return (
            Text(say.plain(group["name"], 16)),
            Text(f"{sign} {state}", style),
            Text(str(depth), "bold" if depth else "dim", justify="right"),
            Text(str(tasks), "" if tasks else "dim", justify="right"),
            Text(say.until(last, now) if isinstance(last, int) else "–", "dim"),
        )
