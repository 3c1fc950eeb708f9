"""Looking names up: once, in time, bounded, and never for what is an address already."""

import asyncio
import socket
import threading

import pytest

from broker import limits
from broker.egress_core import parse_url
from broker.errors import Unavailable
from broker.resolve import Resolver

NAME = parse_url("https://api.test/")


@pytest.fixture
def answers(monkeypatch):
    """What the system's resolver says, and what it was asked."""
    said = {"addresses": ["192.0.2.1"], "asked": []}

    def getaddrinfo(host, port, **_):
        said["asked"].append(host)
        if not said["addresses"]:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [
            (socket.AF_INET6 if ":" in each else socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 0))
            for each in said["addresses"]
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return said


@pytest.fixture
def resolver():
    made = Resolver()
    yield made
    made.close()


async def test_every_address_is_told_once(answers, resolver):
    answers["addresses"] = ["192.0.2.1", "2001:db8::1", "192.0.2.1", "fe80::1%eth0"]
    assert await resolver.resolve(NAME) == [
        bytes([192, 0, 2, 1]),
        bytes.fromhex("20010db8000000000000000000000001"),
        bytes.fromhex("fe800000000000000000000000000001"),
    ]


async def test_nothing_is_kept_between_requests(answers, resolver):
    await resolver.resolve(NAME)
    answers["addresses"] = ["192.0.2.2"]
    assert await resolver.resolve(NAME) == [bytes([192, 0, 2, 2])] and answers["asked"] == ["api.test"] * 2


async def test_an_address_is_its_own_answer(answers, resolver):
    assert await resolver.resolve(parse_url("https://192.0.2.7/")) == [bytes([192, 0, 2, 7])]
    assert answers["asked"] == []


async def test_a_name_without_address_is_said_so(answers, resolver):
    answers["addresses"] = []
    with pytest.raises(Unavailable) as caught:
        await resolver.resolve(NAME)
    assert caught.value.code == "dns"


async def test_more_addresses_than_the_bound_are_refused(answers, resolver):
    answers["addresses"] = [f"192.0.2.{n}" for n in range(limits.ADDRESSES)]
    assert len(await resolver.resolve(NAME)) == limits.ADDRESSES
    answers["addresses"].append("192.0.2.200")
    with pytest.raises(Unavailable, match="more than"):
        await resolver.resolve(NAME)


async def test_a_slow_look_up_ends_in_time(monkeypatch, resolver):
    release = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: release.wait(20) and [])
    monkeypatch.setattr(limits, "RESOLVE_TIMEOUT_MS", 50)
    try:
        async with asyncio.timeout(10):
            with pytest.raises(Unavailable, match="too long"):
                await resolver.resolve(NAME)
    finally:
        release.set()
