"""The rules that the box has: from the host alone, durable, and none that allow when there are none to read."""

# pyright: reportOptionalMemberAccess=false, reportOptionalSubscript=false, reportArgumentType=false
from device.host import limits
from tests.device.host.ask_world import RULES, Request, decisions, set_policy, world
from tests.device.host.box import Box

GOOD = "https://api.weather.example/today"


async def outcome(box, url=GOOD):
    request = await Request(box, url).settle()
    return request.refused or "sent"


async def test_without_a_policy_everything_is_denied_and_said():
    box = await world(rules=None)
    assert await outcome(box) == "denied"
    assert decisions(box) == [("deny", "policy_unreadable")]
    assert "has not received any rules" in box.audits("egress")[0]["reason"]
    await set_policy(box, {"version": "v1", "rules": RULES, "problem": None})
    assert await outcome(box) == "sent"


async def test_the_policy_survives_a_reboot_and_comes_with_a_sync():
    box = await world()
    again = await Box(await box.stop()).start()
    assert again.host.policy.rules.version == "v1"
    assert await outcome(again) == "sent"
    again.up.clear()
    await again.down("sync.request", {})
    await again.clock.advance(1000)
    assert [body["version"] for body in again.kinds("policy.set")] == ["v1"]


async def test_attack_an_empty_policy_denies_all():
    box = await world(rules=[])
    assert await outcome(box) == "denied"
    assert decisions(box) == [("deny", "default_deny")]


async def test_attack_a_missing_policy_file_denies_all_and_says_so():
    box = await world()
    answer = await set_policy(box, {"version": "v2", "rules": RULES, "problem": "policy.toml is missing"})
    assert answer["result"] == {"version": "v2", "rules": 0, "problem": "policy.toml is missing"}
    assert await outcome(box) == "denied"
    assert "policy.toml is missing" in box.audits("egress")[-1]["reason"]


async def test_attack_a_malformed_policy_denies_all_and_leaves_no_older_rules_in_force():
    wrong = (
        None,
        "all",
        {},
        [1],
        [{"name": "x"}],
        [dict(RULES[0], effekt="allow")],
        RULES[:1] * (limits.EGRESS_RULES + 1),
    )
    for rules in wrong:
        box = await world()
        assert await outcome(box) == "sent"
        answer = await set_policy(box, {"version": "v2", "rules": rules, "problem": None})
        assert answer["ok"] and "cannot read the rules" in answer["result"]["problem"], rules
        assert await outcome(box) == "denied", rules


async def test_attack_a_policy_from_an_operator_or_a_group_is_refused():
    box = await world()
    everything = {"version": "evil", "rules": [dict(RULES[0], name="x", host="evil.example")], "problem": None}
    for client in ("local", "cli", "screen", "host2", ""):
        answer = await set_policy(box, everything, client)
        assert answer["error"]["code"] == "not_authorized", client
    for folder in ("main", "home"):
        box.answers.script.append(_Pushes(everything))
        await box.say("@Barnacle go", folder)
        await box.clock.settle()
    assert box.host.policy.rules.version == "v1"
    assert await outcome(box, "https://evil.example/") == "denied"


def _Pushes(args):  # noqa: N802 - a step of the script
    async def step(run, prompt, api):
        api.perform("policy.set", args)

    return step


async def test_a_policy_without_a_version_is_refused():
    box = await world()
    for version in (None, "", 7, "v" * (limits.NAME_BYTES + 1)):
        answer = await set_policy(box, {"version": version, "rules": [], "problem": None})
        assert answer["error"]["code"] == "bad_value"
    assert await outcome(box) == "sent"
