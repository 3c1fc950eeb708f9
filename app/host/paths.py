"""Where Barnacle keeps its files. The only place that knows folder names.

BARNACLE_HOME puts settings and state into one folder; without it both follow the platform's conventions.
"""

import errno
import hashlib
import os
import stat
import tempfile
from pathlib import Path

import platformdirs

FOLDER_MODE = 0o700
SOCKET_PATH_BYTES = 100  # what every system's unix sockets take (macOS: 103, Linux: 107)
REPOSITORY = Path(__file__).resolve().parents[2]  # the simulated box runs device/ from here


class Paths:
    """Every path of one installation. `home` wins over BARNACLE_HOME, which wins over the platform's folders."""

    def __init__(self, home: Path | str | None = None) -> None:
        chosen = home or os.environ.get("BARNACLE_HOME")
        self.home = Path(chosen).expanduser().absolute() if chosen else None
        if self.home:
            self.config_folder = self.state = self.home
        else:
            self.config_folder = Path(platformdirs.user_config_dir("barnacle"))
            self.state = Path(platformdirs.user_state_dir("barnacle"))
        self.config = self.config_folder / "config.toml"
        self.keys = self.state / "keys.json"
        self.mirror = self.state / "mirror.db"
        self.runtime = self.state / "runtime.json"
        self.lock = self.state / "up.lock"
        self.logs = self.state / "logs"
        self.box = self.state / "box"
        self.provision = self.box / "provision.json"
        self.flash = self.box / "flash.img"
        self.desktop = self.box / "desktop.db"
        self.mosquitto = self.state / "mosquitto"
        self.policy = self.config_folder / "policy.toml"
        self.audit = self.state / "audit"
        self.broker = self.state / "broker"
        self.broker_socket = short_socket(self.broker / "admin.sock")

    def make_folders(self) -> None:
        """Create what is missing, readable by the owner only. Folders that exist keep their permissions."""
        for folder in (self.config_folder, self.state, self.logs, self.box):
            folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)

    def __repr__(self) -> str:
        return f"Paths(config={str(self.config)!r}, state={str(self.state)!r})"


def short_socket(path: Path) -> Path:
    """`path`, or, when it is too long for a unix socket, one below the system's temporary folder that stands for it;
    the folder there is this user's alone: `make_private_folder` makes and checks it."""
    if len(os.fsencode(path)) <= SOCKET_PATH_BYTES:
        return path
    folder = Path(tempfile.gettempdir()) / f"barnacle-{os.getuid()}"
    return folder / f"{hashlib.sha256(os.fsencode(path)).hexdigest()[:16]}.sock"


def make_private_folder(folder: Path) -> None:
    """Make `folder` (0700) if it is missing. Raises PermissionError when it is a link, another user's, or open."""
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid() or facts.st_mode & 0o077:
        raise PermissionError(errno.EPERM, "is not a folder of this user alone", str(folder))
