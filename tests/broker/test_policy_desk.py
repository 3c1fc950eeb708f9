"""Rules by way of the broker: what would happen to a request, and changes that are recorded before they are made."""

import time
from pathlib import Path
from typing import Any

import pytest

from broker.audit.errors import AuditUnavailable
from broker.errors import BrokerError, Unavailable
from broker.policy_desk import PolicyDesk
from broker.policy_file import Watcher, read_content

POLICY = """\
# mine
[[rule]]
name = "api"
effect = "allow"
host = "api.example"
methods = ["GET"]

[[rule]]
name = "shop"
effect = "ask"
suffix = "shop.example"
"""
PUBLIC = bytes((93, 184, 215, 14))


class Names:
    """Resolves what it knows, and remembers what it was asked."""

    def __init__(self) -> None:
        self.known: dict[str, list[bytes]] = {"api.example": [PUBLIC]}
        self.asked: list[str] = []

    async def resolve(self, target: Any) -> list[bytes]:
        self.asked.append(target.host)
        if target.host not in self.known:
            raise Unavailable("dns", f"{target.host} has no address", "check the name")
        return self.known[target.host]


class Desk:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "policy.toml"
        self.path.write_text(POLICY)
        self.path.chmod(0o600)
        self.names = Names()
        self.overrides: list[dict[str, Any]] = []
        self.records: list[dict[str, Any]] = []
        self.audit_error: Exception | None = None
        self.watcher = Watcher(self.path)
        self.desk = PolicyDesk(self.path, self.watcher.current, lambda: self.overrides, self.names, self._record)

    async def _record(self, event: dict[str, Any]) -> None:
        if self.audit_error:
            raise self.audit_error
        event["file"] = self.path.read_text()
        self.records.append(event)

    @property
    def rules(self) -> list[str]:
        return [rule["name"] for rule in read_content(self.path).rules]

    async def test(self, url: str, **more: Any) -> dict[str, Any]:
        return await self.desk.test({"url": url, **more})

    async def refused(self, work: Any) -> str:
        with pytest.raises(BrokerError) as caught:
            await work
        return caught.value.code


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


async def test_a_request_is_judged_by_rule_and_every_address(desk: Desk) -> None:
    said = await desk.test("https://api.example/v1")
    assert (said["effect"], said["rule"]) == ("allow", "api")
    assert said["addresses"] == [{"address": "93.184.215.14", "class": "public", "denied": None}]
    desk.names.known["api.example"] = [PUBLIC, bytes((10, 0, 0, 1))]
    said = await desk.test("https://api.example/v1")
    assert said["effect"] == "deny" and [one["denied"] is None for one in said["addresses"]] == [True, False]
    desk.names.known.clear()
    assert (await desk.test("https://api.example/v1"))["rule"] == "no_address"


async def test_what_the_rules_deny_is_not_even_looked_up(desk: Desk) -> None:
    for url, more, rule in (
        ("https://api.example/v1", {"method": "POST"}, "default_deny"),
        ("https://else.example/", {}, "default_deny"),
        ("https://169.254.169.254/", {}, "never"),
        ("https://api.example@evil.example/", {}, "bad_url"),
    ):
        said = await desk.test(url, **more)
        assert (said["effect"], said["rule"]) == ("deny", rule)
    assert desk.names.asked == []


async def test_an_override_in_force_counts_for_its_group_alone(desk: Desk) -> None:
    desk.names.known["else.example"] = [PUBLIC]
    now_ms = time.time_ns() // 1_000_000
    desk.overrides = [
        {"id": "o1", "group": "main", "host": "else.example", "port": None, "methods": None, "reason": "r"}
        | {"by": "tui", "start_ms": now_ms, "end_ms": now_ms + 60_000}
    ]
    assert (await desk.test("https://else.example/", group="main"))["effect"] == "allow"
    assert (await desk.test("https://else.example/", group="family"))["effect"] == "deny"


async def test_a_rule_is_recorded_first_then_written_and_in_force(desk: Desk) -> None:
    rule = {"name": "news", "effect": "allow", "host": "news.example"}
    desk.names.known["news.example"] = [PUBLIC]
    assert (await desk.test("https://news.example/"))["effect"] == "deny"
    done = await desk.desk.add({"rule": rule, "actor": "op:tui"})
    assert done["version"] == desk.watcher.current().version and desk.rules == ["api", "shop", "news"]
    record = desk.records[0]
    assert (record["what"], record["actor"], record["decision"]) == ("policy.add", "op:tui", "allow")
    assert "news.example" in record["detail"] and record["file"] == POLICY
    assert (await desk.test("https://news.example/"))["effect"] == "allow"
    assert desk.path.read_text().startswith("# mine\n")
    gone = await desk.desk.remove({"name": "news", "actor": "op:tui"})
    assert gone["rule"] == rule and desk.rules == ["api", "shop"]


async def test_no_record_no_change(desk: Desk) -> None:
    desk.audit_error = AuditUnavailable("full", "the disk is full")
    rule = {"name": "news", "effect": "allow", "host": "news.example"}
    assert await desk.refused(desk.desk.add({"rule": rule})) == "audit_unavailable"
    assert await desk.refused(desk.desk.remove({"name": "api"})) == "audit_unavailable"
    assert desk.path.read_text() == POLICY


async def test_a_change_of_rules_that_were_not_seen_is_refused(desk: Desk) -> None:
    seen = desk.watcher.current().version
    await desk.desk.remove({"name": "shop", "version": seen})
    assert await desk.refused(desk.desk.remove({"name": "api", "version": seen})) == "changed"
    assert desk.rules == ["api"] and len(desk.records) == 1


async def test_what_is_no_rule_is_refused_and_the_file_stays(desk: Desk) -> None:
    for body in (
        {},
        {"rule": "x"},
        {"rule": {"name": "api", "effect": "allow", "host": "a.example"}},
        {"rule": {"name": "new", "effect": "allow", "host": "169.254.169.254", "private": "yes"}},
        {"rule": {"name": "new", "effect": "allow", "host": "a.example"}, "before": "none such"},
        {"rule": {"name": "new", "effect": "allow", "host": "a.example", "note": 'x"\n[[rule]]'}, "version": 5},
    ):
        assert await desk.refused(desk.desk.add(body)) in ("bad_request", "bad_policy")
    assert await desk.refused(desk.desk.remove({"name": "none such"})) == "unknown_rule"
    assert desk.path.read_text() == POLICY


async def test_a_note_cannot_smuggle_a_second_rule_in(desk: Desk) -> None:
    note = '"\\ # x" ]] [[rule]] name = "evil" effect = "allow" suffix = "evil.example"'
    rule = {"name": "news", "effect": "deny", "host": "news.example", "note": note}
    await desk.desk.add({"rule": rule})
    assert read_content(desk.path).rules[2] == rule
    assert desk.rules == ["api", "shop", "news"]
    lines = rule | {"name": "more", "note": note.replace(" ", "\n")}
    assert await desk.refused(desk.desk.add({"rule": lines})) == "bad_policy"


async def test_a_change_that_fails_after_its_record_is_recorded_as_not_made(desk: Desk) -> None:
    rule = {"name": "news", "effect": "allow", "host": "news.example"}
    assert await desk.refused(desk.desk.add({"rule": rule, "before": "none such"})) == "bad_policy"
    assert [record["what"] for record in desk.records] == ["policy.add", "policy.unchanged"]
    assert desk.path.read_text() == POLICY
