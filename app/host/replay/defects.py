"""When a behaviour of NanoClaw that Barnacle does not share acts in a recording: (moment, name), from the recording and
its scenario alone, never from what Barnacle did. Up to the first such moment Barnacle must agree with the recording in
everything; afterwards the two cannot be compared run by run, and the invariants (invariants.py) judge. Each name is in
the table of exemptions with its reason.
"""

from collections.abc import Iterator
from typing import Any, cast

from app.host.replay.device_rules import is_folder, is_interval, trigger_matches, trigger_name, wakes
from app.host.replay.nanoclaw import utc_ms
from app.host.replay.recording import NEVER_MS, Container, Recording

Entry = dict[str, Any]
Moment = tuple[int, int]
RETRY_BASE_MS = 5000
RETRIES = 5
KINDS = ("cron", "interval", "once")


class Acting:
    """The moments of one phase. `registered` {jid: group} are the groups at its start, as the timeline has them."""

    def __init__(self, number: int, timeline_phase: Entry, recording: Recording) -> None:
        self._number = number
        self._phase = timeline_phase
        self._recording = recording
        self._looks = timeline_phase["looks"]
        self._groups: dict[str, Entry] = {group["jid"]: group for group in timeline_phase["initial"]["groups"]}
        for row in recording.tables["registered_groups"]:  # as far as they were registered meanwhile
            self._groups.setdefault(row["jid"], _registered(row))

    def moments(self) -> list[tuple[Moment, str]]:
        """All of them, earliest first."""
        sources = (
            self._timestamps(),
            self._running_containers(),
            self._backoff(),
            self._last_tries(),
            self._idle_containers(),
            self._stop(),
            self._tasks(),
            self._requests(),
            self._triggers(),
        )
        return sorted(((self._number, t), name) for source in sources for t, name in source)

    def _inbound(self) -> Iterator[tuple[int, Entry, Entry]]:
        """(moment it is noticed, message, group) of what counts for the agent."""
        for event in self._phase["events"]:
            if event["kind"] == "message":
                group = self._groups.get(event["body"]["jid"])
                if group is not None and not event["body"]["from_me"]:
                    yield self._noticed(event["t"], "messages_ms"), event["body"], group

    def _noticed(self, t: int, interval: str) -> int:
        every = int(self._looks[interval])
        return -(-t // every) * every

    def _timestamps(self) -> Iterator[tuple[int, str]]:
        """Both cursors are time stamps: what comes with one that is not newer is passed over, or seen late."""
        newest_ms = utc_ms(self._recording.seen)
        handed: dict[str, int] = {}
        looks: dict[int, list[tuple[Entry, Entry]]] = {}
        for at_ms, message, group in self._inbound():
            looks.setdefault(at_ms, []).append((message, group))
        for at_ms in sorted(looks):
            for message, group in looks[at_ms]:
                if message["ts_ms"] <= newest_ms:
                    cursor_ms = handed.get(group["folder"], 0)
                    names = {True: "late_message_lost", False: "global_seen_cursor"}
                    same = message["ts_ms"] == cursor_ms
                    yield at_ms, "same_timestamp_lost" if same else names[message["ts_ms"] < cursor_ms]
            for message, group in looks[at_ms]:
                newest_ms = max(newest_ms, message["ts_ms"])
                handed[group["folder"]] = max(handed.get(group["folder"], 0), message["ts_ms"])

    def _running_containers(self) -> Iterator[tuple[int, str]]:
        """A message that wakes its group while a container of it runs is written into that container."""
        for at_ms, message, group in self._inbound():
            if not wakes(group, message["text"]):
                continue
            for container in self._of(group["folder"]):
                if container.begun_ms < at_ms < container.ended_ms:
                    yield at_ms, "piped_into_task" if container.kind == "task" else "piped_message_lost"

    def _backoff(self) -> Iterator[tuple[int, str]]:
        """A message for a group whose run has failed starts a run at once, and the retry comes all the same."""
        for at_ms, message, group in self._inbound():
            if not wakes(group, message["text"]):
                continue
            tries = 0
            for container in self._of(group["folder"]):
                if container.kind == "task":
                    continue
                failed = container.failed and not container.spoke
                retry_ms = container.ended_ms + (RETRY_BASE_MS << tries)
                tries = tries + 1 if failed else 0
                if failed and container.ended_ms <= at_ms < retry_ms:
                    yield at_ms, "drain_ignores_backoff"

    def _last_tries(self) -> Iterator[tuple[int, str]]:
        """When the last try has failed NanoClaw says nothing; Barnacle tells the group."""
        for folder in {container.folder for container in self._recording.containers}:
            tries = 0
            for container in self._of(folder):
                if container.kind == "messages":
                    tries = tries + 1 if container.failed and not container.spoke else 0
                    if tries > RETRIES:
                        yield container.ended_ms, "gives_up_silently"

    def _idle_containers(self) -> Iterator[tuple[int, str]]:
        """A container that has answered and stays keeps its slot, and its group's tasks wait for its end."""
        endings = {container.ended_ms for container in self._recording.containers}
        waited = [container.begun_ms for container in self._recording.containers if container.begun_ms in endings]
        for container in self._recording.containers:
            idle_ms = container.idle_ms
            if idle_ms is not None and any(idle_ms < begun_ms <= container.ended_ms for begun_ms in waited):
                yield idle_ms, "idle_container_keeps_slot"
            if idle_ms is not None and (container.kind == "task" or container.ended_ms == NEVER_MS):
                yield idle_ms, "idle_container_keeps_slot"

    def _stop(self) -> Iterator[tuple[int, str]]:
        """The cursor moves before the run: what a stop interrupts is not handed over again."""
        stop_ms = self._recording.stopped_ms
        running = [c for c in self._recording.containers if c.kind == "messages" and c.ended_ms == NEVER_MS]
        if stop_ms is not None and running:
            yield stop_ms, "cursor_saved_before_run"

    def _tasks(self) -> Iterator[tuple[int, str]]:
        folders = {group["folder"] for group in self._groups.values()}
        for task in self._phase["initial"]["tasks"]:
            if task["status"] != "active" or task["next_ms"] is None:
                continue
            due_ms = self._noticed(max(0, task["next_ms"] - self._phase["start_ms"]), "schedule_ms")
            if task["folder"] not in folders:
                yield due_ms, "orphan_task_loops"
            if task["kind"] == "interval" and not is_interval(str(task["value"])):
                yield due_ms, "bad_interval_after_run"
        every = int(self._looks["schedule_ms"])
        for container in self._recording.containers:
            if container.kind == "task":
                next_look = container.begun_ms - container.begun_ms % every + every
                if next_look < min(container.ended_ms, self._phase["end_ms"]):
                    yield next_look, "running_task_not_deduped"

    def _requests(self) -> Iterator[tuple[int, str]]:
        """What containers ask for and NanoClaw grants, though it should not."""
        asked = [(e["t"], e["folder"], e["data"]) for e in self._phase["events"] if e["kind"] == "ipc"]
        for container in self._recording.containers:
            for script in self._phase["agents"]["scripts"].get(container.folder, []):
                for step in script.get("steps", []):
                    if "ipc" in step:
                        request = step["ipc"]
                        asked.append((container.begun_ms + step["after"], request["folder"], request["data"]))
        for t, folder, data in asked:
            if isinstance(data, dict):
                for name in _request_defects(folder, cast("Entry", data), self._groups):
                    yield self._noticed(t, "ipc_ms"), name

    def _triggers(self) -> Iterator[tuple[int, str]]:
        """A trigger ends at an ASCII word boundary only."""
        for at_ms, message, group in self._inbound():
            needed = group["folder"] != "main" and group["requires_trigger"]
            text = str(message["text"])
            if needed and trigger_matches(group["trigger"], text) != _ascii_matches(group["trigger"], text):
                yield at_ms, "ascii_word_boundary"

    def _of(self, folder: str) -> list[Container]:
        return [container for container in self._recording.containers if container.folder == folder]


def _request_defects(folder: str, data: Entry, groups: dict[str, Entry]) -> Iterator[str]:
    kind = data.get("type")
    if kind == "schedule_task":
        if data.get("schedule_type") not in KINDS:
            yield "unknown_type_accepted"
        value = str(data.get("schedule_value"))
        if data.get("schedule_type") == "cron" and not value.startswith("@") and len(value.split()) < 5:
            yield "short_expression_accepted"
        if isinstance(data.get("prompt"), int) or isinstance(data.get("schedule_value"), int):
            yield "number_to_text"
    if kind == "register_group" and folder == "main":
        yield from _registration_defects(data, groups)
    if kind in ("pause_task", "resume_task"):
        yield "resume_keeps_next_run"


def _registration_defects(data: Entry, groups: dict[str, Entry]) -> Iterator[str]:
    jid, folder = data.get("jid"), data.get("folder")
    holder = groups.get(str(jid))
    if folder == "main" or (holder is not None and holder["folder"] == "main"):
        yield "main_can_be_replaced"
    if any(group["folder"] == folder and group["jid"] != jid for group in groups.values()):
        yield "folder_conflict_replaces"
    if not is_folder(folder):
        yield "folder_not_validated"


def _registered(row: Entry) -> Entry:
    return {
        "jid": row["jid"],
        "folder": row["folder"],
        "trigger": row["trigger_pattern"],
        "requires_trigger": row["requires_trigger"] != 0,
    }


def _ascii_matches(name: str, text: str) -> bool:
    """`^@Name\\b` as JavaScript reads it, as far as the boundary goes."""
    name, text = trigger_name(name), text.strip()
    head, following = text[: len(name)], text[len(name) : len(name) + 1]
    return head.casefold() == name.casefold() and _ascii_word(name[-1:]) != _ascii_word(following)


def _ascii_word(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char == "_")
