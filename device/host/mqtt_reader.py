"""MQTT packets as they come from the socket, read into one buffer that never grows."""

from device.host import limits, portable
from device.host import mqtt_packets as packets


class PacketReader:
    """`run(stream)` reads for ever, one packet at a time; what it hands out is valid until the handler has returned.

    `on_publish(topic, qos, packet_id, payload, retained)` is awaited; the payload is None if it does not fit;
    `on_answer(kind, body)` gets every other packet. Raises PacketError, and what reading raises.
    """

    def __init__(self, on_publish, on_answer):
        self._on_publish = on_publish
        self._on_answer = on_answer
        self._buffer = memoryview(bytearray(limits.ENVELOPE_BYTES + limits.MQTT_TOPIC_BYTES + 4))
        self._head = memoryview(bytearray(2))

    async def run(self, stream):
        """Read until the stream ends or sends nonsense."""
        while True:
            await portable.read_into(stream, self._head)
            kind, flags, length = self._head[0] >> 4, self._head[0] & 15, await self._length(stream, self._head[1])
            body = self._buffer[: min(length, len(self._buffer))]
            await portable.read_into(stream, body)
            rest = length - len(body)
            if rest:
                await self._drop(stream, kind, flags, body, rest)
            elif kind == packets.PUBLISH:
                topic, qos, retained, packet_id, payload_at = packets.decode_publish(flags, body)
                await self._on_publish(topic, qos, packet_id, body[payload_at:], retained)
            else:
                self._on_answer(kind, body)

    async def _length(self, stream, digit):
        length, shift = digit & 0x7F, 7
        while digit & 0x80:
            if shift > 21:
                raise packets.PacketError("malformed packet length")
            await portable.read_into(stream, self._buffer[:1])
            digit = self._buffer[0]
            length |= (digit & 0x7F) << shift
            shift += 7
        return length

    async def _drop(self, stream, kind, flags, body, rest):
        """Read past a packet that does not fit; it is acknowledged, or the broker would bring it again and again."""
        if kind != packets.PUBLISH:
            raise packets.PacketError("oversize packet of type %d" % kind)
        topic, qos, retained, packet_id, _ = packets.decode_publish(flags, body)
        while rest:
            part = self._buffer[: min(rest, len(self._buffer))]
            await portable.read_into(stream, part)
            rest -= len(part)
        await self._on_publish(topic, qos, packet_id, None, retained)
