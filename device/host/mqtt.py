"""An MQTT 3.1.1 client for asyncio on MicroPython and CPython, with bounded memory and no polling.

It promises less than MQTT does: a QoS 1 packet that a lost connection left unacknowledged is not sent again; the link
above resends what its peer has not applied. Four tasks live per connection: reader, writer, pinger and `run` itself.
"""

import asyncio

from device.host import limits, portable
from device.host import mqtt_packets as packets
from device.host.errors import BarnacleError
from device.host.mqtt_reader import PacketReader


class MqttError(BarnacleError):
    """The connection ended; the text says why."""


class MqttRefused(MqttError):  # noqa: N818 - it is what happened
    """The broker answered and does not want us: credentials, not the network, are the matter."""


class MqttClient:
    """One connection that `run` keeps up.

    `on_message(topic, payload, retained)` gets a memoryview that is valid until it returns (it may be a coroutine; a
    QoS 1 message is acknowledged after that). `on_online()` and `on_offline(reason)` frame each connection.
    Callbacks may be coroutines. `publish` keeps a reference to its payload: hand over bytes, not a buffer in use.
    `will` is (topic, payload, qos, retain); `filters` [(filter, qos)] are subscribed before `on_online`.
    """

    def __init__(self, host, port, client_id, clock, on_message, on_online, on_offline, **options):
        """Options: user, password, tls (see portable.open_stream), will, filters, keepalive_s."""
        self._address = host, port, options.get("tls")
        self._login = client_id, options.get("user"), options.get("password")
        self._clock = clock
        self._on_message = on_message
        self._on_online = on_online
        self._on_offline = on_offline
        self._will = options.get("will")
        self._filters = options.get("filters", ())
        self.state = "offline: not started"
        self.counters = {"connects": 0, "received": 0, "published": 0, "oversize": 0}
        self.keepalive_s = options.get("keepalive_s", limits.MQTT_KEEPALIVE_S)
        self._packets = PacketReader(self._take_publish, self._take_answer)
        self._reader = self._writer = None
        self._online = self._announced = False
        self._out = []
        self._in_flight = {}
        self._packet_id = 0
        self._handling = False
        self._reason = self._refusal = ""
        self._out_ready = asyncio.Event()
        self._room = asyncio.Event()
        self._ended = asyncio.Event()
        self._answered = asyncio.Event()
        self._pong = asyncio.Event()

    @property
    def online(self):
        """True from the acknowledged subscription to the end of the connection."""
        return self._online

    async def publish(self, topic, payload, qos=0, retain=False):
        """Hand a message to the socket's queue, waiting for room; raises OSError when there is no connection."""
        connection = self._writer
        while self._online and not self._has_room(qos):
            self._room.clear()
            await self._room.wait()
        if not self._online or connection is not self._writer:
            raise OSError("MQTT is " + self.state)
        packet_id = self._next_id() if qos else 0
        head = packets.publish_head(topic, len(payload), qos, retain, packet_id)
        if qos:
            self._in_flight[packet_id] = True
        self.counters["published"] += 1
        self._queue(head, payload)

    async def run(self):
        """Connect, serve, reconnect with capped and jittered pauses, until cancelled (then: a proper goodbye)."""
        pause_ms = limits.MQTT_RETRY_MS
        while True:
            began_ms = self._clock.ticks_ms()
            self.state = "connecting"
            try:
                reason = await self._serve()
            except MqttRefused as error:
                self.state = "offline: refused: %s" % error
                await self._clock.sleep_ms(_jittered(limits.MQTT_REFUSED_MS))
                continue
            self.state = "offline: " + reason
            if self._clock.ticks_ms() - began_ms >= limits.MQTT_STABLE_MS + limits.MQTT_ANSWER_MS:
                pause_ms = limits.MQTT_RETRY_MS
            await self._clock.sleep_ms(_jittered(pause_ms))
            pause_ms = min(pause_ms * 2, limits.MQTT_RETRY_MAX_MS)

    async def _serve(self):
        """One connection from its beginning to its end; returns why it ended. Raises only MqttRefused."""
        tasks = []
        goodbye = False
        try:
            await self._open()
            tasks = [portable.spawn(self._guard(job), name) for job, name in self._jobs()]
            await self._hello()
            await self._ended.wait()
        except asyncio.CancelledError:
            goodbye = not self._will  # without a goodbye the broker publishes the will, which is what a stop means
            raise
        except MqttRefused:
            raise
        except asyncio.TimeoutError:
            self._reason = self._reason or "no answer in time"
        except (MqttError, packets.PacketError) as error:
            self._reason = self._reason or str(error)
        except (OSError, EOFError, ValueError) as error:
            self._reason = self._reason or "cannot connect: %s" % (error or "connection closed")
        finally:
            await self._close(tasks, goodbye)
        return self._reason

    def _jobs(self):
        return (
            (self._packets.run(self._reader), "mqtt reader"),
            (self._write(self._writer), "mqtt writer"),
            (self._ping(), "mqtt pinger"),
        )

    async def _open(self):
        self._reason = ""
        self._out, self._in_flight = [], {}
        self._ended.clear()
        self._answered.clear()
        host, port, tls = self._address
        opening = portable.open_stream(host, port, tls)
        self._reader, self._writer = await portable.with_timeout(opening, limits.MQTT_ANSWER_MS)

    async def _hello(self):
        """CONNECT and SUBSCRIBE; the reader sets `_answered` for each."""
        client_id, user, password = self._login
        self._queue(packets.connect(client_id, user, password, self.keepalive_s, self._will))
        await self._answer("no answer to CONNECT")
        if self._filters:
            self._queue(packets.subscribe(self._next_id(), self._filters))
            await self._answer("no answer to SUBSCRIBE")
        self._online = self._announced = True
        self.state = "online"
        self.counters["connects"] += 1
        await portable.maybe_await(self._on_online())

    async def _answer(self, otherwise):
        if not await self._clock.wait(self._answered, limits.MQTT_ANSWER_MS):
            raise MqttError(otherwise)
        self._answered.clear()
        if self._refusal:
            raise MqttRefused(self._refusal)
        if self._ended.is_set():
            raise MqttError(self._reason)

    async def _close(self, tasks, goodbye):
        self._online = False
        self._room.set()
        for task in tasks:
            task.cancel()
        for task in tasks:
            try:
                await task
            except asyncio.CancelledError:
                pass
        writer, self._reader, self._writer = self._writer, None, None
        self._refusal = ""
        if writer:
            await _hang_up(writer, goodbye)
        if self._announced:
            self._announced = False
            await portable.maybe_await(self._on_offline(self._reason or "stopped"))

    async def _guard(self, job):
        """Run one of the connection's tasks; its end is the connection's end."""
        try:
            await job
        except (BarnacleError, OSError, EOFError) as error:
            self._end(str(error) or "connection closed by the broker")
        except Exception as error:  # a handler's bug, or MicroPython's TLS, which tells its findings in a ValueError
            self._end(str(error).strip() or repr(error))

    def _end(self, reason):
        self._reason = self._reason or reason
        self._online = False
        self._ended.set()
        self._answered.set()
        self._room.set()

    # Out

    def _queue(self, *parts):
        self._out.append(parts)
        self._out_ready.set()

    def _has_room(self, qos):
        return len(self._out) < limits.MQTT_OUT_PACKETS and (not qos or len(self._in_flight) < limits.MQTT_IN_FLIGHT)

    def _next_id(self):
        while True:
            self._packet_id = self._packet_id % 65535 + 1
            if self._packet_id not in self._in_flight:
                return self._packet_id

    async def _write(self, writer):
        while True:
            while self._out:
                for part in self._out.pop(0):
                    writer.write(part)
                self._room.set()
                await writer.drain()
            self._out_ready.clear()
            await self._out_ready.wait()

    async def _ping(self):
        """Every half keep-alive time the broker must answer, else the connection is half open."""
        while True:
            await self._clock.sleep_ms(self.keepalive_s * 500)
            if not self._online:
                continue
            self._pong.clear()
            self._queue(packets.PINGREQ_PACKET)
            while not await self._clock.wait(self._pong, limits.MQTT_ANSWER_MS):
                if not self._handling:  # while a message is being handled nobody reads
                    raise MqttError("the broker does not answer (half-open connection)")

    # In

    async def _take_publish(self, topic, qos, packet_id, payload, retained):
        """A message; None as payload stands for one that was too large, which is acknowledged all the same."""
        if payload is None:
            self.counters["oversize"] += 1
        else:
            self.counters["received"] += 1
            self._handling = True
            try:
                await portable.maybe_await(self._on_message(topic, payload, retained))
            finally:
                self._handling = False
        if qos:
            self._queue(packets.puback(packet_id))

    def _take_answer(self, kind, body):
        if kind == packets.CONNACK:
            code = packets.decode_connack(body)[1]
            if code:
                self._refusal = packets.REFUSALS.get(code, "return code %d" % code)
            self._answered.set()
        elif kind == packets.SUBACK:
            packets.decode_id(body)
            for code in body[2:]:
                if code > 1:
                    self._refusal = "a subscription was refused"
            self._answered.set()
        elif kind == packets.PUBACK:
            self._in_flight.pop(packets.decode_id(body), None)
            self._room.set()
        elif kind == packets.PINGRESP:
            self._pong.set()
        else:
            raise packets.PacketError("unexpected packet of type %d" % kind)


async def _hang_up(writer, goodbye):
    try:
        if goodbye:
            writer.write(packets.DISCONNECT_PACKET)
            await portable.with_timeout(writer.drain(), 500)
        writer.close()
        await portable.with_timeout(writer.wait_closed(), 1000)
    except asyncio.TimeoutError:
        pass  # the other side is gone; nothing is left to do for it
    except OSError:
        pass


def _jittered(ms):
    """Between half of it and all of it."""
    return ms // 2 + ms // 2 * portable.random_bytes(1)[0] // 255
