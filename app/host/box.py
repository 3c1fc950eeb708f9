"""The simulated box: what it is told at start (box/provision.json) and how it is run."""

import json
from pathlib import Path

from app.errors import SupervisorError
from app.host.keys import Keys
from app.host.paths import REPOSITORY, Paths
from app.host.private_file import write_private
from app.host.process import ChildPlan
from app.host.settings import Settings

REBOOT_EXIT = 3
"""The box ends with this code when it was asked to reboot."""
INTERPRETER = REPOSITORY / "build" / "sim" / "micropython"


def provision(paths: Paths, settings: Settings, keys: Keys) -> None:
    """Write box/provision.json (0600): the box's identity, its key and how it reaches the broker. Raises KeysError,
    SecretError."""
    login = keys.login(keys.device_user, settings.mqtt)
    document = {
        "device": keys.device_id,
        "key": keys.device_key.hex(),
        "assistant": settings.box.assistant,
        "mqtt": {
            "host": login.host,
            "port": login.port,
            "user": login.user,
            "password": login.password,
            "tls": {"ca": login.tls_ca} if login.tls_ca else None,
        },
    }
    write_private(paths.provision, json.dumps(document, indent=2) + "\n")


def box_plan(paths: Paths, settings: Settings, interpreter: Path = INTERPRETER) -> ChildPlan:
    """How the supervisor runs the simulated box. Raises SupervisorError when it was never built."""
    if not interpreter.is_file():
        raise SupervisorError(
            f"the simulated box is not built ({interpreter} is missing)",
            f"run: make setup, or set simulator = false under [box] in {paths.config} when a real box is on the desk",
        )
    return ChildPlan(
        name="box",
        argv=(
            str(interpreter),
            "-X",
            f"heapsize={settings.box.heap_bytes}",
            str(REPOSITORY / "device" / "main.py"),
            "--board",
            "simulator",
            "--home",
            str(paths.box),
            *([] if settings.screen.on else ["--no-screen"]),
        ),
        cwd=REPOSITORY,
        env={"MICROPYPATH": f".frozen:{REPOSITORY}"},
        again_codes=(REBOOT_EXIT,),
    )
