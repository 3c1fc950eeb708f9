"""What the bus can carry: the laptop's host against a box that is only a link, over the real MQTT broker.

records_up_s     records per second that the host has made durable and acknowledged, from one full spool
send             `send` asked by an operator → answered as stored by the box, one at a time
send_together    … many at once: each one's own time, and how many per second
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from app.host.keys import load_keys
from app.host.settings import read_settings
from bench.appliance import CONFIG, Appliance, free_port, temporary_home, until
from bench.figures import percentiles, show
from device.host.bus import Bus
from device.host.clock import SystemClock

RECORDS = 3_000
SENDS = 200
TOGETHER = 25
ROUNDS = 20
NO_BOX = '\n[box]\nkind = "board"\n'


class LinkBox:
    """A box that stores in memory and takes every message; `tell` puts records into its spool."""

    def __init__(self, appliance: Appliance) -> None:
        keys = load_keys(appliance.paths.keys)
        mqtt = read_settings(appliance.paths.config).mqtt
        login = keys.login(keys.device_user, mqtt)
        address = {"host": login.host, "port": login.port, "user": login.user, "password": login.password}
        provision = {"device": keys.device_id, "key": keys.device_key.hex(), "mqtt": address}
        self._spool: list[tuple[int, str, str, dict[str, Any], int]] = []
        self._next = 1
        self._applied = 0
        self._taken = 0
        self.bus: Any = Bus(provision, self, SystemClock(), "b0b0", "bench", self._take)

    @property
    def held(self) -> int:
        """Records that the host has not acknowledged."""
        return len(self._spool)

    def tell(self, kind: str, body: dict[str, Any]) -> None:
        """Put a record into the spool and let it go."""
        self._spool.append((self._next, f"{kind}:{self._next}", kind, body, 1))
        self._next += 1
        self.bus.link.kick()

    def next_out(self) -> int:
        """See device/host/link.py; so are the next five."""
        return self._next

    def spool_after(self, seq: int, limit: int) -> list[tuple[int, str, str, dict[str, Any], int]]:
        first = self._spool[0][0] if self._spool else 0
        at = max(0, seq + 1 - first)
        return self._spool[at : at + limit]

    def acked(self, seq: int) -> None:
        while self._spool and self._spool[0][0] <= seq:
            self._spool.pop(0)

    def applied(self) -> int:
        return self._applied

    def skip_in(self, seq: int) -> None:
        self._applied = seq

    def renumber(self, first: int) -> None:
        self._spool = [(first + at, *row[1:]) for at, row in enumerate(self._spool)]
        self._next = first + len(self._spool)

    def _take(self, kind: str, body: dict[str, Any], envelope: dict[str, Any]) -> None:
        self._applied = envelope["seq"]
        if kind == "msg.in":
            self._taken += 1
            self.tell("msg.stored", {**body, "n": self._taken, "folder": "main"})


async def measure() -> dict[str, Any]:
    """All figures of one host."""
    with temporary_home(Path(tempfile.mkdtemp(prefix="barnacle-bench-"))) as home:
        config = CONFIG.format(port=free_port(), broker="auto", zone="Europe/Berlin")
        home.mkdir(parents=True, exist_ok=True)
        (home / "config.toml").write_text(config + NO_BOX)
        async with Appliance(home) as appliance, appliance.client() as client:
            box = LinkBox(appliance)
            running = asyncio.create_task(box.bus.run())
            try:
                await until(lambda: box.bus.online, "the host has welcomed the box")
                rate = await records_up(box)
                return {"records_up_s": rate, **await sends(client)}
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)


async def records_up(box: LinkBox) -> int:
    """Empty a full spool of RECORDS audit records."""
    body = {"ts_ms": 1, "what": "bench", "actor": "box", "folder": "main", "decision": "info", "rule": "", "reason": ""}
    began = time.perf_counter()
    for n in range(RECORDS):
        box.tell("audit", body | {"detail": f"record {n}"})
    await until(lambda: not box.held, "the spool is empty", 120, 0.005)
    return round(RECORDS / (time.perf_counter() - began))


async def sends(client: Any) -> dict[str, Any]:
    """`send` alone and in company."""

    async def send(id_: str) -> float:
        began = time.perf_counter_ns()
        answer = await client.request("send", folder="main", text="hello", id=id_)
        if not answer["accepted"]:
            raise AssertionError("the box did not take it in time")
        return (time.perf_counter_ns() - began) / 1e6

    alone = [await send(f"alone-{n}") for n in range(SENDS)]
    company: list[float] = []
    began = time.perf_counter()
    for round_ in range(ROUNDS):
        company += await asyncio.gather(*(send(f"{round_}-{n}") for n in range(TOGETHER)))
    rate = round(ROUNDS * TOGETHER / (time.perf_counter() - began))
    return {"send": percentiles(alone), "send_together": {**percentiles(company), "per_s": rate}}


if __name__ == "__main__":
    show("bus", asyncio.run(measure()))
    sys.exit(0)
