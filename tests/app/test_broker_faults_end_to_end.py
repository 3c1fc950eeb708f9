"""What happens to runs and to the web when the credential broker or the owner's rules fail in the middle of it."""

import asyncio
import hashlib
from pathlib import Path

from bench.appliance import insist
from tests.app.fake_box import until
from tests.app.test_models_end_to_end import appliance
from tests.imitation.script import Reply

URL = "https://9.9.9.9/a"  # an address: nothing has to be resolved
RULE = '[[rule]]\nname = "a"\neffect = "allow"\nhost = "9.9.9.9"\n'


async def test_a_credential_broker_killed_in_mid_run_voids_its_leases_and_the_message_is_answered_after_it(
    tmp_path: Path,
) -> None:
    gate = asyncio.Event()
    slow = Reply("This answer never gets through to the end.", gate=gate)
    script = (slow, Reply("Answered again."))
    async with appliance(tmp_path / "home", *script) as (whole, server), whole.client() as client:

        async def replies() -> list[str]:
            rows = await insist(client, "messages", folder="main")
            return [row["text"] for row in rows if row["from_me"]]

        async def answered() -> bool:
            return "Answered again." in await replies()

        async def lent(count: int) -> bool:
            return (await insist(client, "broker"))["leases"] == count

        await insist(client, "send", folder="main", text="hello")
        await until(lambda: len(server.requests) == 1)
        await until(lambda: lent(1))
        await whole.restarted("credentials", whole.kill("credentials"))
        gate.set()
        await until(answered, 60)
        assert await replies() == ["Answered again."]
        assert any(run["error"] for run in await insist(client, "runs"))  # the run says so
        await until(lambda: lent(0))
        assert (await insist(client, "broker"))["audit"]["state"] == "ok"


async def test_rules_broken_in_mid_run_deny_everything_loudly_until_they_are_mended(tmp_path: Path) -> None:
    async with appliance(tmp_path / "home") as (whole, _), whole.client() as client:

        async def in_force(text: str) -> None:
            """The file holds `text`; broker and box have that version of it."""
            whole.paths.policy.write_text(text)
            version = hashlib.sha256(text.encode()).hexdigest()[:12]

            async def both() -> bool:
                box = (await insist(client, "policy"))["box"] or {}
                broker = (await insist(client, "broker"))["policy"]
                return box.get("version") == broker["version"] == version

            await until(both)

        async def broken() -> tuple[bool, bool]:
            box = (await insist(client, "policy"))["box"]
            return bool((await insist(client, "broker"))["policy"]["problem"]), bool(box["problem"])

        await in_force(RULE)
        assert await broken() == (False, False)
        assert "allow" in await whole.barnacle("policy", "test", URL)
        await in_force("[[rule" + RULE)
        assert await broken() == (True, True)
        assert "deny" in await whole.barnacle("policy", "test", URL, code=1)

        async def loud() -> bool:
            return (await insist(client, "status"))["credentials"]["state"] == "policy_unreadable"

        await until(loud)
        await in_force(RULE)
        assert await broken() == (False, False)
        assert "allow" in await whole.barnacle("policy", "test", URL)
