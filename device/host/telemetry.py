"""What the box tells while it is heard, without promise: its queue, its health, the text of a run as it grows."""

import asyncio

from device.host import bounded, limits


class Telemetry:
    """`tell(kind, body)` sends; `queue()` and `health()` give the bodies. Told on a change, not by a poll."""

    def __init__(self, store, clock, tell, queue, health):
        self._store = store
        self._clock = clock
        self._tell = tell
        self._queue = queue
        self._health = health
        self._queue_news = asyncio.Event()
        self._connection_news = asyncio.Event()
        self._said_at = {}

    def queue_changed(self):
        """Something started, ended or waits: tell it soon."""
        self._queue_news.set()

    def connection_changed(self):
        """The host listens again (or not): it wants to know everything."""
        self._connection_news.set()
        self._queue_news.set()

    def say(self, run, text):
        """Tell a run's text so far, thinned to one in TEXT_NEWS_MS."""
        now = self._clock.ticks_ms()
        if now - self._said_at.get(run["folder"], -limits.TEXT_NEWS_MS) < limits.TEXT_NEWS_MS:
            return
        self._said_at[run["folder"]] = now
        self._tell("tele.text", {"run": run["id"], "folder": run["folder"], "text": bounded.reply(text)})

    async def run_queue(self):
        """Tell the queue whenever it changed, at most every QUEUE_NEWS_MS."""
        while True:
            await self._clock.wait(self._queue_news, None)
            self._queue_news.clear()
            self._tell("tele.queue", self._queue())
            await self._clock.sleep_ms(limits.QUEUE_NEWS_MS)

    async def run_health(self):
        """Tell health when the connection changes and every HEALTH_MS. After a change health and queue are told twice:
        what comes before the host has heard our welcome is lost to it."""
        again = False
        while True:
            self._connection_news.clear()
            self._tell("tele.health", self._health())
            wait_ms = limits.HEALTH_AGAIN_MS if again else limits.HEALTH_MS
            changed = await self._clock.wait(self._connection_news, wait_ms)
            if again and not changed:
                self._queue_news.set()
            again = changed
