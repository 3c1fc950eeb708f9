"""NanoClaw's processTaskIpc and IPC watcher written down once more, plainly, as a judge for what its agents ask.

Without `repaired` it must lead to every recording, defects included; with it, a request in which a defect acts is
refused instead. `defects` names those that acted, found from the requests and the state alone. When a task is due is
left to device/host/schedule.py, which is judged by recordings of its own.
"""

# pyright: standard

from app.host.parity.judges.ipc_tables import group_row, seed_rows
from app.host.parity.judges.javascript import OBJECT_KEYS, Thrown, parse_int, stored, text, truthy
from device.host import date_text, groups, schedule
from device.host.errors import Refused
from device.host.prompt import iso_ms

LATEST_MS = 8640000000000000  # the last moment that JavaScript has a date for
WATCHED = ".json"
STATUS = 6  # in a row of ipc_tables.TASK_COLUMNS


class NanoClawIpc:
    """`process` one request or `watch` a folder, then read what was `sent`, `registered`, … and the two tables."""

    def __init__(self, document, case, now_ms, zone, repaired):
        self.now_ms, self.zone, self.repaired = now_ms, zone, repaired
        self.fails_to_send = case.get("send_message_throws")
        self.defects = []
        self.sent, self.registered, self.left, self.set_aside = [], [], [], []
        self.refreshed = self.threw = False
        registered = document["registered_groups"]
        self.folders = {jid: registered[jid]["folder"] for jid in registered}  # what NanoClaw holds in memory
        self.groups = {jid: group_row(registered[jid]) for jid in registered}
        self.tasks = seed_rows(document, case)
        self.created = 0

    def request(self, data, source, is_main):
        """One request that arrives by itself; what it throws nobody catches."""
        try:
            self.process(data, source, is_main)
        except Thrown:
            self.threw = True

    def watch(self, source, place, contents):
        """One pass over `contents` [(name, [what the JSON means] or [])]; is main who writes in main's folder."""
        for name, meaning in contents:
            if source == "errors" or not name.endswith(WATCHED):
                self.left.append(name)
                continue
            try:
                self._take(meaning, source, place)
            except Thrown:
                self.set_aside.append(source + "-" + name)

    def process(self, data, source, is_main):
        """One request. Raises Thrown where NanoClaw throws."""
        if data is None:
            raise Thrown("data is null")
        kind = data.get("type") if isinstance(data, dict) else None
        try:
            if kind == "schedule_task":
                self._schedule(data, source, is_main)
            elif kind in ("pause_task", "resume_task", "cancel_task"):
                self._change(kind, data, source, is_main)
            elif kind == "register_group" and is_main:
                self._register(data)
            elif kind == "refresh_groups" and is_main:
                self.refreshed = True
        except Refused:
            return

    def _take(self, meaning, source, place):
        if not meaning:
            raise Thrown("no JSON")
        data = meaning[0]
        if place == "tasks":
            self.process(data, source, source == "main")
        elif data is None:
            raise Thrown("data is null")
        elif isinstance(data, dict) and data.get("type") == "message":
            try:
                self._send(data, source)
            except Refused:
                return

    def _send(self, data, source):
        jid, words = data.get("chatJid"), data.get("text")
        if truthy(jid) and truthy(words) and (source == "main" or self.folders.get(text(jid)) == source):
            if not isinstance(jid, str):
                self._defect("non_string_field")
            if self.fails_to_send:
                raise Thrown("the channel is down")
            self.sent.append({"jid": jid, "text": "Andy: " + text(words)})

    def _defect(self, name):
        """A defect acts: noted, and with the repair the request ends here."""
        self.defects.append(name)
        if self.repaired:
            raise Refused("bad_value", name)

    def _schedule(self, data, source, is_main):
        if not all(truthy(data.get(key)) for key in ("prompt", "schedule_type", "schedule_value", "targetJid")):
            return
        jid = text(data["targetJid"])
        folder = self.folders.get(jid)
        if folder is None and jid not in OBJECT_KEYS:
            return
        if not is_main and folder != source:
            return
        self._check_types(data)
        kind, value = data["schedule_type"], data["schedule_value"]
        planned = [None]
        if kind == "cron":
            planned = self._first(kind, value)
        elif kind == "interval":
            planned = self._after(parse_int(value))
        elif kind == "once":
            planned = self._at(value)
        else:
            self._defect("unknown_type_accepted")
        if not planned:
            return
        if folder is None:
            self._defect("prototype_key")
            raise Thrown("no folder")
        context = data.get("context_mode")
        context = context if context in ("group", "isolated") else "isolated"
        row = [folder, jid]
        row.extend(self._bound(data[key]) for key in ("prompt", "schedule_type", "schedule_value"))
        row.extend((planned[0], "active", context, iso_ms(self.now_ms)))
        self.created += 1
        self.tasks["$NEWTASK" + str(self.created)] = row

    def _check_types(self, data):
        if not isinstance(data["targetJid"], str):
            self._defect("non_string_field")
        for key in ("prompt", "schedule_value"):
            if isinstance(data[key], dict) and key == "prompt":
                self._defect("non_string_prompt_throws")
            elif isinstance(data[key], (list, dict, bool, float)):
                self._defect("non_string_field")

    def _first(self, kind, value):
        """[the first run] of a cron expression or date, [] if NanoClaw ignores it."""
        if not isinstance(value, str):
            return []
        try:
            return [iso_ms(schedule.first(kind, value, self.now_ms, self.zone))]
        except schedule.ScheduleError:
            return []

    def _after(self, interval_ms):
        if interval_ms is None or interval_ms <= 0:
            return []
        if self.now_ms + interval_ms > LATEST_MS:
            self._defect("huge_interval_throws")
            raise Thrown("Invalid time value")
        return [iso_ms(self.now_ms + interval_ms)]

    def _at(self, value):
        if isinstance(value, (int, float)):
            self._defect("number_to_text")  # to Barnacle a number is no date
            return [iso_ms(int(value))] if abs(value) <= LATEST_MS else []
        due_ms = date_text.utc_ms(text(value), self.zone)
        return [] if due_ms is None else [iso_ms(due_ms)]

    def _bound(self, value):
        """What SQLite's column of texts keeps of a value."""
        if isinstance(value, str):
            return stored(value)
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
            return stored(value[0])
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise Thrown("cannot be bound")
        if self.repaired:
            self.defects.append("number_to_text")
            return str(value)
        return str(value) + ".0" if isinstance(value, int) and abs(value) < 10**15 else str(float(value))

    def _change(self, kind, data, source, is_main):
        task_id = data.get("taskId")
        if not truthy(task_id):
            return
        if not isinstance(task_id, str):
            self._defect("non_string_field")
            task_id = self._bound(task_id)
        task = self.tasks.get(task_id)
        if task is None or not (is_main or task[0] == source):
            return
        if kind == "cancel_task":
            del self.tasks[task_id]
            return
        if task[STATUS] == "completed":
            self._defect("resume_keeps_next_run")
        task[STATUS] = "paused" if kind == "pause_task" else "active"

    def _register(self, data):
        fields = [data.get(key) for key in ("jid", "name", "folder", "trigger")]
        if not all(truthy(field) for field in fields):
            return
        if not all(isinstance(field, str) for field in fields):
            self._defect("non_string_field")
        jid, name, folder, trigger = [self._bound(field) for field in fields]
        if folder == "main" or self.folders.get(jid) == "main":
            self._defect("main_can_be_replaced")
        others = [self.groups[other][1] for other in self.groups if other != jid]
        if folder in others:
            self._defect("folder_conflict_replaces")
        elif not _is_plain(folder) or folder.lower() in [other.lower() for other in others]:
            self._defect("folder_not_validated")
        for other in [other for other in self.groups if other != jid and self.groups[other][1] == folder]:
            del self.groups[other]
        self.groups[jid] = [name, folder, trigger, 1, iso_ms(self.now_ms)]
        self.folders[jid] = folder
        fields.append(iso_ms(self.now_ms))
        self.registered.append(fields)


def _is_plain(folder):
    try:
        return groups.check_folder(folder) == folder
    except Refused:
        return False
