"""The laptop's MQTT connection: a thin asyncio bridge over paho-mqtt, which keeps its own network thread.

The thread puts what arrives into a bounded deque and wakes the event loop once per batch; a QoS 1 message is
acknowledged to the broker only after the asynchronous handler has finished with it.
"""

import asyncio
import random
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from app.host import limits

KEEPALIVE_S = 30
HOLD_S = 10.0  # longest that the network thread waits for the handler: well below the keep-alive
RETRY_S = 0.5
RETRY_MAX_S = 30.0
REFUSED_S = 60.0
_REFUSED = {"Bad user name or password", "Not authorized", "Client identifier not valid"}

Handler = Callable[["Message"], Awaitable[None]]


@dataclass(frozen=True)
class Message:
    """One message as it arrived."""

    topic: str
    payload: bytes
    retained: bool
    qos: int
    mid: int
    client: paho.Client = field(repr=False, compare=False)


class _ClosingSocket(ssl.SSLSocket):
    """paho forgets a socket whose handshake failed: it closes itself."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


class Bridge:
    """`async with Bridge(…)`: connected and reconnecting until the block ends.

    `on_message` is awaited for one message at a time, in order; when it raises, `run_error` holds the exception and the
    connection is renewed, so that the broker brings the message again. `on_state(online, reason)` is called in the
    event loop. `tls_ca` is a PEM file; with it the server must show a certificate of that authority for `host`.
    """

    def __init__(
        self,
        host: str,
        port: int,
        user: str | None,
        password: str | None,
        client_id: str,
        on_message: Handler,
        subscriptions: Sequence[tuple[str, int]] = (),
        *,
        on_state: Callable[[bool, str], None] = lambda online, reason: None,
        tls_ca: str = "",
        clean_session: bool = False,
    ) -> None:
        self._address = host, port
        self._on_message = on_message
        self._on_state = on_state
        self._subscriptions = list(subscriptions)
        self.online = False
        self.state = "offline: not started"
        self.dropped = 0  # QoS 0 messages that found no room
        self.held = 0  # QoS 1 messages that had to wait for room, unread
        self.run_error: Exception | None = None
        self._waiting: deque[Message] = deque()
        self._woken = threading.Event()
        self._room = threading.Event()
        self._arrived = asyncio.Event()
        self._refused = False
        self._delay_s = RETRY_S
        self._tasks: list[asyncio.Task[None]] = []
        self._lost = asyncio.Event()
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._make: Callable[[], paho.Client] = lambda: self._make_client(
            client_id, user, password, tls_ca, clean_session
        )
        self._client: paho.Client | None = None  # a new one per connection: paho leaks sockets when it is used again

    async def __aenter__(self) -> "Bridge":
        self._loop = asyncio.get_running_loop()
        self._tasks = [
            asyncio.create_task(self._handle(), name="mqtt messages"),
            asyncio.create_task(self._keep_connected(), name="mqtt connection"),
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._hang_up()
        self._set_state(False, "stopped")

    def publish(self, topic: str, payload: bytes, qos: int = 0, retain: bool = False) -> bool:
        """Hand a message over; False when there is no connection or too much waits already. Never blocks."""
        if not self.online or self._client is None:
            return False
        return self._client.publish(topic, payload, qos, retain).rc == MQTTErrorCode.MQTT_ERR_SUCCESS

    def _make_client(
        self, client_id: str, user: str | None, password: str | None, tls_ca: str, clean_session: bool
    ) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=clean_session,
            manual_ack=True,
            reconnect_on_failure=False,
        )
        client.max_inflight_messages_set(limits.BRIDGE_IN_FLIGHT)
        client.max_queued_messages_set(limits.BRIDGE_OUT_WAITING)
        if user is not None:
            client.username_pw_set(user, password)
        if tls_ca:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            try:
                context.load_verify_locations(cafile=tls_ca)
            except OSError as error:
                raise ValueError(f"the CA certificate {tls_ca} cannot be used: {error}") from error
            context.sslsocket_class = _ClosingSocket
            client.tls_set_context(context)  # pyright: ignore[reportUnknownMemberType]
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected
        client.on_subscribe = self._subscribed
        client.on_message = self._received
        client.on_socket_open = _send_at_once
        return client

    # In the network thread

    def _connected(self, client: paho.Client, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        if code.is_failure:
            self._refused = str(code) in _REFUSED
            self._to_loop(self._set_state, False, f"refused: {code}" if self._refused else str(code))
            return
        self._refused = False
        if self._subscriptions:
            client.subscribe(list(self._subscriptions))
        else:
            self._to_loop(self._set_state, True, "")

    def _subscribed(self, client: paho.Client, _data: Any, _mid: int, codes: Any, _properties: Any) -> None:
        if any(code.is_failure for code in codes):
            self._refused = True
            self._to_loop(self._set_state, False, "refused: not authorized to subscribe")
            client.disconnect()
            return
        self._to_loop(self._set_state, True, "")

    def _disconnected(self, _client: paho.Client, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        self._to_loop(self._gone, str(code))

    def _received(self, client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        if len(self._waiting) >= limits.BRIDGE_WAITING:
            if not message.qos:
                self.dropped += 1
                return
            self.held += 1
            if not self._until_room(client):
                client.disconnect()  # unacknowledged: the broker brings it again
                return
        self._waiting.append(
            Message(message.topic, bytes(message.payload), message.retain, message.qos, message.mid, client)
        )
        if not self._woken.is_set():
            self._woken.set()
            self._to_loop(self._arrived.set)

    def _until_room(self, client: paho.Client) -> bool:
        """Hold the network thread, so that nothing more is read, until the handler catches up or it takes too long."""
        deadline = time.monotonic() + HOLD_S
        while len(self._waiting) >= limits.BRIDGE_WAITING:
            self._room.clear()
            if client is not self._client or time.monotonic() > deadline:
                return False
            self._room.wait(0.1)
        return True

    def _to_loop(self, function: Callable[..., None], *args: object) -> None:
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *args)

    # In the event loop

    async def _handle(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            self._woken.clear()
            while self._waiting:
                message = self._waiting.popleft()
                self._room.set()
                try:
                    await self._on_message(message)
                except Exception as error:
                    self.run_error = error
                    self._waiting.clear()
                    message.client.disconnect()
                    break
                if message.qos:
                    message.client.ack(message.mid, message.qos)

    async def _keep_connected(self) -> None:
        while True:
            self._lost.clear()
            self._set_state(False, "connecting")
            try:
                self._client = client = self._make()
            except ValueError as error:
                self._set_state(False, f"offline: {error}")
                await self._pause()
                continue
            try:
                await asyncio.to_thread(client.connect, self._address[0], self._address[1], KEEPALIVE_S)
            except (OSError, ValueError) as error:
                self._set_state(False, f"offline: cannot connect: {error}")
            else:
                client.loop_start()
                await self._lost.wait()
            del client
            await self._hang_up()
            await self._pause()

    async def _hang_up(self) -> None:
        client, self._client = self._client, None
        if client:
            client.disconnect()
            await asyncio.to_thread(client.loop_stop)

    async def _pause(self) -> None:
        wait_s = REFUSED_S if self._refused else self._delay_s
        self._delay_s = min(self._delay_s * 2, RETRY_MAX_S)
        await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))  # noqa: S311 - jitter needs no secrecy

    def _gone(self, reason: str) -> None:
        if not self._stopping and not self.state.startswith("offline: refused"):
            self._set_state(False, reason)
        self._lost.set()

    def _set_state(self, online: bool, reason: str) -> None:
        if online:
            self._delay_s = RETRY_S
        if online == self.online and not online and reason == "connecting":
            self.state = reason
            return
        self.state = "online" if online else reason if reason.startswith("offline") else f"offline: {reason}"
        changed, self.online = online != self.online, online
        if changed or not online:
            self._on_state(online, "" if online else self.state)


def _send_at_once(_client: paho.Client, _data: Any, sock: Any) -> None:
    """paho leaves Nagle's algorithm on, which holds every second small packet back for about 40 ms."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
