from device.host import mqtt_packets as packets
from tests.device.portable_test import raises


def malformed(function, *args):
    with raises(packets.PacketError):
        function(*args)
    return True


def test_a_connect_carries_will_and_login_as_the_standard_lays_out():
    packet = packets.connect("box", "user", "word", 30, ("w", b"off", 1, True))
    assert packet == (
        b"\x10\x23\x00\x04MQTT\x04\xec\x00\x1e" + b"\x00\x03box" + b"\x00\x01w\x00\x03off" + b"\x00\x04user\x00\x04word"
    )
    assert packets.connect("b", None, None, 0, clean=True) == b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01b"


def test_a_publish_head_comes_with_the_whole_packets_length():
    assert packets.publish_head("a/b", 5, 0, False, 0) == b"\x30\x0a\x00\x03a/b"
    assert packets.publish_head("a/b", 300, 1, True, 0x1234) == b"\x33\xb3\x02\x00\x03a/b\x12\x34"


def test_small_packets_are_as_the_standard_lays_out():
    assert packets.puback(0x0102) == b"\x40\x02\x01\x02"
    assert packets.subscribe(7, [("a", 1), ("b/#", 0)]) == b"\x82\x0c\x00\x07\x00\x01a\x01\x00\x03b/#\x00"


def test_lengths_take_one_to_four_bytes_and_no_more():
    cases = ((0, b"\x00"), (127, b"\x7f"), (128, b"\x80\x01"), (16383, b"\xff\x7f"), (2097152, b"\x80\x80\x80\x01"))
    for value, text in cases:
        assert packets.encode_length(value) == text
    assert packets.encode_length(packets.LENGTH_MAX) == b"\xff\xff\xff\x7f"
    assert malformed(packets.encode_length, packets.LENGTH_MAX + 1)


def test_a_received_publish_comes_apart():
    body = memoryview(b"\x00\x03a/b\x00\x07payload")
    assert packets.decode_publish(0x02, body) == ("a/b", 1, False, 7, 7)
    assert packets.decode_publish(0x01, memoryview(b"\x00\x01ax")) == ("a", 0, True, 0, 3)


def test_malformed_packets_are_told_apart_from_good_ones():
    for flags, body in (
        (0, b""),
        (0, b"\x00"),
        (0, b"\x00\x05a"),
        (2, b"\x00\x01a"),
        (2, b"\x00\x01a\x00\x00"),  # packet id 0
        (4, b"\x00\x01a\x00\x01"),  # QoS 2
        (6, b"\x00\x01a\x00\x01"),  # QoS 3
        (0, b"\x00\x01\xff"),
        (0, b"\x00\x00"),  # no topic
        (0, b"\x00\x01#"),
    ):
        assert malformed(packets.decode_publish, flags, memoryview(body)), body
    for body in (b"", b"\x00", b"\x02\x00", b"\x00\x00\x00"):
        assert malformed(packets.decode_connack, memoryview(body))
    assert packets.decode_connack(memoryview(b"\x01\x05")) == (True, 5)
    assert malformed(packets.decode_id, memoryview(b"\x01"))


def test_wildcards_and_nul_never_get_into_a_topic():
    for topic in ("", "a/+", "#", "a\x00b"):
        assert malformed(packets.publish_head, topic, 0, 0, False, 0)


def test_fields_beyond_the_formats_range_are_refused():
    assert malformed(packets.connect, "x" * 65536, None, None, 30)
