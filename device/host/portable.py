"""The one place where MicroPython and CPython differ. Everything else in `device/` runs unchanged on both.

Gives: `const`, `MICROPYTHON`, `raw_ticks_ms`, `ticks_diff`, `utc_ms`, `sleep_ms`, `wait_event`, `maybe_await`, `spawn`,
`random_bytes`, `hexlify`, `flush_durably`, `sync_folder`, `dumps`, `with_timeout`, `open_stream`, `read_into`.
"""

import asyncio
import binascii
import gc
import json
import os
import sys
import time

MICROPYTHON = sys.implementation.name == "micropython"

if MICROPYTHON:
    from micropython import const  # pyright: ignore[reportAssignmentType]

    raw_ticks_ms = time.ticks_ms  # pyright: ignore[reportAttributeAccessIssue]
    ticks_diff = time.ticks_diff  # pyright: ignore[reportAttributeAccessIssue,reportAssignmentType]

    # The ESP32 counts from 2000, the unix port from 1970.
    _EPOCH_MS = 946684800000 if time.gmtime(0)[0] == 2000 else 0

    def utc_ms():
        """Wall time in milliseconds since 1970 UTC, as the platform's own clock tells it."""
        return time.time_ns() // 1000000 + _EPOCH_MS

else:

    def const(value):
        """MicroPython folds `_X = const(3)` into the code; CPython just keeps the value."""
        return value

    def raw_ticks_ms():
        """A monotonic millisecond counter; only `ticks_diff` may compare two of its values."""
        return time.monotonic_ns() // 1000000  # pyright: ignore[reportAttributeAccessIssue]

    def ticks_diff(later, earlier):
        """Milliseconds from `earlier` to `later`, both from `raw_ticks_ms`."""
        return later - earlier

    def utc_ms():
        """Wall time in milliseconds since 1970 UTC."""
        return time.time_ns() // 1000000


def sleep_ms(ms):
    """Coroutine: sleep for `ms` milliseconds."""
    if MICROPYTHON:
        return asyncio.sleep_ms(ms)  # pyright: ignore[reportAttributeAccessIssue]
    return asyncio.sleep(ms / 1000)


def collect_often(size):
    """Collect garbage after every `size` bytes allocated, not only when the heap is full: what stays then stays close
    together, and large pieces remain free."""
    if MICROPYTHON:
        gc.threshold(size)  # pyright: ignore[reportAttributeAccessIssue]


def random_bytes(count):
    """`count` unpredictable bytes."""
    return os.urandom(count)


def hexlify(data):
    """Bytes as lower-case hex text."""
    return binascii.hexlify(data).decode()


def flush_durably(file):
    """Push a file's data to its storage: LittleFS syncs on flush, a desktop file system needs fsync as well."""
    file.flush()
    if not MICROPYTHON:
        os.fsync(file.fileno())


def sync_folder(path):
    """Make created, renamed and removed names durable: LittleFS always is, a desktop file system must be told."""
    if MICROPYTHON:
        return
    handle = os.open(path, os.O_RDONLY)  # pyright: ignore[reportAttributeAccessIssue]
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def dumps(value):
    """Compact JSON text with UTF-8 left as it is; key order is not defined."""
    if MICROPYTHON:
        return json.dumps(value, separators=(",", ":"))
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)  # pyright: ignore[reportCallIssue]


async def wait_event(event, timeout_ms):
    """Wait for an `asyncio.Event`: True when it was set, False after `timeout_ms` (None waits for ever)."""
    if event.is_set():
        return True
    if timeout_ms is None:
        await event.wait()
        return True
    if timeout_ms <= 0:
        await asyncio.sleep(0)
        return event.is_set()
    try:
        if MICROPYTHON:
            await asyncio.wait_for_ms(event.wait(), timeout_ms)  # pyright: ignore[reportAttributeAccessIssue]
        else:
            async with asyncio.timeout(timeout_ms / 1000):  # pyright: ignore[reportAttributeAccessIssue]
                await event.wait()  # wait_for of Python 3.11 may lose a cancellation
    except asyncio.TimeoutError:
        return event.is_set()
    return True


async def maybe_await(value):
    """The value, or what it resolves to when awaitable (storage is sync on the device, async on the host)."""
    if hasattr(value, "send") or hasattr(value, "__await__"):
        return await value
    return value


def spawn(coroutine, name):
    """Start a task; `name` shows in CPython's diagnostics. Keep the returned task: it is what cancels it."""
    if MICROPYTHON:
        return asyncio.create_task(coroutine)
    return asyncio.create_task(coroutine, name=name)


async def with_timeout(coroutine, timeout_ms):
    """The coroutine's value; raises asyncio.TimeoutError (on CPython an OSError: catch it first) after `timeout_ms`."""
    if MICROPYTHON:
        return await asyncio.wait_for_ms(coroutine, timeout_ms)  # pyright: ignore[reportAttributeAccessIssue]
    async with asyncio.timeout(timeout_ms / 1000):  # pyright: ignore[reportAttributeAccessIssue]
        return await coroutine


async def open_stream(host, port, tls=None):
    """Connect by TCP, no Nagle delay: (reader, writer). With `tls` {"ca" (a file) or "ca_pem", "server_name"?} the
    server's certificate must descend from that CA and bear the name; raises OSError when it does not."""
    name = (tls.get("server_name") or host) if tls else None
    if not MICROPYTHON:
        return await asyncio.open_connection(host, port, ssl=_tls_context(tls) if tls else None, server_hostname=name)
    reader, writer = await asyncio.open_connection(host, port)
    plain = reader.s  # pyright: ignore[reportAttributeAccessIssue]
    plain.setsockopt(6, 1, 1)  # IPPROTO_TCP, TCP_NODELAY
    if not tls:
        return reader, writer
    try:
        context = _tls_context(tls)
        secure = context.wrap_socket(plain, server_hostname=name, do_handshake_on_connect=False)
    except (OSError, ValueError):
        plain.close()
        raise
    stream = asyncio.StreamReader(secure)  # pyright: ignore[reportArgumentType]
    return stream, stream


def _tls_context(tls):
    pem = tls.get("ca_pem")
    if pem is None:
        with open(tls["ca"]) as file:
            pem = file.read()
    if MICROPYTHON:
        import tls as native  # pyright: ignore[reportMissingImports]

        context = native.SSLContext(native.PROTOCOL_TLS_CLIENT)
        context.verify_mode = native.CERT_REQUIRED  # pyright: ignore[reportAttributeAccessIssue]
        context.load_verify_locations(pem.encode() + b"\0")
        return context
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies certificate and name unless told otherwise
    context.load_verify_locations(cadata=pem)
    return context


async def read_into(reader, view):
    """Fill the memoryview from the stream; raises OSError or EOFError when it ends before."""
    if not MICROPYTHON:
        view[:] = await reader.readexactly(len(view))
        return
    done = 0
    while done < len(view):
        count = await reader.readinto(view[done:] if done else view)
        if count == 0:
            raise EOFError
        done += count or 0
