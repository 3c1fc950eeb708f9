"""What no list of attacks names: other members of the same classes, against servers over real TLS."""

import base64
import gzip
import json
import zlib

import brotli
import pytest

from broker.errors import BadRequest, BrokerError, Unavailable
from broker.http_message import AnswerError
from tests.broker.hostile import FakeGrant, Server, reply, says, some
from tests.broker.test_forward import SECRET, api, asked


def chunked(*parts: bytes, extension: bytes = b"", trailers: bytes = b"") -> bytes:
    chunks = b"".join(b"%x%s\r\n%s\r\n" % (len(part), extension, part) for part in parts)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n" + trailers + b"\r\n"


# framing of what goes out

FRAMINGS = {"chunked": [("Transfer-Encoding", "chunked")], "length": [("Content-Length", "5")]}


@pytest.mark.parametrize("name", FRAMINGS)
async def test_a_body_goes_out_whole_however_the_client_framed_it(outside, tls, name):
    async with Server(says(reply()), tls) as server:
        await outside.ask(
            api(server), FakeGrant(api(server)), method="POST", headers=FRAMINGS[name], body=some(b"abc", b"de")
        )
    assert server.bodies == [b"abcde"]


async def test_connection_cannot_take_the_bodys_length_away(outside, tls):
    headers = [("Connection", "close, Content-Length"), ("Content-Length", "3")]
    async with Server(says(reply()), tls) as server:
        with pytest.raises(BadRequest):
            await outside.ask(api(server), FakeGrant(api(server)), method="POST", headers=headers, body=some(b"abc"))
    assert server.heads == []


@pytest.mark.parametrize("named", ["x-api-key", "authorization", "host", "X-API-KEY, accept-encoding"])
async def test_connection_cannot_take_the_brokers_own_headers_away(outside, tls, named):
    async with Server(says(reply()), tls) as server:
        await outside.ask(api(server), FakeGrant(api(server)), headers=[("Connection", named)])
    assert server.header(b"x-api-key") == [SECRET] and server.header(b"host") == [b"api.test:%d" % server.port]
    assert server.header(b"connection") == []


async def test_upgrade_to_h2c_does_not_go_out(outside, tls):
    headers = [("Upgrade", "h2c"), ("HTTP2-Settings", "AAMAAABk"), ("Connection", "Upgrade, HTTP2-Settings")]
    async with Server(says(reply()), tls) as server:
        await outside.ask(api(server), FakeGrant(api(server)), headers=headers)
    assert b"h2c" not in server.heads[0].lower() and b"upgrade" not in server.heads[0].lower()


# framing of what comes back

BESIDE_THE_BODY = {
    "chunk extension": chunked(b"fine", extension=b";a=" + SECRET),
    "trailer": chunked(b"fine", trailers=b"X-Late: " + SECRET + b"\r\n"),
    "early hints": b"HTTP/1.1 103 Early Hints\r\nLink: <" + SECRET + b">\r\n\r\n" + reply(),
    "reason": reply(status=b"200 " + SECRET),
    "name of a header": reply(b"fine", SECRET + b": x"),
    "small name of a header": reply(b"fine", SECRET.lower() + b": x"),
    "header in base64": reply(b"fine", b"X-Echo: " + base64.b64encode(SECRET)),
    "header that connection names": reply(b"fine", b"Connection: X-Echo", b"X-Echo: " + SECRET),
    "second answer": reply() + reply(SECRET),
    "pieces without bytes": chunked(b"fine"),
}


@pytest.mark.parametrize("name", BESIDE_THE_BODY)
async def test_echo_beside_the_body(outside, tls, name):
    status, headers, body = await asked(outside, tls, BESIDE_THE_BODY[name])
    assert (status, body) == (200, b"fine")
    shown = repr(headers).encode().lower()
    assert SECRET.lower() not in shown and base64.b64encode(SECRET).lower() not in shown


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
async def test_an_answer_that_has_no_body_brings_none(outside, tls, status):
    assert (await asked(outside, tls, reply(SECRET, status=status)))[2] == b""


BAD_CHUNKS = {
    "negative size": chunked(b"ok").replace(b"\r\n2\r\n", b"\r\n-2\r\n"),
    "size with 0x": chunked(b"ok").replace(b"\r\n2\r\n", b"\r\n0x2\r\n"),
    "bare line feed": chunked(b"ok").replace(b"\r\n2\r\n", b"\r\n2\n"),
    "bare carriage return": chunked(b"ok").replace(b"\r\n2\r\n", b"\r\n2\r"),
    "other bytes after the piece": chunked(b"ok").replace(b"ok\r\n", b"okXX"),
    "no last piece": chunked(b"ok")[:-5],
}


@pytest.mark.parametrize("name", BAD_CHUNKS)
async def test_malformed_chunks_cut_the_answer(outside, tls, name):
    with pytest.raises(AnswerError):
        await asked(outside, tls, BAD_CHUNKS[name], b"")


SWITCHES = {
    "101": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n" + reply(),
    "gzip, chunked": chunked(b"ok").replace(b"chunked", b"gzip, chunked"),
    "999": reply(status=b"999 Much"),
}


@pytest.mark.parametrize("name", SWITCHES)
async def test_what_is_no_plain_answer_is_outcome_unknown(outside, tls, name):
    with pytest.raises(Unavailable) as caught:
        await asked(outside, tls, SWITCHES[name])
    assert caught.value.code == "outcome_unknown"


# codings

CODED = {
    "gzip, identity": (gzip.compress(SECRET), [b"gzip, identity"]),
    "identity twice": (SECRET, [b"identity", b""]),
    "x-gzip": (gzip.compress(SECRET), [b"X-GZIP"]),
}


@pytest.mark.parametrize("name", CODED)
async def test_codings_that_say_the_same_are_decoded(outside, tls, name):
    packed, codings = CODED[name]
    lines = [b"Content-Encoding: " + coding for coding in codings]
    assert (await asked(outside, tls, reply(packed, *lines)))[2] == b"[redacted]"


CODED_BADLY = {
    "two headers": (gzip.compress(gzip.compress(SECRET)), [b"gzip", b"gzip"]),
    "two members": (gzip.compress(b"a") + gzip.compress(SECRET), [b"gzip"]),
    "deflate and more": (zlib.compress(b"a") + SECRET, [b"deflate"]),
    "brotli and more": (brotli.compress(b"a") + SECRET, [b"br"]),
    "gzip called identity": (gzip.compress(SECRET), [b"identity"]),
}


@pytest.mark.parametrize("name", CODED_BADLY)
async def test_codings_that_hide_something_are_refused(outside, tls, name):
    packed, codings = CODED_BADLY[name]
    lines = [b"Content-Encoding: " + coding for coding in codings]
    with pytest.raises((AnswerError, BrokerError)) as caught:
        await asked(outside, tls, reply(packed, *lines))
    assert getattr(caught.value, "code", "") == "bad_encoding"


async def test_a_brotli_bomb_of_its_full_size_is_refused(outside, tls):
    with pytest.raises(AnswerError) as caught:
        await asked(outside, tls, reply(brotli.compress(b"a" * 80_000_000, quality=1), b"Content-Encoding: br"))
    assert caught.value.code == "too_large"


# encodings in one another

SECRET_TEXT = SECRET.decode()
MIXED = {
    "every second character escaped": "".join(
        f"\\u{ord(char):04x}" if at % 2 else char for at, char in enumerate(SECRET_TEXT)
    ).encode(),
    "JSON in base64": base64.b64encode(json.dumps({"key": SECRET_TEXT}).encode()),
    "base64 in a query": base64.b64encode(b"ab" + SECRET).replace(b"+", b"%2B").replace(b"/", b"%2F"),
}


@pytest.mark.parametrize("name", MIXED)
async def test_echo_in_one_encoding_within_another(outside, tls, name):
    _, _, body = await asked(outside, tls, reply(MIXED[name]))
    assert b"[redacted]" in body and len(body) < len(MIXED[name])
