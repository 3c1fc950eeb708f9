"""Exceptions to the rules: each has a reason and an end, and no clock, reboot or repetition makes it longer."""

# pyright: reportOptionalMemberAccess=false, reportOptionalSubscript=false, reportArgumentType=false
# pyright: reportAttributeAccessIssue=false
import asyncio

from device.host import limits
from device.host.errors import Refused
from device.host.overrides import Overrides
from tests.device.host.ask_world import Request, world
from tests.device.host.box import START_MS, Box
from tests.device.host.smaller import smaller
from tests.device.portable_test import raises

URL = "https://new.example/"
HOUR_MS = 3600 * 1000
DAY_MS = 24 * HOUR_MS


async def add(box, **args):
    """The answer to override.add with everything that it needs, changed by `args`; None leaves a thing out."""
    wish = {"host": "new.example", "reason": "trying it out", "minutes": 120}
    wish.update(args)
    return await box.command("override.add", **{key: wish[key] for key in wish if wish[key] is not None})


async def is_open(box, url=URL, **options):
    request = await Request(box, url, **options).settle()
    return request.permit is not None


async def rebooted(box, now_ms):
    """The box after a power cut, its clock reading `now_ms`."""
    return await Box(await box.stop(), start_ms=now_ms).start()


async def test_an_override_opens_its_host_until_its_end_and_both_are_logged():
    box = await world()
    assert not await is_open(box)
    answer = await add(box)
    assert await is_open(box) and box.audits("override.start")[0]["reason"] == "trying it out"
    assert not await is_open(box, "https://other.example/")
    await box.clock.advance(2 * HOUR_MS - 1)
    assert await is_open(box)
    await box.clock.advance(1)
    assert not await is_open(box)
    assert answer["result"]["id"] in box.audits("override.end")[0]["detail"]
    assert [body["id"] for body in box.kinds("override.end")] == [answer["result"]["id"]]


async def test_scope_is_group_host_port_and_methods():
    box = await world()
    await add(box, group="home", port=8443, methods=["GET", "HEAD"])
    url = "https://new.example:8443/"
    assert await is_open(box, url) and not await is_open(box)
    assert not await is_open(box, url, method="POST")
    assert not await is_open(box, url, who={"id": "r", "folder": "main"})


async def test_removing_ends_it_at_once():
    box = await world()
    id_ = (await add(box))["result"]["id"]
    assert (await box.command("override.remove", id="nothing"))["error"]["code"] == "unknown_override"
    assert (await box.command("override.remove", id=id_[-6:]))["ok"]
    assert not await is_open(box) and "removed by owner:cli" in box.audits("override.end")[0]["detail"]


async def test_attack_an_override_without_an_end_is_refused():
    box = await world()
    for minutes in (None, 0, -1, True, "60", 1.5):
        assert (await add(box, minutes=minutes))["error"]["code"] == "bad_value", minutes
    assert not await is_open(box)


async def test_attack_an_override_that_is_too_long_is_refused():
    box = await world()
    assert (await add(box, minutes=limits.OVERRIDE_MINUTES + 1))["error"]["code"] == "bad_value"
    assert not await is_open(box)
    assert (await add(box, minutes=limits.OVERRIDE_MINUTES))["ok"]
    await box.clock.advance(DAY_MS)
    assert not await is_open(box)


async def test_attack_an_override_without_a_reason_is_refused():
    box = await world()
    for reason in (None, "", "  ", 7):
        assert (await add(box, reason=reason))["error"]["code"] == "bad_value"
    assert (await add(box, reason="x" * 600))["error"]["code"] == "too_large"


async def test_attack_an_override_from_a_run_is_refused():
    box = await world()
    wish = {"host": "new.example", "reason": "r", "minutes": 5}
    for folder in ("main", "home"):
        actor = {"kind": "group", "folder": folder}
        with raises(Refused) as caught:
            box.host.perform("override.add", wish, actor)
        assert caught.error.code == "not_authorized"
        assert box.audits("override.add")[-1]["decision"] == "deny"
    assert not await is_open(box)
    box.host.perform("override.add", wish)
    assert await is_open(box)


async def test_attack_a_replayed_override_neither_comes_back_nor_lasts_longer():
    box = await world()
    body = {"id": "c-1", "client": "cli", "name": "override.add"}
    body["args"] = {"host": "new.example", "reason": "once", "minutes": 10}
    await box.down("cmd", body)
    await box.clock.advance(5 * 60000)
    await box.down("cmd", body)
    assert len(box.state.overrides) == 1
    await box.clock.advance(5 * 60000)
    await box.down("cmd", body)
    assert box.state.overrides == {} and not await is_open(box)


async def test_attack_a_clock_that_is_set_never_makes_an_override_longer():
    for step_ms in (-HOUR_MS, HOUR_MS, -DAY_MS, DAY_MS, -START_MS + 1000):
        box = await world()
        await add(box)
        await box.clock.advance(HOUR_MS)
        box.host.welcome({"utc_ms": box.clock.now_ms() + step_ms})
        await box.clock.advance(HOUR_MS)
        assert not await is_open(box), step_ms
        await box.clock.advance(1000)
        assert box.state.overrides == {}, step_ms


async def test_attack_a_reboot_with_the_clock_set_back_never_makes_an_override_longer():
    for step_ms in (0, -HOUR_MS, -DAY_MS, -START_MS + 1000):
        box = await world()
        await add(box)
        await box.clock.advance(HOUR_MS)
        again = await rebooted(box, box.clock.now_ms() + step_ms)
        assert len(again.host.overrides.live()) == 1, step_ms
        await again.clock.advance(HOUR_MS)
        assert again.host.overrides.live() == [] and again.state.overrides == {}, step_ms


async def lived_through_reboots():
    """How long an override of two hours opened its host on a box that is reset, clock and all, every 50 seconds."""
    box = await world()
    await add(box)
    begin_ms, lived_ms = box.clock.now_ms(), 0
    while box.host.overrides.live() and lived_ms <= 3 * HOUR_MS:
        await box.clock.advance(50 * 1000)
        lived_ms += 50 * 1000
        box = await rebooted(box, begin_ms)
    return lived_ms


async def test_attack_many_reboots_with_the_clock_set_back_never_make_an_override_longer():
    assert await lived_through_reboots() <= 2 * HOUR_MS


async def test_planted_bug_a_reboot_that_costs_nothing_is_found():
    with smaller(OVERRIDE_PACE_MS=1):
        kept, Overrides.run = Overrides.run, _never_writes_down
        try:
            assert await lived_through_reboots() > 2 * HOUR_MS
        finally:
            Overrides.run = kept


async def _never_writes_down(self):
    await asyncio.Event().wait()


async def test_an_override_survives_a_reboot_with_what_is_left_of_it():
    box = await world()
    await add(box)
    await box.clock.advance(HOUR_MS)
    again = await rebooted(box, box.clock.now_ms() + 30 * 60000)
    assert await is_open(again)
    await again.clock.advance(30 * 60000 - 1)
    assert await is_open(again)
    await again.clock.advance(1)
    assert not await is_open(again)


async def test_an_override_that_ended_while_the_box_was_off_is_over_at_boot():
    box = await world()
    await add(box)
    again = await rebooted(box, box.clock.now_ms() + 3 * HOUR_MS)
    assert again.state.overrides == {} and len(again.audits("override.end")) == 1


async def test_a_box_that_kept_no_time_counts_the_outage_when_it_is_told_the_time():
    box = await world()
    await add(box)
    off_ms = box.clock.now_ms()
    again = await rebooted(box, 1000)
    assert len(again.host.overrides.live()) == 1
    again.host.welcome({"utc_ms": off_ms + 3 * HOUR_MS})
    assert again.host.overrides.live() == []


async def test_attack_an_override_aimed_at_metadata_broker_or_audit_is_refused():
    box = await world()
    hosts = ("169.254.169.254", "metadata.google.internal", "fd00:ec2::254", "127.0.0.1", "::1", "localhost")
    for host in hosts + ("x.localhost", "0.0.0.0", "224.0.0.1"):
        assert (await add(box, host=host))["error"]["code"] == "reserved", host
    assert box.state.overrides == {}
    assert (await add(box, host="192.168.1.9"))["ok"]


async def test_hosts_have_one_spelling():
    box = await world()
    for host in ("new.example.", "new.example/x", "a@b", "0x7f.1", "2130706433", "", 7, "a b", "*"):
        assert (await add(box, host=host))["error"]["code"] == "bad_value", host
    assert (await add(box, host="New.Example"))["result"]["host"] == "new.example"


async def test_other_wrong_wishes_are_refused():
    box = await world()
    wrong = ({"port": 0}, {"port": 65536}, {"port": True}, {"methods": []}, {"methods": "GET"}, {"methods": ["TRACE"]})
    for wish in wrong + ({"methods": ["GET"] * (limits.METHODS + 1)}, {"forever": 1}):
        assert (await add(box, **wish))["error"]["code"] == "bad_value", wish
    assert (await add(box, group="nobody"))["error"]["code"] == "unknown_group"


async def test_the_number_of_overrides_is_bounded():
    box = await world()
    for number in range(limits.OVERRIDES):
        assert (await add(box, host="h%d.example" % number))["ok"]
    assert (await add(box))["error"]["code"] == "full"
    await box.clock.advance(2 * HOUR_MS)
    assert (await add(box))["ok"]


async def test_what_is_left_is_written_down_at_its_pace_and_not_sent():
    box = await world()
    await add(box)
    box.up.clear()
    (override,) = box.state.overrides.values()
    await box.clock.advance(limits.OVERRIDE_PACE_MS - 1)
    assert box.state.overrides[override["id"]]["left_ms"] == 2 * HOUR_MS
    await box.clock.advance(1)
    (noted,) = box.state.overrides.values()
    assert noted["left_ms"] == 2 * HOUR_MS - limits.OVERRIDE_PACE_MS
    assert box.kinds("override.set") == []


async def test_an_override_of_a_group_ends_with_it():
    box = await world()
    await add(box, group="home")
    await add(box, host="all.example")
    await box.command("group.remove", folder="home")
    assert [override["host"] for override in box.state.overrides.values()] == ["all.example"]
