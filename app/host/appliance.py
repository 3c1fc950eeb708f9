"""The parts of `barnacle up`: broker, credential broker, host and box, as the supervisor runs them."""

import dataclasses
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from app.host.box import box_name, box_plan, provision
from app.host.keys import Keys, load_keys
from app.host.listen_port import check_port_free
from app.host.models_settings import ModelSettings
from app.host.mqtt_broker import MqttBroker
from app.host.paths import REPOSITORY, Paths, make_private_folder
from app.host.process import Backoff, ChildPlan
from app.host.settings import Settings
from app.host.supervisor import Supervisor
from broker.hardening import KEPT_ENVIRONMENT
from broker.policy_edit import write_default
from broker.secret import Secret

RELOADED = ("broker", "host")
"""What reads the keys at start only, and is restarted when they change."""


def make_supervisor(
    paths: Paths,
    settings: Settings,
    *,
    dashboard: Sequence[str] | None,
    say: Callable[[str], None],
    began: float,
    backoff: Backoff | None = None,
    passphrase: Secret | None = None,
) -> Supervisor:
    """The supervisor of a whole appliance. Raises ProblemError for what can be seen to be wrong beforehand.

    `passphrase` opens the encrypted file of credentials; this process keeps it as long as it lives, for restarts of the
    credential broker."""
    keys = load_keys(paths.keys, settings.box.id)
    stages: list[list[ChildPlan]] = []
    broker_kind = "external"
    first = [credentials_plan(paths, settings, passphrase)]
    if not settings.mqtt.external:
        broker = _broker(paths, settings, keys)
        broker_kind = broker.kind
        first.insert(0, _broker_plan(broker, settings))
    stages.append(first)
    parts = [host_plan(paths)]
    box = box_plan(paths, settings)
    if box is not None:
        parts.append(box)
    stages.append(parts)

    def prepare() -> None:
        make_private_folder(paths.broker_socket.parent)
        write_default(paths.policy)
        fresh = load_keys(paths.keys, settings.box.id)
        provision(paths, settings, fresh)
        if not settings.mqtt.external:
            _broker(paths, settings, fresh).plan()  # writes users and rights

    return Supervisor(
        paths,
        settings,
        stages,
        prepare=prepare,
        check=lambda: _check_port(paths, settings),
        reload=RELOADED,
        facts=_facts(paths, settings, keys, broker_kind),
        dashboard=dashboard,
        say=say,
        began=began,
        backoff=backoff,
    )


def host_plan(paths: Paths) -> ChildPlan:
    """How the host process is run; it prints "host ready" when it is connected."""
    env = {"BARNACLE_HOME": str(paths.home)} if paths.home else {}
    argv = (sys.executable, "-m", "app.host")
    return ChildPlan(name="host", argv=argv, cwd=REPOSITORY, env=env, ready_pattern="^host ready")


def credentials_plan(paths: Paths, settings: Settings, passphrase: Secret | None = None) -> ChildPlan:
    """How the credential broker is run. It starts without a keyring, too, and says so in its state."""
    argv = [sys.executable, "-m", "broker", "--state", str(paths.state), "--policy", str(paths.policy)]
    argv += ["--socket", str(paths.broker_socket)]
    if not settings.mqtt.external:
        argv += ["--port", str(settings.mqtt.port)]
    for address, ca in sorted(
        {(_address(model), _authority(model, paths)) for model in settings.models.models.values()}
    ):
        argv += ["--endpoint", address, ca]
    if settings.credentials.backend != "keyring":
        argv += ["--backend", settings.credentials.backend]
    return ChildPlan(
        "credentials",
        argv,
        cwd=REPOSITORY,
        inherit=KEPT_ENVIRONMENT,
        ready_pattern="^credentials ready",
        handed_over=passphrase,
    )


def _address(model: ModelSettings) -> str:
    """The endpoint as the host names it when it asks for a lease."""
    scheme, host, port, path = model.endpoint
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}{path or '/'}"


def _authority(model: ModelSettings, paths: Paths) -> str:
    """The file named by `ca`, absolute: beside config.toml when it is not."""
    return str(paths.config_folder / Path(model.ca).expanduser()) if model.ca else ""


def _broker(paths: Paths, settings: Settings, keys: Keys) -> MqttBroker:
    mqtt = settings.mqtt
    return MqttBroker(
        paths.mosquitto, mqtt.port, keys.mqtt_users(), keys.device_id, bind=mqtt.bind, kind=mqtt.broker_kind
    )


def _broker_plan(broker: MqttBroker, settings: Settings) -> ChildPlan:
    bind = settings.mqtt.bind
    reach = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(bind, bind)  # noqa: S104  the user's choice
    return dataclasses.replace(
        broker.plan(), name="broker", ready_pattern="", ready_address=(reach, settings.mqtt.port)
    )


def _check_port(paths: Paths, settings: Settings) -> None:
    if not settings.mqtt.external:
        check_port_free(settings.mqtt.bind, settings.mqtt.port, paths.config)


def _facts(paths: Paths, settings: Settings, keys: Keys, broker_kind: str) -> dict[str, Any]:
    mqtt = settings.mqtt
    return {
        "device": keys.device_id,
        "box": settings.box.kind,
        "mqtt": {"host": mqtt.host, "port": mqtt.port, "kind": broker_kind},
        "lines": [
            f"  box     {keys.device_id} ({box_name(settings)})",
            f"  broker  {broker_kind} at {mqtt.host}:{mqtt.port}",
            f"  files   {paths.state} (settings: {paths.config}, logs: {paths.logs})",
            "  dashboard: barnacle tui    stop: Ctrl-C or barnacle down",
        ],
    }
