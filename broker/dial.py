"""Connections to addresses that were checked, and to nothing else.

    dialer.connect(target, addresses, owner) -> Upstream       dialer.give_back(target, upstream, owner)

No name is resolved here. TLS is always verified, against the target's name. A connection is used again only for the
same origin and owner, and only when its address is among those that were checked for this request.
"""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from pathlib import Path

from broker import limits
from broker.egress_core import Target, address_text
from broker.errors import Unavailable
from broker.upstream import Upstream

_Key = tuple[str, str]


class Dialer:
    """Dials, and keeps a few idle connections. `dialled` counts new ones. `extra_ca`: a file of certificates that are
    trusted in addition to the system's."""

    def __init__(self, extra_ca: Path | None = None) -> None:
        self.dialled = 0
        self._context = ssl.create_default_context()
        self._context.set_alpn_protocols(["http/1.1"])
        if extra_ca is not None:
            self._context.load_verify_locations(extra_ca)
        self._idle: dict[_Key, list[Upstream]] = {}

    async def connect(self, target: Target, checked: Sequence[bytes], owner: str, ca: Path | None = None) -> Upstream:
        """A connection to one of the checked addresses; `ca` is trusted in place of the system's authorities. Raises
        Unavailable: tls, unreachable."""
        kept = await self._take(target, checked, owner)
        if kept is not None:
            return kept
        reader, writer, address = await self.open(target, checked, secure=target.scheme == "https", ca=ca)
        return Upstream(reader, writer, address)

    async def open(
        self, target: Target, checked: Sequence[bytes], *, secure: bool, ca: Path | None = None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, bytes]:
        """New streams to the first checked address that answers; with `secure`, after a verified TLS handshake."""
        context = (self._context if ca is None else _trusting(ca, target)) if secure else None
        failure = Unavailable("unreachable", f"{target.origin} cannot be reached", "see whether it is up")
        for address in checked[: limits.DIALS]:
            try:
                async with asyncio.timeout(limits.DIAL_TIMEOUT_MS / 1000):
                    return (*await self._dial(target, address, context), address)
            except ssl.SSLError as error:
                reason = "its certificate is not trusted" if isinstance(error, ssl.CertificateError) else "TLS failed"
                failure = Unavailable("tls", f"{target.origin}: {reason}", "check its certificate and name")
            except (OSError, TimeoutError):
                continue
        raise failure

    def give_back(self, target: Target, upstream: Upstream, owner: str) -> None:
        """Keep a connection whose answer was read to its end, or close it."""
        if not upstream.reusable() or sum(map(len, self._idle.values())) >= limits.POOLED:
            upstream.close()
            return
        upstream.idle_since = asyncio.get_running_loop().time()
        self._idle.setdefault((target.origin, owner), []).append(upstream)

    def close(self, owner: str | None = None) -> None:
        """End the idle connections of an owner, or all."""
        for key in [key for key in self._idle if owner in (None, key[1])]:
            for upstream in self._idle.pop(key):
                upstream.close()

    async def _take(self, target: Target, checked: Sequence[bytes], owner: str) -> Upstream | None:
        kept = self._idle.pop((target.origin, owner), [])
        earliest = asyncio.get_running_loop().time() - limits.POOLED_IDLE_MS / 1000
        chosen: Upstream | None = None
        for upstream in kept:
            usable = upstream.idle_since >= earliest and upstream.address in checked and await upstream.alive()
            if not usable:
                upstream.close()
            elif chosen is None:
                chosen = upstream
            else:
                self._idle.setdefault((target.origin, owner), []).append(upstream)
        return chosen

    async def _dial(
        self, target: Target, address: bytes, context: ssl.SSLContext | None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        family = socket.AF_INET if len(address) == 4 else socket.AF_INET6
        raw = socket.socket(family, socket.SOCK_STREAM)
        try:
            raw.setblocking(False)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.get_running_loop().sock_connect(raw, (address_text(address), target.port))
            self.dialled += 1
            if context is None:
                return await asyncio.open_connection(sock=raw)
            return await asyncio.open_connection(sock=raw, ssl=context, server_hostname=target.host)
        except BaseException:
            raw.close()
            raise


def _trusting(ca: Path, target: Target) -> ssl.SSLContext:
    """Trusts this authority and no other; read each time, so that a renewed file counts at once."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies certificate and name
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_verify_locations(ca)
    except (OSError, ssl.SSLError):
        raise Unavailable("tls", f"{target.origin}: its ca cannot be read: {ca}", "correct ca in config.toml") from None
    return context
