"""The box calls, the laptop lends: runs, models, the web, rules and overrides, over a fake broker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from app.host import device_core, limits
from app.host.box_services import Lender
from app.host.database import Database
from app.host.models_settings import ModelSettings, ModelsSettings
from app.host.refusal import RequestRefused
from app.host.web_fetch import MARK
from broker.errors import BrokerError
from device.host.calls import CallFailed
from tests.app.fake_box import until
from tests.app.fake_broker import FakeBroker, scope
from tests.app.test_host import Pair
from tests.imitation.anthropic import AnthropicImitation
from tests.imitation.script import Reply


class Household(Pair):
    """A host that lends, a box whose group `main` runs r1, and a model server."""

    def __init__(self, database: Database, broker: FakeBroker, models: ModelsSettings) -> None:
        self.broker = broker
        self.lender = Lender(broker, scope, models)
        super().__init__(database, lender=self.lender)

    @property
    def services(self) -> Any:
        return self.host.services

    def run(self, run: str = "r1", state: str = "running", folder: str = "main") -> None:
        kind = "run.started" if state == "running" else "run.ended"
        self.box.report(kind, {"id": run, "folder": folder, "task": None, "state": state})

    async def call(self, service: str, **body: Any) -> tuple[list[Any], Any]:
        """Items and result; raises CallFailed."""
        call = self.box.calls.open(service, body, 10_000)
        items: list[Any] = []
        while (item := await call.next()) is not None:
            items.append(item)
        return items, call.result

    async def open(self, run: str = "r1") -> str:
        return (await self.call("run.open", run=run, folder="main", kind="messages"))[1]["lease"]

    async def say(self, token: Any, text: str = "hello", run: str = "r1") -> tuple[list[Any], Any]:
        messages = [{"role": "user", "content": [{"t": "text", "text": text}]}]
        more = {"system": "", "messages": messages, "tools": [], "max_tokens": 100}
        return await self.call("llm", run=run, lease=token, folder="main", **more)

    async def fetch(self, token: Any, **more: Any) -> Any:
        body = {"run": "r1", "lease": token, "folder": "main", "method": "GET", "approval": None}
        body |= {"url": "https://example.org/a"}
        return (await self.call("http", **(body | more)))[1]


def answering(status: int = 200, content: bytes = b"hello", kind: str = "text/plain", more: Any = None) -> Any:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers={"content-type": kind, **(more or {})}, content=content)

    return httpx.MockTransport(answer)


@asynccontextmanager
async def household(tmp_path: Path, *script: Any, broker: FakeBroker | None = None) -> AsyncIterator[Household]:
    broker = broker or FakeBroker()
    async with AnthropicImitation(broker.key, list(script)) as server:
        claude = ModelSettings("claude", "anthropic", server.url, "m-claude", "claude-key")
        models = ModelsSettings({"claude": claude}, ("claude",))
        database = await Database.open(tmp_path / "m.db")
        both = Household(database, broker, models)
        carrying = asyncio.create_task(both.carry())
        try:
            await asyncio.sleep(0)
            both.join()
            await until(both.settled, 5)
            both.run()
            yield both
        finally:
            carrying.cancel()
            await asyncio.gather(carrying, return_exceptions=True)
            await database.close()


async def refused(work: Any) -> str:
    with pytest.raises(CallFailed) as failed:
        await work
    error: Any = failed.value
    return error.code


async def test_a_run_opens_asks_a_model_and_gives_everything_back(tmp_path: Path) -> None:
    async with household(tmp_path, Reply("Good morning, this is the model.")) as home:
        _, opened = await home.call("run.open", run="r1", folder="main", kind="messages")
        assert opened["lease"] and opened["model"]["state"] == "ready"
        items, result = await home.say(opened["lease"])
        assert "".join(item["text"] for item in items if item["t"] == "text") == "Good morning, this is the model."
        assert result["stop"] == "end" and result["usage"]["output"] > 0
        lease = home.broker.leases["lease-0"]
        assert (lease.run, lease.group, lease.purpose, lease.credential) == ("r1", "main", "model", "claude-key")
        assert lease.methods == ("POST",) and lease.host == "127.0.0.1"
        assert (await home.call("run.close", run="r1", folder="main"))[1] == {}
        assert home.broker.valid == [] and home.services.lending.open_runs == 0
        assert await refused(home.say(opened["lease"])) == "lease_unknown"


async def test_a_run_that_never_borrowed_costs_the_broker_nothing_at_its_end(tmp_path: Path) -> None:
    async with household(tmp_path, Reply("one")) as home:
        await home.say(await home.open())
        home.run(state="done")
        await until(lambda: home.broker.valid == [], 5)
        assert "r1" in home.broker.revoked
        home.run("r2")
        home.run("r2", state="done")
        home.run("r3")
        await home.open("r3")  # r2's end has been heard
        assert "r2" not in home.broker.revoked


async def test_as_long_as_old_leases_may_be_left_every_runs_end_revokes(tmp_path: Path) -> None:
    async with household(tmp_path) as home:
        home.services.lending._clean = False  # the revocation at the host's start failed
        home.run("r2")
        home.run("r2", state="done")
        await until(lambda: "r2" in home.broker.revoked, 5)


async def test_nothing_is_lent_to_a_run_that_the_box_has_not_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "RUN_WAIT_MS", 50)
    async with household(tmp_path) as home:
        for body in ({"run": "r2", "folder": "main"}, {"run": "r1", "folder": "other"}):
            assert await refused(home.call("run.open", **body)) == "unknown_run"
        for body in ({}, {"run": 5, "folder": "main"}, {"run": "x" * 200, "folder": "main"}):
            assert await refused(home.call("run.open", **body)) == "bad_value"
        token = await home.open()
        for wrong in ("", "x", 5, None, token[:-1]):
            assert await refused(home.say(wrong)) == "lease_unknown"
            assert await refused(home.fetch(wrong)) == "lease_unknown"
        home.run("r2")
        assert await home.open("r2") != token
        assert await refused(home.say(token, run="r2")) == "lease_unknown"
        assert home.broker.leases == {}


async def test_a_runs_record_may_come_a_moment_after_its_first_call(tmp_path: Path) -> None:
    async with household(tmp_path) as home:
        opening = asyncio.create_task(home.open("r7"))
        await asyncio.sleep(0.05)
        assert not opening.done()
        home.run("r7")
        assert await opening


async def test_the_record_of_a_runs_end_gives_its_leases_back(tmp_path: Path) -> None:
    async with household(tmp_path, Reply("one"), Reply("two")) as home:
        token = await home.open()
        await home.say(token)
        assert home.broker.valid == ["lease-0"]
        await home.say(token)
        assert list(home.broker.leases) == ["lease-0"]  # one per run and model
        home.run(state="done")
        await until(lambda: home.broker.valid == [])
        assert await refused(home.say(token)) == "lease_unknown"


async def test_a_void_lease_is_replaced_by_the_next_request(tmp_path: Path) -> None:
    async with household(tmp_path, Reply("one"), Reply("two")) as home:
        token = await home.open()
        await home.say(token)
        home.broker.void.append("lease-0")
        assert (await home.say(token))[1]["stop"] == "end"
        assert list(home.broker.leases) == ["lease-0", "lease-1"]


async def test_a_box_that_stays_away_gives_everything_back_and_one_that_returns_in_time_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "RUN_GRACE_S", 0.3)
    async with household(tmp_path, Reply("one")) as home:
        await home.say(await home.open())
        home.cut()
        home.join()
        await asyncio.sleep(0.5)
        assert home.broker.valid == ["lease-0"]
        home.cut()
        await until(lambda: home.broker.valid == [])
        assert home.services.lending.open_runs == 0


async def test_the_hosts_end_gives_everything_back_and_the_next_host_what_was_left(tmp_path: Path) -> None:
    broker = FakeBroker()
    async with household(tmp_path, Reply("one"), broker=broker) as home:
        await home.say(await home.open())
        assert broker.valid == ["lease-0"]
    assert broker.valid == []
    broker.leases["left"] = scope(run="r1", purpose="model")
    async with household(tmp_path, broker=broker):
        await until(lambda: "left" in broker.void)


async def test_a_broker_that_is_down_or_cannot_write_its_audit_is_told_in_plain_words(tmp_path: Path) -> None:
    async with household(tmp_path) as home:
        token = await home.open()
        home.broker.present = False
        assert await refused(home.fetch(token)) == "broker_down"
        assert await refused(home.say(token)) == "broker_down"
        await until(lambda: home.services.status()["credentials"]["state"] == "down")
        assert home.services.status()["model"]["state"] == "broker_down"
        home.broker.present = True
        home.broker.refusal = BrokerError("audit_unavailable", "the audit log is full", "make room")
        assert await refused(home.fetch(token)) == "audit_unavailable"
        assert await refused(home.say(token)) == "audit_unavailable"
        home.broker.refusal = None
        await until(lambda: home.services.status()["credentials"]["state"] == "ok")


async def test_text_from_the_web_comes_bounded_with_few_headers(tmp_path: Path) -> None:
    async with household(tmp_path) as home:
        token = await home.open()
        home.broker.web = answering(
            content="Grüße\r\n\x00!".encode(), kind="text/html; charset=utf-8", more={"set-cookie": "a"}
        )
        answer = await home.fetch(token)
        assert answer["text"] == "Grüße\n !" and answer["status"] == 200 and not answer["truncated"]
        assert answer["version"] == "v1" and set(answer["headers"]) == {"content-type"}
        lease = home.broker.leases["lease-0"]
        assert (lease.purpose, lease.credential, lease.calls, lease.path) == ("fetch", None, 1, "/a")
        assert lease.fetch_url == "https://example.org/a" and lease.methods == ("GET",)
        assert home.broker.void == ["lease-0"]
        home.broker.web = answering(content="ä".encode() * limits.FETCH_TEXT_BYTES)
        answer = await home.fetch(token)
        assert answer["truncated"] and answer["text"].endswith(MARK)
        assert len(answer["text"].encode()) <= limits.FETCH_TEXT_BYTES + len(MARK.encode())


async def test_what_is_no_text_is_not_fetched_and_a_redirect_is_only_shown(tmp_path: Path) -> None:
    async with household(tmp_path) as home:
        token = await home.open()
        for kind in ("image/png", "application/octet-stream", ""):
            home.broker.web = answering(kind=kind)
            assert await refused(home.fetch(token)) == "unsupported"
        home.broker.web = answering(302, b"", more={"location": "https://elsewhere.example/"})
        answer = await home.fetch(token)
        assert answer["status"] == 302 and answer["headers"]["location"] == "https://elsewhere.example/"
        for kind in ("application/json", "application/ld+json", "text/csv"):
            home.broker.web = answering(kind=kind)
            assert (await home.fetch(token))["text"] == "hello"
        assert home.broker.valid == []


async def test_requests_that_no_run_may_make_reach_no_broker(tmp_path: Path) -> None:
    async with household(tmp_path) as home:
        token = await home.open()
        home.broker.web = answering()
        wrong: list[dict[str, Any]] = [
            {"method": "CONNECT"},
            {"method": "get"},
            {"headers": {"authorization": "x"}},
            {"headers": {"host": "x"}},
            {"headers": {"accept": "a\r\nb: c"}},
            {"headers": {"accept": "x" * limits.FETCH_HEADER_BYTES}},
            {"body": 5},
            {"url": ""},
        ]
        for more in wrong:
            assert await refused(home.fetch(token, **more)) == "bad_value", more
        for url in ("https://user@example.org/", "file:///etc/passwd", "https://example.org/../x"):
            await refused(home.fetch(token, url=url))
        assert home.broker.leases == {}
        assert (await home.fetch(token, method="POST", body="x", headers={"accept": "text/html"}))["status"] == 200


def an_ask(**more: Any) -> dict[str, Any]:
    ask: dict[str, Any] = {"id": "ask-1", "folder": "main", "run": "r1", "tool": "http_fetch", "host": "example.org"}
    ask |= {"method": "GET", "url": "https://example.org/a", "created_ms": 1, "expires_ms": 4_000_000_000_000}
    ask |= {"digest": device_core.request_digest("GET", "https://example.org/a", {}, "")}
    return ask | more


async def test_an_approval_is_for_the_headers_and_the_body_that_were_asked_for(tmp_path: Path) -> None:
    url, sent = "https://example.org/a", {"accept": "text/html"}
    digest = device_core.request_digest("POST", url, sent, "buy one")
    async with household(tmp_path) as home:
        token = await home.open()
        home.broker.web = answering()
        home.box.report("ask.set", an_ask(method="POST", digest=digest, state="approved"))
        asked = {"approval": "ask-1", "method": "POST", "headers": sent, "body": "buy one"}
        for other in ({"body": "buy all"}, {"body": ""}, {"headers": {}}, {"headers": {"accept": "text/plain"}}):
            assert await refused(home.fetch(token, **(asked | other))) == "ask_denied", other
        assert home.broker.leases == {}
        assert (await home.fetch(token, **asked))["status"] == 200


async def test_attack_an_approval_used_twice_at_once_serves_once(tmp_path: Path) -> None:
    async with household(tmp_path) as home:
        token = await home.open()
        home.broker.web = answering()
        home.box.report("ask.set", an_ask(state="approved"))
        done = await asyncio.gather(*[home.fetch(token, approval="ask-1") for _ in range(4)], return_exceptions=True)
        assert len([one for one in done if isinstance(one, dict)]) == 1, done
        assert len(home.broker.leases) == 1


async def test_an_approval_that_is_not_stored_yet_is_waited_for(tmp_path: Path) -> None:
    async with household(tmp_path) as home:
        token = await home.open()
        home.broker.web = answering()
        home.box.report("ask.set", an_ask(state="open"))
        fetching = asyncio.create_task(home.fetch(token, approval="ask-1"))
        await until(lambda: home.ask("asks"))
        home.box.report("ask.set", an_ask(state="approved"))
        assert (await fetching)["status"] == 200


async def test_an_approval_serves_once_and_for_exactly_what_was_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "RUN_WAIT_MS", 200)
    async with household(tmp_path) as home:
        token = await home.open()
        home.broker.web = answering()
        ask = an_ask()
        home.box.report("ask.set", ask | {"state": "open"})
        await until(lambda: home.ask("asks"))
        assert await refused(home.fetch(token, approval="ask-1")) == "ask_denied"
        home.box.report("ask.set", ask | {"state": "approved"})
        await until(home.settled)
        for other in ({"url": "https://example.org/b"}, {"method": "POST"}, {"approval": "ask-2"}, {"approval": 5}):
            assert await refused(home.fetch(token, **({"approval": "ask-1"} | other))) == "ask_denied"
        assert home.broker.leases == {}
        assert (await home.fetch(token, approval="ask-1"))["status"] == 200
        assert home.broker.leases["lease-0"].approval == "ask-1"
        assert await refused(home.fetch(token, approval="ask-1")) == "ask_denied"


def policies(home: Household) -> list[Any]:
    told = [body for kind, body in home.box.effects if kind == "cmd" and body["name"] == "policy.set"]
    assert all(body["client"] == "host" for body in told)
    return [body["args"] for body in told]


async def test_rules_that_the_box_refused_are_told_again_and_again_until_it_takes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "POLICY_AGAIN_MS", 20)
    async with household(tmp_path) as home:
        await until(lambda: bool(policies(home)))
        refusals: list[str] = []
        commands: Any = home.services._policy._commands
        carry_out = commands.carry_out

        async def reluctant(name: str, *rest: Any) -> Any:
            if name == "policy.set" and len(refusals) < 3:
                refusals.append(name)
                raise RequestRefused("full", "there is no room", "")
            return await carry_out(name, *rest)

        monkeypatch.setattr(commands, "carry_out", reluctant)
        home.broker.says = home.broker.says | {"policy": {"version": "v2", "rules": [], "problem": None}}
        await until(lambda: policies(home)[-1]["version"] == "v2")
        assert len(refusals) == 3


async def test_the_box_is_told_the_rules_at_the_beginning_and_when_they_change_but_not_again(tmp_path: Path) -> None:
    async with household(tmp_path) as home:
        await until(lambda: len(policies(home)) == 1)
        assert policies(home) == [{"version": "v1", "rules": [], "problem": None}]
        home.box.report("policy.set", {"version": "v1", "rules": [], "problem": None})
        await until(home.settled)
        home.cut()
        home.join()
        await until(lambda: home.host.box.online)
        home.broker.says = home.broker.says | {"leases": 7}
        await asyncio.sleep(0.7)
        assert len(policies(home)) == 1
        home.broker.says = home.broker.says | {"policy": {"version": "v2", "rules": [{"name": "a"}], "problem": None}}
        await until(lambda: len(policies(home)) == 2)
        assert policies(home)[1]["rules"] == [{"name": "a"}]
        assert (await home.ask("policy"))["same"] is False


async def test_the_broker_is_told_overrides_at_each_change_and_when_it_is_back(tmp_path: Path) -> None:
    async with household(tmp_path) as home:
        override = {"id": "o1", "group": None, "host": "example.org", "end_ms": 4_000_000_000_000}
        home.box.report("override.set", override)
        await until(lambda: home.broker.overrides[-1:] == [[override]])
        home.box.report("override.end", {"id": "o1", "why": "removed"})
        await until(lambda: home.broker.overrides[-1] == [])
        home.broker.present = False
        await until(lambda: home.services.watch.state is None)
        told = len(home.broker.overrides)
        home.broker.present = True
        await until(lambda: len(home.broker.overrides) > told)


async def test_the_box_hears_how_the_model_is_at_the_beginning_and_on_each_change(tmp_path: Path) -> None:
    async with household(tmp_path) as home:
        assert home.box.welcomes[-1]["model"]["state"] == "ready"  # what is sent in the session may come too early
        home.broker.says = home.broker.says | {"credentials": []}
        await until(lambda: bool(home.box.told) and home.box.told[-1][1]["state"] == "no_key")
        assert "barnacle secret set claude-key" in home.box.told[-1][1]["text"]
        status = await home.ask("status")
        assert status["model"]["state"] == "no_key" and status["credentials"]["state"] == "ok"
        assert status["credentials"]["needed"]  # a model has a credential: no keyring would be bad news


class SlowBroker(FakeBroker):
    """Answers each question late."""

    async def state(self) -> dict[str, Any]:
        await asyncio.sleep(0.1)
        return await super().state()


async def test_nothing_is_told_before_the_credential_broker_was_asked_how_it_is(tmp_path: Path) -> None:
    async with household(tmp_path, broker=SlowBroker()) as home:
        assert [welcome["model"]["state"] for welcome in home.box.welcomes] == ["ready"]


async def test_requests_about_what_is_lent_are_answered(tmp_path: Path) -> None:
    async with household(tmp_path, Reply("hi")) as home:
        assert (await home.ask("broker"))["summary"]["state"] == "ok"
        assert [model["name"] for model in await home.ask("models")] == ["claude"]
        assert (await home.host.requests.answer("model.test", {"name": "claude"}, "q", "tui"))["ok"]
        assert home.broker.leases["lease-0"].run == "model-test"
        for name in ("overrides", "notes", "spend"):
            assert await home.ask(name) == []
        home.broker.present = False
        assert (await home.refused("broker")).code == "broker_down"


async def test_states_of_the_broker_are_told_in_plain_words(tmp_path: Path) -> None:
    async with household(tmp_path) as home:
        cases: list[tuple[dict[str, Any], str]] = [
            ({"keyring": {"state": "locked", "message": "the keyring is locked", "remedy": "unlock it"}}, "no_keyring"),
            ({"audit": {"state": "full", "message": "the disk is full"}}, "audit_unavailable"),
            ({"policy": {"version": "v", "rules": [], "problem": "policy.toml line 3"}}, "policy_unreadable"),
        ]
        good = home.broker.says
        for wrong, state in cases:
            home.broker.says = good | wrong
            await until(lambda state=state: home.services.status()["credentials"]["state"] == state)
            assert len(home.services.status()["credentials"]["text"]) > 10
        home.broker.says = good
        await until(lambda: home.services.status()["credentials"]["state"] == "ok")


async def test_many_open_runs_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "OPEN_RUNS", 2)
    async with household(tmp_path) as home:
        for run in ("r2", "r3"):
            home.run(run)
            await home.open(run)
        home.run("r4")
        assert await refused(home.open("r4")) == "busy"


def test_news_of_the_model_fits_an_envelope_whatever_is_in_it() -> None:
    from app.host.model_news import bounded

    one = {"state": "no_key", "name": "n", "text": "x" * 500}
    small = one | {"groups": {"a": one}}
    assert bounded(small) == small
    assert bounded(one | {"groups": {f"g{n}": one for n in range(32)}})["groups"]["g5"] == {"state": "no_key"}
    assert bounded(one | {"groups": {f"group {n:x>60}": one for n in range(200)}})["groups"] == {}


async def test_a_call_to_a_host_that_lends_nothing_fails_in_words(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "m.db")
    plain = Pair(database)
    assert plain.host.services is None
    plain.host.box_service("call.open", {})
    plain.host.box_welcomed("b")
    assert SimpleNamespace(**plain.host.requests._facts()).model is None
    await database.close()
