"""A box put together: store, host, bus, screen, whatever machine is below; made once, wired, and run until it stops."""

from device.hardware import Hardware
from device.host import limits, portable
from device.host.agent import Agent
from device.host.bus import Bus
from device.host.errors import Refused
from device.host.host import AT_THE_BOX, Host
from device.host.model_state import ModelState
from device.host.offline import OfflineResponder
from device.host.responders import Responders
from device.host.store import Store
from device.host.tools.toolbox import Parts
from device.machine_facts import MachineFacts

VERSION = "0.1.0"


class Box:
    """Everything that makes up one box; `run` serves until cancelled.

    board             the machine: see device/boards/; without a screen `display`, `frame` and `touch` are not called
    make_journal(folder)  the journal of the store, on the file system that the board mounted (see journal.py)
    started           `portable.raw_ticks_ms()` of the process's start
    """

    def __init__(self, board, with_screen, make_journal, started):
        portable.collect_often(limits.GARBAGE_BYTES)
        if with_screen:
            board.display()  # its frame is the largest piece of memory: taken while the heap is empty
        self.board = board
        self._started = started
        self.clock = board.clock()
        self.provision = board.provision()
        folder = board.mount()
        self.store = Store(make_journal(folder), self.clock)
        self.store.recover()
        self.facts = MachineFacts(board, folder, VERSION)
        self.hardware = Hardware(self.clock, board.reboot, board.NO_SCREEN)
        self._parts = Parts()
        model = ModelState()
        self.host = Host(
            self.store,
            self.clock,
            Responders(model, Agent(self.store, self.clock, self._parts), OfflineResponder()),
            self._tell,
            facts=self.facts.read,
            screen=self.hardware,
            device=self.provision["device"],
            model=model,
        )
        self.host.boot(self.provision.get("assistant"))
        self.bus = self._make_bus()
        self._connect_tools()
        self._fault_news_at = self.clock.ticks_ms()
        self.ui, self._view = self._make_screen() if with_screen else (None, None)

    async def run(self):
        """Serve until cancelled."""
        if self.ui is not None and self._view is not None:
            self._view.refresh()
            self.ui.start()
            self.ui.turn()
            self.host.start("screen", self.ui.run)
            self.host.start("view", self._view.run)
        self.host.start("bus", self.bus.run)
        serving = portable.spawn(self.host.run(), "host")
        await self.clock.sleep_ms(0)
        boot_ms = portable.ticks_diff(portable.raw_ticks_ms(), self._started)
        self.facts.ready_after(boot_ms)
        print("ready %d" % boot_ms)
        await serving

    def _make_bus(self):
        bus = Bus(
            self.provision,
            self.store,
            self.clock,
            self.store.boot,
            VERSION,
            self.host.handle,
            on_live=self.host.set_online,
            on_welcome=self.host.welcome,
            on_audit=self.host.note,
            on_telemetry=self._hear,
            on_service=self.host.hear,
            has_room=self.store.room.is_set,
        )
        self.store.call_when_durable(bus.link.kick)
        self.facts.connected_by(bus.client)
        return bus

    def _connect_tools(self):
        parts, host = self._parts, self.host
        parts.calls = self.bus.calls
        parts.gate = host.gate
        parts.asks = host.asks
        parts.show = host.show
        parts.status = host.status

    def _hear(self, kind, body, envelope):
        self.host.hear(kind, body)

    def _make_screen(self):
        from device.screen_port import ScreenPort
        from device.ui.loop import Ui
        from device.ui.view import View

        ui = Ui(self.board, self._action, self._screen_fault)
        self.board.on_screen_fault(ui.fault)
        view = View(self.host.glance, ui.show, self.clock)
        self.host.on_change(view.changed)
        self.hardware.show_through(ScreenPort(self.board, ui, self._publish, self.clock))
        return ui, view

    def _action(self, name, args):
        """What a person asked for on the glass; pages are the screen's own matter."""
        if name.startswith("ui."):
            return
        actor = dict(AT_THE_BOX, presence=args.pop("presence", False))
        try:
            self.host.perform(name, args, actor)
        except Refused:  # audited, and the screen shows what is: somebody else was faster, or time was up
            self.host.changed()

    def _screen_fault(self, where, error):
        """Audit a fault of the screen's, but not every one: the record changes the glance, which may fail again."""
        now_ms = self.clock.ticks_ms()
        if now_ms < self._fault_news_at:
            return
        self._fault_news_at = now_ms + limits.SCREEN_FAULT_MS
        count = self.ui.errors if self.ui is not None else 1
        self.host.note("screen.fault", "%s: %s: %s (%d so far)" % (where, type(error).__name__, error, count))

    def _tell(self, kind, body):
        return self.bus.link.telemetry(kind, body)

    async def _publish(self, data):
        return await self.bus.publish_screen(data)
