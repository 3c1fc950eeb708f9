"""The encrypted file as the chosen back-end of the real process: locked, unlocked from outside, and at the start."""

import asyncio
import json
import os
import subprocess
import sys

import httpx
import keyring
import pytest

from app.host.appliance import credentials_plan
from app.host.log_file import LogFile
from app.host.paths import Paths
from app.host.process import Backoff, Child
from app.host.settings import read_settings
from broker.audit.keys import keys_at_hand
from broker.audit.verify import verify_folder
from broker.client import BrokerClient, BrokerRefused
from broker.sealed_keyring import FILE, use_file
from broker.secret import Secret
from tests.broker.broker_process import REPOSITORY, BrokerProcess, local_server, scope_for

CANARY = "canary-7f3a9c41e2b8d605"
PASSPHRASE = "correct horse battery"
BARNACLE = [sys.executable, "-m", "app.cli.main"]


class Home:
    """A home whose credentials are in the encrypted file."""

    def __init__(self, folder):
        self.paths = Paths(folder / "home")
        self.said = ""
        self.run("secret", "backend", "file")

    def run(self, *argv, passphrase=PASSPHRASE, value="", code=0):
        reading, writing = os.pipe()
        os.write(writing, passphrase.encode() + b"\n")
        os.close(writing)
        command = [*BARNACLE, "--home", str(self.paths.home), *argv, "--passphrase-fd", str(reading)]
        environment = {name: value for name, value in os.environ.items() if name != "DBUS_SESSION_BUS_ADDRESS"}
        done = subprocess.run(
            command,
            cwd=REPOSITORY,
            input=value + "\n",
            capture_output=True,
            text=True,
            timeout=60,
            pass_fds=(reading,),
            env=environment,
        )
        os.close(reading)
        assert done.returncode == code, done.stdout + done.stderr
        self.said += done.stdout + done.stderr
        return done.stdout + done.stderr

    def start(self, server, passphrase=None):
        """The credential broker as the supervisor would start it."""
        more = {}
        reading = None
        arguments = ["--backend", "file"]
        if passphrase is not None:
            reading, writing = os.pipe()
            os.write(writing, passphrase.encode())
            os.close(writing)
            arguments += ["--passphrase-fd", str(reading)]
            more["pass_fds"] = (reading,)
        try:
            return BrokerProcess(self.paths.state, server, arguments=arguments, **more)
        finally:
            if reading is not None:
                os.close(reading)

    def records(self):
        files = sorted(self.paths.audit.glob("audit-*.log"))
        return "".join(path.read_text() for path in files)


@pytest.fixture
def server():
    with local_server() as one:
        yield one


@pytest.fixture
def home(tmp_path, server):
    made = Home(tmp_path)
    place = ("--host", f"127.0.0.1:{server.server_port}", "--scheme", "http", "--header", "x-key")
    made.run("secret", "set", "my-server", *place, value=CANARY)
    return made


async def sent(broker, server):
    """What the local server saw of the credential in one call over a lease."""
    lease = await broker.open_lease(scope_for(server, credential="my-server"))
    http = httpx.AsyncClient(transport=broker.transport(lease))
    answer = await http.post(f"http://127.0.0.1:{server.server_port}/v1", content=f"I know {CANARY}".encode())
    return server.seen[-1][1].get("x-key"), answer.text


def arguments_of(process):
    with open(f"/proc/{process.pid}/cmdline") as argv:
        return argv.read()


async def state(broker):
    return (await broker.state())["keyring"]["state"]


async def test_unlocked_at_the_start_the_credential_is_used_and_the_audit_key_is_in_the_file(home, server):
    process = home.start(server, PASSPHRASE)
    try:
        async with BrokerClient(process.socket) as broker:
            assert await state(broker) == "ready"
            assert await sent(broker, server) == (CANARY, "I know [redacted]")
            assert (await broker.state())["audit"]["key"] == "keyring"
        assert PASSPHRASE not in arguments_of(process)
    finally:
        process.stop()
    assert not (home.paths.state / "audit.key").exists()
    held = [path for path in home.paths.state.rglob("*") if path.is_file()]
    for secret in (CANARY, PASSPHRASE):
        assert [path for path in held if secret.encode() in path.read_bytes()] == []
        assert secret not in home.said + "".join(process.lines)
    assert "secret.set" in home.records() and "my-server for http://127.0.0.1" in home.records()


async def test_locked_it_serves_without_credentials_until_the_passphrase_comes_over_the_socket(home, server):
    process = home.start(server)
    try:
        async with BrokerClient(process.socket) as broker:
            assert await state(broker) == "locked_file"
            with pytest.raises(BrokerRefused) as caught:
                await sent(broker, server)
            assert caught.value.code == "keyring_unavailable" and "secret unlock" in caught.value.remedy
            with pytest.raises(BrokerRefused) as caught:
                await broker.unlock(Secret("incorrect horse battery"))
            assert caught.value.code == "bad_passphrase" and await state(broker) == "locked_file"
            assert await broker.unlock(Secret(PASSPHRASE)) == "unlocked"
        again = [process.process.stdout.readline() for _ in range(2)]  # the same process has started again
        assert again[1] == "credentials ready\n" and process.process.poll() is None
        assert os.stat(f"/proc/{process.pid}/environ").st_uid == 0  # and is undumpable again
        assert PASSPHRASE not in arguments_of(process)
        async with BrokerClient(process.socket) as broker:
            assert await sent(broker, server) == (CANARY, "I know [redacted]")
            assert await broker.unlock(Secret("whatever it is")) == "open"
    finally:
        process.stop()
    records = home.records()
    assert records.count("secret.unlock") == 2 and PASSPHRASE not in records


async def test_the_log_goes_on_verified_over_locked_and_unlocked_starts(home, server):
    for passphrase in (PASSPHRASE, None, PASSPHRASE):
        process = home.start(server, passphrase)
        async with BrokerClient(process.socket) as broker:
            assert (await broker.state())["audit"]["state"] == "ok"
            await broker.append_audit([{"what": "test.event", "src": "host", "ts_ms": 1}])
        assert process.stop() == 0
    before = keyring.get_keyring()
    use_file(home.paths.broker / FILE).unlock(Secret(PASSPHRASE))
    try:
        keys = keys_at_hand(home.paths.state)
    finally:
        keyring.set_keyring(before)
    assert len(keys) == 2
    found = verify_folder(home.paths.audit, keys)
    assert found.ok, found


async def test_a_wrong_passphrase_at_the_start_leaves_it_locked(home, server):
    process = home.start(server, "incorrect horse battery")
    try:
        async with BrokerClient(process.socket) as broker:
            assert await state(broker) == "locked_file"
    finally:
        process.stop()


def test_the_commands_keep_list_try_and_forget(home):
    assert "my-server" in home.run("secret", "list")
    (_, row) = json.loads(home.run("secret", "list", "--json").split("\nbarnacle", 1)[0])
    assert row["stored"] and row["header"] == "x-key" and CANARY not in json.dumps(row)
    assert "passphrase is wrong" in home.run("secret", "list", passphrase="incorrect horse", code=1)
    assert "is there already, with 1 credential" in home.run("secret", "backend", "file")
    assert "nothing was moved" in home.run("secret", "backend", "keyring")
    assert read_settings(home.paths.config).credentials.backend == "keyring"
    home.run("secret", "backend", "file")
    home.run("secret", "remove", "my-server")
    assert "holds no my-server" in home.run("secret", "remove", "my-server", code=1)
    assert "barnacle up" in home.run("secret", "unlock", code=3)


async def test_the_supervisor_hands_the_passphrase_over_in_a_pipe_and_again_at_a_restart(home, tmp_path):
    settings = read_settings(home.paths.config)
    plan = credentials_plan(home.paths, settings, Secret(PASSPHRASE))
    assert PASSPHRASE not in repr(plan) and PASSPHRASE not in " ".join(plan.argv)
    child = Child(plan, LogFile(tmp_path / "c.log", 10**6, 1), lambda: None, Backoff(base_s=0.01))
    task = asyncio.create_task(child.run())
    try:
        for _ in range(2):
            async with asyncio.timeout(20):
                await child.ready.wait()
            async with BrokerClient(home.paths.broker_socket) as broker:
                assert await state(broker) == "ready"
            child.ready.clear()
            child.restart()
    finally:
        await child.stop(5)
        await task
