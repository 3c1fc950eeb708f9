"""Run inside a session bus by test_keyring_for_real.py: stores a credential, uses it, rotates it. Argument: the home.

Prints JSON: what the local server saw, what came back, and what happened after the value was changed.
"""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import httpx

from broker.client import BrokerClient, BrokerRefused
from tests.broker.broker_process import BrokerProcess, local_server, scope_for

CANARY = "canary-7f3a9c41e2b8d605"


def barnacle(*argv: str, value: str = "") -> str:
    command = [sys.executable, "-m", "app.cli.main", *argv]
    return subprocess.run(command, input=value + "\n", capture_output=True, text=True, check=True).stdout


async def use(socket: Path, server, place: list[str]) -> dict[str, object]:
    url = f"http://127.0.0.1:{server.server_port}/v1"
    async with BrokerClient(socket) as broker:
        ready = (await broker.state())["ready"]
        lease = await broker.open_lease(scope_for(server, credential="my-server"))
        client = httpx.AsyncClient(transport=broker.transport(lease))
        echoed = (await client.post(url, content=f"I know {CANARY}".encode())).text
        tested = barnacle("secret", "test", "my-server")
        barnacle("secret", "set", "my-server", *place, value="another-value-8844")
        try:
            after = str((await client.post(url)).status_code)
        except BrokerRefused as error:
            after = f"{error.code}: {error.message}"
        wrong = scope_for(server, credential="my-server", host="localhost")
        try:
            elsewhere = await broker.open_lease(wrong)
        except BrokerRefused as error:
            elsewhere = error.code
    return {"ready": ready, "echoed": echoed, "tested": tested, "after": after, "elsewhere": elsewhere}


def main() -> None:
    with local_server() as server:
        place = ["--host", f"127.0.0.1:{server.server_port}", "--scheme", "http", "--header", "x-key"]
        barnacle("secret", "set", "my-server", *place, value=CANARY)
        elsewhere = (f"http://localhost:{server.server_port}/", "")
        process = BrokerProcess(Path(sys.argv[1]), server, endpoints=[elsewhere])
        try:
            result = asyncio.run(use(process.socket, server, place))
            result["stopped"] = process.stop()
        finally:
            process.clear()
        seen = server.seen[0][1].get("x-key") == CANARY
        print(json.dumps(result | {"injected": seen, "log": "".join(process.lines)}))


if __name__ == "__main__":
    main()
