"""Decides what of a NanoClaw folder a box takes, what changes on the way, what stays out, and why. Pure: no files, no
network.

    plan = make(folder, BoxNow(groups, tasks), Choices())
    plan.steps      the box's commands in order
    plan.entries    everything that was found, each with its outcome
"""

from dataclasses import dataclass, field
from typing import Any, Final

from app.host.nanoclaw import device_rules as rules
from app.host.nanoclaw.folder import NanoClawFolder
from app.host.nanoclaw.javascript import trim, truthy

TAKEN: Final = "taken"
CHANGED: Final = "changed"
KEPT: Final = "kept"
LEFT_OUT: Final = "left out"
OUTCOMES: Final = (TAKEN, CHANGED, KEPT, LEFT_OUT)
"""`kept`: not on the box, but held on this machine."""

CONSOLE: Final = "console:"
_THERE: Final = "the box has it already"

Row = dict[str, Any]


@dataclass
class Entry:
    """One thing of the folder: its kind (group, task, cursor …), its name, what becomes of it and why."""

    kind: str
    name: str
    outcome: str
    why: str = ""


@dataclass
class Step:
    """A command for the box; `then` follows with the id of what it made. `entry` tells how it went."""

    name: str
    args: Row
    entry: Entry
    then: str = ""


@dataclass(frozen=True)
class BoxNow:
    """What the box has: the results of the requests `groups` and `tasks`."""

    groups: list[Row] = field(default_factory=list[Row])
    tasks: list[Row] = field(default_factory=list[Row])


@dataclass(frozen=True)
class Choices:
    """`keep_addresses`: groups keep their chat addresses, although no gateway may serve them yet."""

    keep_addresses: bool = False


@dataclass
class Plan:
    """What to do, and the report."""

    steps: list[Step] = field(default_factory=list[Step])
    entries: list[Entry] = field(default_factory=list[Entry])
    keep_history: bool = False
    keep_allowlist: bool = False

    def note(self, kind: str, name: str, outcome: str, why: str = "") -> Entry:
        """Add an entry."""
        self.entries.append(Entry(kind, name, outcome, why))
        return self.entries[-1]


def make(folder: NanoClawFolder, box: BoxNow, choices: Choices) -> Plan:
    """The plan for bringing `folder` to a box that has `box`."""
    plan = Plan()
    for what, why in folder.problems:
        plan.note("unreadable", what, LEFT_OUT, why)
    served = _plan_groups(folder, box, choices, plan)
    _plan_tasks(folder, box, served, plan)
    _plan_history(folder, plan)
    _plan_beside(folder, plan)
    return plan


def _plan_groups(folder: NanoClawFolder, box: BoxNow, choices: Choices, plan: Plan) -> set[str]:
    """Steps for the groups; returns the folders that the box will have."""
    existing = {group["folder"]: group for group in box.groups}
    for jid, group in folder.groups.items():
        name = str(group.get("folder"))
        wanted, changes = _wanted(jid, group, choices)
        if truthy(group.get("containerConfig")):
            plan.note("container settings", name, LEFT_OUT, "runs on the box need no container; mounts are not taken")
        if name == "main" and "main" in existing:
            _plan_main(existing["main"], wanted, plan)
            continue
        if name in existing and any(group["folder"] == name for group in box.groups):
            plan.note("group", name, LEFT_OUT, _THERE)
            continue
        problem = rules.group_problem(wanted, existing)
        if problem:
            plan.note("group", name, LEFT_OUT, problem)
            continue
        entry = plan.note("group", name, CHANGED if changes else TAKEN, "; ".join(changes))
        plan.steps.append(Step("group.add", wanted, entry))
    return set(existing)


def _wanted(jid: str, group: Row, choices: Choices) -> tuple[Row, list[str]]:
    """The arguments of group.add, and what they change."""
    name = group.get("folder")
    wanted: Row = {
        "folder": name,
        "name": str(group.get("name") or name),
        "jid": jid,
        "trigger": group.get("trigger") or "",
        "requires_trigger": bool(group.get("requiresTrigger", True)),
    }
    changes: list[str] = []
    if len(wanted["name"].encode("utf-8", "replace")) > rules.NAME_BYTES:
        wanted["name"] = wanted["name"].encode("utf-8", "replace")[: rules.NAME_BYTES].decode("utf-8", "ignore").strip()
        changes.append(f"its name is cut to {rules.NAME_BYTES} bytes")
    if not choices.keep_addresses and not jid.startswith(CONSOLE):
        wanted["jid"] = f"{CONSOLE}{name}"
        changes.append(f"its chat is {wanted['jid']}: no gateway serves {jid}")
    return wanted, changes


def _plan_main(has: Row, wanted: Row, plan: Plan) -> None:
    args = {key: wanted[key] for key in ("name", "trigger") if wanted[key] and wanted[key] != has.get(key)}
    if wanted["jid"] != f"{CONSOLE}main" and wanted["jid"] != has.get("jid"):
        args["jid"] = wanted["jid"]
    if not args:
        plan.note("group", "main", LEFT_OUT, _THERE)
        return
    entry = plan.note("group", "main", CHANGED, f"the box's own main gets: {', '.join(sorted(args))}")
    plan.steps.append(Step("group.set", {"folder": "main"} | args, entry))


def _plan_tasks(folder: NanoClawFolder, box: BoxNow, served: set[str], plan: Plan) -> None:
    there = {(task["folder"], task["prompt"], task["kind"], task["value"]) for task in box.tasks}
    room = rules.TASKS - len(box.tasks)
    for task in folder.tasks:
        args, changes = _task(task)
        problem = _task_problem(task, args, served)
        if not problem and (args["folder"], args["prompt"], args["kind"], args["value"]) in there:
            problem = _THERE
        if not problem and room <= 0:
            problem = f"the box holds {rules.TASKS} tasks"
        if problem:
            plan.note("task", str(task["id"]), LEFT_OUT, problem)
            continue
        room -= 1
        entry = plan.note("task", str(task["id"]), CHANGED, "; ".join(["the box gives it a new id", *changes]))
        plan.steps.append(Step("task.add", args, entry, "task.pause" if task["status"] == "paused" else ""))


def _task(task: Row) -> tuple[Row, list[str]]:
    """The arguments of task.add, and what they change."""
    kind, value, changes = task["schedule_type"], task["schedule_value"], list[str]()
    if kind == "once" and rules.utc_ms(task["next_run"]) is not None and value != task["next_run"]:
        value = task["next_run"]
        changes.append("its time is written with its zone")
    if kind == "interval":
        changes.append(f"its interval starts anew (NanoClaw's next run: {task['next_run'] or 'none'})")
    if task["last_run"]:
        changes.append("its last run and result are not taken")
    context = task.get("context_mode")
    if context not in ("isolated", "group"):
        changes.append(f"its context {context!r} becomes isolated")
        context = "isolated"
    folder, prompt = task["group_folder"], task["prompt"]
    return {"folder": folder, "prompt": prompt, "kind": kind, "value": value, "context": context}, changes


def _task_problem(task: Row, args: Row, served: set[str]) -> str:
    if task["status"] == "completed":
        return "it is completed"
    if task["status"] not in ("active", "paused"):
        return f"its status {task['status']!r} is unknown, so NanoClaw does not run it either"
    if args["folder"] not in served:
        return f"an orphan: the box has no group {args['folder']}"
    if args["kind"] == "once" and task["status"] == "paused":
        return "paused, for a single time: the box might run it before it is paused; add it when it is wanted"
    if task["status"] == "active" and not task["next_run"]:
        return "it has no next run, so NanoClaw does not run it either"
    if not trim(str(args["prompt"] or "")):
        return "its prompt is empty"
    if len(args["prompt"].encode("utf-8", "replace")) > rules.PROMPT_BYTES:
        return f"its prompt exceeds {rules.PROMPT_BYTES} bytes"
    return rules.schedule_problem(args["kind"], args["value"]) or ""


def _plan_history(folder: NanoClawFolder, plan: Plan) -> None:
    """Cursors, sessions and messages: the box has no command for them; a copy of the database holds them."""
    plan.keep_history = folder.database is not None
    outcome = KEPT if plan.keep_history else LEFT_OUT
    total = sum(folder.messages.values())
    if total:
        why = "the box starts with empty groups; the messages are in the copy of the database"
        plan.note("messages", f"{total} in {len(folder.messages)} chats", outcome, why)
    for jid, count in folder.waiting.items():
        group = str(folder.groups[jid].get("folder"))
        why = "NanoClaw has not handed them over; send what still matters again"
        plan.note("waiting messages", f"{group}: {count}", outcome, why)
    for jid, time in folder.cursors.items():
        plan.note("cursor", f"{jid}: {time}", outcome, "the box counts from its own first message")
    for name, session in folder.sessions.items():
        plan.note("session", f"{name}: {session}", outcome, "it belongs to NanoClaw's agent; runs start afresh")
    if folder.chats:
        plan.note("chats", str(folder.chats), outcome, "names of chats that are no groups are not used")
    if folder.run_logs:
        plan.note("run logs", str(folder.run_logs), outcome, "the box logs its own runs")


def _plan_beside(folder: NanoClawFolder, plan: Plan) -> None:
    if folder.allowlist is not None:
        plan.keep_allowlist = True
        plan.note("mount allowlist", str(folder.allowlist), KEPT, "for container runs; the box itself mounts nothing")
    for name, files in folder.group_files.items():
        if files:
            shown = ", ".join(files[:5]) + (" …" if len(files) > 5 else "")
            plan.note("files", f"groups/{name}: {shown}", LEFT_OUT, "memory and files stay in the NanoClaw folder")
    for name, count in folder.ipc_files.items():
        plan.note("requests", f"data/ipc/{name}: {count}", LEFT_OUT, "let NanoClaw work them off before it is stopped")
    if folder.has_credentials:
        plan.note("credentials", ".env", LEFT_OUT, "never read from files; store them: barnacle secret set")
