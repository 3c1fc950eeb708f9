"""IP addresses: text is read as Python's ipaddress reads it, and nothing it calls special counts as public."""

import ipaddress
from random import Random

from bench.fuzzers.judged import Judge, Wrong, fuzzer
from device.host import addresses

STARTS_4 = tuple(
    bytes(start) for start in ((10,), (127,), (192, 168), (169, 254, 169), (172, 20), (100, 64), (198, 18), ())
)
STARTS_6 = tuple(
    bytes.fromhex(start)
    for start in (
        "00" * 10 + "ffff", "00" * 12, "0064ff9b" + "00" * 8, "0064ff9b0001", "2002", "20010000", "fe80", "fc", "fd00",
        "fec0", "ff02", "20010db8", "2606", "", "2001", "01" + "00" * 7, "3fff", "5f00", "00",
    )
)  # fmt: skip
PIECES = (
    ":",
    "::",
    ".",
    "0",
    "00",
    "1",
    "f",
    "F",
    "%1",
    "/8",
    " ",
    "ffff",
    "255",
    "256",
    "-",
    "+",
    "g",
    "\u0661",
    "[",
    "]",
)


@fuzzer("address", 0.12)
def make() -> Judge:
    """A Judge of addresses, as text and as bytes."""
    return _judge


def _judge(rng: Random) -> None:
    packed = _bytes(rng)
    spelled = addresses.text(packed)
    known = ipaddress.ip_address(packed)
    if addresses.parse(spelled) != packed or ipaddress.ip_address(spelled) != known:
        raise Wrong(f"{packed.hex()} is spelled {spelled}")
    if addresses.classify(packed) == addresses.PUBLIC and _special(known):
        raise Wrong(f"{spelled} counts as public")
    text = known.exploded if rng.random() < 0.3 else spelled
    for _ in range(rng.choice((1, 1, 2, 3))):
        at = int(rng.random() * (len(text) + 1))
        text = text[:at] + (rng.choice(PIECES) if rng.random() < 0.7 else "") + text[at + (rng.random() < 0.5) :]
    expected = _read(text)
    if addresses.parse(text) != expected:
        raise Wrong(f"{text!r} is read as {addresses.parse(text)!r}, expected {expected!r}")


def _bytes(rng: Random) -> bytes:
    if rng.random() < 0.4:
        start, length = rng.choice(STARTS_4), 4
    else:
        start, length = rng.choice(STARTS_6), 16
        if rng.random() < 0.5:
            start += bytes(int(rng.random() * (16 - len(start) + 1)))
        if rng.random() < 0.4 and len(start) <= 12:
            start += rng.choice(STARTS_4)
    return (start + rng.randbytes(16))[:length]


def _special(known: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if known.is_private or known.is_loopback or known.is_link_local or known.is_multicast or known.is_unspecified:
        return not (isinstance(known, ipaddress.IPv6Address) and known.ipv4_mapped and not _special(known.ipv4_mapped))
    if isinstance(known, ipaddress.IPv4Address):
        return known.is_reserved
    inside = [known.ipv4_mapped, known.sixtofour, *(known.teredo or ())]
    return known.is_site_local or any(one is not None and _special(one) for one in inside)


def _read(text: str) -> bytes | None:
    if "%" in text or "/" in text:
        return None
    try:
        return ipaddress.ip_address(text).packed
    except ValueError:
        return None
