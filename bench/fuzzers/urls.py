"""URLs: whatever passes is read alike by urllib and httpx, and passes again unchanged; what is plainly good passes."""

import ipaddress
import re
import socket
from random import Random
from urllib.parse import urlsplit

import httpx

from bench.fuzzers.judged import Judge, Wrong, fuzzer
from device.host import url

HOSTS = (
    "a", "api.example", "xn--bcher-kva.example", "a-b.c-d.example", "3com.example", "x" * 63 + ".example", "localhost",
    "192.0.2.7", "127.0.0.1", "0.0.0.0", "255.255.255.255", "[::1]", "[2001:db8::7]", "[::ffff:10.0.0.1]",
    "[fe80::1:2]",
)  # fmt: skip
ODD_HOSTS = (
    "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.0.0.1.", "a.", "a..b", ".a", "-a", "a_b", "[a]",
    "[::1%25lo]", "",
    "a@b", "[0:0::1]", "[::FFFF:1.2.3.4]", "1.2.3.4.5", "a.0x1", "256.1.1.1", "a:80:80", "[::1", "::1",
    "a%2eb", "ab--c",
)  # fmt: skip
PORTS = ("", "", "", ":80", ":443", ":8443", ":1", ":65535")
ODD_PORTS = (":", ":0", ":080", ":65536", ":+80", ":8_0", ":80a", ":-1", ":0x50", ":99999999999999999999")
PATHS = (
    "",
    "/",
    "/v1",
    "/v1/messages",
    "/a.b/..c/...",
    "/%C3%BC%20",
    "/~u/x@y:z",
    "/a,b=c&d",
    "/.well-known/x",
    "/a/b/",
)
ODD_PATHS = (
    "//",
    "/..",
    "/a/../b",
    "/./",
    "/%2e%2e/",
    "/%2F",
    "/a;b",
    "/%C0%AE",
    "/%zz",
    "/%",
    "/a%5Cb",
    "/%41",
    "/a//b",
)
QUERIES = ("", "", "?", "?a=b&c=%2f", "?x[1]=2;3", "?u=https://b.example/@c?d")
PIECES = (
    "@", ":", "/", "//", "\\", "#", "?", "%", "%2e", "%00", ";", "..", ".", "-", "[", "]", " ", "\t", "\n",
    "\0", "\x7f",
    "\u3002", "\uff0e", "\u2460", "\u200b", "\xad", "\u0130", "\u0430", "_", "'", '"', "<", "|", "^", "`", "{",
    "~", "0x",
    "1", "00", "%C3", "xn--", "http://", "https:", "&", "=", "+", "*", "$", "!", ",", "(", "\ud800",
)  # fmt: skip
FORBIDDEN = re.compile(r"[^!-~]|[\\#]")
HOST = re.compile(
    r"(?!.*(?:^|\.)(?!xn)..--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*"
)
DOTS = re.compile(r"(?:^|/)\.{1,2}(?:/|$)|//|;|%2[EF5]|%5C|%3B|%[^0-9A-F]|%.[^0-9A-F]|%[01]")


@fuzzer("url", 0.40)
def make() -> Judge:
    """A Judge of URLs."""
    return _judge


def _judge(rng: Random) -> None:
    text, good = _made(rng)
    try:
        target = url.parse(text)
    except url.TargetError as error:
        if error.code not in url.CODES or not error.message or not error.remedy:
            raise Wrong(f"{text!r} refused without a reason: {error.code}") from error
        if good:
            raise Wrong(f"{text!r} is canonical and was refused: {error.code}") from error
        return
    _check_itself(text, target)
    _check_against_others(text, target)


def _made(rng: Random) -> tuple[str, bool]:
    """A URL, and whether it is canonical for certain."""
    choice, odds = rng.choice, rng.random()
    scheme = "https://" if odds < 0.6 else choice(("http://", "HTTPS://", "http://", "https://"))
    host = choice(HOSTS) if odds < 0.7 or odds > 0.85 else choice(ODD_HOSTS)
    port = choice(PORTS) if rng.random() < 0.9 else choice(ODD_PORTS)
    path = choice(PATHS) if rng.random() < 0.8 else choice(ODD_PATHS)
    query = choice(QUERIES) if path else ""
    good = host in HOSTS and port in PORTS and path in PATHS
    text = scheme + host + port + path + query
    if rng.random() < 0.6:
        return _mutated(rng, text), False
    return text, good


def _mutated(rng: Random, text: str) -> str:
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        at = int(rng.random() * (len(text) + 1))
        kind = rng.random()
        if kind < 0.5:
            text = text[:at] + rng.choice(PIECES) + text[at:]
        elif kind < 0.65:
            text = text[:at] + text[at + 1 :]
        elif kind < 0.8:
            text = text[:at] + rng.choice(PIECES) + text[at + 1 :]
        elif kind < 0.9:
            text = text[:at] + chr(int(rng.random() * 0x250)) + text[at:]
        else:
            other = int(rng.random() * (len(text) + 1))
            text = text[:at] + text[other:] if at < other else text[:at] + text[other:at] + text[at:]
    return text


def _check_itself(text: str, target: url.Target) -> None:
    again = url.parse(target.url)
    if again != target or again.url != target.url or again.address != target.address:
        raise Wrong(f"{text!r} became {target.url!r}, which became {again.url!r}")
    if FORBIDDEN.search(text) or DOTS.search(target.path) or not 0 < target.port < 65536:
        raise Wrong(f"{text!r} passed and is not canonical")
    if target.kind == "name":
        if not HOST.fullmatch(target.host) or len(target.host) > 253 or _is_address(target.host):
            raise Wrong(f"{text!r} passed with the host {target.host!r}")
    elif ipaddress.ip_address(target.host).packed != target.address:
        raise Wrong(f"{text!r} passed with the address {target.address!r}")


def _is_address(host: str) -> bool:
    """Whether a resolver would take the name for an IPv4 address."""
    try:
        socket.inet_aton(host)
    except OSError:
        return False
    return True


def _check_against_others(text: str, target: url.Target) -> None:
    parts = urlsplit(text)
    default = url.PORTS[target.scheme]
    found = (parts.scheme, parts.hostname, parts.port or default, parts.path or "/", parts.query, parts.fragment)
    expected = (target.scheme, target.host, target.port, target.path, target.query or "", "")
    if found != expected or "@" in parts.netloc:
        raise Wrong(f"{text!r}: urllib reads {found}, expected {expected}")
    other = httpx.URL(text)
    host = other.raw_host.decode().lower()  # .host is for display: it decodes xn-- labels
    found = (other.scheme, host, other.port or default, other.raw_path.decode(), other.userinfo)
    whole = target.path if target.query is None else f"{target.path}?{target.query}"
    if found[:3] != (target.scheme, target.host, target.port) or found[4]:
        raise Wrong(f"{text!r}: httpx reads {found}")
    if found[3] not in (whole, whole.removesuffix("?")):
        raise Wrong(f"{text!r}: httpx sends {found[3]!r}, expected {whole!r}")
