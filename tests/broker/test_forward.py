"""What goes out and what comes back, against badly behaved servers over real TLS. Names are those of the attacks."""

import asyncio
import base64
import gzip
import logging
import zlib

import brotli
import pytest

from broker import limits
from broker.dial import Dialer
from broker.egress_core import parse_url
from broker.errors import BadRequest, BrokerError, Denied, Unavailable
from broker.forward import Forwarder
from broker.http_message import AnswerError
from tests.broker.encodings import ENCODINGS
from tests.broker.hostile import (
    CANARY,
    LOOPBACK,
    PRIVATE,
    PUBLIC,
    SECOND_LOOPBACK,
    Authority,
    FakeGrant,
    FakeResolver,
    Outside,
    Server,
    reply,
    says,
    some,
)

SECRET = CANARY.encode()


def api(server, path="/v1/x") -> str:
    return f"https://api.test:{server.port}{path}"


async def asked(outside, tls, *pieces, **options):
    """The answer to a request with the credential, from a server that says these bytes."""
    async with Server(says(*pieces), tls) as server:
        return await outside.ask(api(server), FakeGrant(api(server)), **options)


async def test_a_request_goes_out_with_the_credential_and_its_answer_comes_back(outside, tls):
    async with Server(says(reply(b"hello", b"X-Kind: test")), tls) as server:
        answer = await outside.ask(
            api(server, "/v1/messages?a=b"),
            FakeGrant(api(server)),
            method="POST",
            headers=[("Content-Length", "2"), ("Accept", "*/*")],
            body=some(b"{}"),
        )
    assert answer == (200, [("x-kind", "test")], b"hello")
    assert server.heads[0].startswith(b"POST /v1/messages?a=b HTTP/1.1\r\n") and server.bodies == [b"{}"]
    assert server.header(b"x-api-key") == [SECRET]
    assert server.header(b"host") == [b"api.test:%d" % server.port]


# what comes back


@pytest.mark.parametrize("name", ENCODINGS)
async def test_host_echoes_the_secret_in_its_body(outside, tls, name):
    encoded = ENCODINGS[name](SECRET)
    _, _, body = await asked(outside, tls, reply(b'{"echo": "' + encoded + b'"}'))
    assert b"[redacted]" in body and encoded[:-2] not in body


async def test_host_echoes_the_headers(outside, tls):
    async def echo(head, body, writer):
        writer.write(reply(head))

    async with Server(echo, tls) as server:
        _, _, body = await outside.ask(api(server), FakeGrant(api(server)))
    assert b"x-api-key: [redacted]" in body and SECRET not in body


async def test_echo_split_over_chunks(outside, tls):
    chunks = [b"%x\r\n%s\r\n" % (1, SECRET[at : at + 1]) for at in range(len(SECRET))]
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    _, _, body = await asked(outside, tls, head, *chunks, b"0\r\n\r\n")
    assert body == b"[redacted]"


def deflate_raw(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


CODINGS = {
    b"gzip": gzip.compress,
    b"x-gzip": gzip.compress,
    b"deflate": zlib.compress,
    b"Deflate": deflate_raw,
    b"br": brotli.compress,
}


@pytest.mark.parametrize("coding", CODINGS)
async def test_echo_inside_a_content_coding(outside, tls, coding):
    packed = CODINGS[coding](b"before " + SECRET + b" after")
    status, headers, body = await asked(outside, tls, reply(packed, b"Content-Encoding: " + coding))
    assert (status, body) == (200, b"before [redacted] after")
    assert not any(name in ("content-encoding", "content-length") for name, _ in headers)


@pytest.mark.parametrize("coding", [b"zstd", b"compress", b"gzip, gzip", b"br, gzip", b"\xff"])
async def test_unknown_or_nested_encoding_is_refused(outside, tls, coding):
    with pytest.raises(Unavailable) as caught:
        await asked(outside, tls, reply(gzip.compress(SECRET), b"Content-Encoding: " + coding))
    assert caught.value.code == "bad_encoding"


@pytest.mark.parametrize("label", [[b"Content-Encoding: gzip"], []])
async def test_nested_gzip_is_refused(outside, tls, label):
    inner = gzip.compress(SECRET)
    with pytest.raises(AnswerError) as caught:
        await asked(outside, tls, reply(gzip.compress(inner) if label else inner, *label))
    assert caught.value.code == "bad_encoding"


@pytest.mark.parametrize("coding", [b"gzip", b"deflate", b"br"])
async def test_gzip_bomb(outside, tls, coding, monkeypatch):
    monkeypatch.setattr(limits, "DECODED_FREE_BYTES", 100_000)
    bomb = CODINGS[coding](b"\0" * 8_000_000)
    with pytest.raises(AnswerError) as caught:
        await asked(outside, tls, reply(bomb, b"Content-Encoding: " + coding))
    assert caught.value.code == "too_large"


@pytest.mark.parametrize("coding", [b"gzip", b"deflate", b"br"])
async def test_cut_or_broken_encoding_is_refused(outside, tls, coding):
    packed = CODINGS[coding](b"abc" * 1000)
    for bad in (packed[:-3], b"xx" + packed, packed + b"more") if coding != b"br" else (packed[:-3],):
        with pytest.raises(AnswerError) as caught:
            await asked(outside, tls, reply(bad, b"Content-Encoding: " + coding))
        assert caught.value.code == "bad_encoding"


async def test_echo_in_set_cookie_location_and_trailers(outside, tls):
    head = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nSet-Cookie: a="
        + SECRET
        + b"\r\nX-Hex: "
        + SECRET.hex().encode()
        + b"\r\nLocation: https://api.test/?k="
        + ENCODINGS["percent-encoded"](SECRET)
        + b"\r\nX-"
        + SECRET
        + b": 1\r\n\r\n"
    )
    _, headers, body = await asked(outside, tls, head, b"2\r\nok\r\n0\r\nX-Trailer: " + SECRET + b"\r\n\r\n")
    assert headers == [
        ("set-cookie", "a=[redacted]"),
        ("x-hex", "[redacted]"),
        ("location", "https://api.test/?k=[redacted]"),
    ]
    assert body == b"ok"


async def test_a_header_with_a_very_long_name_is_not_passed_on(outside, tls):
    longest = b"x" * limits.ANSWER_NAME_BYTES
    _, headers, _ = await asked(outside, tls, reply(b"", longest + b": 1", longest + b"y: 1"))
    assert headers == [(longest.decode(), "1")]


async def test_echo_in_an_upstream_error_body(outside, tls):
    status, _, body = await asked(outside, tls, reply(b"bad key " + SECRET, status=b"401 Unauthorized"))
    assert (status, body) == (401, b"bad key [redacted]")


async def test_range_requests_cannot_cut_the_secret(outside, tls):
    async with Server(says(reply()), tls) as server:
        await outside.ask(api(server), FakeGrant(api(server)), headers=[("Range", "bytes=0-9"), ("If-Range", "x")])
        assert server.header(b"range") == server.header(b"if-range") == []
        await outside.ask(api(server), FakeGrant(), headers=[("Range", "bytes=0-9")])
        assert server.header(b"range") == [b"bytes=0-9"]


async def test_an_answer_cut_within_the_secret_shows_no_part_of_it(outside, tls):
    _, _, body = await asked(outside, tls, b"HTTP/1.1 200 OK\r\n\r\nkey " + SECRET[:-3], b"")
    assert body == b"key [redacted]"


async def test_server_sent_events_pass_as_they_arrive(outside, tls):
    gate = asyncio.Event()

    async def stream(head, body, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        writer.write(b"%x\r\ndata: so\n\n\r\n" % 10)
        await gate.wait()
        writer.write(b"%x\r\ndata: %s\n\n\r\n0\r\n\r\n" % (8 + len(SECRET), SECRET))

    async with Server(stream, tls) as server:
        response = await outside.open(api(server), FakeGrant(api(server)), headers=[("Accept", "text/event-stream")])
        pieces = aiter(response.body)
        assert await anext(pieces) == b"data: so\n\n"  # the rest has not even been sent
        gate.set()
        assert b"".join([piece async for piece in pieces]) == b"data: [redacted]\n\n"
        assert server.header(b"accept-encoding") == [b"identity"]


async def test_lying_length(outside, tls):
    with pytest.raises(AnswerError) as caught:
        await asked(outside, tls, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", b"")
    assert caught.value.code == "unreachable"


MALFORMED = {
    "obs-fold": b"HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 0\r\n\r\n",
    "bare line feed": b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "bare carriage return": b"HTTP/1.1 200 OK\r\nX-A: b\rSet-Cookie: c\r\nContent-Length: 0\r\n\r\n",
    "zero byte": b"HTTP/1.1 200 OK\r\nX-A: \0\r\nContent-Length: 0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n",
    "length and chunked": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "no status line": b"hello\r\n\r\n",
    "HTTP/2": b"HTTP/2 200\r\n\r\n",
    "10 000 headers": b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 10_000 + b"\r\n",
    "1 MB header": b"HTTP/1.1 200 OK\r\nA: " + b"b" * 2**20 + b"\r\n\r\n",
    "endless interim answers": b"HTTP/1.1 103 Early Hints\r\n\r\n" * 50,
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_a_malformed_answer_after_the_send_is_outcome_unknown(outside, tls, name):
    with pytest.raises(Unavailable) as caught:
        await asked(outside, tls, MALFORMED[name], b"")
    assert caught.value.code == "outcome_unknown"


async def test_a_connection_that_breaks_after_the_send_is_outcome_unknown(outside, tls):
    with pytest.raises(Unavailable) as caught:
        await asked(outside, tls, b"")
    assert caught.value.code == "outcome_unknown"


async def test_slow_response(outside, tls, monkeypatch):
    monkeypatch.setattr(limits, "FIRST_BYTE_TIMEOUT_MS", 50)
    with pytest.raises(Unavailable) as caught:
        await asked(outside, tls, b"HTTP/1.1 200")
    assert caught.value.code == "outcome_unknown"
    monkeypatch.undo()
    monkeypatch.setattr(limits, "ANSWER_IDLE_TIMEOUT_MS", 50)
    with pytest.raises(AnswerError) as cut:
        await asked(outside, tls, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nslow")
    assert cut.value.code == "timeout"


async def test_an_answer_has_an_end_in_time_and_in_bytes(outside, tls, monkeypatch):
    endless = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"4\r\nmore\r\n" * 100
    with monkeypatch.context() as patch, pytest.raises(AnswerError) as caught:
        patch.setattr(limits, "ANSWER_TIMEOUT_MS", -1)
        await asked(outside, tls, endless)
    assert caught.value.code == "timeout"
    with monkeypatch.context() as patch, pytest.raises(AnswerError) as caught:
        patch.setattr(limits, "ANSWER_BYTES", 100)
        await asked(outside, tls, endless)
    assert caught.value.code == "too_large"
    with pytest.raises(Unavailable) as said:
        await asked(outside, tls, b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n")
    assert said.value.code == "too_large"


async def test_a_lease_has_an_end_in_bytes_both_ways(outside, tls):
    async with Server(says(reply(b"x" * 100)), tls) as server:
        with pytest.raises(AnswerError) as caught:
            await outside.ask(api(server), FakeGrant(api(server), size=99))
        assert caught.value.code == "too_large"
        with pytest.raises(Denied) as denied:
            await outside.ask(
                api(server),
                FakeGrant(api(server), size=5),
                method="POST",
                body=some(b"123456"),
                headers=[("Transfer-Encoding", "chunked"), ("Content-Length", "6")],
            )
        assert denied.value.code == "lease_spent"
        assert (await outside.ask(api(server), FakeGrant(api(server), size=100)))[0] == 200


# where it goes


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect_is_handed_back_and_not_followed(outside, tls, status):
    async with Server(says(reply(b"")), tls) as other:
        where = b"Location: " + api(other).encode()
        answer = reply(b"", where, status=b"%d Moved" % status)
        async with Server(says(answer), tls) as server:
            got, headers, _ = await outside.ask(
                api(server), FakeGrant(api(server)), method="POST", headers=[("Content-Length", "2")], body=some(b"{}")
            )
        assert got == status and headers == [("location", api(other))] and other.connections == 0


@pytest.mark.parametrize("place", ["https://other.test:%d", "https://api.test:1", "http://api.test:%d"])
async def test_the_credential_goes_to_no_other_host_port_or_scheme(outside, tls, place):
    async with Server(says(reply()), tls) as server:
        bound = FakeGrant(place % server.port if "%" in place else place)
        with pytest.raises(Denied) as caught:
            await outside.ask(api(server), bound)
        assert caught.value.code == "bad_binding" and server.connections == 0


DROPPED = [
    "Authorization",
    "Cookie",
    "Api-Key",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "Forwarded",
    "Via",
    "TE",
    "Trailer",
    "Expect",
    "Upgrade",
    "Keep-Alive",
    "Proxy-Authorization",
    "X-Real-IP",
    "Barnacle-Lease",
    "HTTP2-Settings",
    "X-Original-URL",
]


@pytest.mark.parametrize("name", DROPPED)
async def test_the_clients_own_header_does_not_go_out_with_a_credential(outside, tls, name):
    async with Server(says(reply()), tls) as server:
        await outside.ask(api(server), FakeGrant(api(server)), headers=[(name, "mine"), ("X-Fine", "mine")])
        assert b"mine" not in b"".join(server.header(name.lower().encode()))
        assert server.header(b"x-fine") == [b"mine"]


async def test_a_header_that_connection_names_does_not_go_out(outside, tls):
    async with Server(says(reply()), tls) as server:
        await outside.ask(api(server), FakeGrant(), headers=[("Connection", "close, X-Hop"), ("X-Hop", "1")])
        assert server.header(b"x-hop") == []


async def test_the_clients_own_credential_header_is_refused(outside, tls):
    async with Server(says(reply()), tls) as server:
        with pytest.raises(BadRequest):
            await outside.ask(api(server), FakeGrant(api(server)), headers=[("X-API-KEY", "mine")])
        assert server.connections == 0


async def test_method_override(outside, tls):
    async with Server(says(reply()), tls) as server:
        with pytest.raises(BadRequest):
            await outside.ask(api(server), FakeGrant(), headers=[("X-HTTP-Method-Override", "DELETE")])
        assert server.connections == 0


@pytest.mark.parametrize("bad", ["a\r\nX-Evil: 1", "a\nb", "a\0b", "a\rb"])
async def test_control_characters_in_a_header_are_refused_at_send_time(outside, tls, bad):
    async with Server(says(reply()), tls) as server:
        with pytest.raises(BadRequest):
            await outside.ask(api(server), FakeGrant(), headers=[("X-A", bad)])
        with pytest.raises(Denied) as caught:
            await outside.ask(api(server), FakeGrant(api(server), value="sk-" + bad + "-0123456789"))
        assert caught.value.code == "bad_binding" and "0123456789" not in str(caught.value)
        assert server.heads == []


async def test_untrusted_certificate(outside, tmp_path):
    stranger = Authority(tmp_path, "stranger").server_context("api.test")
    async with Server(says(reply()), stranger) as server:
        with pytest.raises(Unavailable) as caught:
            await outside.ask(api(server), FakeGrant(api(server)))
        assert caught.value.code == "tls" and server.heads == []


async def test_certificate_of_another_name(outside, authority):
    async with Server(says(reply()), authority.server_context("other.test")) as server:
        with pytest.raises(Unavailable) as caught:
            await outside.ask(api(server), FakeGrant(api(server)))
        assert caught.value.code == "tls" and server.heads == []


async def test_https_is_never_spoken_in_the_clear(outside, monkeypatch):
    monkeypatch.setattr(limits, "DIAL_TIMEOUT_MS", 200)
    async with Server(says(reply()), None) as server:
        with pytest.raises(BrokerError) as caught:
            await outside.ask(api(server), FakeGrant(api(server)))
        assert caught.value.code in ("tls", "unreachable") and server.heads == []
        url = f"http://api.test:{server.port}/"
        assert (await outside.ask(url))[0] == 200  # the allowed twin: http was said


async def test_proxy_variables_are_ignored(outside, tls, monkeypatch):
    async with Server(says(reply(b"through the proxy")), None) as proxy, Server(says(reply(b"direct")), tls) as server:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert (await outside.ask(api(server)))[2] == b"direct" and proxy.connections == 0


# addresses


async def test_dns_answers_mixing_public_and_private(authority):
    outside = Outside(authority.file, FakeResolver([PUBLIC, PRIVATE]))
    with pytest.raises(Denied) as caught:
        await outside.ask("https://api.test/")
    assert caught.value.code == "denied" and outside.dialer.dialled == 0


class NextResolver(Forwarder):
    """Planted: resolves again when it dials."""

    async def send(self, route, method, headers, body, grant):
        again = type(route)(route.target, await self._resolver.resolve(route.target))
        return await super().send(again, method, headers, body, grant)


async def test_rebinding_between_check_and_dial(authority, tls):
    async with Server(says(reply()), tls) as server:
        good = Outside(authority.file, FakeResolver([LOOPBACK], [SECOND_LOOPBACK]))
        response = await good.ask(api(server))
        assert response[0] == 200 and good.resolver.asked == ["api.test"]
        bad = Outside(authority.file, FakeResolver([LOOPBACK], [SECOND_LOOPBACK]))
        bad.forwarder = NextResolver(bad.resolver, bad.dialer)
        with pytest.raises(Unavailable):
            await bad.ask(api(server))  # nothing listens there: the planted bug dialled what was not checked
        assert len(bad.resolver.asked) == 2


async def test_the_next_checked_address_is_tried_without_asking_again(authority, tls):
    outside = Outside(authority.file, FakeResolver([SECOND_LOOPBACK, LOOPBACK]))
    async with Server(says(reply()), tls) as server:
        assert (await outside.ask(api(server)))[0] == 200
    assert outside.resolver.asked == ["api.test"]


async def test_a_connection_is_used_again_for_the_same_owner_and_a_checked_address(authority, tls):
    outside = Outside(
        authority.file, FakeResolver([LOOPBACK], [LOOPBACK], [SECOND_LOOPBACK, LOOPBACK], [SECOND_LOOPBACK])
    )
    async with Server(says(reply()), tls) as server:
        for _ in range(3):
            await outside.ask(api(server))
        assert server.connections == 1
        with pytest.raises(Unavailable):
            await outside.ask(api(server))  # rebinding on keep-alive: the kept address was not checked this time
        outside.resolver.answers = [[LOOPBACK]]
        stranger = FakeGrant()
        stranger.owner = "work"
        await outside.ask(api(server))
        await outside.ask(api(server), stranger)
        assert server.connections == 3
        outside.dialer.close()


async def test_a_connection_that_has_gone_is_not_used_again(outside, tls):
    async with Server(says(reply(), b""), tls) as server:
        await outside.ask(api(server))
        await asyncio.sleep(0.05)  # the close is on its way; there is nothing to wait for on this side
        await outside.ask(api(server))
        assert server.connections == 2


async def test_idle_connections_are_bounded_in_number_and_age(outside, tls, monkeypatch):
    async with Server(says(reply()), tls) as server:
        monkeypatch.setattr(limits, "POOLED", 0)
        await outside.ask(api(server))
        await outside.ask(api(server))
        assert server.connections == 2
        monkeypatch.undo()
        await outside.ask(api(server))
        monkeypatch.setattr(limits, "POOLED_IDLE_MS", -1)
        await outside.ask(api(server))
        assert server.connections == 4


async def test_an_unreachable_host_is_said_to_be(outside, tls):
    async with Server(says(reply()), tls) as server:
        url = api(server)
    with pytest.raises(Unavailable) as caught:
        await outside.ask(url)
    assert caught.value.code == "unreachable"


async def test_no_more_addresses_are_tried_than_the_bound(authority, tls, monkeypatch):
    monkeypatch.setattr(limits, "DIALS", 1)
    outside = Outside(authority.file, FakeResolver([SECOND_LOOPBACK, LOOPBACK]))
    async with Server(says(reply()), tls) as server:
        with pytest.raises(Unavailable):
            await outside.ask(api(server))


class Follower(Forwarder):
    """Planted: follows redirects."""

    async def send(self, route, method, headers, body, grant):
        response = await super().send(route, method, headers, body, grant)
        where = dict(response.headers).get("location")
        if where:
            assert not isinstance(response.body, bytes)
            assert not [piece async for piece in response.body]
            target = parse_url(where)
            return await super().send(type(route)(target, route.addresses), method, headers, body, FakeGrant(where))
        return response


async def test_the_checks_catch_a_forwarder_that_follows_redirects(outside, tls):
    outside.forwarder = Follower(outside.resolver, outside.dialer)
    async with Server(says(reply()), tls) as other:
        answer = reply(b"", b"Location: " + api(other).encode(), status=b"307 Moved")
        async with Server(says(answer), tls) as server:
            await outside.ask(api(server), FakeGrant(api(server)))
        assert other.connections == 1 and other.header(b"x-api-key") == [SECRET]


async def test_no_log_at_any_level_shows_the_secret(outside, tls, caplog):
    caplog.set_level(logging.DEBUG)
    await asked(outside, tls, reply(SECRET, b"X-A: " + SECRET))
    with pytest.raises(Unavailable):
        await asked(outside, tls, b"HTTP/1.1 200 " + SECRET + b"\0\r\n\r\n")
    assert CANARY not in caplog.text and base64.b64encode(SECRET).decode() not in caplog.text


def test_the_dialer_verifies_names_and_certificates(authority):
    context = Dialer(authority.file)._context
    assert context.check_hostname and context.verify_mode.name == "CERT_REQUIRED"
