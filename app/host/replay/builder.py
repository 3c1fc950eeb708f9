"""Makes a timeline of Barnacle's own from the records that a box sent up, live or out of the mirror.

    msg.stored            a message event at the moment it came
    audit of an owner     a command event, its arguments out of the audit's detail and the record that followed
    audit of a chat       a message event for a chat that no group has (what it said was never stored)
    run.*, msg.out        `expected`: which run took which messages, what was answered
    audit                 `expected`: the decision trail

What cannot be played again is left out and counted: commands to the screen, and messages refused for their size or
number, whose text the box did not keep.
"""

import re
from collections.abc import Iterable
from typing import Any

from app.host.replay.timeline import SCHEMA, Timeline
from app.host.zone_rules import posix_rule

Row = dict[str, Any]
GROUP = ("folder", "jid", "name", "trigger", "requires_trigger", "paused")
TASK = ("folder", "prompt", "kind", "value", "context", "missed", "status")
GONE = "(not kept)"
_COMMANDS = ("group.", "task.", "settings.")
_DETAIL = re.compile(r"(?:^| )(id|folder|kind|value|name|slots|zone)=")
_TAKES = {
    "group.add": ("group.set", ("folder", "name", "jid", "trigger", "requires_trigger")),
    "group.set": ("group.set", ("folder", "name", "jid", "trigger", "requires_trigger")),
    "task.add": ("task.set", ("folder", "prompt", "kind", "value", "context", "missed")),
    "task.edit": ("task.set", ("prompt", "context", "missed")),
    "settings.set": ("settings.set", ("assistant", "zone", "rule", "slots")),
}
_OWNER, _CHAT = "owner:", "chat:"


class TimelineBuilder:
    """`begin` with what the box had, `take` each record in order, `finish`. Times are UTC milliseconds of the box."""

    def __init__(self, name: str, start_ms: int, settings: Row) -> None:
        self._name = name
        self._start_ms = start_ms
        self._settings = settings
        self._initial: Row = {}
        self._events: list[Row] = []
        self._runs: list[Row] = []
        self._out: list[Row] = []
        self._audit: list[Row] = []
        self._handed: dict[str, int] = {}
        self._numbers: dict[str, list[tuple[int, str]]] = {}
        self._known: set[str] = set()
        self._made: list[str] = []
        self._started: set[str] = set()
        self._unfinished: Row | None = None
        self.left_out = 0

    @property
    def size(self) -> int:
        """How much has been taken."""
        return len(self._events) + len(self._runs) + len(self._out) + len(self._audit)

    def begin(
        self, groups: Iterable[Row], tasks: Iterable[Row], messages: Iterable[Row], cursors: dict[str, int]
    ) -> None:
        """The box at the start: whole groups and tasks, kept messages {n, id, jid, folder, …}, cursors {folder: n}."""
        kept = [message for message in messages if not message["from_me"]]
        self._initial = {
            "groups": [_only(group, (*GROUP, "added_ms")) for group in groups],
            "tasks": list(tasks),
            "messages": kept,
            "cursors": [{"folder": folder, "n": n} for folder, n in cursors.items()],
        }
        self._handed = dict(cursors)
        self._known = {task["id"] for task in self._initial["tasks"]}
        for message in kept:
            self._numbers.setdefault(message["folder"], []).append((message["n"], message["id"]))

    def take(self, kind: str, body: Row, at_ms: int) -> None:
        """One record; `at_ms`: when it was made, as far as it does not say so itself."""
        taker = _TAKERS.get(kind)
        if taker is not None:
            taker(self, body, at_ms)
        self._enrich(kind, body)

    def finish(self, end_ms: int, groups: Iterable[Row], tasks: Iterable[Row]) -> Timeline:
        """The timeline, with the state at the end as `expected`."""
        self._fill_in()
        self._order_events()
        last_ms = max((event["t"] for event in self._events), default=0)
        phase = {
            "start_ms": self._start_ms,
            "end_ms": max(end_ms - self._start_ms, last_ms + 1),
            "settings": {**self._settings, "rule": posix_rule(self._settings["zone"])},
            "initial": self._initial,
            "events": self._events,
            "made": self._made,
            "expected": {
                "runs": self._runs,
                "out": self._out,
                "audit": self._audit,
                "groups": sorted((_only(group, GROUP) for group in groups), key=lambda group: group["folder"]),
                "tasks": [_only(task, TASK) for task in tasks],
            },
        }
        return {"schema": SCHEMA, "name": self._name, "left_out": self.left_out, "phases": [phase]}

    def _t(self, at_ms: int) -> int:
        return max(0, at_ms - self._start_ms)

    def _message(self, body: Row, at_ms: int) -> None:
        keys = ("jid", "id", "sender", "sender_name", "text", "ts_ms", "from_me")
        self._events.append({"t": self._t(at_ms), "kind": "message", "body": _only(body, keys)})
        self._numbers.setdefault(body["folder"], []).append((body["n"], body["id"]))

    def _run(self, body: Row, at_ms: int) -> None:
        if body["started_ms"] is None:
            return
        if body["id"] not in self._started:
            self._started.add(body["id"])
            self._begun(body)
        settled = body["state"] == "done" or (body["state"] == "failed" and body["result"] is not None)
        if settled and body["kind"] == "messages":
            self._cursor({"folder": body["folder"], "n": body["upto"]}, at_ms)

    def _begun(self, body: Row) -> None:
        t = self._t(body["started_ms"])
        ids: list[str] | None = None
        if body["kind"] == "messages":
            numbers = self._numbers.get(body["folder"], [])
            handed = self._handed.get(body["folder"], 0)
            ids = [id_ for n, id_ in numbers if handed < n <= body["upto"]]
            self._move_back(set(ids), t)
        self._runs.append(
            {"t": t, "folder": body["folder"], "kind": body["kind"], "task": body["task"], "messages": ids}
        )

    def _move_back(self, ids: set[str], t: int) -> None:
        """Messages came before the run that took them, whenever this program heard of them."""
        for event in self._events:
            if event["kind"] == "message" and event["body"]["id"] in ids:
                event["t"] = min(event["t"], t)

    def _cursor(self, body: Row, at_ms: int) -> None:
        self._handed[body["folder"]] = max(self._handed.get(body["folder"], 0), body["n"])

    def _reply(self, body: Row, at_ms: int) -> None:
        prefix = self._settings["assistant"] + ": " if body.get("prefix", True) else ""
        self._out.append({"t": self._t(body["ts_ms"]), "jid": body["jid"], "text": prefix + body["text"]})

    def _decision(self, body: Row, at_ms: int) -> None:
        if body["decision"] == "info" or body.get("origin", "box") != "box":
            return
        actor, what = str(body["actor"]), str(body["what"])
        t = self._t(body["ts_ms"])
        if actor.startswith(_OWNER):
            if not what.startswith(_COMMANDS):
                self.left_out += 1
                return
            self._command(t, actor[len(_OWNER) :], what, str(body["detail"]), body["decision"] == "allow")
        elif actor.startswith(_CHAT):
            if body["rule"] != "unknown_group":
                self.left_out += 1
                return
            self._unknown_chat(t, actor[len(_CHAT) :])
        self._audit.append(_only(body, ("what", "actor", "folder", "decision", "rule")) | {"t": t})

    def _command(self, t: int, client: str, what: str, detail: str, allowed: bool) -> None:
        parts = _DETAIL.split(detail)
        args: Row = dict(zip(parts[1::2], parts[2::2], strict=True))
        if "slots" in args:
            args["slots"] = int(args["slots"]) if args["slots"].isdigit() else args["slots"]
        body = {"id": f"replay-{len(self._events)}", "client": client, "name": what, "args": args}
        event: Row = {"t": t, "kind": "command", "body": body}
        self._events.append(event)
        self._unfinished = event if allowed and what in _TAKES else None

    def _unknown_chat(self, t: int, jid: str) -> None:
        body = {"jid": jid, "id": f"unknown-{len(self._events)}", "sender": "", "sender_name": "", "text": ""}
        body |= {"ts_ms": self._start_ms + t, "from_me": False}
        self._events.append({"t": t, "kind": "message", "body": body})

    def _task(self, body: Row, at_ms: int) -> None:
        if body["id"] not in self._known:
            self._known.add(body["id"])
            self._made.append(body["id"])

    def _enrich(self, kind: str, body: Row) -> None:
        """A command's own record follows its audit: it has the arguments that the audit does not show."""
        event = self._unfinished
        if event is None or kind == "audit":
            return
        wanted, keys = _TAKES[event["body"]["name"]]
        if kind == wanted:
            event["body"]["args"].update(_only(body, keys))
            self._unfinished = None

    def _fill_in(self) -> None:
        """What a command set may be gone by now; the decision on it is replayed all the same."""
        for event in self._events:
            body = event["body"]
            if event["kind"] == "command" and body["name"] == "task.add" and "prompt" not in body["args"]:
                body["args"]["prompt"] = GONE
                self.left_out += 1
            elif event["kind"] == "command" and body["name"] == "settings.set" and not body["args"]:
                body["args"]["assistant"] = self._settings["assistant"]

    def _order_events(self) -> None:
        """No event after the one below it; and in whole, from the first to the last."""
        for above, below in zip(reversed(self._events[:-1]), reversed(self._events[1:]), strict=True):
            above["t"] = min(above["t"], below["t"])


def _only(row: Row, keys: Iterable[str]) -> Row:
    return {key: row[key] for key in keys if key in row}


_TAKERS = {
    "msg.stored": TimelineBuilder._message,  # pyright: ignore[reportPrivateUsage]
    "run.started": TimelineBuilder._run,  # pyright: ignore[reportPrivateUsage]
    "run.ended": TimelineBuilder._run,  # pyright: ignore[reportPrivateUsage]
    "cursor.set": TimelineBuilder._cursor,  # pyright: ignore[reportPrivateUsage]
    "msg.out": TimelineBuilder._reply,  # pyright: ignore[reportPrivateUsage]
    "audit": TimelineBuilder._decision,  # pyright: ignore[reportPrivateUsage]
    "task.set": TimelineBuilder._task,  # pyright: ignore[reportPrivateUsage]
}
