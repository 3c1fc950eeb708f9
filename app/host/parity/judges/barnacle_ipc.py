"""Plays NanoClaw's processTaskIpc and IPC watcher through device/host/ipc.py, the real commands and the real policy,
over a bare state. Runs on both interpreters, so it keeps device/'s rules.
"""

# pyright: standard

from app.host.parity.judges.ipc_tables import REGISTERED
from device.host import ipc, policy
from device.host.clock import ManualClock
from device.host.commands import Commands
from device.host.errors import Refused
from device.host.prompt import iso_ms
from device.host.state import State

CONSOLE = "console:"  # the address of a group that has no chat: NanoClaw has no such groups


class BareStore:
    """A state without journal and spool; remembers the order in which tasks were first put."""

    def __init__(self):
        self.state = State()
        self.new_tasks = []

    def require(self, records, size):
        """There is always room."""

    def put(self, kind, body):
        """Take a record in."""
        if kind == "task.set" and body["id"] not in self.state.tasks:
            self.new_tasks.append(body["id"])
        self.state.apply(kind, body)


class BarnacleIpc:
    """`request` or `watch` as NanoClawIpc has them, then the same to read."""

    threw = False

    def __init__(self, document, case, now_ms, zone, read_ms):
        self.fails_to_send = case.get("send_message_throws")
        self.sent, self.registered, self.left, self.set_aside = [], [], [], []
        self.refreshed = False
        self.store = BareStore()
        groups, seeds = document["registered_groups"], document["seeds"]
        for jid in groups:
            self.store.put("group.set", _group(jid, groups[jid], read_ms))
        for task_id in case["seed_tasks"]:
            self.store.put("task.set", _task(seeds[task_id], read_ms))
        self.store.new_tasks = []
        self.commands = Commands(self.store, ManualClock(now_ms), zone)

    def request(self, data, source, is_main):
        """One request; when it is refused, nothing else happens."""
        actor = ipc.actor_of(source, is_main)
        try:
            command, args = ipc.translate(data, self.store.state)
            if command in ("message.send", "groups.refresh"):
                decision = policy.decide(actor, command, args.get("folder"), self.store.state)
                if not decision.allowed:
                    return
                if command == "message.send":
                    self._send(args)
                self.refreshed = self.refreshed or command == "groups.refresh"
                return
            done = self.commands.perform(actor, command, args)
        except Refused:
            return
        if data["type"] == "register_group":
            group = dict(done, added_at=iso_ms(done["added_ms"]))
            self.registered.append([group[key] for key in REGISTERED])

    def watch(self, source, place, contents):
        """One pass over a group's folder."""
        for name, meaning in contents:
            if source == "errors" or not name.endswith(".json"):
                self.left.append(name)
            elif not meaning or meaning[0] is None or not self._take(meaning[0], source, place):
                self.set_aside.append(source + "-" + name)

    def _take(self, data, source, place):
        try:
            if (place == "messages") == (isinstance(data, dict) and data.get("type") == "message"):
                self.request(data, source, source == "main")
        except OSError:
            return False
        return True

    def _send(self, args):
        if self.fails_to_send:
            raise OSError("the channel is down")
        self.sent.append({"jid": args["jid"], "text": "Andy: " + args["text"]})

    @property
    def tasks(self):
        """{id: row}, new ones named $NEWTASK1 and so on."""
        tasks, new = self.store.state.tasks, self.store.new_tasks
        names = {task_id: "$NEWTASK" + str(i + 1) for i, task_id in enumerate(new)}
        return {names.get(key, key): _task_row(tasks[key]) for key in tasks}

    @property
    def groups(self):
        """{jid: row} of the groups that have a chat."""
        groups = self.store.state.groups.values()
        return {group["jid"]: _group_row(group) for group in groups if group["jid"] != CONSOLE + group["folder"]}


def _task_row(task):
    row = [task[key] for key in ("folder", "jid", "prompt", "kind", "value")]
    next_run = None if task["next_ms"] is None else iso_ms(task["next_ms"])
    row.extend((next_run, task["status"], task["context"], iso_ms(task["created_ms"])))
    return row


def _group_row(group):
    needs_trigger = 1 if group["requires_trigger"] else 0
    return [group["name"], group["folder"], group["trigger"], needs_trigger, iso_ms(group["added_ms"])]


def _group(jid, row, read_ms):
    return {
        "folder": row["folder"],
        "jid": jid,
        "name": row["name"],
        "trigger": row["trigger"],
        "requires_trigger": row.get("requiresTrigger", True),
        "added_ms": read_ms(row["added_at"]),
        "paused": False,
    }


def _task(row, read_ms):
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
        "next_ms": read_ms(row["next_run"]),
        "last_ms": None,
        "last_result": None,
        "created_ms": read_ms(row["created_at"]),
    }
