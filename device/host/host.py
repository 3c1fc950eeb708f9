"""The host on the box: takes in what comes down, decides what runs, and keeps everything going.

    link -> handle() -> inbox / commands / sync -> store -> (observer) -> dispatch, scheduler -> runs -> store -> link

Every change is a record in the store; `_observe` sees each one and sets the rest in motion. Nothing here polls.
"""

import asyncio

from device.host import audit, glance, limits, queue_commands, queue_view, recovery, run_commands, run_records, tz
from device.host.asks import Asks
from device.host.command_desk import CommandDesk
from device.host.commands import Commands
from device.host.dispatch import DUPLICATE, FULL
from device.host.egress_gate import EgressGate
from device.host.inbox import Inbox
from device.host.journal import JournalError
from device.host.model_state import ModelState
from device.host.overrides import Overrides
from device.host.policy_state import PolicyState
from device.host.runs import Runs
from device.host.scheduler import Scheduler
from device.host.shown import Shown
from device.host.store import SpoolFull
from device.host.supervisor import Supervisor
from device.host.sync import Sync
from device.host.telemetry import Telemetry
from device.host.witness import Witness


def _no_facts():
    return {}


AT_THE_BOX = {"kind": "owner", "name": "screen"}
MAIN = {"folder": "main", "jid": "console:main", "name": "Main", "requires_trigger": False}


class Host:
    """Make it with a recovered store; `boot()` once, then `run()` for ever, and `handle` for each record from above.

    responder    see runs.py
    tell(kind, body)   sends telemetry; may drop it
    facts()      the board's part of tele.health (heap, flash, version, board, mqtt_reconnects, boot_ms)
    screen       None, or what carries out screen.* and box.reboot: `async perform(name, args) -> result`
    device       the box's id
    model        the ModelState that the responder asks; told by `hear`
    """

    def __init__(self, store, clock, responder, tell, facts=_no_facts, screen=None, device="box", model=None):
        self._store = store
        self._clock = clock
        self._device = device
        self.model = model or ModelState()
        self.shown = Shown(clock)
        self._zone = tz.Zone(store.state.settings["rule"])
        self._commands = Commands(store, clock, self._zone)
        self._runs = Runs(store, clock, responder, self._commands, self._say, self._run_over)
        self._dispatch = self._runs.dispatch
        self._commands.is_retrying = self._dispatch.is_retrying
        self._scheduler = self.make_scheduler()
        self._inbox = Inbox(store, clock, self.arrived)
        self.asks = Asks(store, clock, self._put_for_certain)
        self.overrides = Overrides(store, clock, self._put_for_certain)
        self.policy = PolicyState(store.state)
        self.gate = EgressGate(store, clock, self.policy, self.overrides, self.asks)
        self._desk = CommandDesk(store, clock, self._commands, screen)
        self._sync = Sync(store, clock)
        self._witness = Witness(store, clock)
        self._supervisor = Supervisor(clock, self._report_fault)
        self._healthy = self._health(facts)
        self._telemetry = Telemetry(store, clock, tell, self.queue, self._healthy)
        self._retries = asyncio.Event()
        self._changed = None
        self._waiting_runs = []
        self._late_runs = []
        self.online = False

    def make_scheduler(self):
        """What fires tasks. A replay has one that looks as seldom as the host that it replays."""
        return Scheduler(self._store, self._clock, self._current_zone)

    def name_with(self, make_id):
        """Have `make_id(kind, now_ms)` name the tasks that are made from now on."""
        self._commands.make_id = make_id

    def arrived(self, folder):
        """A group has messages that are work: they are handed over as soon as there is a slot."""
        self._dispatch.message(folder)

    def boot(self, assistant=None):
        """First boot: settings (with this assistant's name) and the group `main`. Every boot: take up what is open."""
        state = self._store.state
        if self._clock.now_ms() < limits.CLOCK_UNSET_MS:  # no time kept while off: go on from the last one known
            self._clock.set_utc_ms(max(self._store.last_ms, self._clock.now_ms()))
        if "main" not in state.groups:
            settings = dict(state.settings, assistant=assistant or state.settings["assistant"])
            trigger = "@" + settings["assistant"]
            self._store.put("settings.set", settings)
            group = dict(MAIN, trigger=trigger, added_ms=self._clock.now_ms(), paused=False)
            self._store.put("group.set", group)
        if self._store.damage:
            audit.note(self._store, self._clock, "storage.damage", None, self._store.damage)
        for folder, group in state.groups.items():
            if group["paused"]:
                self._dispatch.pause(folder)
        queued = recovery.resume(self._store, self._clock)
        self._store.commit()
        self._store.observers.append(self._observe)
        self.asks.boot()
        self.overrides.boot()
        self._store.commit()
        self._waiting_runs = queued

    async def run(self):
        """Start everything that goes on by itself; ends when cancelled."""
        for run in self._waiting_runs:
            self._queue(run)
        for folder in self._waiting_groups():
            self._dispatch.message(folder)
        self._supervisor.start("scheduler", self._scheduler.run)
        self._supervisor.start("retries", self._retry)
        self._supervisor.start("sync", self._sync.run)
        self._supervisor.start("snapshots", self._keep_journal_small)
        self._supervisor.start("flush", self._flush)
        self._supervisor.start("overrides", self.overrides.run)
        self._supervisor.start("queue-news", self._telemetry.run_queue)
        self._supervisor.start("health", self._telemetry.run_health)
        try:
            await asyncio.Event().wait()
        finally:
            self.stop()

    def _waiting_groups(self):
        """The groups that have work since before the boot, whoever waits longest first."""
        found = []
        for folder, group in self._store.state.groups.items():
            pending = self._store.state.pending(folder)
            if run_records.wakes(group, pending):
                found.append((pending[0]["n"], folder))
        return [folder for _, folder in sorted(found)]

    def stop(self):
        """Cancel all tasks. What is durable is taken up by the next boot."""
        self._supervisor.stop()
        self._runs.stop()
        self._desk.stop()

    def start(self, name, work):
        """Keep another task of the box going (the bus, the screen) under the same supervision."""
        self._supervisor.start(name, work)

    async def handle(self, kind, body, envelope):
        """Apply one record from the host (`envelope["seq"]` its number); returns when that is durable.

        Raises SpoolFull or JournalError: then it must not be acknowledged and comes again.
        """
        seq = envelope["seq"]
        try:
            self._take(kind, body, seq)
        except (SpoolFull, JournalError, MemoryError):
            raise
        except Exception as fault:  # a record that we cannot digest must not keep all others out for ever
            self.note("record.fault", "%s: %s: %s" % (kind, type(fault).__name__, fault))
            self._store.mark_applied(seq)
        await self._store.committed()

    def _take(self, kind, body, seq):
        if kind == "msg.in":
            self._inbox.accept(body, seq)
        elif kind == "cmd":
            self._desk.take(body, seq)
        elif kind == "audit.witnessed":
            self._witness.take(body, seq)
        else:
            self._store.mark_applied(seq)
            if kind == "sync.request":
                self._sync.ask()

    def welcome(self, body):
        """The host's greeting: the time, the zone that schedules are read in, how the language model is."""
        if "model" in body:
            self.hear("host.model", body["model"])
        utc_ms, zone, rule = body.get("utc_ms"), body.get("zone"), body.get("rule")
        if isinstance(utc_ms, int) and utc_ms > 0:
            self._set_clock(utc_ms)
        settings = self._store.state.settings
        if isinstance(rule, str) and isinstance(zone, str) and (zone, rule) != (settings["zone"], settings["rule"]):
            self._set_zone(dict(settings, zone=zone, rule=rule))

    def show(self, text):
        """Put a text on the round screen for a while."""
        self.shown.put(text)
        self._news()

    def status(self):
        """How the box is: the body of tele.health, and `online`."""
        return dict(self._healthy(), online=self.online)

    def hear(self, kind, body):
        """What the laptop tells without a number: the state of the language model."""
        if kind == "host.model":
            self.model.take(body)
            self._news()

    def set_online(self, online):
        """The link went up or down."""
        self.online = online
        self.model.online = online
        self._telemetry.connection_changed()
        self._news()

    def note(self, what, detail):
        """An audit event from a part of the box that has no store (the link)."""
        audit.note(self._store, self._clock, what, None, detail)
        if what == "link.rewound":  # the laptop has heard of things that this store does not know
            self._sync.ask()

    def tell_everything(self):
        """Send the laptop the whole state, though it has not asked: its mirror misses something."""
        self._sync.ask()

    def on_change(self, changed):
        """Call `changed()` whenever `glance()` may look different."""
        self._changed = changed

    def changed(self):
        """Have the screen look again."""
        self._news()

    def queue(self):
        """The body of tele.queue, as things stand."""
        offset_ms = self._clock.now_ms() - self._clock.ticks_ms()
        return queue_view.queue(self._store.state, self._dispatch.snapshot(), self._runs.running, offset_ms)

    def glance(self):
        """What the screen shows; see glance.py."""
        facts = {
            "online": self.online,
            "device": self._device,
            "spool": self._store.spool_size,
            "problem": self._store.problem,
            "model": self.model.glance(),
            "shown": self.shown.text,
        }
        facts.update(self.asks.glance())
        return glance.glance(self._store.state, self._clock, self._zone, self.queue(), self._runs.running, facts)

    def perform(self, name, args, actor=AT_THE_BOX):
        """A command from somebody at the box itself (a tap), or from `actor`; audited. Commit follows by itself."""
        return self._commands.perform(actor, name, args)

    # --- what follows from a record ---

    def _observe(self, kind, body):
        action = _FOLLOW_UPS.get(kind)
        if action is not None:
            action(self, body)
        self._news()

    def _ask_changed(self, ask):
        self.asks.changed(ask)

    def _override_added(self, override):
        self.overrides.added(override)

    def _override_ended(self, body):
        self.overrides.ended(body)

    def _queue(self, run):
        answer = self._dispatch.task(run["folder"], run["task"])
        if answer == DUPLICATE:  # the run before it is recorded as ended but has not left its slot yet
            self._late_runs.append(run)
        elif answer == FULL:
            why = "too many tasks of its group wait already"
            self._store.put("run.ended", run_records.ended(run, "failed", self._clock.now_ms(), why))
            audit.note(self._store, self._clock, "task.missed", run["folder"], why, run["task"])

    def _task_changed(self, task):
        run = self._store.state.active_run(task["id"])
        if (
            run is not None
            and run["state"] == "queued"
            and task.get("status") != "active"
            and run["due_ms"] is not None
        ):
            self._drop(run, "the task was paused or removed before its turn came")
        self._scheduler.changed()

    def _drop(self, run, why):
        if not self._dispatch.drop_task(run["folder"], run["task"]):
            return
        now_ms = self._clock.now_ms()
        self._put_for_certain("run.ended", run_records.ended(run, "failed", now_ms, why))
        task = self._store.state.tasks.get(run["task"])
        if task is not None and task["next_ms"] is None and run["due_ms"] is not None:
            self._put_for_certain("task.set", dict(task, next_ms=run["due_ms"]))

    def _queue_retried(self, body):
        self._dispatch.retry_now(body["folder"])

    def _queue_dropped(self, body):
        state = self._store.state
        why = "dropped by %s" % body["by"]
        for run in [state.run(id_) for id_ in body["runs"]]:
            self._settle_dropped(run, why)
        group = state.groups[body["folder"]]
        if not run_records.wakes(group, queue_commands.waiting(state, body["folder"])[0]):
            self._dispatch.drop_messages(body["folder"])

    def _settle_dropped(self, run, why):
        """A run that waited is over without having begun; its task does not come again because of it."""
        self._dispatch.drop_task(run["folder"], run["task"])
        self._late_runs = [late for late in self._late_runs if late["id"] != run["id"]]
        self._put_for_certain("run.ended", run_records.ended(run, "failed", self._clock.now_ms(), why))
        task = self._store.state.tasks.get(run["task"])
        if task is not None and run["due_ms"] is not None:
            settled = dict(task, last_result="Error: " + why)
            if task["next_ms"] is None and task["status"] == "active":
                settled["status"] = "completed"
            self._put_for_certain("task.set", settled)

    def _put_for_certain(self, kind, body):
        """A removed group drops more runs than a command keeps room for: the laptop hears of the rest all at once."""
        room = self._store.has_room(limits.RUN_RESERVE_RECORDS, limits.RUN_RESERVE_BYTES)
        self._store.put(kind, body, up=room)
        if not room:
            self._sync.ask()

    def _group_changed(self, group):
        if group["paused"]:
            self._dispatch.pause(group["folder"])
        else:
            self._dispatch.resume(group["folder"])
            if run_records.wakes(group, self._store.state.pending(group["folder"])):
                self._dispatch.message(group["folder"])
        self._scheduler.changed()

    def _group_removed(self, body):
        for run in list(self._store.state.runs):
            if run["folder"] == body["folder"] and run["state"] == "queued":
                self._drop(run, "the group was removed")
        self._dispatch.remove(body["folder"])
        self.asks.group_removed(body["folder"])
        self.overrides.group_removed(body["folder"])

    def _settings_changed(self, settings):
        self._dispatch.set_slots(settings["slots"])
        self._zone = self._commands.zone = tz.Zone(settings["rule"])
        self._scheduler.reschedule()
        self._scheduler.changed()

    def _run_started(self, run):
        if run_commands.is_cancelled(run):
            self._runs.cancel(run["folder"], run_commands.why(run))

    def _run_ended(self, run):
        self.asks.run_ended(run)
        self._scheduler.changed()

    def _run_over(self):
        late, self._late_runs = self._late_runs, []
        for run in late:
            self._queue(run)
        self._scheduler.changed()
        self._news()

    # --- clock and zone ---

    def _set_clock(self, utc_ms):
        step_ms = self._clock.set_utc_ms(utc_ms)
        self.overrides.clock_set(step_ms)
        if abs(step_ms) > limits.CLOCK_STEP_MS:
            self.note("clock.set", "the clock was set by %d ms" % step_ms)
        self._scheduler.changed()

    def _set_zone(self, settings):
        try:
            tz.Zone(settings["rule"])
        except tz.ZoneError as error:
            self.note("zone.refused", "%s: %s" % (settings["rule"][: limits.VALUE_BYTES], error))
            return
        if self._store.has_room(1, limits.RECORD_BYTES):
            self._store.put("settings.set", settings)

    def _current_zone(self):
        return self._zone

    # --- tasks ---

    async def _retry(self):
        while True:
            self._retries.clear()
            due_ms = self._dispatch.next_retry_ms()
            wait_ms = None if due_ms is None else max(0, due_ms - self._clock.ticks_ms())
            await self._clock.wait(self._retries, wait_ms)
            if self._dispatch.retry_due(self._clock.ticks_ms()):
                self._news()

    async def _flush(self):
        """Make durable what nobody waits for; while the storage refuses, try again now and then."""
        while True:
            await self._clock.wait(self._store.dirty, None)
            self._store.dirty.clear()
            try:
                await self._store.committed()
            except JournalError:
                self._store.dirty.set()
                await self._clock.sleep_ms(limits.RESTART_MAX_MS)

    async def _keep_journal_small(self):
        """Make the snapshot when nothing runs; a log twice as long as need be is not waited for."""
        while True:
            self._store.changed.clear()
            if self._store.wants_snapshot and (not self._runs.running or self._store.overdue_snapshot):
                await self._store.snapshot_in_steps()
                while self._store.drop_old():
                    await self._clock.sleep_ms(limits.DROP_MS)
            await self._clock.wait(self._store.changed, None)

    # --- news ---

    def _news(self):
        self._retries.set()
        self._telemetry.queue_changed()
        if self._changed is not None:
            self._changed()

    def _say(self, run, text):
        self._telemetry.say(run, text)
        self._news()

    def _report_fault(self, name, error):
        print("barnacle: task %s failed and is restarted: %s" % (name, error))
        audit.note(self._store, self._clock, "task.restarted", None, error, name)

    def _health(self, facts):
        def health():
            body = {
                "flash_bytes_written": self._store.bytes_written,
                "uptime_ms": self._clock.ticks_ms(),
                "spool": self._store.spool_size,
                "task_restarts": self._supervisor.restarts,
            }
            body.update(facts())
            return body

        return health


_FOLLOW_UPS = {
    "run.queued": Host._queue,
    "run.started": Host._run_started,
    "run.ended": Host._run_ended,
    "task.set": Host._task_changed,
    "task.remove": Host._task_changed,
    "group.set": Host._group_changed,
    "group.remove": Host._group_removed,
    "queue.retried": Host._queue_retried,
    "queue.dropped": Host._queue_dropped,
    "settings.set": Host._settings_changed,
    "ask.set": Host._ask_changed,
    "override.set": Host._override_added,
    "override.end": Host._override_ended,
}
