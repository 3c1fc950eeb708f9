"""The folders that a run's container sees: made when missing, and as arguments of the container engine."""

import os
import stat
from pathlib import Path
from typing import Final

from app.host import limits
from app.host.nanoclaw.javascript import json_text
from app.host.sandbox import inside
from app.host.sandbox.mount_security import Mount, MountSecurity
from app.host.sandbox.run_settings import DOCKER, RunGroup, RunSettings

AGENT_USER: Final = "node"
"""As whom the image runs."""

AGENT_HOME: Final = f"/home/{AGENT_USER}/.claude"
"""Where the agent's own folder appears."""

COMMANDS: Final = {DOCKER: "docker", "apple": "container"}
"""The engines' programs."""

_AGENT_SETTINGS: Final = {
    "env": {
        "CLAUDE_CODE_EXPERIMENTAL_AGENT_TEAMS": "1",
        "CLAUDE_CODE_ADDITIONAL_DIRECTORIES_CLAUDE_MD": "1",
        "CLAUDE_CODE_DISABLE_AUTO_MEMORY": "0",
    }
}
_SHARED_VARIABLES: Final = ("CLAUDE_CODE_OAUTH_TOKEN=", "ANTHROPIC_API_KEY=")


def prepare(settings: RunSettings, group: RunGroup, is_main: bool) -> list[Mount]:
    """Make the group's folders and files and list the mounts of a run. Raises BadRun, BadMount."""
    project = settings.project
    mounts = [Mount(str(inside.make_folder(project, "groups", group.folder)), "/workspace/group", False)]
    inside.make_folder(project, "groups", group.folder, "logs")
    if is_main and settings.share_project:
        mounts.insert(0, Mount(str(project), "/workspace/project", False))
    if not is_main and (project / "groups" / "global").exists():
        mounts.append(Mount(str(project / "groups" / "global"), "/workspace/global", True))
    mounts.append(Mount(str(_agent_home(project, group)), AGENT_HOME, False))
    for name in ("messages", "tasks", "input"):
        inside.make_folder(project, "data", "ipc", group.folder, name)
    mounts.append(Mount(str(project / "data" / "ipc" / group.folder), "/workspace/ipc", False))
    if settings.share_env_file and _share_environment(project):
        mounts.append(Mount(str(project / "data" / "env"), "/workspace/env-dir", True))
    if settings.source_runner:
        mounts.append(Mount(str(project / "container" / "agent-runner" / "src"), "/app/src", True))
    security = MountSecurity(settings.allowlist, settings.home, project)
    return mounts + security.allowed(group.mounts, is_main)


def engine_arguments(settings: RunSettings, container: str, mounts: list[Mount]) -> list[str]:
    """The command line that runs a container: program first."""
    arguments = [COMMANDS[settings.engine], "run", "-i", "--rm", "--name", container]
    for mount in mounts:
        arguments += _mount_arguments(settings.engine, mount)
    return [*arguments, settings.image]


def stop_arguments(settings: RunSettings, container: str) -> list[str]:
    """The command line that stops it."""
    return [COMMANDS[settings.engine], "stop", container]


def _mount_arguments(engine: str, mount: Mount) -> list[str]:
    if engine == DOCKER:
        return ["-v", f"{mount.host_path}:{mount.container_path}:{'ro' if mount.readonly else 'rw'}"]
    if mount.readonly:
        return ["--mount", f"type=bind,source={mount.host_path},target={mount.container_path},readonly"]
    return ["-v", f"{mount.host_path}:{mount.container_path}"]


def _agent_home(project: Path, group: RunGroup) -> Path:
    """The agent's own folder, with its settings when it has none yet, and the project's skills."""
    names = ("data", "sessions", group.folder, ".claude")
    home = inside.make_folder(project, *names)
    inside.write(project, (*names, "settings.json"), (json_text(_AGENT_SETTINGS, 2) + "\n").encode(), replace=False)
    skills = project / "container" / "skills"
    room = [limits.SKILL_FILES, limits.SKILL_BYTES]
    for skill in sorted(skills.iterdir()) if skills.is_dir() else []:
        if skill.is_dir():
            _copy(project, skill, (*names, "skills", skill.name), room)
    return home


def _copy(project: Path, source: Path, names: tuple[str, ...], room: list[int]) -> None:
    """Copy a folder with all below it; links are left out, and what goes beyond `room` [files, bytes]."""
    inside.make_folder(project, *names)
    for entry in sorted(os.scandir(source), key=lambda each: each.name):
        status = entry.stat(follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            _copy(project, Path(entry.path), (*names, entry.name), room)
        elif stat.S_ISREG(status.st_mode) and room[0] > 0 and room[1] >= status.st_size:
            room[0] -= 1
            room[1] -= status.st_size
            inside.write(project, (*names, entry.name), Path(entry.path).read_bytes())


def _share_environment(project: Path) -> bool:
    """Write the credentials of the project's .env for the container; False when it has none."""
    inside.make_folder(project, "data", "env")
    try:
        with (project / ".env").open("rb") as file:
            text = file.read(limits.ENV_FILE_BYTES).decode("utf-8", "replace")
    except OSError:
        return False
    lines = [line for line in text.split("\n") if line.strip().startswith(_SHARED_VARIABLES)]
    if lines:
        inside.write(project, ("data", "env", "env"), ("\n".join(lines) + "\n").encode())
    return bool(lines)
