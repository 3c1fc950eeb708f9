"""The real host process at a real broker, for tests: everything in a temporary home, on a free loopback port."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

from app.host.keys import LOCAL, Keys, OperatorCredentials, load_keys
from app.host.mqtt_broker import MqttBroker
from app.host.paths import REPOSITORY, Paths
from app.host.settings import read_settings
from tests.app.fake_box import FakeBoxOnMqtt


class Installation:
    """`async with`: a broker runs; start and kill the host as often as needed."""

    def __init__(self, home: Path) -> None:
        self.paths = Paths(home)
        self.paths.make_folders()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.paths.config.write_text(f'[mqtt]\nport = {self.port}\n[time]\nzone = "Europe/Berlin"\n')
        self.keys: Keys = load_keys(self.paths.keys)
        users = self.keys.mqtt_users()
        self.broker = MqttBroker(self.paths.mosquitto, self.port, users, self.keys.device_id, kind="mosquitto")
        self.host: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> "Installation":
        await self.broker.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.host and self.host.returncode is None:
            await self.stop_host()
        await self.broker.stop()

    @property
    def credentials(self) -> OperatorCredentials:
        return self.keys.operator_credentials(LOCAL, read_settings(self.paths.config).mqtt)

    def box(self) -> FakeBoxOnMqtt:
        return FakeBoxOnMqtt(self.port, self.keys.device_password, self.keys.device_id, self.keys.device_key)

    async def start_host(self, *module: str) -> None:
        arguments = [sys.executable, "-m", *(module or ("app.host",)), "--home", str(self.paths.state)]
        pipe = asyncio.subprocess.PIPE
        self.host = await asyncio.create_subprocess_exec(*arguments, stdout=pipe, cwd=REPOSITORY, env=dict(os.environ))
        assert self.host.stdout
        async with asyncio.timeout(20):
            while (line := await self.host.stdout.readline()) != b"host ready\n":
                assert line, "the host ended before it was ready"

    async def kill_host(self) -> None:
        assert self.host
        self.host.kill()
        await self.host.communicate()

    async def until_host_died(self) -> int:
        assert self.host
        await asyncio.wait_for(self.host.communicate(), 20)
        assert self.host.returncode is not None
        return self.host.returncode

    async def stop_host(self) -> int:
        assert self.host
        self.host.send_signal(signal.SIGTERM)
        await self.host.communicate()
        assert self.host.returncode is not None
        return self.host.returncode
