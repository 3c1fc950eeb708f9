"""This machine's appliance as a dashboard meets it: running or not, how to connect, started and stopped from outside.

ProblemError
└── NotRunningError    no `barnacle up` holds this home; nothing is tried before there is one
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from app.errors import ProblemError, SupervisorError
from app.host.config_edit import add_model, set_box_kind
from app.host.instance import read_runtime, running_pid, stop_running, tell
from app.host.keys import LOCAL, OperatorCredentials, load_keys
from app.host.model_presets import PRESETS
from app.host.paths import REPOSITORY, Paths
from app.host.settings import BoxSettings, read_settings
from app.host.supervisor import RELOAD
from broker.secrets import SecretError

STOP_TIMEOUT_S = 15.0
LINE_BYTES = 4096


class NotRunningError(ProblemError):
    """Nothing runs on this machine; `barnacle up` or the dashboard's own key starts it."""


class LocalAppliance:
    """The `barnacle up` of one home. Every question is a look at files of that home: answered at once."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.log = paths.logs / "up.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The running instance's process, 0 while it does not say yet; None when there is none."""
        return running_pid(self.paths)

    @property
    def is_parent(self) -> bool:
        """True when this process is the dashboard that `barnacle up` opened: stopping it closes the dashboard."""
        return self.pid == os.getppid()

    def credentials(self) -> OperatorCredentials:
        """As whom and where its host is asked. Raises NotRunningError, and ProblemError for what else is wrong."""
        settings = read_settings(self.paths.config)
        if not settings.mqtt.external and self.pid is None:
            raise NotRunningError("nothing runs here")
        if not self.paths.keys.exists():
            raise NotRunningError("starting …" if self.pid is not None else "nothing was ever started here")
        try:
            return load_keys(self.paths.keys, settings.box.id).operator_credentials(LOCAL, settings.mqtt)
        except SecretError as error:
            raise ProblemError(error.message, error.remedy) from None

    def problem(self) -> ProblemError | None:
        """What is known to be wrong while the host does not answer; None when nothing is."""
        try:
            self.credentials()
        except ProblemError as error:
            return error
        for child in (read_runtime(self.paths) or {}).get("children", ()):
            if child["state"] != "running":
                return ProblemError(_of_child(child), f"see {self.paths.logs / child['name']}.log")
        return None

    @property
    def box(self) -> str:
        """What the box is, as config.toml says. Raises ProblemError."""
        return read_settings(self.paths.config).box.kind

    @property
    def is_new(self) -> bool:
        """True as long as nobody has chosen anything that the first start asks for."""
        try:
            settings = read_settings(self.paths.config)
        except ProblemError:
            return False
        return settings.box == BoxSettings() and not settings.models.models and not settings.mqtt.external

    async def set_up(self, box: str, kind: str = "", model: str = "", key: str = "") -> None:
        """Choose the box and add a model (`kind` of PRESETS, "" for none) with its `key`. Raises ProblemError; what
        could be done before is kept. A running instance has to be reloaded or restarted."""
        from app.host.key_entry import keep_key  # with all that speaks HTTP: not before the first paint

        preset = PRESETS.get(kind)
        if preset is not None and preset.needs and key:
            await keep_key(self.paths, preset.needs, key)
        settings = read_settings(self.paths.config)
        try:
            if preset is not None and preset.name not in settings.models.models:
                add_model(self.paths.config, preset, model=model)
            if settings.box.kind != box:
                set_box_kind(self.paths.config, box)
        except OSError as error:
            raise ProblemError(f"{self.paths.config} cannot be written: {error.strerror}", "make it writable") from None

    def reload(self) -> None:
        """Let a running instance read settings and keys anew: its host and its MQTT broker restart, within a second."""
        if self.pid:
            tell(self.paths, RELOAD)

    def start(self) -> None:
        """Start `barnacle up --headless` on its own: it outlives this process, and prints into logs/up.log.
        Raises OSError."""
        self.paths.make_folders()
        home = ["--home", str(self.paths.home)] if self.paths.home else []
        argv = [sys.executable, "-m", "app.cli.main", *home, "up", "--headless"]
        with os.fdopen(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as log:
            self._process = subprocess.Popen(  # noqa: S603  this program itself
                argv,
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def failure(self) -> SupervisorError | None:
        """Why the one that `start` began has ended by itself; None as long as it runs."""
        if self._process is None or self._process.poll() is None:
            return None
        code, self._process = self._process.returncode, None
        if code == 0:
            return None
        said = _last_line(self.log).removeprefix("barnacle up: ")
        return SupervisorError(said or f"`barnacle up` ended with code {code}", "" if said else f"see {self.log}")

    def stop(self) -> int:
        """Stop the running instance, whoever started it, and wait for its end; its pid. Raises SupervisorError."""
        pid = stop_running(self.paths, STOP_TIMEOUT_S)
        if self._process is not None and self._process.pid == pid:
            self._process.wait(STOP_TIMEOUT_S)
            self._process = None
        return pid


def _of_child(child: dict[str, Any]) -> str:
    name, state = child["name"], child["state"]
    if state == "waiting":
        return f"the {name} ended with code {child.get('last_exit')} and is started again"
    return f"the {name} is {state}"


def _last_line(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - LINE_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
