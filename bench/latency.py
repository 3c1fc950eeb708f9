"""How long things take from the box's point of view: simulated box, real MQTT broker, `barnacle up`, nothing imitated.

stored_to_started   a message is durable on the box → its run is started (records as they arrive at the laptop)
stored_to_reply     … → its reply has arrived at the laptop
sent_to_reply       `send` is asked by an operator → the reply has arrived
burst_20_groups     a message to each of 20 groups at once, BURSTS times: durable → run started; order is checked
due_to_started      a task's due time → its run is started, by the box's clock (whole milliseconds)
round_trip          the same broker's own publish → receive on this machine: what the bus cannot be faster than
boot_ms             power on → store loaded, first frame drawn, session asked for
"""

import asyncio
import secrets
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from app.host.bridge import Bridge, Message
from app.host.keys import HOST_USER, load_keys
from app.host.operator_client import OperatorClient
from app.host.settings import read_settings
from bench.appliance import Appliance, temporary_home, until
from bench.figures import percentiles, show
from bench.wiretap import Wiretap

MESSAGES = 200
TASKS = 200
GAP_MS = 40
BURST_GROUPS = 20
BURSTS = 25
BOOTS = 10


async def measure() -> dict[str, Any]:
    """All figures of one appliance."""
    with temporary_home(Path(tempfile.mkdtemp(prefix="barnacle-bench-"))) as home:
        async with Appliance(home) as appliance, appliance.client() as client, Wiretap(appliance) as tap:
            trips = await round_trips(appliance)
            figures = {"round_trip": percentiles(trips), **await messages(client, tap)}
            figures["burst_20_groups"] = percentiles(await bursts(client, tap))
            figures["due_to_started"] = percentiles(await due(client, tap))
            figures["boot_ms"] = percentiles(await boots(client))
            figures["up_ready_ms"] = appliance.output[0]
            trip = figures["round_trip"]["p50"]
            figures["stored_to_started_p50_in_round_trips"] = round(figures["stored_to_started"]["p50"] / trip, 2)
            return figures


async def messages(client: OperatorClient, tap: Wiretap) -> dict[str, Any]:
    """One message at a time, answered before the next."""
    started, replied, whole = [], [], []
    for n in range(MESSAGES):
        id_ = f"bench-{n}"
        asked = time.perf_counter_ns() / 1e6
        await client.request("send", folder="main", text="what time is it?", id=id_)
        stored_at, stored = await tap.seen("msg.stored", lambda body, i=id_: body["id"] == i)
        number = stored["body"]["n"]
        started_at, _ = await tap.seen("run.started", lambda body, n=number: body["upto"] == n)
        replied_at, _ = await tap.seen("msg.out", lambda body, n=number: body["n"] == n + 1)
        started.append(started_at - stored_at)
        replied.append(replied_at - stored_at)
        whole.append(replied_at - asked)
    return {
        "stored_to_started": percentiles(started),
        "stored_to_reply": percentiles(replied),
        "sent_to_reply": percentiles(whole),
    }


async def bursts(client: OperatorClient, tap: Wiretap) -> list[float]:
    """Everybody writes at the same time; how long after its message was durable each group's run was started."""
    folders = [f"burst-{n:02}" for n in range(BURST_GROUPS)]
    for folder in folders:
        await client.request("group.add", folder=folder, requires_trigger=False)
    waited: list[float] = []
    last_upto = dict.fromkeys(folders, 0)
    for n in range(BURSTS):
        sends = (client.request("send", folder=f, text="what time is it?", id=f"{f}-{n}") for f in folders)
        await asyncio.gather(*sends)
        for folder in folders:
            id_ = f"{folder}-{n}"
            stored_at, stored = await tap.seen("msg.stored", lambda body, i=id_: body["id"] == i)
            number = stored["body"]["n"]
            started_at, _ = await tap.seen("run.started", lambda body, u=number: body["upto"] == u)
            if number <= last_upto[folder]:
                raise AssertionError(f"{folder} was served out of order")
            last_upto[folder] = number
            waited.append(started_at - stored_at)
    return waited


async def due(client: OperatorClient, tap: Wiretap) -> list[float]:
    """Once tasks, GAP_MS apart; how late each started."""
    first_ms = int(time.time() * 1000) + 15_000
    ids: dict[str, int] = {}
    for n in range(TASKS):
        due_ms = first_ms + n * GAP_MS
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(due_ms // 1000)) + f".{due_ms % 1000:03}Z"
        task = await client.request("task.add", folder="main", prompt="tick", kind="once", value=moment)
        ids[task["id"]] = due_ms
    if time.time() * 1000 > first_ms:
        raise AssertionError("adding the tasks took longer than the head start")
    late: list[float] = []
    for id_, due_ms in ids.items():
        _, found = await tap.seen("run.started", lambda body, i=id_: body["task"] == i, timeout_s=40)
        late.append(found["body"]["started_ms"] - due_ms)
    return late


async def boots(client: OperatorClient) -> list[float]:
    """Let the box boot again and again, with what it holds by now."""
    found: list[float] = []
    for _ in range(BOOTS):
        boot = (await client.request("status"))["device"]["boot"]
        await client.request("box.reboot")

        async def fresh(before: str = boot) -> bool:
            device = (await client.request("status"))["device"]
            return device["online"] and device["boot"] != before and (device["health"] or {}).get("boot_ms", 0) > 0

        await until(fresh, "the box is back")
        found.append((await client.request("status"))["device"]["health"]["boot_ms"])
    return found


async def round_trips(appliance: Appliance, count: int = 200) -> list[float]:
    """Publish to an own topic of the host's and wait for it, without any of Barnacle's envelopes."""
    keys = load_keys(appliance.paths.keys)
    login = keys.login(HOST_USER, read_settings(appliance.paths.config).mqtt)
    topic = f"barnacle/{keys.device_id}/down"
    came: asyncio.Queue[bytes] = asyncio.Queue()

    async def receive(message: Message) -> None:
        came.put_nowait(message.payload)

    tap_keys = keys.login(keys.device_user, read_settings(appliance.paths.config).mqtt)
    online = asyncio.Event()
    name = secrets.token_hex(4)
    listener = Bridge(
        tap_keys.host,
        tap_keys.port,
        tap_keys.user,
        tap_keys.password,
        f"bench-l-{name}",
        receive,
        [(topic, 1)],
        on_state=lambda up, _: online.set() if up else None,
        clean_session=True,
    )
    ready = asyncio.Event()
    speaker = Bridge(
        login.host,
        login.port,
        login.user,
        login.password,
        f"bench-s-{name}",
        receive,
        on_state=lambda up, _: ready.set() if up else None,
        clean_session=True,
    )
    trips: list[float] = []
    async with listener, speaker:
        await asyncio.wait_for(asyncio.gather(online.wait(), ready.wait()), 10)
        await asyncio.sleep(0.2)
        for n in range(count):
            payload = f"round trip {n}".encode()
            began = time.perf_counter_ns()
            speaker.publish(topic, payload, 1)
            while await asyncio.wait_for(came.get(), 5) != payload:
                pass
            trips.append((time.perf_counter_ns() - began) / 1e6)
    return trips


if __name__ == "__main__":
    show("latency", asyncio.run(measure()))
    sys.exit(0)
