"""What a group's calls of the model cost: counted durably, per day of the zone, and a hard stop."""

# pyright: reportOptionalSubscript=false
from device.host.errors import Refused
from device.host.spending import Spending, dollars
from device.host.tz import Zone
from tests.device.host.agent_box import USAGE, AgentBox, says
from tests.device.portable_test import raises

DAY_MS = 86400000
ZONE = Zone("CET-1CEST,M3.5.0,M10.5.0/3")


async def test_each_call_is_counted_and_told_also_after_a_reboot():
    box = await AgentBox().start()
    await box.ask(says("a"))
    await box.ask(says("b"))
    spent = box.kinds("spend.set")[-1]
    assert spent["input"] == 210 and spent["output"] == 20 and spent["micro_usd"] == 1400 and spent["calls"] == 2
    assert spent["day"] == "2025-11-24"
    box.store.snapshot()
    again = await AgentBox(await box.stop()).start()
    assert again.state.spend == {"main": spent}
    await again.stop()


async def test_money_is_a_limit_as_well_and_other_groups_have_their_own():
    box = await AgentBox().start()
    spending = Spending(box.store, box.clock)
    await box.command("settings.set", budget_micro_usd=700)
    assert spending.over("main", ZONE) is None
    spending.add("main", ZONE, dict(USAGE, micro_usd=699))
    assert spending.over("main", ZONE) is None
    spending.add("main", ZONE, {"micro_usd": 1})
    assert "$0.01 of $0.01" in str(spending.over("main", ZONE)) and spending.over("home", ZONE) is None
    await box.command("settings.set", budget_micro_usd=0)
    assert spending.over("main", ZONE) is None
    await box.stop()


async def test_a_day_ends_at_the_zones_midnight_and_a_clock_set_back_does_not_begin_it_again():
    box = await AgentBox().start()
    spending = Spending(box.store, box.clock)
    await box.command("settings.set", budget_tokens=1)
    box.clock.set_utc_ms(1764025199000)  # 2025-11-24 23:59:59 in Berlin
    spending.add("main", ZONE, USAGE)
    assert spending.over("main", ZONE) is not None
    box.clock.set_utc_ms(1764025200000)
    assert spending.over("main", ZONE) is None
    spending.add("main", ZONE, USAGE)
    box.clock.set_utc_ms(1764025200000 - 3600000)
    assert spending.today("main", ZONE)["day"] == "2025-11-25" and spending.over("main", ZONE) is not None
    box.clock.set_utc_ms(1764025200000 + DAY_MS)
    assert spending.over("main", ZONE) is None
    await box.stop()


async def test_figures_that_are_none_count_as_nothing_and_budgets_that_are_none_are_refused():
    box = await AgentBox().start()
    spending = Spending(box.store, box.clock)
    for odd in (None, [], {"input": -5, "output": "7", "micro_usd": True}, {"input": 0, "cache_read": 1.5}):
        spending.add("main", ZONE, odd)
    spent = spending.today("main", ZONE)
    assert (spent["input"], spent["output"], spent["micro_usd"], spent["calls"]) == (0, 0, 0, 4)
    spending.add("main", ZONE, {"input": 10**40, "micro_usd": 10**12})
    spent = spending.today("main", ZONE)
    assert (spent["input"], spent["micro_usd"]) == (10**9, 10**9)  # a lie about a sum is no way around a budget
    for odd in (-1, True, "5", 10**13, None, 1.5):
        assert not (await box.command("settings.set", budget_tokens=odd))["ok"]
    assert (await box.command("settings.set", budget_tokens=10**12))["ok"]
    await box.stop()


async def test_a_group_has_its_own_budget_in_place_of_the_one_for_all_and_only_by_the_owner():
    box = await AgentBox().start()
    await box.group("home", requires_trigger=False)
    await box.command("settings.set", budget_tokens=100)
    group = (await box.command("group.set", folder="home", budget_tokens=1000, budget_micro_usd=0))["result"]
    assert (group["budget_tokens"], group["budget_micro_usd"], group["name"]) == (1000, 0, "home")
    spending = Spending(box.store, box.clock)
    for folder in ("home", "main"):
        spending.add(folder, ZONE, {"input": 500})
    assert "500 of 100 tokens" in str(spending.over("main", ZONE)) and spending.over("home", ZONE) is None
    for actor in ({"kind": "group", "folder": "main"}, {"kind": "group", "folder": "home"}):
        with raises(Refused):
            box.host.perform("group.set", {"folder": "home", "budget_tokens": 0}, actor)
    for odd in (-1, True, "5", 10**13, 1.5):
        assert not (await box.command("group.set", folder="home", budget_tokens=odd))["ok"]
    box.store.commit()
    again = await AgentBox(await box.stop()).start()
    spending = Spending(again.store, again.clock)
    assert spending.over("home", ZONE) is None
    await again.command("group.set", id_="other", folder="home", budget_tokens=None)
    assert "500 of 100 tokens" in str(spending.over("home", ZONE))
    assert "budget_tokens" not in again.state.groups["home"]
    await again.stop()


def test_money_is_told_in_dollars_rounded_up():
    assert [dollars(n) for n in (0, 1, 10000, 1234567)] == ["$0.00", "$0.01", "$0.01", "$1.24"]


async def test_spending_is_counted_when_the_spool_is_full_and_goes_with_its_group():
    box = await AgentBox().start()
    await box.group("home", requires_trigger=False)
    spending = Spending(box.store, box.clock)
    box.auto_ack = False
    while box.store.has_room(1, 512):
        box.store.put("audit", {"what": "x"})
    spending.add("home", ZONE, USAGE)
    assert box.state.spend["home"]["calls"] == 1
    box.auto_ack = True
    box.store.commit()
    box.take_up()
    await box.command("group.remove", folder="home")
    assert box.state.spend == {}
    await box.stop()
