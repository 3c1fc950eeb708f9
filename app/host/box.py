"""The box that runs on this machine: what it is told at start (box/provision.json) and how it is run."""

import json
import sys
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


def box_plan(paths: Paths, settings: Settings, interpreter: Path = INTERPRETER) -> ChildPlan | None:
    """How the supervisor runs the box that the settings ask for; None for a board, which runs by itself. Raises
    SupervisorError when the simulator was never built."""
    if settings.box.kind == "board":
        return None
    return (
        _desktop_plan(paths, settings) if settings.box.kind == "desktop" else _simulator(paths, settings, interpreter)
    )


def box_name(settings: Settings) -> str:
    """What the box is, in words."""
    return {"simulator": "simulator", "desktop": "desktop host", "board": "a board of its own"}[settings.box.kind]


def desktop_database(paths: Paths, settings: Settings) -> Path:
    """The desktop host's SQLite file."""
    return Path(settings.box.database).expanduser().absolute() if settings.box.database else paths.desktop


def _desktop_plan(paths: Paths, settings: Settings) -> ChildPlan:
    database = desktop_database(paths, settings)
    argv = (sys.executable, "-u", "-m", "app.host.desktop", "--home", str(paths.box), "--database", str(database))
    return ChildPlan(name="box", argv=argv, cwd=REPOSITORY, again_codes=(REBOOT_EXIT,))


def _simulator(paths: Paths, settings: Settings, interpreter: Path) -> ChildPlan:
    if not interpreter.is_file():
        raise SupervisorError(
            f"the simulated box is not built ({interpreter} is missing)",
            "run: make setup, or do without: barnacle up --desktop "
            f'(for good: kind = "desktop" under [box] in {paths.config}; "board" when a real box is on the desk)',
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
