"""Power lost at every write, sync and rename of a working box: nothing accepted is lost, nothing happens twice."""

from device.host.journal import JournalError
from device.host.run_records import is_active
from tests.device.host.box import START_MS, Box
from tests.device.host.memory_files import PowerLost

TASK = {"folder": "main", "prompt": "tick", "kind": "once", "value": "2025-11-24T17:00:10"}


def message(n):
    body = {"jid": "console:main", "id": "m%d" % n, "sender": "ann", "sender_name": "Ann", "text": "text %d" % n}
    return "msg.in", dict(body, ts_ms=START_MS + n, from_me=False)


def workload():
    """What the laptop has to deliver, in order."""
    command = {"id": "c1", "client": "cli", "name": "task.add", "args": TASK}
    return [message(1), ("cmd", command), message(2), message(3)]


async def deliver(box, records):
    """Hand over everything that the box has not acknowledged yet, as the link would."""
    for at in range(box.store.applied(), len(records)):
        await box.host.handle(records[at][0], records[at][1], {"seq": at + 1, "id": "x"})
        await box.clock.advance(100)
    await box.clock.advance(30000)


async def interrupted(fail_at, torn):
    """(storage after the crash, what was acknowledged, whether it crashed)."""
    box = None
    acknowledged = 0
    try:
        box = Box(auto_ack=False, fail_at=fail_at, torn=torn)
        await box.start()
        await deliver(box, workload())
    except (JournalError, PowerLost):
        pass
    if box is None:
        return None, 0, True
    acknowledged = box.store.applied()
    crashed = box.files.dead
    return await box.stop(), acknowledged, crashed


def check(box):
    replies = [m for m in box.state.rings["main"] if m["from_me"]]
    asked = [m["id"] for m in box.state.rings["main"] if not m["from_me"]]
    assert asked == ["m1", "m2", "m3"], asked
    assert box.state.pending("main") == []
    done = [r for r in box.state.runs if r["state"] == "done"]
    assert len(replies) == len(done) and not [r for r in box.state.runs if is_active(r)]
    assert len([r for r in done if r["kind"] == "task"]) == 1
    settled = [r["upto"] for r in done if r["kind"] == "messages"]
    assert settled == sorted(set(settled))
    (task,) = box.state.tasks.values()
    assert task["status"] == "completed" and box.state.result("c1")["result"]["id"] == task["id"]
    ups = box.store.spool_after(0, 1000)
    assert [u[0] for u in ups] == list(range(1, len(ups) + 1))
    assert len([u for u in ups if u[2] == "msg.out"]) == len(replies)
    assert len([u for u in ups if u[2] == "task.set" and u[3]["last_ms"] is None and u[3]["next_ms"]]) == 1


async def test_power_lost_at_every_operation():
    points = 0
    for torn in (0, 20, 100, 400):
        fail_at = 1
        while True:
            contents, acknowledged, crashed = await interrupted(fail_at, torn)
            again = Box(contents, auto_ack=False, start_ms=START_MS + 1000)
            assert again.store.applied() >= acknowledged, fail_at
            await again.start()
            await deliver(again, workload())
            check(again)
            await again.stop()
            if not crashed:
                break
            fail_at += 1
        points += fail_at - 1
    assert points > 80


async def test_power_lost_twice_is_no_worse():
    for fail_at in range(3, 40, 4):
        contents, _, _ = await interrupted(fail_at, 0)
        second = None
        try:
            second = Box(contents, auto_ack=False, start_ms=START_MS + 500, fail_at=fail_at // 2 + 1)
            await second.start()
            await deliver(second, workload())
        except (JournalError, PowerLost):
            pass
        contents = await second.stop() if second is not None else contents
        again = Box(contents, auto_ack=False, start_ms=START_MS + 1000)
        await again.start()
        await deliver(again, workload())
        check(again)
        await again.stop()
