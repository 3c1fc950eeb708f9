"""The link's lane for calls: no number of its own in the spool and no promise beyond the session, but never thinned."""

import asyncio

from device.host import limits


class ServiceLane:
    """Messages that wait to be sent while a session is live; whoever has more waits for room. `wake` is the event of
    the sending task."""

    def __init__(self, wake):
        self._wake = wake
        self._waiting = []
        self._room = asyncio.Event()
        self._session = 0

    async def put(self, kind, body):
        """Queue a message, waiting for room; False when the session ended meanwhile."""
        session = self._session
        while len(self._waiting) >= limits.LINK_SERVICE:
            self._room.clear()
            await self._room.wait()
            if session != self._session:
                return False
        self._waiting.append((kind, body))
        self._wake.set()
        return True

    async def send(self, may_send, send_one):
        """Send a few of what waits; True when something was sent. The rest follows after more records."""
        count = 0
        while self._waiting and count < limits.LINK_SERVICE_TURN and may_send():
            kind, body = self._waiting.pop(0)
            self._room.set()
            count += 1
            await send_one(kind, body)
        return count > 0

    def drop(self):
        """The session ended: nothing of it may reach the next one."""
        self._session += 1
        self._waiting.clear()
        self._room.set()
