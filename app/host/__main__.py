"""`python -m app.host [--home DIR]`: the laptop's host process. Prints `host ready` once it is connected to the broker.

Exit code 0 after SIGTERM or SIGINT, 1 with one line on stderr when it cannot start.
"""

import argparse
import asyncio
import importlib.metadata
import logging
import logging.handlers
import os
import signal
import sys
import time
from pathlib import Path

from app.errors import ProblemError, SettingsError
from app.host import limits
from app.host.box_services import Lender
from app.host.bridge import Bridge, Message
from app.host.database import Database, DatabaseError
from app.host.device_core import system_clock
from app.host.host import Host, Identity, Zone
from app.host.keys import HOST_USER, Keys, load_keys
from app.host.mqtt_broker import find_mosquitto
from app.host.paths import Paths
from app.host.settings import MqttSettings, Settings, local_zone, read_settings
from app.host.zone_rules import ZoneNameError, rule_in_force
from broker.client import BrokerClient, LeaseScope

log = logging.getLogger("barnacle.host")
LOG_NAME = "host-process.log"  # host.log is what the supervisor catches of our output


def main() -> int:
    """Run until told to stop; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m app.host", description="Barnacle's host process")
    parser.add_argument("--home", help="folder for settings and state (default: BARNACLE_HOME, else the platform's)")
    paths = Paths(parser.parse_args().home)
    os.umask(0o077)  # the mirror, its journal and every rotated log hold what people wrote
    try:
        paths.make_folders()
        handler = _log_to(paths.logs)
        try:
            asyncio.run(_serve(paths))
        finally:
            logging.getLogger("barnacle").removeHandler(handler)
            handler.close()
    except (ProblemError, DatabaseError, OSError) as error:
        remedy = f" ({error.remedy})" if isinstance(error, ProblemError) and error.remedy else ""
        print(f"host: {error}{remedy}", file=sys.stderr, flush=True)
        return 1
    return 0


async def _serve(paths: Paths) -> None:
    settings = read_settings(paths.config)
    keys = load_keys(paths.keys, settings.box.id)
    login = keys.login(HOST_USER, settings.mqtt)
    stop = _stop_event()
    database = await Database.open(paths.mirror)
    credentials = BrokerClient(paths.broker_socket)
    try:
        bridge: Bridge | None = None

        def publish(topic: str, data: bytes, qos: int) -> bool:
            return bridge is not None and bridge.publish(topic, data, qos)

        zone = _zone_source(settings)
        configured = {"assistant": settings.box.assistant, "slots": settings.box.slots}
        lender = Lender(credentials, LeaseScope, settings.models)
        who, log_file = _identity(keys, settings.mqtt), None if settings.box.kind == "board" else paths.logs / "box.log"
        host = Host(who, database, system_clock(), publish, zone, configured, lender, log_file)

        async def receive(message: Message) -> None:
            await host.receive(message.topic, message.payload)

        client_id = f"barnacle-host-{keys.device_id}"
        subscriptions, state = host.subscriptions, _StateLine(host)
        address = (login.host, login.port, login.user, login.password, client_id)
        bridge = Bridge(*address, receive, subscriptions, on_state=state.changed, tls_ca=login.tls_ca)
        await _run_until(stop, host, bridge)
    finally:
        async with credentials:
            await database.close()


async def _run_until(stop: asyncio.Event, host: Host, bridge: Bridge) -> None:
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(host.run(), name="host")
        await asyncio.sleep(0)
        async with bridge:
            stopping = group.create_task(stop.wait(), name="stop")
            await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
        serving.cancel()
    log.info("stopped")


class _StateLine:
    """Tells the host, the log and whoever reads our output about the connection to the broker."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def changed(self, online: bool, reason: str) -> None:
        self._host.connection(online)
        log.info("host ready" if online else "broker: %s", *(() if online else (reason,)))
        print("host ready" if online else f"broker: {reason}", flush=True)


def _identity(keys: Keys, mqtt: MqttSettings) -> Identity:
    started = ("mosquitto" if find_mosquitto() else "amqtt") if mqtt.broker_kind == "auto" else mqtt.broker_kind
    broker = {"kind": "external" if mqtt.external else started, "host": mqtt.host, "port": mqtt.port}
    version = importlib.metadata.version("barnacle")
    return Identity(keys.device_id, keys.device_key, keys.events_key, keys.operator_keys(), version, broker)


def _zone_source(settings: Settings):
    def zone() -> Zone:
        name = settings.time.zone or local_zone()
        try:
            return Zone(name, rule_in_force(name, time.time_ns() // 1_000_000))
        except ZoneNameError as error:
            raise SettingsError(str(error), "set [time] zone in config.toml") from error

    return zone


def _stop_event() -> asyncio.Event:
    event = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, event.set)
    return event


def _log_to(folder: Path) -> logging.Handler:
    handler = logging.handlers.RotatingFileHandler(
        folder / LOG_NAME, maxBytes=limits.LOG_BYTES, backupCount=limits.LOG_FILES, encoding="utf-8"
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("barnacle")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    return handler


if __name__ == "__main__":
    sys.exit(main())
