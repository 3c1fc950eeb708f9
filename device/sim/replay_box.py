"""Replays a timeline through the real host on a clock of its own, and tells what the host did. Runs on both
interpreters; docs/replay.md describes timelines and traces.

    timeline phase -> store (in memory) -> Host with scripted agents -> trace

A timeline with `looks` {"messages_ms", "ipc_ms", "schedule_ms"} was recorded from a host that only looked at those
intervals: this one then notices stored messages, IPC files and due tasks at the moments at which the other one did.
Without it everything is noticed when it happens.
"""

import asyncio

from device.host import audit, ipc, policy, portable, run_records
from device.host.clock import ManualClock
from device.host.errors import Refused
from device.host.host import Host
from device.host.journal import Journal
from device.host.offline import OfflineResponder
from device.host.state import DEFAULT_SETTINGS
from device.host.store import Store
from device.sim.looking_host import LookingHost
from device.sim.memory_storage import MemoryStorage
from device.sim.replay_agents import ScriptedAgents

STEP_MS = 1000  # an agent's request waits at most so long for somebody to look
MADE_MS = 2000  # a replayed command makes its task at most so much earlier or later than the recorded one
TRACE = 20000  # entries of one phase's trace; what is beyond is counted in "left_off"


async def replay(timeline):
    """The trace of a timeline: {"phases": [{"runs", "out", "audit", "refused", "stored", "final", "left_off"}, …]}."""
    storage, sessions = MemoryStorage(), {}
    phases = []
    for phase in timeline["phases"]:
        phases.append(await ReplayedPhase(phase, storage, sessions).play())
    return {"phases": phases}


class ReplayedPhase:
    """One boot of the box: from its start to its stop. `sessions` {folder: id} outlive it, as `storage` does."""

    def __init__(self, phase, storage, sessions):
        self._phase = phase
        self._sessions = sessions
        self._start_ms = phase["start_ms"]
        self._looks = phase.get("looks")
        self._clock = ManualClock(self._start_ms)
        self._store = Store(Journal(storage), self._clock)
        self._store.recover()
        self._store.call_when_durable(self._acknowledge)
        self._seq = self._store.applied()
        self._trace = {"runs": [], "out": [], "audit": [], "refused": [], "stored": [], "left_off": 0}
        self._by_id, self._numbers = {}, {}  # of runs, by id: entry and place in the trace
        self._requests = []
        self._posted = asyncio.Event()
        self._state = self._store.state
        self._prepare(phase)
        self._store.observers.append(self._observe)
        parts = (self._store, self._clock, self._responder(phase), _hear_nothing)
        self._looking = LookingHost(parts, self._looks["schedule_ms"]) if self._looks else None
        self._host = self._looking or Host(*parts)
        self._made = list(phase.get("made") or [])
        self._host.name_with(self._name)
        self._host.boot(self._state.settings["assistant"])

    async def play(self):
        """Let the phase happen; returns its trace."""
        running = asyncio.create_task(self._host.run())
        helper = asyncio.create_task(self._take_posted())
        await self._clock.settle()
        await self._look(0)
        stopped = await self._events()
        if not stopped:
            await self._to(self._phase["end_ms"])
        for task in (running, helper):
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                pass
        self._store.commit()
        self._trace["assistant"] = self._state.settings["assistant"]
        self._trace["final"] = self._final()
        return self._trace

    # --- time ---

    async def _events(self):
        """Everything the timeline says, in order; True when it stopped the box."""
        for event in self._phase.get("events") or []:
            await self._to(event["t"])
            if event["kind"] == "stop":
                return True
            await self._happen(event)
            if not self._looks:
                await self._look(event["t"])
        return False

    async def _to(self, t):
        """Let time pass up to and including `t`, but for what happens at `t` itself."""
        while self._t() < t:
            here = self._t()
            await self._look(here)
            await self._clock.advance(min(t, here - here % STEP_MS + STEP_MS) - here)
        if t == self._phase["end_ms"]:
            await self._look(t)

    async def _look(self, t):
        """Hand over what has come, if this is a moment at which somebody looks."""
        if self._looking is not None and self._due("messages_ms", t):
            self._looking.notice()
            await self._clock.settle()
        if self._requests and self._due("ipc_ms", t):
            requests, self._requests = self._requests, []
            for request in sorted(requests, key=_place):
                self._carry_out(request)
            self._store.commit()
            await self._clock.settle()

    def _due(self, interval, t):
        return not self._looks or t % self._looks[interval] == 0

    async def _take_posted(self):
        """Without looks, an agent's request is carried out at once."""
        while True:
            await self._posted.wait()
            self._posted.clear()
            if not self._looks:
                await self._look(self._t())

    # --- what happens ---

    async def _happen(self, event):
        kind = event["kind"]
        if kind == "ipc":
            self._post(event)
        elif kind in ("message", "command"):
            self._seq += 1
            envelope = {"seq": self._seq, "id": "replay"}
            await self._host.handle("msg.in" if kind == "message" else "cmd", event["body"], envelope)
            await self._clock.settle()
        elif kind == "zone":
            self._host.welcome(event["body"])

    def _post(self, request):
        self._requests.append(request)
        self._posted.set()

    def _carry_out(self, request):
        """An IPC file in a group's own folder: the folder says who asks."""
        folder, data = request["folder"], request["data"]
        is_message = isinstance(data, dict) and data.get("type") == "message"
        if (request["where"] == "messages") != is_message:
            return
        actor = ipc.actor_of(folder, folder == "main")
        try:
            command, args = ipc.translate(data, self._state)
            if command == "message.send":
                self._send(actor, args)
            elif command != "groups.refresh":
                self._host.perform(command, args, actor)
        except Refused as refusal:
            self._trace["refused"].append({"t": self._t(), "folder": folder, "code": refusal.code})

    def _send(self, actor, args):
        decision = policy.decide(actor, "message.send", args["folder"], self._state)
        word = "allow" if decision.allowed else "deny"
        now_ms = self._clock.now_ms()
        entry = audit.entry(now_ms, "message.send", actor, args["folder"], word, decision.rule, decision.reason)
        self._store.put("audit", entry)
        if decision.allowed:
            group = {"jid": args["jid"], "folder": args["folder"] or ""}
            self._store.put("msg.out", run_records.reply(self._state, now_ms, group, args["text"], None))

    def _name(self, kind, now_ms):
        """The recorded id of what was made at about this time, so that later texts and commands mean it."""
        for id_ in self._made:
            parts = id_.split("-")
            if parts[0] == kind and len(parts) == 3 and abs(int(parts[1]) - now_ms) <= MADE_MS:
                self._made.remove(id_)
                return id_
        return run_records.new_id(kind, now_ms)

    # --- before ---

    def _prepare(self, phase):
        """Put what the timeline's box had at its start."""
        settings = dict(self._state.settings or DEFAULT_SETTINGS)
        settings.update(phase.get("settings") or {})
        self._store.put("settings.set", settings)
        initial = phase.get("initial") or {}
        for group in initial.get("groups") or []:
            self._store.put("group.set", group)
        for message in initial.get("messages") or []:
            self._store.put("msg.stored", message)
        for cursor in initial.get("cursors") or []:
            self._store.put("cursor.set", cursor)
        for task in initial.get("tasks") or []:
            self._store.put("task.set", task)
        for run in initial.get("runs") or []:
            self._store.put("run.ended", run)
        self._store.commit()

    def _responder(self, phase):
        agents = phase.get("agents")
        if agents is None:
            return _Noted(OfflineResponder(), self._note_start)
        return ScriptedAgents(self._clock, agents, self._sessions, self._note_start, self._post)

    # --- trace ---

    def _t(self):
        return self._clock.now_ms() - self._start_ms

    def _add(self, part, entry):
        if len(self._trace[part]) >= TRACE:
            self._trace["left_off"] += 1
            return
        self._trace[part].append(entry)

    def _note_run(self, run):
        entry = {"t": self._t(), "ended": None, "state": None, "error": None}
        for key in ("folder", "kind", "task", "attempt"):
            entry[key] = run[key]
        for key in ("prompt", "messages", "agent", "start", "session"):
            entry[key] = None
        self._by_id[run["id"]] = entry
        self._numbers[run["id"]] = len(self._numbers)
        self._add("runs", entry)

    def _note_start(self, run, prompt, messages, key=None, number=None, session=None):
        entry = self._by_id[run["id"]]
        entry["prompt"] = prompt
        entry["messages"] = None if messages is None else [message["id"] for message in messages]
        entry["agent"], entry["start"], entry["session"] = key, number, session

    def _observe(self, kind, body):
        if kind == "msg.out":
            prefix = self._state.settings["assistant"] if body["prefix"] else None
            text = body["text"] if prefix is None else prefix + ": " + body["text"]
            entry = {"t": self._t(), "jid": body["jid"], "folder": body["folder"], "text": text, "run": None}
            entry["run"] = self._numbers.get(body["run"])
            self._add("out", entry)
        elif kind == "msg.stored":
            self._add("stored", dict(body, t=self._t()))
        elif kind == "run.started" and body["id"] not in self._by_id:
            self._note_run(body)
        elif kind == "run.ended" and body["id"] in self._by_id:
            entry = self._by_id[body["id"]]
            entry["ended"], entry["state"], entry["error"] = self._t(), body["state"], body["error"]
        elif kind == "audit":
            names = ("what", "actor", "folder", "decision", "rule", "reason")
            entry = {name: body[name] for name in names}
            entry["t"] = self._t()
            self._add("audit", entry)
        elif kind == "msg.refused":
            self._add("refused", {"t": self._t(), "jid": body["jid"], "id": body["id"], "code": body["code"]})

    def _acknowledge(self):
        self._store.acked(self._store.next_out() - 1)

    def _final(self):
        """What the box knows at the end, in an order that does not depend on the interpreter."""
        state = self._state
        folders = sorted(state.groups)
        messages = [message for folder in folders for message in state.rings[folder]]
        return {
            "groups": [state.groups[folder] for folder in folders],
            "tasks": sorted(state.tasks.values(), key=_made),
            "cursors": [{"folder": folder, "n": state.cursors[folder]} for folder in folders],
            "messages": sorted(messages, key=_number),
            "pending": [{"folder": folder, "ids": [m["id"] for m in state.pending(folder)]} for folder in folders],
            "runs": list(state.runs),
            "sessions": [[folder, self._sessions[folder]] for folder in sorted(self._sessions)],
        }


def _place(request):
    """In the order in which a folder of IPC files is read: by group, messages before tasks, by name."""
    return request["folder"], request["where"], request.get("name", "")


def _made(task):
    return task["created_ms"], task["folder"], task["prompt"], task["id"]


def _number(message):
    return message["n"]


class _Noted:
    """A responder whose starts are noted."""

    def __init__(self, responder, note):
        self._responder = responder
        self._note = note

    async def respond(self, run, prompt, messages, api):
        self._note(run, prompt, messages)
        return await self._responder.respond(run, prompt, messages, api)


def _hear_nothing(kind, body):
    """Nobody watches a replay live."""


def dumps(trace):
    """A trace as text."""
    return portable.dumps(trace)
