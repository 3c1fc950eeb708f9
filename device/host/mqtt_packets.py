"""MQTT 3.1.1 packets as bytes, both ways (the OASIS standard of 2014). No sockets here.

Encoders return whole packets; decoders take the packet's body (what follows the fixed header) as a memoryview.
"""

from device.host.errors import BarnacleError
from device.host.portable import const

CONNECT = const(1)
CONNACK = const(2)
PUBLISH = const(3)
PUBACK = const(4)
SUBSCRIBE = const(8)
SUBACK = const(9)
PINGRESP = const(13)
PINGREQ_PACKET = b"\xc0\x00"
DISCONNECT_PACKET = b"\xe0\x00"
LENGTH_MAX = const(268435455)
REFUSALS = {
    1: "the broker does not speak MQTT 3.1.1",
    2: "the broker refuses this client id",
    3: "the broker is not available",
    4: "wrong user name or password",
    5: "not authorized",
}


class PacketError(BarnacleError):
    """The other side broke the protocol; the connection cannot be trusted any more."""


def connect(client_id, user, password, keepalive_s, will=None, clean=False):
    """CONNECT. `will` is (topic, payload, qos, retain) or None."""
    flags = 0x02 if clean else 0
    tail = _text(client_id)
    if will:
        topic, payload, qos, retain = will
        flags |= 0x04 | qos << 3 | (0x20 if retain else 0)
        tail += _text(topic) + _block(payload)
    if user is not None:
        flags |= 0x80
        tail += _text(user)
    if password is not None:
        flags |= 0x40
        tail += _text(password)
    return _packet(0x10, b"\x00\x04MQTT\x04" + bytes([flags]) + _number(keepalive_s) + tail)


def publish_head(topic, payload_bytes, qos, retain, packet_id):
    """Everything of a PUBLISH before its payload of that many bytes (which need not be copied)."""
    check_topic(topic)
    variable = _text(topic) + (_number(packet_id) if qos else b"")
    head = bytes([0x30 | qos << 1 | (1 if retain else 0)])
    return head + encode_length(len(variable) + payload_bytes) + variable


def puback(packet_id):
    """PUBACK for a received QoS 1 PUBLISH."""
    return b"\x40\x02" + _number(packet_id)


def subscribe(packet_id, filters):
    """SUBSCRIBE to [(filter, qos)]."""
    body = _number(packet_id)
    for pattern, qos in filters:
        body += _text(pattern) + bytes([qos])
    return _packet(0x82, body)


def encode_length(value):
    """The remaining length of the fixed header, 1 to 4 bytes."""
    if value > LENGTH_MAX:
        raise PacketError("a packet of %d bytes is more than MQTT can carry" % value)
    out = bytearray()
    while True:
        value, digit = value >> 7, value & 0x7F
        out.append(digit | (0x80 if value else 0))
        if not value:
            return bytes(out)


def decode_connack(body):
    """(session present, return code)."""
    if len(body) != 2 or body[0] > 1:
        raise PacketError("malformed CONNACK")
    return body[0] == 1, body[1]


def decode_publish(flags, body):
    """(topic, qos, retain, packet id or 0, offset of the payload in body)."""
    qos = flags >> 1 & 3
    if qos > 1:
        raise PacketError("PUBLISH with QoS %d, which nobody asked for" % qos)
    if len(body) < 2:
        raise PacketError("malformed PUBLISH")
    end = 2 + (body[0] << 8 | body[1])
    payload_at = end + (2 if qos else 0)
    if payload_at > len(body):
        raise PacketError("PUBLISH whose topic does not fit")
    try:
        topic = str(bytes(body[2:end]), "utf-8")
    except ValueError:
        raise PacketError("PUBLISH whose topic is not UTF-8")
    packet_id = (body[end] << 8 | body[end + 1]) if qos else 0
    if qos and not packet_id:
        raise PacketError("PUBLISH with packet id 0")
    check_topic(topic)
    return topic, qos, bool(flags & 1), packet_id, payload_at


def decode_id(body):
    """The packet id that a PUBACK or SUBACK starts with."""
    if len(body) < 2:
        raise PacketError("acknowledgement without packet id")
    return body[0] << 8 | body[1]


def check_topic(topic):
    """A topic to publish to is not empty and has no wildcard or NUL."""
    if not topic or "+" in topic or "#" in topic or "\x00" in topic:
        raise PacketError("%r is no topic" % topic)


def _packet(head, body):
    return bytes([head]) + encode_length(len(body)) + body


def _number(value):
    return bytes([value >> 8, value & 0xFF])


def _text(text):
    return _block(text.encode("utf-8"))


def _block(data):
    if len(data) > 65535:
        raise PacketError("a field of %d bytes is more than MQTT can carry" % len(data))
    return _number(len(data)) + data
