"""The box's composition root: board, store, host, bus, screen; made once, wired, and run until the power goes.

    micropython device/main.py --board simulator --home DIR [--no-screen]

Prints `ready <milliseconds since the start>` once the store is loaded, the first frame drawn and a session asked for.
"""

import asyncio
import sys

from device.host import portable

_STARTED = portable.raw_ticks_ms()
sys.path.insert(0, ".")

from device.hardware import Hardware  # noqa: E402
from device.host import limits  # noqa: E402
from device.host.bus import Bus  # noqa: E402
from device.host.files import Files  # noqa: E402
from device.host.host import Host  # noqa: E402
from device.host.journal import Journal  # noqa: E402
from device.host.offline import OfflineResponder  # noqa: E402
from device.host.store import Store  # noqa: E402
from device.machine_facts import MachineFacts  # noqa: E402

VERSION = "0.1.0"
USAGE = "usage: main.py --board NAME --home DIR [--no-screen]"
REFRESH_MS = 50  # the screen follows a change after this: drawing waits until the host has done its part


class Box:
    """Everything that makes up one box. `start` wires it; `run` serves until cancelled."""

    def __init__(self, board, with_screen):
        portable.collect_often(limits.GARBAGE_BYTES)
        if with_screen:
            board.display()  # its frame is the largest piece of memory: taken while the heap is empty
        self.board = board
        self.clock = board.clock()
        self.provision = board.provision()
        folder = board.mount()
        self.store = Store(Journal(Files(folder + "/journal")), self.clock)
        self.store.recover()
        self.facts = MachineFacts(board, folder, VERSION)
        self.hardware = Hardware(self.clock, board.reboot)
        self.host = Host(
            self.store,
            self.clock,
            OfflineResponder(),
            self._tell,
            facts=self.facts.read,
            screen=self.hardware,
            device=self.provision["device"],
        )
        self.host.boot(self.provision.get("assistant"))
        self.bus = self._make_bus()
        self.ui = self._make_screen() if with_screen else None
        self._changed = asyncio.Event()
        self.host.on_change(self._changed.set)

    async def run(self):
        """Serve until cancelled."""
        if self.ui is not None:
            self.ui.show(self.host.glance())
            self.ui.start()
            self.ui.turn()
            self.host.start("screen", self.ui.run)
            self.host.start("view", self._refresh)
        self.host.start("bus", self.bus.run)
        serving = portable.spawn(self.host.run(), "host")
        await self.clock.sleep_ms(0)
        boot_ms = portable.ticks_diff(portable.raw_ticks_ms(), _STARTED)
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
        )
        self.store.call_when_durable(bus.link.kick)
        self.facts.connected_by(bus.client)
        return bus

    def _make_screen(self):
        from device.screen_port import ScreenPort
        from device.ui.loop import Ui

        ui = Ui(self.board, self._action, self._screen_fault)
        self.hardware.show_through(ScreenPort(self.board, ui, self._publish, self.clock))
        return ui

    async def _refresh(self):
        while self.ui is not None:
            await self.clock.wait(self._changed, None)
            await self.clock.sleep_ms(REFRESH_MS)
            self._changed.clear()
            self.ui.show(self.host.glance())

    def _action(self, name, args):
        """What a person asked for on the glass; pages are the screen's own matter."""
        if not name.startswith("ui."):
            self.host.perform(name, args)

    def _screen_fault(self, where, error):
        self.host.note("screen.fault", "%s: %s" % (where, error))

    def _tell(self, kind, body):
        return self.bus.link.telemetry(kind, body)

    async def _publish(self, data):
        return await self.bus.publish_screen(data)


def options(arguments):
    """{"board", "home", "screen"} from the command line; raises ValueError with the usage."""
    found = {"board": None, "home": None, "screen": True}
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "--no-screen":
            found["screen"] = False
        elif word in ("--board", "--home") and rest:
            found[word[2:]] = rest.pop(0)
        else:
            raise ValueError(USAGE)
    if not found["board"] or not found["home"]:
        raise ValueError(USAGE)
    return found


def main(arguments):
    """Run the box; returns the exit code (2: wrong usage, 1: it could not start)."""
    try:
        wanted = options(arguments)
    except ValueError as error:
        print(error)
        return 2
    module = __import__("device.boards." + wanted["board"], None, None, ["Board"])
    try:
        box = Box(module.Board(wanted["home"]), wanted["screen"])
    except Exception as error:  # what keeps a box from starting is told in one line, whatever part it came from
        print("barnacle: the box cannot start: %s: %s" % (type(error).__name__, error))
        return 1
    asyncio.run(box.run())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
