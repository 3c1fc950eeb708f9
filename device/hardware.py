"""What commands reach besides the host's own state: the screen, and the power."""

from device.host import limits, portable
from device.host.errors import Refused


class Hardware:
    """`reboot()` starts the box again. Without `show_through` there is no screen; `no_screen` is then why, and what to
    do about it."""

    def __init__(self, clock, reboot, no_screen):
        self._clock = clock
        self._reboot = reboot
        self._no_screen = no_screen
        self._remote = None

    def show_through(self, remote):
        """`remote` carries out screen.*."""
        self._remote = remote

    async def perform(self, name, args):
        """Carry out screen.shot, screen.tap, screen.swipe or box.reboot; returns the result, raises Refused."""
        if name == "box.reboot":
            portable.spawn(self._reboot_soon(), "reboot")
            return {"rebooting": True}
        if self._remote is None:
            why, remedy = self._no_screen
            raise Refused("unsupported", why, remedy)
        return await self._remote.perform(name, args)

    async def _reboot_soon(self):
        await self._clock.sleep_ms(limits.REBOOT_AFTER_MS)  # the answer leaves first
        self._reboot()
