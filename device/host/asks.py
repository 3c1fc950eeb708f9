"""Asks: what a run wants a person to decide, until somebody answers, nobody does in time, or the run is over.

An ask is a record from the moment it is shown; so is its end. It waits ASK_MS by the clock that only runs, and an
unanswered one is a no, as is one that a reboot interrupted. Answers come as the command ask.answer (ask_commands.py).
"""

import asyncio

from device.host import audit, bounded, limits, override_commands
from device.host.ask_commands import DENY
from device.host.errors import NoRoom, Refused
from device.host.plain_text import visible
from device.host.run_records import new_id

_NO_REQUEST = {"target": None, "method": "", "digest": ""}


class Asks:
    """`put(kind, body)` puts a record for certain, if need be without room in the spool."""

    def __init__(self, store, clock, put):
        self._store = store
        self._clock = clock
        self._put = put
        self._waiting = {}  # id -> [event of its end, ticks of its time-out, the closed ask, whether "15min" can do]
        self._asked = {}  # run id -> how often it has asked

    def boot(self):
        """An ask that a power cut interrupted is a no: the run that wanted to know is gone."""
        for ask in self._store.state.open_asks():
            self._close(ask, "expired", "the box restarted")

    async def ask(self, run, tool, args, host, why):
        """Ask the owner a question for a run: "once" is a yes, "deny" a no. Raises Refused when too much is asked."""
        return (await self.put_to_owner(run, tool, args, host, why))["answer"]

    async def put_to_owner(self, run, tool, args, host, why, request=None):
        """The closed ask: "state" approved, denied or expired, "answer" "once", "15min" or "deny". `request` is what
        shall go out when the owner agrees: {"target", "method", "digest" (ask_text.py)}. Cancelled with its run."""
        ask = self._open(run, tool, args, host, why, request or _NO_REQUEST)
        ended = asyncio.Event()
        a_while = ask["port"] is not None and override_commands.may_open(ask["host"])
        waiting = self._waiting[ask["id"]] = [ended, self._clock.ticks_ms() + limits.ASK_MS, ask, a_while]
        try:
            self._put_open(ask)
            await self._store.committed()
            if not await self._clock.wait(ended, limits.ASK_MS):
                self._close(ask, "expired", "nobody answered in time")
        finally:
            try:
                self._close(ask, "denied", "the run was over")
            finally:
                del self._waiting[ask["id"]]
        return waiting[2]

    def glance(self):
        """{"asks": how many wait, "ask": the oldest one as the screen shows it, or None}."""
        asks = [ask for ask in self._store.state.open_asks() if ask["id"] in self._waiting]
        if not asks:
            return {"asks": 0, "ask": None}
        ask = asks[0]
        group = self._store.state.groups.get(ask["folder"])
        shown = {key: ask[key] for key in ("id", "folder", "tool", "args", "host", "why")}
        shown["tool"] = (ask["tool"] + " " + ask["method"]).rstrip()
        shown["name"] = visible(group["name"]) if group is not None else ask["folder"]
        shown["left_ms"] = max(0, self._waiting[ask["id"]][1] - self._clock.ticks_ms())
        shown["total_ms"] = limits.ASK_MS
        shown["a_while"] = self._waiting[ask["id"]][3]
        return {"asks": len(asks), "ask": shown}

    def changed(self, ask):
        """An ask was recorded: an end wakes whoever waits for it."""
        if ask["state"] != "open" and ask["id"] in self._waiting:
            self._waiting[ask["id"]][2] = ask
            self._waiting[ask["id"]][0].set()

    def run_ended(self, run):
        """Nothing that a run asked outlives it."""
        self._asked.pop(run["id"], None)
        self._close_all("run", run["id"], "the run was over")

    def group_removed(self, folder):
        """Nor its group."""
        self._close_all("folder", folder, "the group was removed")

    def _open(self, run, tool, args, host, why, request):
        if len(self._store.state.open_asks()) >= limits.ASKS:
            raise Refused("busy", "%d asks wait for the owner already" % limits.ASKS, "try again later")
        asked = self._asked.get(run["id"], 0)
        if asked >= limits.ASKS_PER_RUN:
            raise Refused("limited", "this run has asked %d times" % asked, "go on without asking")
        self._asked[run["id"]] = asked + 1
        now_ms, target = self._clock.now_ms(), request["target"]
        return {
            "id": new_id("ask", now_ms),
            "n": 1 + max([ask["n"] for ask in self._store.state.asks.values()] + [0]),
            "folder": run["folder"],
            "run": run["id"],
            "tool": _short(tool),
            "args": _short(args),
            "host": _short(host or ""),
            "port": target.port if target is not None else None,
            "method": request["method"],
            "url": target.url if target is not None else "",
            "digest": request["digest"],
            "why": _short(why),
            "created_ms": now_ms,
            "expires_ms": now_ms + limits.ASK_MS,
            "state": "open",
            "answer": None,
            "by": None,
            "presence": False,
        }

    def _put_open(self, ask):
        try:
            self._store.require(2, audit.RECORD_BYTES + limits.RECORD_BYTES)
        except NoRoom:
            message = "the owner cannot be asked: the laptop has not taken records for a while"
            raise Refused("busy", message, "try again later")
        self._note(ask, "ask.opened", "ask", ask["why"])
        self._store.put("ask.set", ask)

    def _close_all(self, key, value, why):
        for ask in self._store.state.open_asks():
            if ask[key] == value:
                self._close(ask, "denied", why)

    def _close(self, ask, state, why):
        """End an ask that is still open with a no."""
        if self._store.state.asks.get(ask["id"], {}).get("state") != "open":
            return
        self._note(ask, "ask.ended", "deny", why)
        self._put("ask.set", dict(ask, state=state, answer=DENY, by="box"))

    def _note(self, ask, what, decision, reason):
        """What was shown is part of the record: the owner decides by it, and by nothing else."""
        asked = [ask["id"], ask["tool"], ask["method"], ask["host"], ask.get("digest", "")[:16], ask["args"]]
        detail = " ".join([text for text in asked if text])
        now_ms = self._clock.now_ms()
        actor = {"kind": "group", "folder": ask["folder"]}
        self._put("audit", audit.entry(now_ms, what, actor, ask["folder"], decision, "ask", reason, detail))


def _short(text):
    return bounded.cut(visible(str(text)), limits.ASK_TEXT_BYTES, 2 * limits.ASK_TEXT_BYTES)
