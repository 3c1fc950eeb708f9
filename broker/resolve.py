"""Names to addresses: once per request, never kept.

    Resolver.resolve(target) -> [address bytes]      raises Unavailable("dns")

Only canonical names reach the system's resolver (device/host/url.py); an address is its own answer.
"""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from broker import limits
from broker.egress_core import Target, parse_address
from broker.errors import Unavailable


class Resolving(Protocol):
    """What the forwarder needs of a resolver; tests have one that answers as they say."""

    async def resolve(self, target: Target) -> list[bytes]:
        """Every address of the target's host, in the order in which to try them."""
        ...


class Resolver:
    """The system's own resolver, in a few threads, with a time limit."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(limits.RESOLVE_AT_ONCE, "barnacle-resolve")

    async def resolve(self, target: Target) -> list[bytes]:
        """See Resolving. Raises Unavailable when there is no answer in time, or an unreasonable one."""
        if target.address is not None:
            return [target.address]
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(limits.RESOLVE_TIMEOUT_MS / 1000):
                found = await loop.run_in_executor(self._threads, _look_up, target.host)
        except TimeoutError:
            raise Unavailable("dns", f"looking up {target.host} took too long", "try again later") from None
        except OSError:
            raise Unavailable("dns", f"{target.host} has no address", "check the name") from None
        if len(found) > limits.ADDRESSES:
            raise Unavailable("dns", f"{target.host} has more than {limits.ADDRESSES} addresses", "check the name")
        return found

    def close(self) -> None:
        """Give the threads back."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str) -> list[bytes]:
    found: list[bytes] = []
    for family, _, _, _, where in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM):
        text = str(where[0]).partition("%")[0] if family == socket.AF_INET6 else str(where[0])
        address = parse_address(text)
        if address is None:
            raise OSError("not an address")
        if address not in found:
            found.append(address)
    return found
