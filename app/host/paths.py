"""Where Barnacle keeps its files. The only place that knows folder names.

BARNACLE_HOME puts settings and state into one folder; without it both follow the platform's conventions.
"""

import os
from pathlib import Path

import platformdirs

FOLDER_MODE = 0o700
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

    def make_folders(self) -> None:
        """Create what is missing, readable by the owner only. Folders that exist keep their permissions."""
        for folder in (self.config_folder, self.state, self.logs, self.box):
            folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)

    def __repr__(self) -> str:
        return f"Paths(config={str(self.config)!r}, state={str(self.state)!r})"
