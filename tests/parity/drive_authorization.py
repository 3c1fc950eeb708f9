"""Every case of ipc_auth.json through device/host/ipc.py, the real commands and the real policy, over a bare state.

Compared: which requests take effect, messages sent, and the tables of tasks and groups (what Barnacle has of their
columns: it keeps run logs and container settings elsewhere), and which files a watcher takes, leaves or sets aside.
The watcher is the laptop's: on MicroPython, whose JSON reader lets ill-formed texts pass, cases that give a file's raw
text are left out.
"""

import json

from device.host import ipc, policy, portable, tz
from device.host.clock import ManualClock
from device.host.commands import Commands
from device.host.errors import Refused
from device.host.prompt import iso_ms
from device.host.state import State
from tests.parity import golden
from tests.parity.exemptions import EXEMPT

PATH = "tests/golden/ipc_auth.json"
NOON_MS = 1770984000000  # every case's "now": 2026-02-13T12:00:00Z
HOUR_MS = 3600000
REAL_NUMBERS = "number_to_text"
KEPT_NEXT_RUN = "resume_keeps_next_run"  # the one repaired defect whose request may still take effect


class BareStore:
    """A state without journal and spool; remembers the order in which tasks were first put."""

    def __init__(self):
        self.state = State()
        self.new_tasks = []

    def require(self, records, size):
        """There is always room."""

    def put(self, kind, body):
        if kind == "task.set" and body["id"] not in self.state.tasks:
            self.new_tasks.append(body["id"])
        self.state.apply(kind, body)


class Host:
    """Plays NanoClaw's processTaskIpc and IPC watcher against Barnacle's command semantics."""

    def __init__(self, document, case):
        self.case = case
        self.sent, self.registered, self.refused = [], [], []
        self.left, self.set_aside = [], []
        self.store = BareStore()
        for jid in document["registered_groups"]:
            self.store.put("group.set", _group(jid, document["registered_groups"][jid]))
        for task_id in case["seed_tasks"]:
            self.store.put("task.set", _seed(document["seeds"][task_id]))
        self.store.new_tasks = []
        self.commands = Commands(self.store, ManualClock(NOON_MS), tz.Zone("UTC0"))

    def process(self, data, source, is_main):
        """One request; a refusal is noted and nothing else happens."""
        actor = ipc.actor_of(source, is_main)
        try:
            command, args = ipc.translate(data, self.store.state)
            if command in ("message.send", "groups.refresh"):
                decision = policy.decide(actor, command, args.get("folder"), self.store.state)
                if not decision.allowed:
                    raise Refused("not_authorized", decision.reason)
                if command == "message.send":
                    self._send(args)
            else:
                self.commands.perform(actor, command, args)
                if command == "group.add":
                    self.registered.append(args)
        except Refused as refusal:
            self.refused.append(refusal.code)

    def watch(self):
        """One pass over the case's files, in order of name."""
        source = self.case["source_group"]
        place = self.case["dir"].split("/")[-1]
        for name in sorted(self.case["files"]):
            if source == "errors" or not name.endswith(".json"):
                self.left.append(name)
            elif not self._take(self.case["files"][name], source, place):
                self.set_aside.append(source + "-" + name)

    def _take(self, content, source, place):
        try:
            data = json.loads(content) if isinstance(content, str) else content
            if data is None:
                return False
            if (place == "messages") == (isinstance(data, dict) and data.get("type") == "message"):
                self.process(data, source, source == "main")
        except (ValueError, OSError):
            return False
        return True

    def _send(self, args):
        if self.case.get("send_message_throws"):
            raise OSError("the channel is down")
        self.sent.append({"jid": args["jid"], "text": "Andy: " + args["text"]})

    def seen(self):
        """What a case records, in its words."""
        tasks, groups = self.store.state.tasks, self.store.state.groups
        names = {task_id: "$NEWTASK" + str(i + 1) for i, task_id in enumerate(self.store.new_tasks)}
        return {
            "sent": self.sent,
            "registered": len(self.registered),
            "tasks": {names.get(key, key): _task_row(tasks[key]) for key in tasks},
            "groups": {groups[key]["jid"]: _group_row(groups[key]) for key in groups},
            "left": sorted(self.left),
            "set_aside": sorted(self.set_aside),
        }


def drive():
    """Compare every case; what a repaired defect changes is exempt by name, and must then have been refused."""
    with open(PATH) as file:
        document = json.load(file)
    result = golden.Result()
    for case in document["cases"]:
        if portable.MICROPYTHON and has_raw_file(case):
            continue
        host = Host(document, case)
        if case["via"] == "watcher":
            host.watch()
        else:
            host.process(case["data"], case["source_group"], case["is_main"])
        _judge(result, case, host)
    return result


def has_raw_file(case):
    """Whether the case gives the text of a file instead of what it means."""
    return any(isinstance(content, str) for content in case.get("files", {}).values())


def _judge(result, case, host):
    name = golden.quirk_name(case)
    name = name if name in EXEMPT else case["id"]
    if name not in EXEMPT:
        result.check(case, _recorded(case), host.seen())
    elif name == REAL_NUMBERS and not host.refused and _without_fraction(_recorded(case)) != host.seen():
        result.failed.append(case["id"] + " differs by more than the fraction: " + golden.brief(host.seen()))
    elif name not in (KEPT_NEXT_RUN, REAL_NUMBERS) and not host.refused:
        result.failed.append(case["id"] + " is exempt as " + name + ", but was not refused")
    else:
        result.exempt.append(case["id"] + " " + name)


def _without_fraction(recorded):
    for row in recorded["tasks"].values():
        for at, text in enumerate(row):
            if isinstance(text, str) and text.endswith(".0"):
                row[at] = text[:-2]
    return recorded


def _recorded(case):
    tables = case["tables"]
    errors = case.get("error_files", []) if case["source_group"] != "errors" else []
    return {
        "sent": case["effects"]["messages_sent"],
        "registered": len(case["effects"]["groups_registered"]),
        "tasks": {row["id"]: [row[key] for key in TASK_COLUMNS] for row in tables["scheduled_tasks"]},
        "groups": {row["jid"]: [row[key] for key in GROUP_COLUMNS] for row in tables["registered_groups"]},
        "left": sorted(case.get("files_left", [])),
        "set_aside": sorted(errors),
    }


TASK_COLUMNS = (
    "group_folder", "chat_jid", "prompt", "schedule_type", "schedule_value", "next_run", "status", "context_mode",
    "created_at",
)  # fmt: skip
GROUP_COLUMNS = ("name", "folder", "trigger_pattern", "requires_trigger", "added_at")


def _task_row(task):
    next_run = None if task["next_ms"] is None else iso_ms(task["next_ms"])
    row = [task[key] for key in ("folder", "jid", "prompt", "kind", "value", "status", "context")]
    row.insert(TASK_COLUMNS.index("next_run"), next_run)
    row.append(iso_ms(task["created_ms"]))
    return row


def _group_row(group):
    needs_trigger = 1 if group["requires_trigger"] else 0
    return [group["name"], group["folder"], group["trigger"], needs_trigger, iso_ms(group["added_ms"])]


def _group(jid, row):
    return {
        "folder": row["folder"],
        "jid": jid,
        "name": row["name"],
        "trigger": row["trigger"],
        "requires_trigger": row.get("requiresTrigger", True),
        "added_ms": NOON_MS,
        "paused": False,
    }


SEED_TIMES = {
    None: None,
    "2026-02-13T13:00:00.000Z": NOON_MS + HOUR_MS,
    "2026-02-01T09:00:00.000Z": NOON_MS - (12 * 24 + 3) * HOUR_MS,
}


def _seed(row):
    return {
        "id": row["id"],
        "folder": row["group_folder"],
        "jid": row["chat_jid"],
        "prompt": row["prompt"],
        "kind": row["schedule_type"],
        "value": row["schedule_value"],
        "context": row["context_mode"],
        "missed": "once",
        "status": row["status"],
        "next_ms": SEED_TIMES[row["next_run"]],
        "last_ms": None,
        "last_result": None,
        "created_ms": NOON_MS,
    }
