"""Run inside a session bus with an unlocked Secret Service by test_keyring_locked_end_to_end.py. Argument: the home.

An appliance whose model needs a credential: asked, asked with the keyring locked, asked with another, unlocked one.
Prints JSON: what the chat and the status said each time.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.appliance import CONFIG, Appliance, free_port, insist, until
from tests.imitation.openai import OpenAiImitation
from tests.imitation.script import Reply, Step

KEY = "not-a-real-key-0123456789"
_SEND = ("dbus-send", "--session", "--print-reply")
_LOGIN = "array:objpath:/org/freedesktop/secrets/collection/login"


def lock() -> None:
    """Lock the keyring, as a desktop that goes to sleep may."""
    service = ("--dest=org.freedesktop.secrets", "/org/freedesktop/secrets", "org.freedesktop.Secret.Service.Lock")
    subprocess.run([*_SEND, *service, _LOGIN], check=True, capture_output=True)


def restart_unlocked() -> None:
    """End the locked Secret Service, which this bus was begun with, and start one that is unlocked."""
    bus = ("--dest=org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus.GetConnectionUnixProcessID")
    ask = [*_SEND, *bus, "string:org.freedesktop.secrets"]
    answer = subprocess.run(ask, check=True, capture_output=True, text=True).stdout  # "…\n   uint32 123"
    os.kill(int(answer.split()[-1]), signal.SIGKILL)
    command = ["gnome-keyring-daemon", "--unlock", "--components=secrets"]
    subprocess.run(command, input=b"pass phrase", check=True, stdout=subprocess.DEVNULL, timeout=20)


async def talk(home: Path) -> dict[str, Any]:
    """The whole story."""
    script: list[Step] = [Reply("Hello from the model."), Reply("Answered again.")]
    async with OpenAiImitation(KEY, script) as server:
        place = server.url.removeprefix("http://").partition("/")[0]
        home.mkdir(mode=0o700)  # noqa: ASYNC240 - nothing else goes on yet
        text = CONFIG.format(port=free_port(), broker="auto", zone="Europe/Berlin")
        text += f'\n[models.m]\napi = "openai"\nurl = "{server.url}"\nmodel = "m"\ncredential = "its-key"\n'
        (home / "config.toml").write_text(text)
        whole = Appliance(home)
        binding = ("--host", place, "--scheme", "http", "--header", "authorization", "--prefix", "Bearer ")
        await whole.barnacle("secret", "set", "its-key", *binding, given=KEY + "\n")
        async with whole, whole.client() as client:

            async def told(text: str) -> str:
                found: list[str] = []

                async def said() -> bool:
                    rows = await insist(client, "messages", folder="main")
                    found[:] = [row["text"] for row in rows if row["from_me"] and text in row["text"]]
                    return bool(found)

                await until(said, f"the chat says {text}", 40)
                return found[-1]

            async def model_is(state: str) -> bool:
                return (await insist(client, "status"))["model"]["state"] == state

            await insist(client, "send", folder="main", text="hello")
            first = await told("Hello from the model.")
            lock()
            await insist(client, "send", folder="main", text="what is the capital of France?")
            locked = await told("keyring")
            status = await whole.barnacle("status")
            restart_unlocked()
            await until(lambda: model_is("ready"), "the model can be used again", 40)
            await insist(client, "send", folder="main", text="and now?")
            again = await told("Answered again.")
            asked = len(server.requests)
    return {"first": first, "locked": locked, "status": status, "again": again, "asked": asked}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(talk(Path(sys.argv[1])))))
