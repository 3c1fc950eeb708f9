import hashlib
import json

from device.host import limits
from device.host.envelope import EnvelopeError, open_envelope, seal
from tests.device.portable_test import raises

KEY = b"k" * 32


def fields(**changes):
    whole = {
        "src": "device:desk",
        "boot": "0a1b",
        "seq": 7,
        "ack": 3,
        "ts": 1700000000000,
        "id": "msg:a:1",
        "kind": "msg.in",
    }
    whole["body"] = {"text": 'grüße \U0001f600 "quoted" \\ud800 {[', "n": [1, None, True, 1.5]}
    whole.update(changes)
    return whole


def forge(text, key=KEY):
    """A correctly signed envelope around any bytes: what an authenticated but broken or hostile peer can send."""
    block = key + bytes(64 - len(key))
    inner = hashlib.sha256(bytes([b ^ 0x36 for b in block]) + text).digest()
    outer = hashlib.sha256(bytes([b ^ 0x5C for b in block]) + inner).digest()
    return "".join("%02x" % b for b in outer).encode() + text


def refused(data, key=KEY):
    with raises(EnvelopeError) as caught:
        open_envelope(key, data)
    assert caught.error is not None
    return caught.error.code


def refused_to_seal(**changes):
    with raises(EnvelopeError) as caught:
        seal(KEY, fields(**changes))
    assert caught.error is not None
    return caught.error.code


def test_what_was_sealed_opens_unchanged():
    opened = open_envelope(KEY, seal(KEY, fields()))
    assert opened.pop("v") == 1
    assert opened == fields()


def test_the_signature_is_the_known_hmac_sha256():
    # RFC 4231, test case 2, through the public door: a wrong text with the right MAC fails only as JSON.
    mac = b"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert refused(mac + b"what do ya want for nothing?", b"Jefe") == "bad_json"
    # RFC 4231, test case 6: a key longer than a block
    mac = b"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    text = b"Test Using Larger Than Block-Size Key - Hash Key First"
    assert refused(mac + text, b"\xaa" * 131) == "bad_json"


def test_an_edited_byte_anywhere_is_refused():
    data = seal(KEY, fields(body={}))
    for at in range(len(data)):
        assert refused(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]) == "bad_mac"


def test_a_cut_or_missing_signature_is_refused():
    data = seal(KEY, fields())
    for cut in (0, 1, 32, 63, 64, 65, len(data) - 1):
        assert refused(data[:cut]) == "bad_mac"
        if cut:
            assert refused(data[cut:]) == "bad_mac"
    assert refused(data[:64].upper() + data[64:]) == "bad_mac"


def test_another_devices_key_is_refused():
    assert refused(seal(b"other", fields())) == "bad_mac"


def test_many_keys_do_not_fill_the_memory():
    from device.host import envelope

    for n in range(100):
        key = b"key %d" % n
        open_envelope(key, seal(key, fields()))
        assert len(envelope._pads) <= 16
    assert refused(seal(b"key 1", fields()), b"key 2") == "bad_mac"


def test_the_size_is_bounded_both_ways():
    room = limits.ENVELOPE_BYTES - len(seal(KEY, fields(body={"text": ""})))
    data = seal(KEY, fields(body={"text": "x" * room}))
    assert len(data) == limits.ENVELOPE_BYTES
    assert open_envelope(KEY, data)["body"]["text"] == "x" * room
    assert refused_to_seal(body={"text": "x" * (room + 1)}) == "too_large"
    assert refused(forge(data[64:] + b" ")) == "too_large"


def nested(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


def test_the_depth_is_bounded_both_ways():
    fits = seal(KEY, fields(body={"x": nested(limits.JSON_DEPTH - 2)}))
    assert open_envelope(KEY, fits)["body"]["x"] == nested(limits.JSON_DEPTH - 2)
    assert refused_to_seal(body={"x": nested(limits.JSON_DEPTH - 1)}) == "too_deep"
    assert refused(forge(b'{"body":' + b"[" * 4000)) == "too_deep"
    assert refused(forge(b'{"a":"\\\\","b":' + b'{"c":' * 1000 + b"1" + b"}" * 1001)) == "too_deep"


def test_brackets_in_text_and_side_by_side_are_not_depth():
    body = {"text": '\\"[[[[[[[[[[[[[[[{{{{{{{', "many": [[n] for n in range(40)]}
    assert open_envelope(KEY, seal(KEY, fields(body=body)))["body"] == body


def test_text_must_be_utf8_without_surrogates():
    good = seal(KEY, fields(body={"t": "x"}))[64:]
    assert refused(forge(good.replace(b'"x"', b'"\xff"'))) == "bad_json"
    assert refused(forge(good.replace(b'"x"', b'"\\ud83d\\ude00"'))) == "bad_json"
    assert refused(forge(good.replace(b'"x"', b'"\\\\\\uDC00"'))) == "bad_json"
    assert open_envelope(KEY, forge(good.replace(b'"x"', b'"\\\\ud83d"')))["body"]["t"] == "\\ud83d"
    assert open_envelope(KEY, forge(good.replace(b'"x"', b'"\\u00fc"')))["body"]["t"] == "\u00fc"


def test_what_is_not_json_is_refused():
    for text in (b"", b"{", b"nonsense", b'{"v":1}x', b"[1", b"\x00"):
        assert refused(forge(text)) in ("bad_json", "bad_field")  # MicroPython's reader closes open ends itself


BAD_FIELDS = (
    ("v", (0, 2, "1", None, True)),
    (
        "src",
        ("", "guest", "device", "device:", "device:a/b", "device:+", "op:#", "device:" + "x" * 33, 5, None, "host:x"),
    ),
    ("boot", ("", "xyz", "AB", "0" * 33, 7, None)),
    ("seq", (-1, 1.0, "1", None, True, 1 << 53)),
    ("ack", (-1, 1.5, "0", None, False, 1 << 60)),
    ("ts", (-1, "now", None, [], 1 << 53)),
    ("id", ("", "x" * 273, "\u00fc" * 137, 5, None)),
    ("kind", ("", "A", "a b", "k" * 33, "kind/x", 5, None)),
    ("body", ([], "text", None, 5, True)),
)


def test_a_field_of_wrong_type_or_range_is_refused_both_ways():
    for name, values in BAD_FIELDS:
        for value in values:
            if name != "v":
                assert refused_to_seal(**{name: value}) == "bad_field", (name, value)
            whole = fields(v=1)
            whole[name] = value
            assert refused(forge(json.dumps(whole).encode())) in ("bad_field", "bad_json"), (name, value)


def test_missing_and_unknown_fields_are_refused():
    for name in ("v", "src", "boot", "seq", "ack", "ts", "id", "kind", "body"):
        whole = fields(v=1, body={})
        del whole[name]
        assert refused(forge(json.dumps(whole).encode())) == "bad_field"
    assert refused(forge(json.dumps(fields(v=1, body={}, extra=1)).encode())) == "bad_field"
    assert refused(forge(b"[1,2]")) == "bad_field"
    assert refused(forge(b'"text"')) == "bad_field"


def test_what_json_cannot_carry_is_refused_before_sending():
    for value in (object(), b"bytes", float("inf"), float("nan"), {1: 2}, {"a": {None: 1}}, [set()]):
        assert refused_to_seal(body={"x": value}) == "bad_json"
