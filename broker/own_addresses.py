"""This machine's own addresses, so that no rule opens Barnacle's own ports under one of them."""

import socket
from pathlib import Path

from broker.egress_core import parse_address

_TRIE, _IPV6 = Path("/proc/net/fib_trie"), Path("/proc/net/if_inet6")


def own_addresses(trie: Path = _TRIE, ipv6: Path = _IPV6) -> tuple[bytes, ...]:
    """The addresses of every interface as the kernel lists them; where it has no such list, those of this machine's own
    name. Loopback is known without it."""
    if not trie.exists():
        return _by_name()
    return tuple(sorted({*_ipv4(trie.read_text()), *_ipv6(ipv6.read_text() if ipv6.exists() else "")}))


def _ipv4(text: str) -> list[bytes]:
    found: list[bytes] = []
    candidate: bytes | None = None
    for line in text.splitlines():
        plain = line.strip()
        if plain.startswith("|-- "):
            candidate = parse_address(plain[4:])
        elif plain == "/32 host LOCAL" and candidate is not None:
            found.append(candidate)
    return found


def _ipv6(text: str) -> list[bytes]:
    return [bytes.fromhex(line.split()[0]) for line in text.splitlines() if line]


def _by_name() -> tuple[bytes, ...]:
    try:
        found = socket.getaddrinfo(socket.gethostname(), None)
    except OSError:
        return ()
    listed = (parse_address(str(where[0]).partition("%")[0]) for *_, where in found)
    return tuple(sorted({address for address in listed if address is not None}))
