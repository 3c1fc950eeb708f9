"""What a NanoClaw recording says happened in one phase, in the words of Barnacle's traces.

A start of a container is a run; a message written into a running one (`agent_followup`) is a run as well, for Barnacle
hands it over in a run of its own. What the channel could not send stands where it was sent first (`send_failed`); what
it held back while it was disconnected stands where it left in the end.
"""

from dataclasses import dataclass
from typing import Any, cast

Entry = dict[str, Any]
NEVER_MS = 1 << 60


@dataclass(frozen=True)
class RecordedRun:
    """`start` is the number of the container under its key; None for a follow-up, which has no `session` either."""

    t: int
    folder: str
    kind: str
    prompt: str
    start: int | None = None
    session: str | None = None


@dataclass
class Container:
    """A container's life. `idle_ms`: when it had given its first complete answer and stayed; None when it did not."""

    folder: str
    kind: str
    begun_ms: int
    prompt: str
    ended_ms: int = NEVER_MS
    idle_ms: int | None = None
    failed: bool = False
    spoke: bool = False


@dataclass(frozen=True)
class Outage:
    """The channel was down from one moment to another."""

    from_ms: int
    to_ms: int


class Recording:
    """`runs`, `out` [{t, jid, text}], `containers`, `outages`, final `tables`, `stopped_ms` (None: ran to its end).
    `seen` is the time stamp up to which all had been seen at the start."""

    def __init__(self, phase: Entry) -> None:
        self.runs: list[RecordedRun] = []
        self.out: list[Entry] = []
        self.outages: list[Outage] = []
        self.stopped_ms: int | None = None
        self.seen: str | None = None
        self.tables: dict[str, list[Entry]] = phase["final"]["tables"]
        self._by_name: dict[str, Container] = {}
        for entry in phase["trace"]:
            reader = _READERS.get(entry["ev"])
            if reader is not None:
                reader(self, entry)
        self.containers = list(self._by_name.values())
        self._take_back_resent()

    def _spawn(self, entry: Entry) -> None:
        key, stdin = str(entry["agent_key"]), entry["stdin"]
        kind = "task" if stdin.get("isScheduledTask") else "messages"
        folder = str(stdin["groupFolder"]) if key.startswith("task:") or "groupFolder" in stdin else key
        prompt = str(stdin["prompt"])
        self.runs.append(RecordedRun(entry["t"], folder, kind, prompt, entry["run"], stdin.get("sessionId")))
        self._by_name[entry["container"]] = Container(folder, kind, entry["t"], prompt)

    def _followup(self, entry: Entry) -> None:
        container = self._by_name[entry["container"]]
        self.runs.append(RecordedRun(entry["t"], container.folder, container.kind, str(entry["text"])))

    def _output(self, entry: Entry) -> None:
        container = self._by_name.get(entry["container"])
        output = cast("Entry", entry["output"]) if isinstance(entry.get("output"), dict) else {}
        if container is None:
            return
        if output.get("status") == "error":
            container.failed = True
        elif output.get("result"):
            container.spoke = True
        elif container.spoke and container.idle_ms is None:
            container.idle_ms = entry["t"]

    def _exit(self, entry: Entry) -> None:
        container = self._by_name.get(entry["container"])
        if container is not None:
            container.ended_ms = entry["t"]
            container.failed = container.failed or bool(entry.get("code"))

    def _outbound(self, entry: Entry) -> None:
        self.out.append({"t": entry["t"], "jid": entry.get("jid"), "text": entry.get("text")})

    def _failed_send(self, entry: Entry) -> None:
        self.out.append({"t": entry["t"], "jid": entry.get("jid"), "text": entry.get("text"), "failed": True})

    def _disconnect(self, entry: Entry) -> None:
        self.outages.append(Outage(entry["t"], NEVER_MS))

    def _reconnect(self, entry: Entry) -> None:
        if self.outages and self.outages[-1].to_ms == NEVER_MS:
            self.outages[-1] = Outage(self.outages[-1].from_ms, entry["t"])

    def _cursors(self, entry: Entry) -> None:
        if self.seen is None:
            self.seen = str(entry.get("last_timestamp") or "")

    def _signal(self, entry: Entry) -> None:
        self.stopped_ms = entry["t"]

    def _take_back_resent(self) -> None:
        """A message that failed at first and left later is one message: it stays where it was sent first."""
        for failed in [entry for entry in self.out if entry.get("failed")]:
            later = [
                entry
                for entry in self.out
                if not entry.get("failed")
                and (entry["jid"], entry["text"]) == (failed["jid"], failed["text"])
                and any(outage.to_ms == entry["t"] for outage in self.outages)
                and entry["t"] >= failed["t"]
            ]
            if later:
                self.out.remove(later[0])


_READERS = {
    "cursors": Recording._cursors,  # pyright: ignore[reportPrivateUsage]
    "spawn": Recording._spawn,  # pyright: ignore[reportPrivateUsage]
    "agent_followup": Recording._followup,  # pyright: ignore[reportPrivateUsage]
    "agent_output": Recording._output,  # pyright: ignore[reportPrivateUsage]
    "agent_exit": Recording._exit,  # pyright: ignore[reportPrivateUsage]
    "outbound": Recording._outbound,  # pyright: ignore[reportPrivateUsage]
    "send_failed": Recording._failed_send,  # pyright: ignore[reportPrivateUsage]
    "disconnect": Recording._disconnect,  # pyright: ignore[reportPrivateUsage]
    "reconnect": Recording._reconnect,  # pyright: ignore[reportPrivateUsage]
    "signal": Recording._signal,  # pyright: ignore[reportPrivateUsage]
}
