"""What a responder may do while its run goes on: act as the group, show text, send a message before the end."""

from device.host import audit, bounded, limits, policy, prompt, run_records
from device.host.errors import Refused


class RunApi:
    """`view` is the state to read; `output` the first text that has gone out for good, or None."""

    def __init__(self, store, clock, commands, run, show):
        self._store = store
        self._clock = clock
        self._commands = commands
        self._run = run
        self._show = show
        self.view = store.state
        self.output = None

    @property
    def run(self):
        """The run's record as it is now."""
        return self._run

    @property
    def actor(self):
        """As whom the run acts, for policy and audit."""
        return {"kind": "group", "folder": self._run["folder"]}

    @property
    def now_ms(self):
        """UTC wall time."""
        return self._clock.now_ms()

    @property
    def zone(self):
        """The zone that schedules are read in."""
        return self._commands.zone

    def perform(self, name, args):
        """Carry out a device command as the run's group; returns its result or raises Refused."""
        return self._commands.perform(self.actor, name, args)

    def note(self, what, decision, rule="", reason="", detail=""):
        """Put an audit event of the run's; with the spool full it stays on the box. Commit before its effect."""
        entry = audit.entry(self.now_ms, what, self.actor, self._run["folder"], decision, rule, reason, detail)
        self._store.put("audit", entry, up=self._store.has_room(1, audit.RECORD_BYTES))

    def had_effect(self, what):
        """Something was done for good, or is about to be: from here on an error no longer rolls the messages back. What
        is put before the next await is durable together with this, or not at all."""
        if self.output is not None:
            return
        self.output = bounded.result(what)
        self._run = dict(self._run, result=self.output)
        self._store.put("run.started", self._run, up=self._store.has_room(1, 2048))

    async def committed(self):
        """Return once everything put so far is durable."""
        await self._store.committed()

    def say(self, text):
        """Show the reply as it grows (screen, dashboard): a preview, nothing durable."""
        self._show(self._run, text)

    def authorize(self, verb, folder):
        """Decide and audit whether the run may do `verb` to the group `folder`; raises Refused."""
        decision = policy.decide(self.actor, verb, folder, self.view)
        self.note(verb, decision.effect, decision.rule, decision.reason, "folder=%s" % folder)
        if not decision.allowed:
            raise Refused("not_authorized", decision.reason, "ask in the main group, or as the owner")

    async def send(self, text, folder=None):
        """Send a message to the group, or to another one that `authorize` allowed, now. From here on an error no longer
        rolls the messages back."""
        text = bounded.reply(prompt.strip_internal(text))
        group = self._store.state.groups.get(folder or self._run["folder"])
        if not text or group is None:
            return
        self._store.require(2, 2048 + bounded.encoded_bytes(text))
        if self.output is None:
            self.output = bounded.cut(text, limits.RESULT_BYTES, 2 * limits.RESULT_BYTES)
            self._run = dict(self._run, result=self.output)
            self._store.put("run.started", self._run)
        message = run_records.reply(self._store.state, self._clock.now_ms(), group, text, self._run["id"])
        self._store.put("msg.out", message)
        await self._store.committed()
