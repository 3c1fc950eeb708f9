import asyncio
import random

from device.host import limits
from device.host.envelope import open_envelope, seal
from device.host.link import Link
from device.host.link_incoming import Incoming
from device.host.portable import MICROPYTHON
from tests.device.host.link_world import KEY, MemoryStore, World


async def live_world(**options):
    world = World(**options)
    await world.run(50)
    assert world.box.link.live and world.host.link.live
    return world


def names(prefix, count, first=1):
    return ["%s%d" % (prefix, n) for n in range(first, first + count)]


def put_all(peer, keys):
    for key in keys:
        peer.put(key)


def records(wire):
    """Sequence numbers of the records that went over a wire, in order."""
    return [e["seq"] for e in [open_envelope(KEY, data) for data in wire.log] if e["seq"]]


def envelope(src="device:desk", boot="0001", seq=0, ack=0, key="", kind="link.hello", body=None):
    fields = {"src": src, "boot": boot, "seq": seq, "ack": ack, "ts": 1, "id": key, "kind": kind, "body": body or {}}
    return seal(KEY, fields)


# Delivery


async def test_records_flow_both_ways_in_order_and_spools_drain():
    world = await live_world(slow_host=True)
    put_all(world.box, names("up", 40))
    put_all(world.host, names("down", 40))
    await world.run(300)
    assert world.effects["host"] == names("up", 40)
    assert world.effects["box"] == names("down", 40)
    assert world.quiet()
    assert world.box.link.counters["resent"] == world.host.link.counters["resent"] == 0
    await world.close()


async def test_a_record_goes_out_at_once_and_idle_costs_nothing():
    world = await live_world()
    await world.run(1000)
    sent = len(world.wires["box"].log), len(world.wires["host"].log)
    await world.run(3600000)
    assert (len(world.wires["box"].log), len(world.wires["host"].log)) == sent
    world.box.put("a")
    await world.run(1)
    assert world.effects["host"] == ["a"]
    await world.close()


async def test_an_acknowledgement_follows_within_its_delay_and_rides_on_whatever_goes_anyway():
    world = await live_world()
    world.box.put("a")
    await world.run(2 + limits.LINK_ACK_DELAY_MS)
    assert world.box.store.spool == []
    before = len(world.wires["host"].log)
    world.box.put("b")
    await world.run(1)
    world.host.put("answer")
    await world.run(100)
    kinds = [open_envelope(KEY, data)["kind"] for data in world.wires["host"].log[before:]]
    assert kinds == ["note"]
    await world.close()


async def test_nothing_is_acknowledged_before_it_is_applied():
    world = await live_world()
    world.host.fail = 1
    world.box.put("a")
    await world.run(500)
    assert world.effects["host"] == [] and len(world.box.store.spool) == 1
    assert world.host.link.counters["failed"] == 1 and world.host.audits[0][0] == "link.failed"
    assert await world.until(world.quiet)
    assert world.effects["host"] == ["a"]
    await world.close()


async def test_records_put_while_a_session_opens_are_neither_passed_over_nor_taken_for_lost():
    async def put_later(world, turns):
        for _ in range(turns):
            await asyncio.sleep(0)
        put_all(world.host, names("down", 5))

    for turns in range(0, 60, 1):
        world = World(slow_host=True)
        putting = asyncio.create_task(put_later(world, turns))
        await world.run(100)
        assert putting.done() and world.effects["box"] == names("down", 5), turns
        assert world.box.audits == []
        await world.close()


async def test_no_more_than_the_window_is_in_flight():
    world = await live_world()
    world.wires["box"].cut = True
    put_all(world.box, names("up", 200))
    await world.run(1000)
    assert len(records(world.wires["box"])) == limits.LINK_WINDOW == world.box.link.in_flight
    world.wires["box"].cut = False
    assert await world.until(world.quiet)
    assert world.effects["host"] == names("up", 200)
    await world.close()


async def test_an_absent_peer_is_asked_ever_more_rarely_and_sent_no_records():
    world = World()
    world.stop("host")
    put_all(world.box, names("up", 10))
    await world.run(3600000)
    assert records(world.wires["box"]) == []
    assert 60 <= len(world.wires["box"].log) <= 70
    world.start("host", MemoryStore())
    await world.run(300)
    assert world.effects["host"] == names("up", 10)
    await world.close()


async def test_unanswered_records_are_not_resent_into_the_void():
    world = await live_world()
    world.stop("host")
    put_all(world.box, names("up", 5))
    await world.run(600000)
    assert records(world.wires["box"]) == [1, 2, 3, 4, 5]
    assert not world.box.link.live
    await world.close()


async def test_a_transport_that_refuses_is_tried_again_later():
    world = await live_world()
    world.wires["box"].up = False
    put_all(world.box, names("up", 3))
    await world.run(500)
    assert not world.box.link.live
    world.wires["box"].up = True
    assert await world.until(world.quiet)
    assert world.effects["host"] == names("up", 3)
    await world.close()


async def test_the_hosts_welcome_brings_what_the_host_adds():
    world = await live_world()
    assert world.box.welcome["from"] == "host"
    await world.close()


# Received and durable


async def test_only_what_is_durable_is_acknowledged_and_a_batch_is_acknowledged_at_once():
    world = await live_world(batched_host=True)
    world.host.commit_ms = 500
    put_all(world.box, names("up", 20))
    await world.run(400)
    assert world.host.link._incoming.received == 20 and world.effects["host"] == []
    assert len(world.box.store.spool) == 20
    await world.run(100 + limits.LINK_ACK_DELAY_MS)
    assert world.effects["host"] == names("up", 20) and world.box.store.spool == []
    assert world.host.commits <= 2 and world.box.link.counters["resent"] == 0
    await world.close()


async def test_a_commit_that_fails_in_mid_stream_rolls_back_and_is_audited_once_per_spell():
    world = await live_world(batched_host=True)
    world.host.fail = 3
    put_all(world.box, names("up", 25))
    await world.run(500)
    assert not world.host.link.live and world.effects["host"] == [] and len(world.box.store.spool) == 25
    assert await world.until(world.quiet)
    assert world.effects["host"] == names("up", 25)
    assert [what for what, _ in world.host.audits] == ["link.failed"]
    assert limits.LINK_FAILED_MS * 7 <= world.clock.ticks_ms() < limits.LINK_FAILED_MS * 12  # pauses of 1, 2 and 4 s
    world.host.fail = 1
    world.box.put("again")
    assert await world.until(world.quiet)
    assert [what for what, _ in world.host.audits] == ["link.failed"] * 2
    await world.close()


async def test_death_between_apply_and_commit_loses_and_doubles_nothing():
    world = await live_world(batched_host=True)
    for n in range(10):
        world.host.commit_ms = 50
        put_all(world.box, names("up", 7, 1 + 7 * n))
        await world.run(10 + 7 * n)
        world.restart("host")
        await world.run(60)
    assert await world.until(world.quiet)
    assert world.effects["host"] == names("up", 70)
    await world.close()


async def test_a_transport_that_dies_while_a_record_is_stored_keeps_no_later_session_waiting():
    world = await live_world()
    link, apply, storing = world.box.link, world.box.apply, asyncio.Event()

    async def store_for_ever(kind, body, envelope):
        storing.set()
        await asyncio.Event().wait()

    link._incoming._on_record = store_for_ever
    receiving = asyncio.create_task(link.receive(envelope("host", "0002", 1, 0, "down1", "note")))
    await asyncio.wait_for(storing.wait(), 5)
    world.disconnect("box")
    receiving.cancel()  # as the MQTT client does with its reader
    await world.run(10)
    link._incoming._on_record = apply
    world.connect("box")
    world.host.put("down1")
    assert await world.until(lambda: link.live and world.quiet())
    assert world.effects["box"] == ["down1"]
    await world.close()


async def test_a_peer_that_lost_records_is_believed_only_after_what_it_sent_before_is_durable():
    world = await live_world(batched_host=True)
    world.host.commit_ms = 300
    put_all(world.box, names("up", 3))
    await world.run(50)
    store = MemoryStore()
    store.next = 10
    world.start("box", store)
    world.box.put("after")
    assert await world.until(world.quiet)
    assert world.effects["host"] == names("up", 3) + ["after"]
    assert world.host.audits == [("link.gap", "records 4 to 9 of the peer are lost")]
    await world.close()


async def test_what_is_received_and_not_durable_is_bounded():
    world = await live_world(batched_host=True)
    world.host.commit_ms = 10000000
    boot = world.box.link._head["boot"]
    for seq in range(1, limits.LINK_UNSETTLED + 20):
        data = envelope(boot=boot, seq=seq, key="k%d" % seq, kind="note")
        await world.host.link.receive(data)
    assert len(world.host.waiting) == limits.LINK_UNSETTLED > limits.LINK_WINDOW
    assert world.host.link.counters["held"] == 19
    await world.close()


# Back-pressure


async def test_without_room_records_wait_quietly_and_go_on_as_soon_as_there_is_some():
    world = await live_world()
    world.box.room = False
    put_all(world.host, names("down", 40))
    world.box.put("up1")
    await world.run(25000)
    assert world.effects["box"] == [] and world.effects["host"] == ["up1"]
    assert world.box.audits == [] and world.host.link.peer_held
    assert world.box.link.live and world.host.link.live
    assert world.box.refused == 1 and len(records(world.wires["host"])) <= limits.LINK_WINDOW
    world.box.room = True
    world.box.link.kick()
    await world.run(150)
    assert world.effects["box"] == names("down", 40) and not world.host.link.peer_held
    assert await world.until(world.quiet)
    await world.close()


async def test_a_lost_word_about_room_costs_time_only():
    world = await live_world()
    world.box.room = False
    put_all(world.host, names("down", 3))
    await world.run(50)
    world.wires["box"].cut = True
    world.box.room = True
    world.box.link.kick()
    await world.run(100)
    world.wires["box"].cut = False
    await world.run(limits.LINK_HELD_MS + 1000)
    assert world.effects["box"] == names("down", 3)
    await world.close()


async def test_a_replayed_word_about_room_holds_nothing_up():
    world = await live_world()
    world.box.room = False
    world.host.put("down1")
    await world.run(50)
    held = [data for data in world.wires["box"].log if b"link.held" in data]
    world.box.room = True
    world.box.link.kick()
    await world.run(300)
    world.wires["box"].inject(held[0])
    await world.run(10)
    world.host.put("down2")
    await world.run(10)
    assert world.effects["box"] == ["down1", "down2"] and not world.host.link.peer_held
    await world.close()


# Silence


async def test_a_host_that_dies_without_a_word_is_missed_within_45_seconds():
    world = await live_world(alive_ms=limits.LINK_ALIVE_MS)
    await world.run(600000)
    alive = [data for data in world.wires["host"].log if b"link.alive" in data]
    assert world.box.link.live and 19 <= len(alive) <= 20 and len(world.wires["box"].log) <= 2
    world.stop("host")
    await world.run(45000)
    assert not world.box.link.live
    world.start("host", MemoryStore())
    await world.run(500)
    assert world.box.link.live
    await world.close()


async def test_a_replayed_sign_of_life_is_none():
    world = await live_world(alive_ms=limits.LINK_ALIVE_MS)
    await world.run(31000)
    alive = [data for data in world.wires["host"].log if b"link.alive" in data]
    world.stop("host")
    for _ in range(9):
        world.wires["host"].inject(alive[0])
        await world.run(5000)
    assert not world.box.link.live
    await world.close()


# Telemetry


async def test_telemetry_goes_when_live_and_is_thinned_not_queued():
    world = World()
    assert world.box.link.telemetry("tele.queue", {"n": 0}) is False
    await world.run(50)
    for n in range(limits.LINK_TELEMETRY + 5):
        assert world.box.link.telemetry("tele.queue", {"n": n})
    await world.run(50)
    assert [body["n"] for body in world.host.telemetry] == list(range(5, limits.LINK_TELEMETRY + 5))
    assert world.box.link.counters["thinned"] == 5
    await world.close()


async def test_replayed_telemetry_is_refused():
    world = await live_world()
    world.box.link.telemetry("tele.queue", {"n": 1})
    await world.run(10)
    copies = [data for data in world.wires["box"].log if b"tele.queue" in data]
    assert len(copies) == len(world.host.telemetry) == 1
    world.wires["box"].inject(copies[0])
    world.wires["box"].inject(envelope(boot=world.box.link._head["boot"], key="\u00b2", kind="tele.queue"))
    await world.run(10)
    assert len(world.host.telemetry) == 1 and world.host.link.rejected["replayed"] == 2
    await world.close()


# Faults of the network


async def faulty(wire_name, fault, count=60):
    """Send `count` records both ways with a fault on one wire; everything must arrive once and in order."""
    world = await live_world()
    world.wires[wire_name].fault = fault
    put_all(world.box, names("up", count))
    put_all(world.host, names("down", count))
    assert await world.until(world.quiet)
    assert world.effects["host"] == names("up", count)
    assert world.effects["box"] == names("down", count)
    return world


async def test_a_lost_record_is_asked_for_again():
    lost = []

    def lose_the_tenth(data):
        if b'"up10"' in data and not lost:
            lost.append(data)
            return []
        return [(1, data)]

    world = await faulty("box", lose_the_tenth)
    assert lost and world.host.link.counters["gaps"] > 0
    assert world.clock.ticks_ms() < limits.LINK_ACK_TIMEOUT_MS  # by asking, not by the time-out
    await world.close()


async def test_lost_acknowledgements_are_made_up_for_by_a_new_session():
    world = await live_world()
    lost = []

    def lose_acks(data):
        if b"link.ack" in data:
            lost.append(data)
            return []
        return [(1, data)]

    world.wires["host"].fault = lose_acks
    put_all(world.box, names("up", 20))
    assert await world.until(world.quiet)
    assert lost and world.effects["host"] == names("up", 20)
    await world.close()


async def test_doubled_envelopes_are_applied_once():
    world = await faulty("box", lambda data: [(1, data), (1, data), (30, data)])
    assert world.host.link.counters["duplicates"] > 0
    await world.close()


async def test_reordered_envelopes_are_applied_in_order():
    flip = [0]

    def swap(data):
        flip[0] += 1
        return [(40 if flip[0] % 3 == 0 else 1, data)]

    world = await faulty("box", swap)
    assert world.host.link.counters["gaps"] > 0
    await world.close()


async def test_a_delay_past_the_time_out_costs_time_only():
    world = await live_world()
    world.wires["box"].delay_ms = limits.LINK_ACK_TIMEOUT_MS + 3000
    put_all(world.box, names("up", 5))
    await world.run(60000)
    world.wires["box"].delay_ms = 1
    assert await world.until(world.quiet)
    assert world.effects["host"] == names("up", 5)
    await world.close()


async def test_a_one_way_cut_is_survived_in_either_direction():
    for wire in ("box", "host"):
        world = await live_world()
        world.wires[wire].cut = True
        put_all(world.box, names("up", 50))
        put_all(world.host, names("down", 50))
        await world.run(30000)
        world.wires[wire].cut = False
        assert await world.until(world.quiet)
        assert world.effects["host"] == names("up", 50) and world.effects["box"] == names("down", 50)
        await world.close()


async def test_flapping_connections_lose_and_double_nothing():
    world = await live_world()
    for n in range(40):
        world.box.put("up%d" % (n + 1))
        world.host.put("down%d" % (n + 1))
        await world.run(n % 5)
        name = ("box", "host")[n % 2]
        world.disconnect(name)
        await world.run(n % 3)
        world.connect(name)
    assert await world.until(world.quiet)
    assert world.effects["host"] == names("up", 40) and world.effects["box"] == names("down", 40)
    await world.close()


async def test_both_ends_may_restart_at_any_time():
    world = await live_world()
    for n in range(20):
        world.box.put("up%d" % (n + 1))
        world.host.put("down%d" % (n + 1))
        await world.run(n % 4)
        world.restart(("box", "host")[n % 2])
    assert await world.until(world.quiet)
    assert world.effects["host"] == names("up", 20) and world.effects["box"] == names("down", 20)
    await world.close()


# Stores that went back in time


async def test_a_peer_restored_from_an_older_copy_loses_nothing_new():
    world = await live_world()
    put_all(world.box, names("old", 5))
    await world.run(100)
    backup = world.box.store.copy()
    put_all(world.box, names("lost", 10))
    put_all(world.host, names("down", 10))
    await world.run(100)
    world.start("box", backup)
    put_all(world.box, names("new", 3))
    put_all(world.host, names("more", 3))
    assert await world.until(world.quiet)
    assert world.effects["host"] == names("old", 5) + names("lost", 10) + names("new", 3)
    assert world.effects["box"] == names("down", 10) + names("more", 3)
    assert [what for what, _ in world.box.audits] == ["link.gap", "link.rewound"]
    await world.close()


async def test_a_restored_peer_that_has_written_past_its_old_end_loses_nothing_new():
    world = await live_world()
    put_all(world.host, names("old", 5))
    await world.run(100)
    backup = world.host.store.copy()
    put_all(world.host, names("lost", 3))
    await world.run(100)
    world.stop("host")
    for key in names("new", 9):  # its numbers 6..14 pass the 8 that the box has applied
        backup.put(key)
    world.start("host", backup)
    assert await world.until(world.quiet)
    assert world.effects["box"] == names("old", 5) + names("lost", 3) + names("new", 9)
    await world.close()


async def test_a_lost_store_starts_anew_and_says_so():
    for name, other in (("box", "host"), ("host", "box")):
        world = await live_world()
        put_all(world.box, names("up", 7))
        put_all(world.host, names("down", 8))
        await world.run(100)
        world.start(name, MemoryStore())
        put_all(world.peers[name], names("new", 3))
        put_all(world.peers[other], names("next", 3))
        assert await world.until(world.quiet)
        assert world.effects[other][-3:] == names("new", 3)
        assert world.effects[name][-3:] == names("next", 3)
        assert [what for what, _ in world.peers[name].audits] == ["link.gap", "link.rewound"]
        await world.close()


async def test_an_empty_spool_at_a_peer_that_lost_its_store_does_not_stall():
    world = await live_world()
    put_all(world.host, names("down", 8))
    await world.run(100)
    world.start("box", MemoryStore())
    await world.run(100)
    put_all(world.host, names("next", 2))
    await world.run(100)
    assert world.effects["box"][-2:] == names("next", 2)
    await world.close()


# Attacks


async def test_replay_within_a_session_has_no_effect():
    world = await live_world()
    put_all(world.box, names("up", 5))
    await world.run(100)
    for data in list(world.wires["box"].log):
        world.wires["box"].inject(data)
    await world.run(3000)
    world.box.put("after")
    await world.run(300)
    assert world.effects["host"] == names("up", 5) + ["after"]
    await world.close()


async def test_replay_after_reboots_has_no_effect_even_when_numbers_repeat():
    world = await live_world()
    backup = world.box.store.copy()
    put_all(world.box, names("up", 5))
    await world.run(100)
    recorded = list(world.wires["box"].log)
    world.start("host", MemoryStore())  # a host that has never applied anything
    world.start("box", backup)  # a box that has never sent anything
    for data in recorded:
        world.wires["box"].inject(data, 1)
    await world.run(3000)
    put_all(world.box, names("new", 2))
    await world.run(1000)
    assert world.effects["host"] == names("up", 5) + names("new", 2)
    await world.close()


async def test_replay_to_another_device_and_reflection_are_refused():
    world = await live_world()
    world.host.put("down1")
    await world.run(50)
    other = Link(MemoryStore(), b"another key", "device:other", "host", "0f", world.clock, lambda data, qos: True, None)
    other.connected()
    for data in world.wires["host"].log:
        await other.receive(data)
    assert other.forged == {"bad_mac": len(world.wires["host"].log)} and other.rejected == {}
    for data in list(world.wires["box"].log):
        world.wires["host"].inject(data)
    await world.run(50)
    assert world.box.link.rejected == {"wrong_src": len(world.wires["box"].log)}
    assert world.effects["box"] == ["down1"]
    await world.close()


async def test_forged_edited_and_oversize_envelopes_are_counted_and_audited_sparingly():
    world = await live_world()
    world.box.put("up1")
    await world.run(50)
    good = world.wires["box"].log[-1]
    oversize = b"0" * (limits.ENVELOPE_BYTES + 1)
    for n in range(50):
        world.wires["box"].inject(good[:-1] + b" ")
        world.wires["box"].inject(oversize)
        world.wires["box"].inject(good[: n + 1])
    await world.run(100)
    assert world.host.link.forged == {"bad_mac": 100, "too_large": 50}
    assert len(world.host.audits) == 1 and world.host.audits[0][0] == "link.rejected"
    await world.run(limits.LINK_REJECT_AUDIT_MS)
    world.wires["box"].inject(b"")
    await world.run(10)
    assert len(world.host.audits) == 2 and "150 since" in world.host.audits[1][1]
    world.box.put("up2")
    await world.run(50)
    assert world.effects["host"] == ["up1", "up2"]
    await world.close()


async def test_a_forged_acknowledgement_drops_nothing_from_the_spool():
    world = await live_world()
    boot = world.host.link._head["boot"]
    world.wires["box"].cut = True
    put_all(world.box, names("up", 3))
    await world.run(10)
    world.wires["host"].inject(envelope(src="host", boot=boot, ack=1000, kind="link.ack"))
    world.wires["host"].inject(envelope(src="host", boot="ffff", ack=3, kind="link.ack"))
    await world.run(10)
    assert len(world.box.store.spool) == 3 and world.box.link.rejected == {"bad_ack": 1}
    world.wires["box"].cut = False
    assert await world.until(world.quiet)
    assert world.effects["host"] == names("up", 3)
    await world.close()


async def test_hellos_and_welcomes_cannot_be_replayed_into_a_new_state():
    world = await live_world()
    put_all(world.box, names("up", 5))
    await world.run(100)
    recorded = list(world.wires["host"].log)
    world.restart("host")
    world.restart("box")
    world.wires["host"].cut = True
    for data in recorded:
        world.wires["host"].inject(data)
    await world.run(500)
    assert not world.box.link.live
    assert world.box.link.rejected["stale_welcome"] >= 1
    world.wires["host"].cut = False
    assert await world.until(lambda: world.box.link.live)
    await world.close()


async def test_a_flood_of_replayed_hellos_neither_ends_the_session_nor_floods_back():
    world = await live_world()
    world.box.put("up1")
    await world.run(100)
    old = [data for data in world.wires["box"].log if b"link.hello" in data]
    world.restart("box")
    await world.run(500)
    before = len(world.wires["host"].log)
    for n in range(200):
        world.wires["box"].inject(old[0], n * 10)
    await world.run(500)
    world.box.put("up2")
    await world.run(20)
    assert world.effects["host"] == ["up1", "up2"]
    await world.run(2000)
    hellos = [d for d in world.wires["host"].log[before:] if b"link.hello" in d]
    assert len(hellos) <= 2000 // limits.LINK_HELLO_MIN_MS + 2
    await world.close()


async def test_malformed_control_messages_of_the_peer_are_refused():
    world = await live_world()
    boot = world.host.link._head["boot"]
    for body in ({}, {"nonce": 5}, {"nonce": "short"}, {"nonce": "x" * 65}):
        world.wires["host"].inject(envelope(src="host", boot=boot, body=body))
    world.box.link.disconnected()
    world.box.link.connected()
    world.wires["box"].cut = True
    await world.run(10)
    nonce = world.box.link._session.nonce
    for low, upcoming in (("1", 2), (None, None), (0, 1), (3, 2), (True, True)):
        body = {"nonce": nonce, "low": low, "next": upcoming}
        world.wires["host"].inject(envelope(src="host", boot=boot, kind="link.welcome", body=body))
    await world.run(10)
    assert world.box.link.rejected == {"bad_hello": 4, "bad_welcome": 5} and not world.box.link.live
    await world.close()


# A random walk over all of it, and proof that its checker can fail


class Soak:
    """Hundreds of records both ways under random faults, seeded. `run` returns what is wrong, None if nothing is."""

    def __init__(self, seed, link_class=Link, records=250, batched=False):
        self.seed, self.link_class, self.records, self.batched = seed, link_class, records, batched
        self.rng = random.Random(seed) if hasattr(random, "Random") else random
        if self.rng is random:
            random.seed(seed)

    def chance(self, percent):
        return self.rng.randrange(100) < percent

    def fault(self, data):
        if self.chance(10):
            return []
        copies = 2 if self.chance(10) else 1
        return [(self.rng.randrange(60) if self.chance(20) else 2, data) for _ in range(copies)]

    async def run(self):
        world = World(link_class=self.link_class, slow_host=True, batched_host=self.batched)
        world.commit_ms = 60
        for wire in world.wires.values():
            wire.fault = self.fault
            wire.log_limit = 40
        expected = {"box": [], "host": []}
        for n in range(self.records):
            for name, other in (("box", "host"), ("host", "box")):
                if name in world.peers:
                    world.peers[name].put("%s%d" % (name, n))
                    expected[other].append("%s%d" % (name, n))
            await self.trouble(world)
        for wire in world.wires.values():
            wire.fault, wire.up, wire.cut = lambda data: [(1, data)], True, False
        for name in ("box", "host"):
            world.connect(name)
        drained = await world.until(world.quiet, 300000)
        await world.close()
        for name in ("box", "host"):
            if world.effects[name] != expected[name]:
                return "seed %d: %s saw %d of %d" % (self.seed, name, len(world.effects[name]), len(expected[name]))
        return None if drained else "seed %d: not drained" % self.seed

    async def trouble(self, world):
        name = ("box", "host")[self.rng.randrange(2)]
        what = self.rng.randrange(30)
        if what == 0:
            world.restart(name)
        elif what == 1:
            world.disconnect(name)
            await world.run(self.rng.randrange(200))
            world.connect(name)
        elif what == 2:
            world.wires[name].cut = not world.wires[name].cut
        elif what == 3:
            world.peers[name].fail = 1
        elif what == 4:
            wire = world.wires[name]
            wire.inject(wire.log[self.rng.randrange(len(wire.log))] if wire.log else b"")
        await world.run(self.rng.randrange(25))


async def test_a_lossy_network_delivers_everything_once_and_in_order():
    for seed in (1,) if MICROPYTHON else (1, 20261122):
        assert await Soak(seed, records=120 if MICROPYTHON else 250).run() is None


class AcksBeforeApply(Link):
    """Planted bug: acknowledges what it has not applied."""

    class incoming_class(Incoming):  # noqa: N801 - it is an attribute
        async def _take_record(self, envelope):
            self._ids.append(envelope["id"])
            self.received = envelope["seq"]
            self.settle(envelope["seq"])
            try:
                await self._on_record(envelope["kind"], envelope["body"], envelope)
            except Exception as error:
                self._report.audit("link.failed", str(error))


class AcksBeforeCommit(Link):
    """Planted bug: acknowledges what is received and not durable."""

    class incoming_class(Incoming):  # noqa: N801
        def acknowledge(self):
            super().acknowledge()
            return self.received


class KeepsFailed(Link):
    """Planted bug: takes what failed to be stored for stored."""

    class incoming_class(Incoming):  # noqa: N801
        def roll_back(self, error):
            if self._ids:
                self.settle(self.received)
            super().roll_back(error)


class AppliesTwice(Link):
    """Planted bug: forgets to drop duplicates."""

    class incoming_class(Incoming):  # noqa: N801
        async def take(self, envelope):
            if 0 < envelope["seq"] <= self.received:
                self._storage.last_in = envelope["seq"] - 1
                await self._on_record(envelope["kind"], envelope["body"], envelope)
            return await super().take(envelope)


class JumpsGaps(Link):
    """Planted bug: takes any later record as the next one."""

    class incoming_class(Incoming):  # noqa: N801
        async def take(self, envelope):
            if envelope["seq"] > self.received:
                self.received = self.durable = self._storage.last_in = envelope["seq"] - 1
            return await super().take(envelope)


async def test_the_checker_finds_planted_bugs():
    for link_class in (AcksBeforeApply, AppliesTwice, JumpsGaps):
        found = None
        for seed in (1, 2, 3):
            found = found or await Soak(seed, link_class, 60).run()
        assert found, link_class.__name__


async def test_the_checker_finds_planted_bugs_of_batched_commits():
    for link_class in (AcksBeforeCommit, KeepsFailed):
        found = None
        for seed in (1, 2, 3, 4):
            found = found or await Soak(seed, link_class, 80, batched=True).run()
        assert found, link_class.__name__


async def test_a_lossy_network_and_batched_commits_that_fail_deliver_everything_once_and_in_order():
    for seed in (5,) if MICROPYTHON else (5, 6):
        assert await Soak(seed, records=120 if MICROPYTHON else 250, batched=True).run() is None
