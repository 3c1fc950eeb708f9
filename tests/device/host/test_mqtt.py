"""The MQTT client against a scripted broker on a loopback socket."""

import asyncio

from device.host import limits
from device.host.clock import SystemClock
from device.host.mqtt import MqttClient
from device.host.mqtt_packets import puback, publish_head
from device.host.portable import MICROPYTHON

CONNACK = b"\x20\x02\x00\x00"
SUBACK = b"\x90\x03\x00\x01\x01"
_next_port = [41300 if MICROPYTHON else 43300]


class Broker:
    """Answers CONNECT, SUBSCRIBE and PINGREQ; sends `greeting` after the subscription; `got` is what it was sent."""

    def __init__(self):
        self.connack = CONNACK
        self.suback = SUBACK
        self.greeting = b""
        self.answers_pings = True
        self.acks = True
        self.cut_after: int | None = None  # close after so many bytes of the greeting
        self.connections = 0
        self.got = []
        self.server = None
        self.port = 0
        self.writers = []

    async def start(self):
        for _ in range(200):
            _next_port[0] += 1
            try:
                self.server = await asyncio.start_server(self.serve, "127.0.0.1", _next_port[0])
                self.port = _next_port[0]
                return self
            except OSError:
                continue
        raise OSError("no free port")

    async def stop(self):
        assert self.server
        self.server.close()
        for writer in self.writers:
            await hang_up(writer)
        await asyncio.sleep(0)
        await self.server.wait_closed()

    async def serve(self, reader, writer):
        self.connections += 1
        self.writers.append(writer)
        try:
            while True:
                head = await reader.readexactly(1)
                await self.answer(writer, head[0], await self.body(reader))
        except (OSError, EOFError, asyncio.CancelledError):
            await hang_up(writer)

    async def body(self, reader):
        length = shift = 0
        while True:
            digit = (await reader.readexactly(1))[0]
            length |= (digit & 127) << shift
            shift += 7
            if digit < 128:
                return await reader.readexactly(length) if length else b""

    async def answer(self, writer, head, body):
        self.got.append((head >> 4, body))
        if head >> 4 == 1:
            writer.write(self.connack)
        elif head >> 4 == 8:
            writer.write(self.suback + (self.greeting if self.cut_after is None else self.greeting[: self.cut_after]))
        elif head >> 4 == 12 and self.answers_pings:
            writer.write(b"\xd0\x00")
        elif head >> 4 == 3 and head & 2 and self.acks:
            end = 2 + (body[0] << 8 | body[1])
            writer.write(puback(body[end] << 8 | body[end + 1]))
        await writer.drain()
        if head >> 4 == 8 and self.cut_after is not None:
            await hang_up(writer)

    def kinds(self):
        return [kind for kind, _ in self.got]


async def hang_up(writer):
    """MicroPython's streams close in wait_closed, not in close."""
    writer.close()
    try:
        await writer.wait_closed()
    except OSError:
        pass


class Rig:
    """A client connected to a scripted broker."""

    def __init__(self, broker, **options):
        self.messages = []
        self.offline = []
        self.online = 0
        self.client = MqttClient(
            "127.0.0.1",
            broker.port,
            "box",
            SystemClock(),
            self.take,
            self.count,
            self.offline.append,
            filters=[("down", 1)],
            **options,
        )
        self.task = asyncio.create_task(self.client.run())

    def take(self, topic, payload, retained):
        self.messages.append((topic, bytes(payload), retained))

    def count(self):
        self.online += 1

    def ended(self):
        """True once a connection has come and gone."""
        return self.client.state.startswith("offline: ") and self.client.state != "offline: not started"

    async def close(self):
        self.task.cancel()
        try:
            await self.task
        except asyncio.CancelledError:
            pass


async def until(condition, limit_s=10):
    for _ in range(limit_s * 100):
        if condition():
            return True
        await asyncio.sleep(0.01)
    return condition()


def packet(topic, payload, qos=0, packet_id=0):
    return publish_head(topic, len(payload), qos, False, packet_id) + payload


async def test_it_connects_subscribes_receives_and_acknowledges():
    broker = await Broker().start()
    broker.greeting = packet("down", b"one", 1, 5) + packet("down", b"two")
    rig = Rig(broker, user="u", password="p")
    assert await until(lambda: len(rig.messages) == 2 and 4 in broker.kinds())
    assert rig.messages == [("down", b"one", False), ("down", b"two", False)]
    assert (4, b"\x00\x05") in broker.got and rig.client.state == "online" and rig.online == 1
    await rig.close()
    await broker.stop()


async def test_it_publishes_and_bounds_what_is_unacknowledged():
    broker = await Broker().start()
    broker.acks = False
    rig = Rig(broker)
    assert await until(lambda: rig.client.online)

    async def flood():
        for _ in range(limits.MQTT_IN_FLIGHT + 5):
            await rig.client.publish("up", b"x", 1)

    flooding = asyncio.create_task(flood())
    assert await until(lambda: broker.kinds().count(3) == limits.MQTT_IN_FLIGHT)
    await asyncio.sleep(0.05)
    assert broker.kinds().count(3) == limits.MQTT_IN_FLIGHT and not flooding.done()
    broker.acks = True
    broker.writers[0].write(puback(2) + puback(3) + puback(4) + puback(5) + puback(6))
    await broker.writers[0].drain()
    assert await until(flooding.done)
    await rig.close()
    await broker.stop()


async def test_a_stream_cut_at_any_byte_only_costs_a_reconnect():
    whole = packet("down", b"first", 1, 5) + packet("down", b"second", 1, 6)
    first = len(packet("down", b"first", 1, 5))
    for cut in range(len(whole) + 1):
        broker = await Broker().start()
        broker.greeting, broker.cut_after = whole, cut
        rig = Rig(broker)
        assert await until(rig.ended)
        assert len(rig.messages) == (2 if cut == len(whole) else 1 if cut >= first else 0)
        await rig.close()
        await broker.stop()


async def test_oversize_packets_are_drained_acknowledged_and_counted():
    broker = await Broker().start()
    big = bytes(3 * limits.ENVELOPE_BYTES)
    broker.greeting = packet("down", big, 1, 9) + packet("down", big) + packet("down", b"after")
    rig = Rig(broker)
    assert await until(lambda: rig.messages == [("down", b"after", False)] and 4 in broker.kinds())
    assert rig.client.counters["oversize"] == 2 and broker.connections == 1
    await rig.close()
    await broker.stop()


async def test_malformed_packets_close_the_connection_with_a_reason():
    for greeting in (
        b"\x36\x05\x00\x01a\x00\x01",
        b"\x30\x02\x00\x09",
        b"\x30\xff\xff\xff\xff\x01",
        b"\x00\x00",
        b"\xf0\x00",
    ):
        broker = await Broker().start()
        broker.greeting = greeting
        rig = Rig(broker)
        assert await until(rig.ended)
        assert rig.messages == [] and broker.connections == 1
        await rig.close()
        await broker.stop()


async def test_refused_credentials_are_not_tried_again_at_once():
    broker = await Broker().start()
    broker.connack = b"\x20\x02\x00\x04"
    rig = Rig(broker)
    assert await until(lambda: rig.client.state == "offline: refused: wrong user name or password")
    await asyncio.sleep(1.2)
    assert broker.connections == 1 and rig.online == 0
    await rig.close()
    await broker.stop()


async def test_a_refused_subscription_is_told_apart():
    broker = await Broker().start()
    broker.suback = b"\x90\x03\x00\x01\x80"
    rig = Rig(broker)
    assert await until(lambda: rig.client.state == "offline: refused: a subscription was refused")
    await rig.close()
    await broker.stop()


async def test_a_half_open_connection_is_found_out():
    answer_ms = limits.MQTT_ANSWER_MS
    limits.MQTT_ANSWER_MS = 200
    broker = await Broker().start()
    broker.answers_pings = False
    rig = Rig(broker, keepalive_s=1)
    try:
        assert await until(lambda: rig.offline)
        assert "half-open" in rig.offline[0]
    finally:
        limits.MQTT_ANSWER_MS = answer_ms
        await rig.close()
        await broker.stop()


async def test_a_quiet_connection_is_kept_alive():
    broker = await Broker().start()
    rig = Rig(broker, keepalive_s=1)
    assert await until(lambda: broker.kinds().count(12) >= 2)
    assert rig.client.online and broker.connections == 1
    await rig.close()
    await broker.stop()


async def test_it_comes_back_after_the_broker_was_away():
    broker = await Broker().start()
    rig = Rig(broker)
    assert await until(lambda: rig.client.online)
    await hang_up(broker.writers[0])
    assert await until(lambda: rig.online == 2)
    assert len(rig.offline) == 1
    await rig.close()
    await broker.stop()


async def test_publishing_without_a_connection_says_so():
    broker = await Broker().start()
    rig = Rig(broker)
    assert await until(lambda: rig.client.online)
    await rig.close()
    try:
        await rig.client.publish("up", b"x")
        raise AssertionError("did not say so")
    except OSError as error:
        assert "MQTT" in str(error)
    await broker.stop()
