"""The box on a desk machine: MicroPython's unix port, an emulated flash, and a glass that is a piece of memory.

    MICROPYPATH=.frozen:. build/sim/micropython -X heapsize=2m device/main.py --board simulator --home DIR

DIR holds `provision.json` (who the box is, and its keys; mode 0600) and `flash.img` (the emulated flash). The process
ends with exit code REBOOT_EXIT_CODE when the box wants to start again; whoever started it does so.
"""

import gc
import sys
import time

from device import provision
from device.host.clock import SystemClock
from device.host.portable import const
from device.sim import flash

WIDTH = const(360)
HEIGHT = const(360)
REBOOT_EXIT_CODE = const(3)


class Board:
    """What the parts of the box get from the machine below them. `home`: the folder with the box's files."""

    name = "simulator"
    NO_SCREEN = ("this box runs without a screen", "set on = true under [screen] in config.toml")

    def __init__(self, home):
        self._home = home
        self._clock = SystemClock()
        self._flash = None
        self._mount_path = None
        self._display = None
        self._indev = None
        self._frame = memoryview(b"")
        self._touch_x = self._touch_y = 0
        self._touched = False

    def provision(self):
        """Who the box is; see device/provision.py."""
        return provision.read(self._home + "/provision.json")

    def mount(self):
        """Mount the file system on the flash and return its path; raises flash.FlashError."""
        if self._flash is None:
            self._flash = flash.Flash(self._home + "/flash.img")
            self._mount_path = flash.mount(self._flash)
        return self._mount_path

    def clock(self):
        """The box's clock; the same one every time."""
        return self._clock

    def display(self):
        """Bring up LVGL with its display and pointer, and return the display; later calls return the same one.

        LVGL draws right into the frame: there is no second buffer to pay for. Nothing ticks while nothing changes: the
        pointer is read when it is touched, and LVGL pauses its refresh timer, so `lvgl.timer_handler()` may be left
        alone for as long as it says (0xFFFFFFFF: until something changes). An exception in a callback goes to the hook
        of `lvgl.set_exception_hook`.
        """
        if self._display is None:
            import lvgl  # pyright: ignore[reportMissingImports]

            lvgl.init()
            lvgl.tick_set_cb(time.ticks_ms)  # pyright: ignore[reportAttributeAccessIssue]
            self._frame = memoryview(bytearray(WIDTH * HEIGHT * 2))
            self._display = lvgl.display_create(WIDTH, HEIGHT)
            self._display.set_color_format(lvgl.COLOR_FORMAT.RGB565)
            self._display.set_buffers(self._frame, None, len(self._frame), lvgl.DISPLAY_RENDER_MODE.DIRECT)
            self._display.set_flush_cb(_flushed)
            self._indev = lvgl.indev_create()
            self._indev.set_type(lvgl.INDEV_TYPE.POINTER)
            self._indev.set_mode(lvgl.INDEV_MODE.EVENT)
            self._indev.set_read_cb(self._read_touch)
        return self._display

    def on_screen_fault(self, report):
        """`report(error)` hears of exceptions in functions that LVGL calls, which it would otherwise print."""
        import lvgl  # pyright: ignore[reportMissingImports]

        self.display()
        lvgl.set_exception_hook(report)

    def frame(self):
        """What the glass shows: 360 rows of 360 pixels, RGB565, little-endian, 259,200 bytes. LVGL draws into it."""
        self.display()
        return self._frame

    def touch(self, x, y, pressed):
        """Put a finger on the glass at `x`, `y` (pixels, kept on the glass), move it there, or lift it there."""
        self.display()
        self._touch_x = min(max(0, x), WIDTH - 1)
        self._touch_y = min(max(0, y), HEIGHT - 1)
        self._touched = bool(pressed)
        self._indev.read()  # pyright: ignore[reportOptionalMemberAccess]

    def flash_counters(self):
        """{"bytes_written", "bytes_read", "erases", "syncs"} since the start."""
        self.mount()
        return self._flash.counters()  # pyright: ignore[reportOptionalMemberAccess]

    def heap(self):
        """(used, free) bytes of the heap, garbage counted as used."""
        return gc.mem_alloc(), gc.mem_free()  # pyright: ignore[reportAttributeAccessIssue]

    def reboot(self):
        """End the process in the way that has it started again. Raises SystemExit."""
        sys.exit(REBOOT_EXIT_CODE)

    def _read_touch(self, indev, data):
        import lvgl  # pyright: ignore[reportMissingImports]

        data.point.x = self._touch_x
        data.point.y = self._touch_y
        data.state = lvgl.INDEV_STATE.PRESSED if self._touched else lvgl.INDEV_STATE.RELEASED


def _flushed(display, area, pixels):
    display.flush_ready()
