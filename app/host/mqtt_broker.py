"""The MQTT broker that Barnacle starts itself: Mosquitto if it is installed, else amqtt in a process of its own."""

import asyncio
import json
import os
import pwd
import re
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from app.errors import SupervisorError
from app.host import limits
from app.host.listen_port import check_port_free
from app.host.log_file import LogFile
from app.host.mqtt_users import acl_file, password_file, rights
from app.host.paths import REPOSITORY
from app.host.private_file import write_private
from app.host.process import Child, ChildPlan

START_TIMEOUT_S = 15.0
STOP_GRACE_S = 5.0
_PLACES = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin", "/usr/local/opt/mosquitto/sbin")
_DEVICE = re.compile(r"[A-Za-z0-9_-]{1,32}")


class MqttBroker:
    """One broker process on `bind`:`port`, its files below `state_dir`; restarted with back-off when it dies.

    `users` {name: password}: passwords reach the broker as hashes in a 0600 file, never as arguments. `tls` (files of
    certificate and key) is Mosquitto's only. Raises ValueError for a device id or user name with odd characters.
    """

    def __init__(
        self,
        state_dir: Path,
        port: int,
        users: Mapping[str, str],
        device: str,
        *,
        bind: str = "127.0.0.1",
        kind: str = "auto",
        tls: tuple[Path, Path] | None = None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        if not _DEVICE.fullmatch(device):
            raise ValueError(f"{device!r} is no device id")
        self.kind = _chosen(kind)
        self.port = port
        self._bind = bind
        self._folder = state_dir.resolve()
        self._users = dict(users)
        self._device = device
        self._tls = tls
        self._changed = changed
        self._child: Child | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The broker's process id while it runs."""
        return self._child.pid if self._child else None

    def plan(self) -> ChildPlan:
        """Write the configuration (0600) and say how to run the broker."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.kind == "mosquitto":
            write_private(self._folder / "passwords", password_file(self._users))
            write_private(self._folder / "acl", acl_file(self._users, self._device))
            path = self._folder / "mosquitto.conf"
            write_private(path, self._mosquitto_conf())
            argv = (str(find_mosquitto()), "-c", str(path))
        else:
            path = self._folder / "amqtt.json"
            write_private(path, self._amqtt_conf())
            argv = (sys.executable, "-m", "app.host.mqtt_broker_amqtt", str(path))
        return ChildPlan(name="mqtt broker", argv=argv, cwd=REPOSITORY, ready_pattern=r" running$|^ready$")

    async def start(self) -> None:
        """Start the broker and wait until its port answers. Raises SupervisorError naming port and key otherwise."""
        check_port_free(self._bind, self.port, "config.toml")
        log = LogFile(self._folder / "broker.log", limits.LOG_BYTES, limits.LOG_FILES)
        self._child = Child(self.plan(), log, self._changed)
        self._task = asyncio.create_task(self._child.run(), name="mqtt broker")
        deadline = asyncio.get_running_loop().time() + START_TIMEOUT_S
        while not (self._child.ready.is_set() and await _answers(self._bind, self.port)):
            if self._child.hopeless.is_set() or asyncio.get_running_loop().time() > deadline:
                line = self._child.last_line
                await self.stop()
                raise SupervisorError(
                    f"{self.kind} does not answer on port {self.port}: {line}",
                    f"see {self._folder / 'broker.log'}, or set another mqtt.port in config.toml",
                )
            await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """End the process in order; after STOP_GRACE_S by force."""
        child, task = self._child, self._task
        self._child = self._task = None
        if child and task:
            await child.stop(STOP_GRACE_S)
            await task

    def _mosquitto_conf(self) -> str:
        lines = [
            "per_listener_settings false",
            f"listener {self.port} {self._bind}",
            "allow_anonymous false",
            f"password_file {self._folder / 'passwords'}",
            f"acl_file {self._folder / 'acl'}",
            "persistence true",
            f"persistence_location {self._folder}/",
            "autosave_on_changes true",
            "autosave_interval 1000",
            "persistent_client_expiration 14d",
            f"max_queued_messages {limits.BROKER_QUEUED}",
            f"max_packet_size {limits.BROKER_PACKET_BYTES}",
            "set_tcp_nodelay true",
            "sys_interval 0",
            "log_dest stderr",
            "log_type error",
            "log_type warning",
            "log_type notice",
            "log_type information",
            f"user {pwd.getpwuid(os.getuid()).pw_name}",  # as root it would become another user, who cannot read this
        ]
        if self._tls:
            lines += [f"certfile {self._tls[0]}", f"keyfile {self._tls[1]}"]
        return "\n".join(lines) + "\n"

    def _amqtt_conf(self) -> str:
        document = {
            "bind": f"{self._bind}:{self.port}",
            "passwords": password_file(self._users),
            "rights": {name: rights(name, self._device) for name in self._users},
        }
        return json.dumps(document, indent=1)


def find_mosquitto() -> Path | None:
    """The Mosquitto program, also where a user's PATH usually does not look; None if there is none."""
    search = os.pathsep.join([os.environ.get("PATH", ""), *_PLACES])
    found = shutil.which("mosquitto", path=search)
    return Path(found) if found else None


async def _answers(bind: str, port: int) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bind, bind)  # noqa: S104 - asked for by the user
    try:
        async with asyncio.timeout(1.0):
            _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    try:
        await writer.wait_closed()
    except OSError:
        return True
    return True


def _chosen(kind: str) -> str:
    if kind == "auto":
        return "mosquitto" if find_mosquitto() else "amqtt"
    if kind == "mosquitto" and not find_mosquitto():
        raise SupervisorError("Mosquitto is not installed", 'install it, or set mqtt.broker_kind = "auto"')
    if kind not in ("mosquitto", "amqtt"):
        raise ValueError(f"{kind!r} is no broker: mosquitto, amqtt or auto")
    return kind
