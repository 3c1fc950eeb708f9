"""Reads a NanoClaw folder: its database, the JSON files that it has not taken into it yet, and what lies beside.

Nothing in the folder changes. Credentials (.env, data/env) and the agents' own files are only noticed, never read.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from app.host import limits
from app.host.nanoclaw import readonly
from app.host.nanoclaw.check_cursors import HANDED_OVER, SEEN, read_cursors
from app.host.nanoclaw.errors import NotADatabase, NotAFolder
from app.host.nanoclaw.groups import group_of
from app.host.nanoclaw.history import NEWEST
from app.host.nanoclaw.javascript import parse_json
from app.host.nanoclaw.schema import TABLES, columns

ALLOWLIST: Final = Path(".config/nanoclaw/mount-allowlist.json")
"""Where NanoClaw looks for the mount allowlist, below the user's home."""

_ASSISTANT: Final = "Andy"
"""NanoClaw's assistant when nobody named it."""

Row = dict[str, Any]


@dataclass
class NanoClawFolder:
    """What was found. By chat: `messages` counts all, `waiting` those that NanoClaw has not handed over, `newest` holds
    rows, oldest first. `problems`: (what, why) of things that are there and could not be read."""

    path: Path
    database: Path | None = None
    groups: dict[str, Row] = field(default_factory=dict[str, Row])
    tasks: list[Row] = field(default_factory=list[Row])
    sessions: dict[str, str] = field(default_factory=dict[str, str])
    cursors: dict[str, Any] = field(default_factory=dict[str, Any])
    seen: str = ""
    messages: dict[str, int] = field(default_factory=dict[str, int])
    waiting: dict[str, int] = field(default_factory=dict[str, int])
    newest: dict[str, list[Row]] = field(default_factory=dict[str, list[Row]])
    chats: int = 0
    run_logs: int = 0
    allowlist: Path | None = None
    group_files: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    ipc_files: dict[str, int] = field(default_factory=dict[str, int])
    has_credentials: bool = False
    problems: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    @property
    def assistant(self) -> str:
        """The assistant's name, by which NanoClaw knows its own messages: the main group's trigger without "@"."""
        groups = sorted(self.groups.values(), key=lambda group: group.get("folder") != "main")
        names = [str(group.get("trigger") or "").strip().lstrip("@") for group in groups]
        return next((name for name in names if name), _ASSISTANT)


def read(path: Path, home: Path) -> NanoClawFolder:
    """Read the folder; `home` is searched for the mount allowlist. Raises NotAFolder, NotADatabase."""
    if not path.is_dir():
        raise NotAFolder(path, "there is no such folder")
    found = NanoClawFolder(path)
    database = path / "store" / "messages.db"
    if database.is_file():
        found.database = database
        _read_database(database, found)
    _read_json_files(path / "data", found)
    if found.database is not None:
        _read_messages(found.database, found)
    if found.database is None and not found.groups:
        raise NotAFolder(path, "it has neither store/messages.db nor data/registered_groups.json")
    _read_beside(path, home, found)
    return found


def _read_database(path: Path, found: NanoClawFolder) -> None:
    with readonly.opened(path) as connection:
        connection.text_factory = _text
        missing = [table for table in TABLES if not columns(connection, table)]
        if missing:
            raise NotADatabase(path, f"it has no table {missing[0]}")

        def rows(query: str) -> list[Row]:
            return [dict(row) for row in connection.execute(query)]

        for row in rows("SELECT * FROM registered_groups ORDER BY rowid"):
            row.setdefault("requires_trigger", 1)
            try:
                found.groups[row["jid"]] = group_of(row)
            except ValueError as error:
                found.problems.append((f"group {row['jid']}", f"its container settings are no JSON: {error}"))
                found.groups[row["jid"]] = group_of(row | {"container_config": None})
        found.tasks = rows("SELECT * FROM scheduled_tasks ORDER BY rowid")
        found.sessions = {row["group_folder"]: row["session_id"] for row in rows("SELECT * FROM sessions")}
        state = {row["key"]: row["value"] for row in rows("SELECT * FROM router_state")}
        found.seen = state.get(SEEN) or ""
        _take_cursors(state.get(HANDED_OVER), found)
        found.chats = int(rows("SELECT COUNT(*) AS n FROM chats")[0]["n"])
        found.run_logs = int(rows("SELECT COUNT(*) AS n FROM task_run_logs")[0]["n"])
        counted = rows("SELECT chat_jid, COUNT(*) AS n FROM messages GROUP BY chat_jid")
        found.messages = {row["chat_jid"]: int(row["n"]) for row in counted}


def _read_messages(path: Path, found: NanoClawFolder) -> None:
    """The chats of the groups, by the cursors that are valid in the end."""
    newest = f"SELECT {', '.join(TABLES['messages'])} FROM messages WHERE chat_jid = ?"  # noqa: S608 - our own names
    newest += " ORDER BY timestamp DESC, rowid DESC LIMIT ?"
    waiting = "SELECT COUNT(*) FROM messages WHERE chat_jid = ? AND timestamp > ? AND content NOT LIKE ?"
    with readonly.opened(path) as connection:
        connection.text_factory = _text
        for jid in found.groups:
            found.newest[jid] = [dict(row) for row in reversed(connection.execute(newest, (jid, NEWEST)).fetchall())]
            values = (jid, str(found.cursors.get(jid) or ""), f"{found.assistant}:%")
            count = connection.execute(waiting, values).fetchone()[0]
            if count:
                found.waiting[jid] = int(count)


def _text(data: bytes) -> str:
    """What is no UTF-8 is shown as such instead of making the whole table unreadable."""
    return data.decode("utf-8", "replace")


def _take_cursors(text: Any, found: NanoClawFolder) -> None:
    cursors = {} if text is None else read_cursors(text)
    if cursors is None:
        found.problems.append(("cursors", "last_agent_timestamp is no JSON object"))
    found.cursors = cursors or {}


def _read_json_files(data: Path, found: NanoClawFolder) -> None:
    """The files of NanoClaw's first versions, which win over the database as when NanoClaw starts."""
    state = _read_json(data / "router_state.json", found)
    if state:
        found.seen = state.get(SEEN) or found.seen
        cursors = state.get(HANDED_OVER)
        found.cursors = cast("Row", cursors) if isinstance(cursors, dict) else found.cursors
    found.sessions |= _read_json(data / "sessions.json", found)
    for jid, group in _read_json(data / "registered_groups.json", found).items():
        if isinstance(group, dict):
            found.groups[jid] = cast("Row", group)
        else:
            found.problems.append((f"group {jid}", "its entry in registered_groups.json is no object"))


def _read_json(path: Path, found: NanoClawFolder) -> Row:
    value, problem = {}, ""
    try:
        with path.open("rb") as file:
            data = file.read(limits.IMPORT_FILE_BYTES)  # cut off, it is no JSON any more
        value = parse_json(data.decode("utf-8", "replace"))
        problem = "" if isinstance(value, dict) else "it is no JSON object"
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        problem = str(error)
    if problem:
        found.problems.append((f"data/{path.name}", problem))
        return {}
    return cast("Row", value)


def _read_beside(path: Path, home: Path, found: NanoClawFolder) -> None:
    if (home / ALLOWLIST).is_file():
        found.allowlist = home / ALLOWLIST
    found.has_credentials = (path / ".env").exists() or (path / "data" / "env" / "env").exists()
    for folder in _folders(path / "groups"):
        found.group_files[folder.name] = sorted(each.name for each in folder.iterdir() if each.name != "logs")
    for folder in _folders(path / "data" / "ipc"):
        count = sum(1 for kind in ("messages", "tasks") for _ in (folder / kind).glob("*.json"))
        if count:
            found.ipc_files[folder.name] = count


def _folders(path: Path) -> list[Path]:
    return sorted(each for each in path.iterdir() if each.is_dir()) if path.is_dir() else []
