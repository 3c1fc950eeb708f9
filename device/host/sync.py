"""The whole state for a host that asks: sync.begin, every *.set record, sync.end, piece by piece through the spool."""

import asyncio

from device.host import limits, portable
from device.host.state import in_order


class Sync:
    """`ask` requests a full transfer (again); `run` carries it out whenever the spool has room to spare."""

    def __init__(self, store, clock):
        self._store = store
        self._clock = clock
        self._wanted = asyncio.Event()

    def ask(self):
        """The host wants everything; a transfer that is going on starts over."""
        self._wanted.set()

    async def run(self):
        """Serve requests, for ever."""
        while True:
            await self._clock.wait(self._wanted, None)
            self._wanted.clear()
            await self._send_all()

    async def _send_all(self):
        rev = self._store.next_out()
        await self._send("sync.begin", {"rev": rev})
        for kind, key in self._plan():
            if self._wanted.is_set():
                return
            body = self._current(kind, key)
            if body is not None:
                await self._send(kind, body)
        await self._send("sync.end", {"rev": rev})
        await self._store.committed()

    def _plan(self):
        """Names of all that is sent; bodies are looked up when their turn comes, so none is out of date or gone."""
        state = self._store.state
        plan = [("settings.set", None)]
        plan += [("group.set", folder) for folder in state.groups]
        plan += [("task.set", id_) for id_ in state.tasks]
        plan += [("cursor.set", folder) for folder in state.groups]
        plan += [("msg.stored", (f, m["n"])) for f in state.rings for m in state.rings[f]]
        plan += [("run.ended", run["id"]) for run in state.runs]
        plan += [("note.set", scope) for scope in state.notes]
        plan += [("spend.set", folder) for folder in state.spend]
        plan += [("policy.set", None)]
        plan += [("ask.set", ask["id"]) for ask in in_order(state.asks)]
        plan += [("override.set", id_) for id_ in state.overrides]
        return plan

    def _current(self, kind, key):
        state = self._store.state
        if kind == "settings.set":
            return state.settings
        if kind == "group.set":
            return state.groups.get(key)
        if kind == "task.set":
            return state.tasks.get(key)
        if kind == "cursor.set":
            return {"folder": key, "n": state.cursors[key]} if key in state.cursors else None
        if kind == "run.ended":
            return state.run(key)
        if kind == "note.set":
            return state.notes.get(key)
        if kind == "spend.set":
            return state.spend.get(key)
        if kind == "policy.set":
            return state.policy
        if kind == "ask.set":
            return state.asks.get(key)
        if kind == "override.set":
            return state.overrides.get(key)
        folder, n = key
        for message in state.rings.get(folder, ()):
            if message["n"] == n:
                return message
        return None

    async def _send(self, kind, body):
        """Put one record once half of the spool is free: a transfer never keeps other work from going on."""
        size = len(portable.dumps(body).encode()) + 64
        while not self._store.has_room(limits.SPOOL_RECORDS // 2, size + limits.SPOOL_BYTES // 2):
            await self._store.committed()
            self._store.drained.clear()
            await self._clock.wait(self._store.drained, None)
        if kind == "run.ended":
            kind = {"queued": "run.queued", "running": "run.started"}.get(body["state"], kind)
        self._store.put(kind, body)
