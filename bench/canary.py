"""`python -m bench canary`: a key that the model's server gives back in every way, and no artefact that has it.

A whole appliance runs with a canary as its key, in a keyring of its own. The imitation of the model's API echoes it in
text, tool arguments, headers, error bodies and encodings: whole, in writes of a few bytes, and in pieces of three
characters over several events of the stream. Then everything that the run has left is searched: the home's files, MQTT
traffic, output of every command, operator events, pictures, command lines, environments, core files. A second canary,
put into one place of each kind, shows that the search finds.
"""

import asyncio
import base64
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from app.host.operator_client import OperatorClient
from bench import secret_session
from bench.appliance import CONFIG, Appliance, free_port, insist, temporary_home, until
from bench.canary_search import files_below, search, search_file
from bench.demo import photograph
from bench.demo_model import CONFIG as MODELS
from bench.demo_model import GROUP, NAME, store_key
from bench.wiretap import Wiretap
from tests.imitation.anthropic import AnthropicImitation
from tests.imitation.script import ECHO, Fault, Reply, Step

CANARY = "sk-Fake-canary-7f3a9C41e2B8d605"
PLANTED = "sk-Fake-planted-51d0E8a3b97c2F46"
COMMANDS = (
    ("status",),
    ("status", "--json"),
    ("models", "list"),
    ("models", "test", "imitation"),
    ("secret", "list", "--json"),
    ("secret", "test", NAME),
    ("messages", GROUP),
    ("runs",),
    ("audit", "tail"),
    ("audit", "verify"),
    ("policy", "show"),
)


def script() -> list[Step]:
    """Every way in which the server gives the key back, one run after the other."""
    coded = CANARY.encode()
    encodings = " ".join(
        (
            base64.b64encode(coded).decode(),
            base64.urlsafe_b64encode(b"x" + coded).decode(),
            base64.b64encode(b"xx" + coded).decode(),
            coded.hex(),
            "".join(f"%{byte:02X}" for byte in coded),
            json.dumps(CANARY),
        )
    )
    fault = {"message": f"bad key {ECHO}", "headers": (("x-echo", CANARY),)}
    return [
        Reply(f"Your key is {ECHO}.", headers=[("x-echo", ECHO), ("set-cookie", f"k={ECHO}"), ("location", ECHO)]),
        Reply(f"Your key is {ECHO}.", chunk_bytes=1, delta_chars=400),
        Reply(f"Across writes: {CANARY}.", delta_chars=400, chunk_bytes=5),
        Reply(f"Encoded: {encodings}.", delta_chars=2000, chunk_bytes=7),
        Reply(f"In pieces: {CANARY}.", delta_chars=3),
        Reply(f"In pieces and encoded: {encodings}.", delta_chars=3, chunk_bytes=50),
        Reply("Let me note it. ", [("notes_write", {"text": f"the key is {CANARY}", "mode": "append"})], delta_chars=3),
        Reply("Noted."),
        Reply("Let me plan. ", [("schedule_task", _task())], delta_chars=3),
        Reply("Planned."),
        Fault(400, **fault),
        Fault(401, body=f"no such key: {CANARY}".encode(), headers=(("x-echo", CANARY),)),
    ]


def _task() -> dict[str, Any]:
    return {"prompt": f"say {CANARY}", "schedule_type": "interval", "schedule_value": "3600000"} | {
        "context_mode": "isolated"
    }


class CanaryRun:
    """`artefacts` has every kind of what is searched besides files: kind → bytes."""

    def __init__(self, appliance: Appliance, client: OperatorClient, server: AnthropicImitation) -> None:
        self._box = appliance
        self._client = client
        self._server = server
        self.artefacts: dict[str, bytes] = {}

    async def play(self) -> None:
        """The run: every reply of the script, then every command; collects what is not a file."""
        events: list[Any] = []
        async with Wiretap(self._box) as tap, asyncio.TaskGroup() as group:
            listening = group.create_task(self._listen(events))
            await self._client.request("group.add", folder=GROUP, name="Lab", requires_trigger=False)
            await store_key(self._box, self._server.url, CANARY)
            await until(self._ready, "the model is ready")
            asked = 0
            while self._server.script:
                asked += 1
                await self._ask(f"question {asked}")
            await asyncio.to_thread(self._look_at_processes)
            await self._commands()
            listening.cancel()
            traffic = [list(records) for records in tap.records.values()]
        self.artefacts["MQTT traffic"] = json.dumps(traffic).encode()
        self.artefacts["operator events"] = json.dumps(events, default=str).encode()
        picture = self._box.home / "dashboard.svg"
        await photograph(self._box.client, picture)
        await self._box.barnacle("screen", "shot", str(self._box.home / "screen.png"))

    async def _ask(self, text: str) -> None:
        before = len(await self._replies())
        await insist(self._client, "send", folder=GROUP, text=text)

        async def answered() -> bool:
            return len(await self._replies()) > before

        await until(answered, f"an answer to {text}", 40)

    async def _replies(self) -> list[str]:
        rows = await insist(self._client, "messages", folder=GROUP, limit=100)
        return [row["text"] for row in rows if row["from_me"]]

    async def _ready(self) -> bool:
        model = (await insist(self._client, "status"))["model"]
        return bool(model) and model["groups"].get(GROUP, {}).get("state") == "ready"

    async def _listen(self, events: list[Any]) -> None:
        async for event in self._client.events():
            events.append(event)

    async def _commands(self) -> None:
        said: list[str] = []
        for command in COMMANDS:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "app.cli.main",
                *command,
                env={**os.environ, "BARNACLE_HOME": str(self._box.home), "NO_COLOR": "1"},
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            out, _ = await process.communicate()
            said.append(f"$ {command}\n{out.decode()}")
        self.artefacts["output of commands"] = "\n".join([*said, *self._box.output]).encode()

    def _look_at_processes(self) -> None:
        found = b""
        for pid in (*self._box.pids().values(), self._box.supervisor_pid, os.getpid()):
            for name in ("cmdline", "environ"):
                try:
                    found += Path(f"/proc/{pid}/{name}").read_bytes()
                except PermissionError:  # the credential broker hides from its own user too
                    found += b"(hidden)"
        self.artefacts["command lines and environments"] = found


async def measure() -> dict[str, Any]:
    """The figures; raises AssertionError naming kind, place and form of whatever was found."""
    began = time.monotonic()
    home = Path(tempfile.mkdtemp(prefix="barnacle-canary-"))
    with temporary_home(home):
        async with AnthropicImitation(CANARY, script()) as server:
            text = CONFIG.format(port=free_port(), broker="auto", zone="Europe/Berlin")
            (home / "config.toml").write_text(text + MODELS.format(url=server.url))
            async with Appliance(home) as appliance, appliance.client() as client:
                run = CanaryRun(appliance, client, server)
                await run.play()
                running = _searched(home, run.artefacts)
            if not server.requests or any(request.key != CANARY for request in server.requests):
                raise AssertionError("the model's server was not asked with the key: nothing was tested")
        stopped = _searched(home, {})
        _control(home, run.artefacts)
    return {
        "requests_with_the_key": len(server.requests),
        "files": stopped[0],
        "bytes": running[1],
        "kinds": sorted(run.artefacts),
        "found": 0,
        "planted_found": len(run.artefacts) + 2,
        "seconds": round(time.monotonic() - began, 1),
    }


def _searched(home: Path, artefacts: dict[str, bytes]) -> tuple[int, int]:
    """Files and bytes searched."""
    files = [*files_below(home), *files_below(Path(os.environ.get("XDG_DATA_HOME", home)))]
    files += [path for path in Path.cwd().glob("core*") if path.is_file()]
    found = [f"{path}: {form}" for path in files for form in search_file(path, CANARY)]
    found += [f"{kind}: {form}" for kind, data in artefacts.items() for form in search(data, CANARY)]
    if found:
        raise AssertionError("the key was found: " + "; ".join(found[:20]))
    return len(files), sum(len(data) for data in artefacts.values()) + sum(p.stat().st_size for p in files)


def _control(home: Path, artefacts: dict[str, bytes]) -> None:
    """The search finds a second canary in each kind of place."""
    coded = base64.b64encode(b"a" + PLANTED.encode())
    missed = [kind for kind, data in artefacts.items() if not search(data + b" " + coded + b" " + data[:10], PLANTED)]
    for name in ("logs/host-process.log", "mirror.db"):
        with (home / name).open("ab") as file:
            file.write(b"\n" + PLANTED.encode() + b"\n")
        missed += [name] if not search_file(home / name, PLANTED) else []
    if missed:
        raise AssertionError(f"the search is blind in: {missed}")


def main() -> int:
    """Print the figures, or what was found."""
    if not secret_session.possible():
        print("canary: needs dbus-run-session and gnome-keyring-daemon", file=sys.stderr)
        return 1
    if not secret_session.inside():
        return secret_session.run_inside("bench.canary", ())
    try:
        print(json.dumps({"canary": asyncio.run(measure())}, indent=2))
    except AssertionError as error:
        print(f"canary: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
