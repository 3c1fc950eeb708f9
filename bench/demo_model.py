"""The demo's part about a language model: a strict imitation of Anthropic's API, a key in a real keyring, the web."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from app.host.operator_client import OperatorClient
from bench.appliance import Appliance, insist, until
from tests.imitation.anthropic import AnthropicImitation
from tests.imitation.brain import think

KEY = "sk-fake-demo-4c1f9e"
NAME = "demo-key"
GROUP = "lab"
CONFIG = """
[models.imitation]
api = "anthropic"
url = "{url}"
model = "imitation-1"
credential = "demo-key"

[inference]
default = []

[inference.groups]
lab = ["imitation"]
"""
PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 15\r\nConnection: close\r\n\r\nthe tide is low"


class Web:
    """A tiny page on loopback: what runs want to fetch. `port`, `visits`."""

    def __init__(self) -> None:
        self.port = 0
        self.visits = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Web"]:
        """Serve while inside."""
        server = await asyncio.start_server(self._visit, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield self

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.visits += 1
        writer.write(PAGE)
        await writer.drain()
        writer.close()


class ModelSteps:
    """`say` prints a line of the transcript, `check` raises when something did not hold."""

    def __init__(
        self,
        appliance: Appliance,
        client: OperatorClient,
        server: AnthropicImitation,
        web: Web,
        say: Callable[[str], None],
        check: Callable[[bool, str], None],
    ) -> None:
        self._box = appliance
        self._client = client
        self._server = server
        self._web = web
        self._say = say
        self._check = check

    def steps(self) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
        """Title and action of each step, in order."""
        return [
            ("without a key the group is told so; with one in the keyring a model answers", self.key),
            ("the model uses the box's tools: a task, the notes", self.tools),
            ("the web is closed; a rule opens it, and an ask where the owner wants to be asked", self.exits),
            ("every decision is in the audit log, which proves to be whole; the key is nowhere in it", self.audit),
        ]

    async def key(self) -> None:
        await self._client.request("group.add", folder=GROUP, name="Lab", requires_trigger=False)
        before = await self._answer("2 plus 3")
        self._check("barnacle secret set" in before, f"the group was not told that the key is missing: {before}")
        self._say(f"{GROUP} → {before[:110]}")
        await store_key(self._box, self._server.url)
        self._say(f"barnacle secret set {NAME}: in the keyring; the box has not seen it and never will")
        await until(self._ready, "the model is ready")
        after = await self._answer("2 plus 3")
        self._check("2 plus 3 is 5" in after, f"the model did not answer: {after}")
        self._say(f"{GROUP} → {after}")
        self._say((await self._box.barnacle("models", "test", "imitation")).strip().splitlines()[0])

    async def tools(self) -> None:
        await self._answer("remind me to water the plants every day at 8:30")
        tasks = await self._client.request("tasks", folder=GROUP)
        self._check([task["value"] for task in tasks] == ["30 8 * * *"], f"no such task: {tasks}")
        self._say(f"the model called schedule_task: {tasks[0]['kind']} {tasks[0]['value']} {tasks[0]['prompt']}")
        await self._answer("remember that the parcel is at the neighbour's")
        notes = await self._client.request("notes")
        self._check(any("parcel" in note["text"] for note in notes), f"nothing was noted: {notes}")
        self._say("the model called notes_write: " + next(n["text"] for n in notes if "parcel" in n["text"]))

    async def exits(self) -> None:
        url = f"http://127.0.0.1:{self._web.port}/tide"
        refused = await self._answer(f"fetch {url}")
        self._check(self._web.visits == 0 and "tide is low" not in refused, f"the web was open: {refused}")
        self._say(f"{GROUP} → {refused[:110]}")
        self._say((await self._box.barnacle("policy", "test", url, code=1)).splitlines()[0])
        await self._rules(url, "ask")
        asking = asyncio.create_task(self._answer(f"fetch {url}"))
        await until(self._asked, "the owner is asked")
        ask = (await self._open_asks())[0]
        self._say(f"the box asks: {ask['tool']} {ask['method']} {ask['url']}")
        self._say((await self._box.barnacle("approve", ask["id"])).strip())
        answer = await asking
        self._check("tide is low" in answer and self._web.visits == 1, f"approved and not fetched: {answer}")
        self._say(f"{GROUP} → {answer[:110]}")
        asking = asyncio.create_task(self._answer(f"fetch {url}"))
        await until(self._asked, "the owner is asked again: a yes counts once")
        await self._box.barnacle("deny", (await self._open_asks())[0]["id"])
        answer = await asking
        self._check(self._web.visits == 1, "fetched although the owner said no")
        self._say(f"denied this time: {answer[:100]}")
        await self._rules(url, "allow")
        answer = await self._answer(f"fetch {url}")
        self._check("tide is low" in answer and self._web.visits == 2, f"allowed and not fetched: {answer}")
        self._say(f"with a rule that allows it: {answer[:100]}")

    async def audit(self) -> None:
        said = await self._box.barnacle("audit", "verify")
        self._say(said.strip().splitlines()[0])
        exported = await self._box.barnacle("audit", "tail", "-n", "200")
        self._check(KEY not in exported, "the key is in the audit log")
        self._say(f"{len(exported.splitlines())} lines of audit, none with the key")

    async def _answer(self, text: str, timeout_s: float = 25.0) -> str:
        """What the group was told next."""
        before = len(await self._replies())
        await insist(self._client, "send", folder=GROUP, text=text)

        async def more() -> bool:
            return len(await self._replies()) > before

        await until(more, f"an answer to “{text}”", timeout_s)
        await until(self._idle, "the run is over")
        return " ".join((await self._replies())[before].split())

    async def _replies(self) -> list[str]:
        rows = await insist(self._client, "messages", folder=GROUP, limit=100)
        return [row["text"] for row in rows if row["from_me"]]

    async def _idle(self) -> bool:
        groups = {group["folder"]: group for group in await insist(self._client, "groups")}
        return groups[GROUP]["state"] != "running"

    async def _ready(self) -> bool:
        model = (await insist(self._client, "status"))["model"]
        return bool(model) and model["groups"].get(GROUP, {}).get("state") == "ready"

    async def _open_asks(self) -> list[dict[str, Any]]:
        return [ask for ask in await insist(self._client, "asks") if ask["state"] == "open"]

    async def _asked(self) -> bool:
        return bool(await self._open_asks())

    async def _rules(self, url: str, effect: str) -> None:
        """Write the owner's file, and wait until broker and box have the same version of it."""
        port = url.split(":")[2].split("/")[0]
        rule = f'[[rule]]\nname = "tide"\neffect = "{effect}"\nhost = "127.0.0.1"\nscheme = "http"\nports = [{port}]\n'
        before = (await insist(self._client, "policy"))["box"]["version"]
        self._box.paths.policy.write_text(rule)

        async def taken() -> bool:
            now = await insist(self._client, "policy")
            return now["same"] and now["box"]["version"] != before

        await until(taken, "broker and box have the new rules")
        self._say(f"policy.toml: {effect} http://127.0.0.1:{re.sub('[^0-9]', '', port)}")


async def store_key(appliance: Appliance, url: str, key: str = KEY, name: str = NAME) -> None:
    """`barnacle secret set` for the server at `url`, the value on standard input."""
    place = ["--host", url.removeprefix("http://"), "--scheme", "http", "--header", "x-api-key"]
    await appliance.barnacle("secret", "set", name, *place, given=key + "\n")


@asynccontextmanager
async def imitation() -> AsyncIterator[AnthropicImitation]:
    """The model's server, with the demo's key and brain."""
    async with AnthropicImitation(KEY, brain=think) as server:
        yield server
