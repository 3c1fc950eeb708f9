"""A keyring for demo and benches: a session bus with an unlocked Secret Service of its own, gone when they end."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence

INSIDE = "BARNACLE_SECRET_SESSION"
_UNLOCK = "printf 'not a secret' | gnome-keyring-daemon --unlock --components=secrets > /dev/null 2>&1"


def possible() -> bool:
    """Whether this machine has what it takes: dbus-run-session and gnome-keyring."""
    return bool(shutil.which("dbus-run-session") and shutil.which("gnome-keyring-daemon"))


def inside() -> bool:
    """Whether this process runs in such a session."""
    return INSIDE in os.environ


def run_inside(module: str, arguments: Sequence[str]) -> int:
    """Run `python -m module` in a session of its own, its keyring in a temporary folder; its exit code."""
    with tempfile.TemporaryDirectory(prefix="barnacle-keyring-") as folder:
        environment = {**os.environ, INSIDE: "1", "XDG_DATA_HOME": folder}
        script = f'{_UNLOCK}; exec "$@"'
        command = ["dbus-run-session", "--", "sh", "-c", script, "sh", sys.executable, "-m", module, *arguments]
        return subprocess.run(command, env=environment, check=False).returncode
