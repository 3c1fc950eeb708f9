"""The box's own say on requests: one parse, one decision, one durable record before anything follows."""

# pyright: reportOptionalMemberAccess=false, reportOptionalSubscript=false, reportArgumentType=false
from device.host import audit, limits
from tests.device.host.ask_world import RULES, Request, asked, decisions, set_policy, world
from tests.device.host.smaller import smaller

GOOD = "https://api.weather.example/today?key=hidden"


async def test_an_allowed_request_gets_a_permit_with_rule_and_version():
    box = await world()
    request = await Request(box, GOOD).settle()
    assert (request.permit.rule, request.permit.version, request.permit.approval) == ("weather", "v1", None)
    assert request.permit.target.url == GOOD
    assert decisions(box) == [("allow", "weather")]
    assert "policy v1" in box.audits("egress")[0]["detail"] and "hidden" not in box.audits("egress")[0]["detail"]


async def test_what_no_rule_allows_is_denied_and_recorded():
    box = await world()
    for url in ("https://evil.example/", "https://x.bad.example/", "http://api.weather.example/"):
        assert (await Request(box, url).settle()).refused == "denied"
    assert [decision for decision, _ in decisions(box)] == ["deny"] * 3


async def test_attack_a_url_that_is_not_canonical_is_refused_before_any_decision():
    box = await world()
    for url in ("https://api.weather.example@evil.example/", "https://api.weather.example\\.evil/", "ftp://x/", 7, ""):
        assert (await Request(box, url).settle()).refused == "bad_url", url
    assert decisions(box) == [("deny", "bad_url")] * 5


async def test_attack_a_metadata_address_is_never_reached():
    rules = [{"name": "any", "effect": "allow", "network": "169.254.0.0/16", "scheme": "http"}]
    box = await world(rules=rules)
    assert (await Request(box, "http://169.254.169.254/latest").settle()).refused == "denied"
    assert decisions(box) == [("deny", "never")]


async def test_the_record_is_durable_before_the_permit_is_given():
    box = await world()
    seen = []
    commit = box.store.commit
    box.store.commit = lambda: seen.append(box.audits("egress")[-1:]) or commit()
    request = await Request(box, GOOD).settle()
    assert request.permit is not None
    assert seen[0] and seen[0][0]["rule"] == "weather"


async def test_without_room_for_the_record_nothing_passes():
    box = await world(auto_ack=False)
    with smaller(SPOOL_BYTES=audit.RECORD_BYTES):
        assert (await Request(box, GOOD).settle()).refused == "audit_unavailable"
    assert decisions(box) == []
    assert (await Request(box, GOOD).settle()).permit is not None


async def test_while_the_storage_refuses_nothing_passes():
    box = await world()
    write, box.journal.commit = box.journal.commit, _refuses
    assert (await Request(box, GOOD).settle()).refused == "audit_unavailable"
    box.journal.commit = write
    assert (await Request(box, GOOD).settle()).permit is not None


def _refuses():
    from device.host.journal import JournalError

    raise JournalError("no space left")


async def test_rules_that_change_while_the_owner_is_asked_are_the_ones_that_count():
    box = await world()
    request, ask = await asked(box)
    await set_policy(box, {"version": "v2", "rules": RULES[:1], "problem": None})
    await box.command("ask.answer", id=ask["id"], answer="once")
    assert (await request.settle()).refused == "denied"
    assert decisions(box)[-1] == ("deny", "default_deny")


async def test_an_approved_request_carries_its_ask():
    box = await world()
    request, ask = await asked(box)
    assert decisions(box) == [("ask", "shop")]
    await box.command("ask.answer", id=ask["id"], answer="once")
    assert (await request.settle()).permit.approval == ask["id"]
    assert decisions(box) == [("ask", "shop"), ("allow", "shop")]
    assert limits.ASK_MS == 120000
