"""The broker's server: what it serves, and every unusual message of the attack list refused before the handler."""

import asyncio
import os
import socket
import stat

import pytest

from broker import http_server, limits
from broker.http_message import AnswerError, Request, Response
from broker.http_server import serve_tcp, serve_unix

GOOD = b"POST /v1/state HTTP/1.1\r\nHost: broker\r\nContent-Length: 2\r\n\r\n{}"


class Recorder:
    """A handler that keeps what it was asked."""

    def __init__(self):
        self.seen = []
        self.response = Response(200, [("X-Kind", "test")], b"fine")

    async def __call__(self, request: Request) -> Response:
        body = await request.read(1024 * 1024 * 8)
        self.seen.append((request.method, request.target, body))
        return self.response


@pytest.fixture
async def served(tmp_path):
    handler = Recorder()
    server = await serve_unix(tmp_path / "s.sock", handler)
    yield handler, str(tmp_path / "s.sock"), server
    await server.close()


async def exchange(path, *pieces: bytes) -> bytes:
    """Everything that comes back for these bytes, until the server closes or nothing more comes after an answer."""
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        writer.write_eof()
        async with asyncio.timeout(20):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


def status(answer: bytes) -> int:
    return int(answer.split(b" ")[1]) if answer else 0


async def read_answer(reader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return head + await reader.readexactly(length)


async def test_a_plain_request_is_served_and_the_connection_kept(served):
    handler, path, _ = served
    reader, writer = await asyncio.open_unix_connection(path)
    for _ in range(3):
        writer.write(GOOD)
        answer = await read_answer(reader)
        assert answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"fine")
    writer.write(b"GET /x HTTP/1.1\r\nHost: broker\r\n\r\n")
    assert (await read_answer(reader)).endswith(b"fine")
    writer.close()
    assert handler.seen == [("POST", "/v1/state", b"{}")] * 3 + [("GET", "/x", b"")]


async def test_a_request_may_arrive_byte_by_byte(served):
    handler, path, _ = served
    reader, writer = await asyncio.open_unix_connection(path)
    for byte in GOOD:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0)
    assert (await read_answer(reader)).endswith(b"fine") and handler.seen == [("POST", "/v1/state", b"{}")]
    writer.close()


def head(*lines: bytes) -> bytes:
    return b"\r\n".join([b"POST /v1/state HTTP/1.1", b"Host: broker", *lines]) + b"\r\n\r\n"


ATTACKS = {
    "obs_fold": (head(b"X-A: one", b" two"), 400),
    "nul_in_header_value": (head(b"X-A: o\0ne"), 400),
    "cr_in_header_value": (head(b"X-A: o\rne"), 400),
    "bare_lf": (b"GET / HTTP/1.1\nHost: broker\n\n", 400),
    "bare_lf_in_one_header": (b"GET / HTTP/1.1\r\nHost: broker\nX-A: b\r\n\r\n", 400),
    "length_and_chunked": (head(b"Content-Length: 2", b"Transfer-Encoding: chunked") + b"0\r\n\r\n", 400),
    "two_lengths": (head(b"Content-Length: 2", b"Content-Length: 3") + b"{}", 400),
    "two_equal_lengths": (head(b"Content-Length: 2", b"Content-Length: 2") + b"{}", 400),
    "list_of_lengths": (head(b"Content-Length: 2, 2") + b"{}", 400),
    "plus_five": (head(b"Content-Length: +5") + b"{}{}{", 400),
    "underscore_length": (head(b"Content-Length: 0_5") + b"{}{}{", 400),
    "negative_length": (head(b"Content-Length: -1"), 400),
    "space_before_colon": (head(b"X-A : b"), 400),
    "space_before_colon_of_length": (head(b"Content-Length : 2") + b"{}", 400),
    "no_name": (head(b": b"), 400),
    "chunked_twice": (head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"), 400),
    "unknown_coding": (head(b"Transfer-Encoding: gzip, chunked"), 501),
    "identity_coding": (head(b"Transfer-Encoding: identity"), 501),
    "pipelined_second_request": (b"GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "pipelined_after_body": (GOOD + GOOD, 400),
    "trace": (b"TRACE / HTTP/1.1\r\nHost: broker\r\n\r\n", 405),
    "duplicate_host": (head(b"Host: other"), 400),
    "no_host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "http_1_0": (b"GET / HTTP/1.0\r\nHost: broker\r\n\r\n", 400),
    "http_2_prior_knowledge": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "http_2_upgrade": (head(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAA"), 400),
    "method_override": (head(b"X-HTTP-Method-Override: DELETE"), 400),
    "method_in_lower_case": (b"post / HTTP/1.1\r\nHost: broker\r\n\r\n", 400),
    "tls_instead_of_http": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "two_spaces_in_the_request_line": (b"GET  / HTTP/1.1\r\nHost: broker\r\n\r\n", 400),
    "non_ascii_target": (b"GET /\xc3\xa9 HTTP/1.1\r\nHost: broker\r\n\r\n", 400),
    "a_megabyte_of_header": (b"GET / HTTP/1.1\r\nHost: h\r\nX-A: " + b"a" * 2**20 + b"\r\n\r\n", 431),
    "ten_thousand_headers": (head(*[b"A: b"] * 10_000), 431),
    "one_header_too_many": (head(*[b"A: b"] * limits.HEADER_COUNT), 431),
    "long_url": (b"GET /" + b"a" * limits.TARGET_BYTES + b" HTTP/1.1\r\nHost: broker\r\n\r\n", 414),
    "body_said_too_long": (head(b"Content-Length: %d" % (limits.BODY_BYTES + 1)), 413),
    "chunk_length_with_plus": (head(b"Transfer-Encoding: chunked") + b"+2\r\n{}\r\n0\r\n\r\n", 400),
    "chunk_without_end": (head(b"Transfer-Encoding: chunked") + b"2\r\n{}XX0\r\n\r\n", 400),
    "lying_length": (head(b"Content-Length: 20") + b"{}", 400),
    "two_leases": (head(b"Barnacle-Lease: a", b"Barnacle-Lease: b"), 400),
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_refused(served, name):
    handler, path, _ = served
    sent, expected = ATTACKS[name]
    answer = await exchange(path, sent)
    assert status(answer) == expected, answer
    assert b"Barnacle-Error: " in answer
    assert handler.seen == []
    assert status(await exchange(path, GOOD)) == 200  # the allowed twin, after it


async def test_the_most_headers_that_fit_are_served(served):
    _, path, _ = served
    assert status(await exchange(path, head(*[b"A: b"] * (limits.HEADER_COUNT - 1)))) == 200


async def test_endless_chunks(served):
    handler, path, _ = served
    chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    count = limits.BODY_BYTES // 65536
    answer = await exchange(path, head(b"Transfer-Encoding: chunked"), *[chunk] * (count + 2))
    assert status(answer) in (413, 0) and handler.seen == []
    assert status(await exchange(path, head(b"Transfer-Encoding: chunked"), *[chunk] * count, b"0\r\n\r\n")) == 200


async def test_slow_header(served, monkeypatch):
    handler, path, _ = served
    monkeypatch.setattr(limits, "HEAD_TIMEOUT_MS", 50)
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(b"GET / HTTP/1.1\r\nHo")
    assert status(await reader.read()) == 408 and handler.seen == []
    writer.close()


async def test_slow_body(served, monkeypatch):
    handler, path, _ = served
    monkeypatch.setattr(limits, "BODY_TIMEOUT_MS", 50)
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(head(b"Content-Length: 5") + b"{}")
    assert status(await reader.readuntil(b"}}")) == 408 and handler.seen == []
    writer.close()


async def test_an_idle_connection_ends(served, monkeypatch):
    _, path, _ = served
    monkeypatch.setattr(limits, "IDLE_TIMEOUT_MS", 50)
    reader, writer = await asyncio.open_unix_connection(path)
    assert await reader.read() == b""
    writer.close()


async def test_an_exchange_ends_in_time(served, monkeypatch):
    handler, path, _ = served
    monkeypatch.setattr(limits, "EXCHANGE_TIMEOUT_MS", 50)
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(head(b"Content-Length: 5"))
    assert await reader.read() == b"" and handler.seen == []
    writer.close()


async def test_a_connection_serves_a_bounded_number_of_requests(served, monkeypatch):
    handler, path, _ = served
    monkeypatch.setattr(limits, "REQUESTS_PER_CONNECTION", 2)
    reader, writer = await asyncio.open_unix_connection(path)
    for _ in range(2):
        writer.write(GOOD)
        await read_answer(reader)
    assert await reader.read() == b"" and len(handler.seen) == 2
    writer.close()


async def test_connections_beyond_the_bound_are_refused(tmp_path):
    handler = Recorder()
    server = http_server.Server(handler, check_peer=True, most=1)
    bound = socket.socket(socket.AF_UNIX)
    bound.bind(str(tmp_path / "s"))
    await server.listen(bound)
    reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
    writer.write(GOOD)
    await read_answer(reader)
    assert await exchange(str(tmp_path / "s"), GOOD) == b"" and server.refused == 1
    writer.close()
    await server.close()


async def test_a_client_that_goes_away_ends_the_handler(tmp_path):
    started, ended = asyncio.Event(), asyncio.Event()

    async def handler(request: Request) -> Response:
        try:
            started.set()
            await asyncio.Event().wait()
        finally:
            ended.set()
        return Response(200)

    server = await serve_unix(tmp_path / "s", handler)
    _, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
    writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    await started.wait()
    writer.close()
    async with asyncio.timeout(5):
        await ended.wait()
    await server.close()


async def test_a_stream_passes_on_piece_by_piece_and_is_closed(served):
    handler, path, _ = served
    gate, closed = asyncio.Event(), asyncio.Event()

    async def pieces():
        try:
            yield b"one"
            await gate.wait()
            yield b"two"
        finally:
            closed.set()

    handler.response = Response(200, [], pieces())
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(GOOD)
    assert (await reader.readuntil(b"one\r\n")).endswith(b"3\r\none\r\n")  # the second is not even there yet
    gate.set()
    assert await reader.readuntil(b"0\r\n\r\n") == b"3\r\ntwo\r\n0\r\n\r\n"
    assert closed.is_set()
    writer.close()


async def test_an_answer_that_fails_midway_is_cut(served):
    handler, path, _ = served

    async def pieces():
        yield b"one"
        raise AnswerError("too_large", "it is too long")

    handler.response = Response(200, [], pieces())
    assert b"0\r\n\r\n" not in await exchange(path, GOOD)


@pytest.mark.parametrize(("method", "code"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
async def test_an_answer_without_body_has_one_framing_at_most(served, method, code):
    handler, path, _ = served

    async def pieces():
        yield b"never sent"

    headers = [("content-length", "10")] if method == "HEAD" else []
    handler.response = Response(code, headers, pieces())
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(f"{method} / HTTP/1.1\r\nHost: h\r\n\r\n".encode())
    answer = await reader.readuntil(b"\r\n\r\n")
    assert answer.lower().count(b"content-length") + answer.lower().count(b"transfer-encoding") == len(headers)
    handler.response = Response(200, [], b"next")
    writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert (await read_answer(reader)).endswith(b"next")
    writer.close()


async def test_a_client_that_does_not_read_is_left(served, monkeypatch):
    handler, path, _ = served
    monkeypatch.setattr(limits, "WRITE_TIMEOUT_MS", 50)
    closed = asyncio.Event()

    async def pieces():
        try:
            while True:
                yield b"x" * 65536
        finally:
            closed.set()

    handler.response = Response(200, [], pieces())
    _, writer = await asyncio.open_unix_connection(path)
    writer.write(GOOD)
    async with asyncio.timeout(10):
        await closed.wait()
    writer.transport.abort()


async def test_a_bug_in_a_handler_is_told_without_its_text(tmp_path, caplog):
    async def handler(request: Request) -> Response:
        raise RuntimeError("canary-in-an-exception")

    server = await serve_unix(tmp_path / "s", handler)
    answer = await exchange(str(tmp_path / "s"), GOOD)
    assert status(answer) == 500 and b"canary" not in answer
    assert "RuntimeError" in caplog.text and "canary" not in caplog.text
    await server.close()


async def test_response_splitting_is_refused(served):
    handler, path, _ = served
    handler.response = Response(200, [("X-A", "b\r\nSet-Cookie: c")], b"")
    assert b"Set-Cookie" not in await exchange(path, GOOD)


async def test_the_socket_is_never_open_to_others(tmp_path):
    before = os.umask(0)
    try:
        server = await serve_unix(tmp_path / "s", Recorder())
        assert stat.S_IMODE(os.stat(tmp_path / "s").st_mode) == 0o600
    finally:
        os.umask(before)
    await server.close()
    assert not (tmp_path / "s").exists()


async def test_a_dead_socket_is_replaced_but_nothing_else(tmp_path):
    path = tmp_path / "s"
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(path))
    dead.close()
    server = await serve_unix(path, Recorder())
    with pytest.raises(FileExistsError, match="listens"):
        await serve_unix(path, Recorder())
    assert status(await exchange(str(path), GOOD)) == 200
    await server.close()
    path.write_text("a file")
    with pytest.raises(FileExistsError, match="no socket"):
        await serve_unix(path, Recorder())
    assert path.read_text() == "a file"


async def test_another_user_is_refused(tmp_path, monkeypatch):
    handler = Recorder()
    server = await serve_unix(tmp_path / "s", handler)
    assert status(await exchange(str(tmp_path / "s"), GOOD)) == 200
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    assert await exchange(str(tmp_path / "s"), GOOD) == b""
    assert server.refused == 1 and len(handler.seen) == 1
    monkeypatch.undo()
    await server.close()


async def test_only_loopback_is_listened_on_by_tcp():
    with pytest.raises(ValueError, match="loopback"):
        await serve_tcp("0.0.0.0", 0, Recorder())
    server = await serve_tcp("127.0.0.1", 0, Recorder())
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(GOOD)
    assert status(await read_answer(reader)) == 200
    writer.close()
    await server.close()
