"""Operators ask what would happen to a URL and change the rules; the broker judges, the box is told at once."""

from pathlib import Path

from broker.errors import BadRequest
from tests.app.fake_box import until
from tests.app.fake_broker import FakeBroker
from tests.app.test_box_services import household

RULE = {"name": "news", "effect": "allow", "host": "news.example"}


async def test_a_url_is_judged_by_the_broker(tmp_path: Path) -> None:
    async with household(tmp_path) as home:
        said = await home.ask("policy.test", url="https://a.example/", method="POST", group="main")
        assert said["rule"] == "default_deny"
        await home.ask("policy.test", url="https://a.example/")
        assert home.broker.tested == [("https://a.example/", "POST", "main"), ("https://a.example/", "GET", None)]
        for args in ({}, {"url": ""}, {"url": 5}, {"url": "https://a.example/" + "x" * 2048}, {"url": "u", "x": 1}):
            assert (await home.refused("policy.test", **args)).code == "bad_value"


async def test_a_change_bears_the_operators_name_and_reaches_the_box_at_once(tmp_path: Path) -> None:
    async with household(tmp_path) as home:
        assert await home.ask("policy.add", rule=RULE, version="v1") == {"version": "v2"}
        assert await home.host.requests.answer("policy.remove", {"name": "news"}, "q2", "tui") == {"version": "v3"}
        assert home.broker.changes == [
            ("add", {"rule": RULE, "before": "", "version": "v1", "actor": "tui"}),
            ("remove", {"name": "news", "version": "", "actor": "tui"}),
        ]
        told = home.box.effects
        await until(lambda: any(k == "cmd" and b["args"].get("version") == "v3" for k, b in told))
        for name, args in (("policy.add", {}), ("policy.add", {"rule": "x"}), ("policy.remove", {})):
            assert (await home.refused(name, **args)).code == "bad_value"


async def test_what_the_broker_refuses_keeps_its_code_and_without_it_that_is_said(tmp_path: Path) -> None:
    broker = FakeBroker()
    async with household(tmp_path, broker=broker) as home:
        broker.refusal = BadRequest("bad_policy", "name is taken", "choose another")
        error = await home.refused("policy.add", rule=RULE)
        assert (error.code, error.message, error.remedy) == ("bad_policy", "name is taken", "choose another")
        broker.present = False
        assert (await home.refused("policy.test", url="https://a.example/")).code == "broker_down"


async def test_no_client_may_say_who_it_is(tmp_path: Path) -> None:
    async with household(tmp_path) as home:
        assert (await home.refused("policy.add", rule=RULE, actor="host")).code == "bad_value"
        assert home.broker.changes == []
