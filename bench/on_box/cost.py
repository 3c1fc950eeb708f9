"""What single steps of the box cost, in microseconds, in its interpreter with its heap: prints JSON.

micropython -X heapsize=2m bench/on_box/cost.py FOLDER
"""

import asyncio
import gc
import json
import sys
import time

sys.path.insert(0, ".")

from device.host import cron, limits, portable, prompt, schedule, trigger, tz
from device.host.clock import SystemClock
from device.host.envelope import open_envelope, seal
from device.host.files import Files
from device.host.host import Host
from device.host.journal import Journal
from device.host.offline import OfflineResponder
from device.host.store import Store
from device.sim import flash

NOW_MS = 1764000000000
KEY = b"k" * 32
ticks_us, ticks_diff = time.ticks_us, time.ticks_diff  # pyright: ignore[reportAttributeAccessIssue]


def cost(work, rounds):
    """Microseconds of one `work(n)`: the median and the most over `rounds`."""
    gc.collect()
    taken = []
    for n in range(rounds):
        began = ticks_us()
        work(n)
        taken.append(ticks_diff(ticks_us(), began))
    return figures(taken)


def figures(taken):
    taken.sort()
    return {"n": len(taken), "p50": taken[len(taken) // 2], "p99": taken[len(taken) * 99 // 100], "max": taken[-1]}


def steps():
    """The steps on the way of a message and of a schedule."""
    zone = tz.Zone("CET-1CEST,M3.5.0,M10.5.0/3")
    expression = cron.Cron("30 8 * * 1-5")
    rare = cron.Cron("0 0 29 2 *")
    body = {"jid": "console:main", "id": "m1", "sender": "ann", "sender_name": "Ann", "ts_ms": NOW_MS, "from_me": False}
    body = dict(body, text="when does the backup run next, and did it go through the last time?")
    fields = {"v": 1, "src": "host", "boot": "ab", "seq": 1, "ack": 0, "ts": NOW_MS, "id": "x", "kind": "msg.in"}
    fields = dict(fields, body=body)
    sealed = seal(KEY, fields)
    messages = [body] * 5
    return {
        "seal_envelope": cost(lambda n: seal(KEY, fields), 300),
        "open_envelope": cost(lambda n: open_envelope(KEY, sealed), 300),
        "trigger": cost(lambda n: trigger.matches("@Barnacle", body["text"]), 300),
        "prompt_of_5_messages": cost(lambda n: prompt.format_messages(messages), 300),
        "zone_offset": cost(lambda n: zone.offset_s(NOW_MS + n * 3600000), 300),
        "parse_cron": cost(lambda n: cron.Cron("30 8 * * 1-5"), 300),
        "next_run_weekday_cron": cost(lambda n: expression.next_ms(NOW_MS + n * 7 * 3600000, zone), 300),
        "next_run_29_february": cost(lambda n: rare.next_ms(NOW_MS + n * 86400000, zone), 60),
        "first_run_of_an_interval": cost(lambda n: schedule.first("interval", "60000", NOW_MS, zone), 300),
    }


async def on_the_box(folder):
    """A message from its arrival until it is durable, until it is answered, and what a boot reads back."""
    chip = flash.Flash(folder + "/flash.img")
    path = flash.mount(chip)
    clock = SystemClock()
    store = Store(Journal(Files(path + "/journal")), clock)
    store.recover()
    store.call_when_durable(lambda: take(store))
    host = Host(store, clock, OfflineResponder(), lambda kind, body: None)
    host.boot("Barnacle")
    running = asyncio.create_task(host.run())
    await asyncio.sleep(0.1)
    stored, answered = [], []
    for n in range(600):
        body = {"jid": "console:main", "id": "m%d" % n, "sender": "ann", "sender_name": "Ann", "from_me": False}
        body = dict(body, text="what time is it?", ts_ms=NOW_MS + n)
        began = ticks_us()
        await host.handle("msg.in", body, {"seq": n + 1, "id": "x"})
        stored.append(ticks_diff(ticks_us(), began))
        while store.state.pending("main") or host._runs.running:  # noqa: ASYNC110 - nothing tells it
            await asyncio.sleep(0)
        answered.append(ticks_diff(ticks_us(), began))
    found = {"message_stored": figures(stored), "message_answered": figures(answered)}
    began = ticks_us()
    store.snapshot()
    found["snapshot"] = ticks_diff(ticks_us(), began)
    found["scheduler_wait_of_256_tasks"] = await scheduling(host, store)
    running.cancel()
    store.close()
    gc.collect()
    began = ticks_us()
    again = Store(Journal(Files(path + "/journal")), clock)
    again.recover()
    found["recovery"] = ticks_diff(ticks_us(), began)
    return found


async def scheduling(host, store):
    """Finding the next due time among as many tasks as there may be."""
    number = 600
    while len(store.state.tasks) < limits.TASKS:
        args = {"folder": "main", "prompt": "look", "kind": "cron", "value": "0 8 * * *"}
        number += 1
        body = {"id": "t%d" % number, "client": "cli", "name": "task.add", "args": args}
        await host.handle("cmd", body, {"seq": number, "id": "x"})
    return cost(lambda n: host._scheduler.wait_ms(), 100)


def take(store):
    spool = store.spool_after(0, 1000)
    if spool:
        store.acked(spool[-1][0])


portable.collect_often(limits.GARBAGE_BYTES)
print(json.dumps({"steps_us": steps(), "box_us": asyncio.run(on_the_box(sys.argv[1]))}))
