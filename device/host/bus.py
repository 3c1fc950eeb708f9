"""The box on the bus: one MQTT connection, the link over it, and the topics of DESIGN.md."""

import asyncio

from device.host import portable
from device.host.calls import Calls
from device.host.link import Link
from device.host.mqtt import MqttClient


def topics(device):
    """The topics of one device by their short names."""
    base = "barnacle/%s/" % device
    return {name: base + name for name in ("up", "down", "status", "screen", "voice/up", "voice/down")}


class Bus:
    """What the box's host program uses to talk.

    `provision` is the board's {"device", "key" (hex), "mqtt": {"host", "port", "user", "password", "tls"}}; `store` is
    the link's storage; `hooks` go to the Link (see there). Run `run()` as a task; call `link.kick` after each put.
    `calls` are the laptop's services (calls.py); what else comes on their lane goes to `on_service(kind, body)`.
    """

    def __init__(self, provision, store, clock, boot, version, on_record, **hooks):
        device = provision["device"]
        mqtt = provision["mqtt"]
        self.topics = topics(device)
        self.retained_refused = 0
        self._status = {"boot": boot, "version": version}
        source = "device:" + device
        key = bytes.fromhex(provision["key"])
        self._on_live = hooks.get("on_live")
        self._on_service = hooks.get("on_service")
        self._on_welcome = hooks.get("on_welcome")
        self._host_boot = ""
        hooks["on_live"] = self._live
        hooks["on_welcome"] = self._welcome
        hooks["on_service"] = self._take_service
        self.link = Link(store, key, source, "host", boot, clock, self._send_up, on_record, **hooks)
        self.calls = Calls(self.link.service, clock)
        self.client = MqttClient(
            mqtt["host"],
            mqtt["port"],
            "barnacle-" + device,
            clock,
            self._take,
            self._online,
            self._offline,
            user=mqtt.get("user"),
            password=mqtt.get("password"),
            tls=mqtt.get("tls"),
            will=(self.topics["status"], portable.dumps({"online": False}).encode(), 1, True),
            filters=[(self.topics["down"], 1)],
        )

    @property
    def online(self):
        """True while a host answers: a live session, not just an MQTT broker."""
        return self.link.live

    @property
    def problem(self):
        """What to tell the owner, None when all is well."""
        if self.link.live:
            return None
        return "waiting for the host" if self.client.online else "MQTT " + self.client.state

    async def run(self):
        """Serve until cancelled; the broker then publishes the last will. Raises what the link's storage raises."""
        tasks = [portable.spawn(self.link.run(), "link"), portable.spawn(self.client.run(), "mqtt")]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                if task.done():  # the one that failed: waiting for it would raise, and the other still says goodbye
                    continue
                try:
                    await task
                except asyncio.CancelledError:
                    pass

    async def publish_screen(self, data):
        """One part of a screen picture, QoS 0; False when there is no connection."""
        try:
            await self.client.publish(self.topics["screen"], data)
        except OSError:
            return False
        return True

    async def _send_up(self, data, qos):
        await self.client.publish(self.topics["up"], data, qos)

    async def _take(self, topic, payload, retained):
        if retained:  # nobody retains envelopes: a command from the past
            self.retained_refused += 1
        elif topic == self.topics["down"]:
            await self.link.receive(payload)

    async def _online(self):
        status = dict(self._status)
        status["online"] = True
        await self.client.publish(self.topics["status"], portable.dumps(status).encode(), 1, True)
        self.link.connected()

    def _offline(self, reason):
        self.link.disconnected()

    def _live(self, live):
        self.calls.live(live)
        if self._on_live:
            self._on_live(live)

    async def _welcome(self, body):
        if self.link.peer_boot != self._host_boot:  # another process of the host: it knows of no call
            self._host_boot = self.link.peer_boot
            self.calls.lost()
        if self._on_welcome:
            await portable.maybe_await(self._on_welcome(body))

    async def _take_service(self, kind, body):
        if kind.startswith("call."):
            self.calls.receive(kind, body)
        elif self._on_service:
            await portable.maybe_await(self._on_service(kind, body))
