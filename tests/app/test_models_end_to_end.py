"""A whole appliance with a language model of the LAN: every part a real process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.appliance import CONFIG, Appliance, free_port, insist
from tests.app.fake_box import until
from tests.imitation.openai import OpenAiImitation
from tests.imitation.script import Reply


@asynccontextmanager
async def appliance(home: Path, *script: Reply) -> AsyncIterator[tuple[Appliance, OpenAiImitation]]:
    async with OpenAiImitation("", list(script)) as server:
        home.mkdir(mode=0o700)  # noqa: ASYNC240 - a test may wait
        text = CONFIG.format(port=free_port(), broker="auto", zone="Europe/Berlin")
        text += f'\n[models.local]\napi = "openai"\nurl = "{server.url}"\nmodel = "m"\n'
        (home / "config.toml").write_text(text + '[inference]\ndefault = ["local"]\n')
        async with Appliance(home) as whole:
            yield whole, server


def recorded(whole: Appliance, what: str) -> int:
    """How many records of the audit log are of such an event."""
    return sum(path.read_text().count(f'"what":"{what}"') for path in whole.paths.audit.glob("audit-*.log"))


async def test_a_message_is_answered_by_the_model_and_a_host_killed_in_mid_answer_costs_a_retry(tmp_path: Path) -> None:
    gate = asyncio.Event()
    slow = Reply("This answer never gets through to the end.", gate=gate)
    script = (Reply("Hello from the model."), slow, Reply("Answered again."))
    async with appliance(tmp_path / "home", *script) as (whole, server), whole.client() as client:

        async def replies() -> list[str]:
            rows = await insist(client, "messages", folder="main")
            return [row["text"] for row in rows if row["from_me"]]

        async def ready() -> bool:
            return bool((await insist(client, "policy"))["same"])  # the box has listened to this host

        async def answered(text: str) -> bool:
            return text in await replies()

        await until(ready)
        await insist(client, "send", folder="main", text="hello")  # the very first message already
        await until(lambda: answered("Hello from the model."))
        await insist(client, "send", folder="main", text="and again")
        await until(lambda: len(server.requests) == 2)
        await until(lambda: recorded(whole, "lease.revoke") == 1)  # the first run has given back its own
        await whole.restarted("host", whole.kill("host"))
        await until(lambda: recorded(whole, "lease.revoke") >= 2)  # what the dead one had lent is void at once
        gate.set()
        await until(lambda: answered("Answered again."), 60)
        assert (await replies()) == ["Hello from the model.", "Answered again."]
        on_box = (await insist(client, "policy"))["box"]
        assert (await insist(client, "status"))["credentials"]["policy"]["version"] == on_box["version"]
