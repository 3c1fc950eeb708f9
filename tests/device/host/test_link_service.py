"""The lane of the link that calls go through: in order, never thinned, and not one message beyond its session."""

import asyncio

from device.host import limits
from device.host.envelope import open_envelope
from tests.device.host.link_world import KEY, World


async def live_world():
    world = World()
    await world.run(50)
    return world


async def send_all(peer, count, sent):
    for n in range(count):
        sent.append(await peer.link.service("call.item", {"n": n}))


def taken(peer):
    return [body["n"] for _, body in peer.services]


async def test_messages_arrive_in_order_both_ways_and_none_is_thinned():
    world = await live_world()
    for name, other in (("box", "host"), ("host", "box")):
        sent = []
        sending = asyncio.create_task(send_all(world.peers[name], 100, sent))
        await world.run(500)
        assert sending.done() and sent == [True] * 100
        assert taken(world.peers[other]) == list(range(100))
        assert world.peers[name].link.counters["thinned"] == 0
        assert world.peers[other].telemetry == []
    await world.close()


async def test_they_ask_the_broker_for_quality_of_service_one_and_telemetry_does_not():
    world = await live_world()
    sent, send = [], world.wires["box"].send
    world.box.link._send = lambda data, qos: (sent.append((open_envelope(KEY, data)["kind"], qos)), send(data, qos))[1]
    await world.box.link.service("call.item", {"n": 0})
    world.box.link.telemetry("tele.queue", {})
    await world.run(10)
    assert sent == [("call.item", 1), ("tele.queue", 0)]
    await world.close()


async def test_who_has_more_than_fits_waits_for_room():
    world = await live_world()
    lane = world.box.link._outgoing.service
    woken, lane._wake = lane._wake, asyncio.Event()  # the sending task does not hear of it
    sent = []
    sending = asyncio.create_task(send_all(world.box, limits.LINK_SERVICE + 3, sent))
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(sent) == limits.LINK_SERVICE and not sending.done()
    lane._wake = woken
    world.box.link.kick()
    await world.run(20)
    assert sending.done() and taken(world.host) == list(range(limits.LINK_SERVICE + 3))
    await world.close()


async def test_neither_records_nor_calls_starve_the_other():
    world = await live_world()
    for n in range(200):
        world.box.store.put("r%d" % n)
    sent = []
    sending = asyncio.create_task(send_all(world.box, 60, sent))
    world.box.link.kick()
    await world.run(2000)
    assert sending.done() and len(world.effects["host"]) == 200 and taken(world.host) == list(range(60))
    kinds = [open_envelope(KEY, data)["kind"] for data in world.wires["box"].log]
    kinds = [kind for kind in kinds if kind in ("note", "call.item")]
    turn = ["note"] * limits.LINK_BATCH + ["call.item"] * limits.LINK_SERVICE_TURN
    assert kinds[: 2 * len(turn)] == turn * 2
    await world.close()


async def test_what_waits_when_the_session_ends_is_dropped_and_whoever_waits_is_told():
    world = await live_world()
    assert await world.box.link.service("call.item", {"n": 0})
    await world.run(10)
    lane = world.box.link._outgoing.service
    woken, lane._wake = lane._wake, asyncio.Event()
    sent = []
    sending = asyncio.create_task(send_all(world.box, limits.LINK_SERVICE + 1, sent))
    for _ in range(20):
        await asyncio.sleep(0)
    world.disconnect("box")
    await world.run(10)
    assert sending.done() and sent[-1] is False
    lane._wake = woken
    world.connect("box")
    await world.run(2000)
    assert world.box.link.live and taken(world.host) == [0]
    assert await world.box.link.service("call.item", {"n": 99})
    await world.run(10)
    assert taken(world.host) == [0, 99]
    await world.close()


async def test_without_a_session_nothing_is_taken():
    world = World()
    assert not await world.box.link.service("call.item", {"n": 0})
    await world.close()


async def test_a_replayed_doubled_or_delayed_message_has_no_effect():
    world = await live_world()
    wire = world.wires["box"]
    wire.fault = lambda data: [(1, data), (2, data), (700, data)]
    sent = []
    sending = asyncio.create_task(send_all(world.box, 5, sent))
    await world.run(300)
    assert sending.done()
    recorded = [data for data in wire.log if b"call.item" in data]
    world.restart("box")
    await world.run(1500)
    for data in recorded:
        wire.inject(data)
    await world.run(50)
    assert taken(world.host) == list(range(5))
    assert await world.box.link.service("call.item", {"n": 5})  # the twin: what is said now counts
    await world.run(50)
    assert taken(world.host) == list(range(6))
    await world.close()
