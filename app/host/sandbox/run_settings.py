"""What a container run needs to know besides its group and its input."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self, cast

from app.host import limits
from app.host.nanoclaw.javascript import truthy
from app.host.sandbox.errors import BadRun

DOCKER: Final = "docker"
APPLE: Final = "apple"
_HALF_HOUR_MS: Final = 30 * 60 * 1000


@dataclass(frozen=True)
class RunSettings:
    """`project` holds groups/, data/ and container/. By default a run sees nothing of the project but its group's
    folders; `share_project` mounts all of it, writable, for the main group, and `share_env_file` the project's
    credentials, as NanoClaw does (leases make both unnecessary)."""

    project: Path
    home: Path
    engine: str = DOCKER
    image: str = "nanoclaw-agent:latest"
    timeout_ms: int = _HALF_HOUR_MS
    idle_timeout_ms: int = _HALF_HOUR_MS
    output_units: int = limits.CONTAINER_OUTPUT
    source_runner: bool = False
    verbose_log: bool = False
    share_project: bool = False
    share_env_file: bool = False

    @property
    def allowlist(self) -> Path:
        """Where the mount allowlist is."""
        return self.home / ".config" / "nanoclaw" / "mount-allowlist.json"

    @classmethod
    def of_nanoclaw(cls, project: Path, home: Path, environ: Mapping[str, str]) -> Self:
        """NanoClaw's settings as its environment variables give them: Apple's engine unless docker is named."""
        return cls(
            project,
            home,
            engine=DOCKER if environ.get("CONTAINER_BACKEND", "").strip().lower() == DOCKER else APPLE,
            image=environ.get("CONTAINER_IMAGE") or cls.image,
            timeout_ms=_number(environ, "CONTAINER_TIMEOUT", cls.timeout_ms),
            idle_timeout_ms=_number(environ, "IDLE_TIMEOUT", cls.idle_timeout_ms),
            output_units=_number(environ, "CONTAINER_MAX_OUTPUT_SIZE", cls.output_units),
            source_runner=environ.get("NANOCLAW_RUNNER_MODE", "").strip().lower() == "dev",
            verbose_log=environ.get("LOG_LEVEL") in ("debug", "trace"),
            share_project=True,
            share_env_file=True,
        )


@dataclass(frozen=True)
class RunGroup:
    """The group a run is for. `timeout_ms` overrides the settings'; `mounts` are requests, not yet checked."""

    name: str
    folder: str
    timeout_ms: int | None = None
    mounts: list[Any] = field(default_factory=list[Any])

    def __post_init__(self) -> None:
        if self.folder in ("", ".", "..") or re.search(r"[/:,\0]", self.folder):
            raise BadRun(f"{self.folder!r} is no folder name", "use letters, digits, - and _")

    @classmethod
    def of_nanoclaw(cls, group: Mapping[str, Any]) -> Self:
        """From NanoClaw's group object {name, folder, containerConfig?: {timeout?, additionalMounts?}}."""
        config = group.get("containerConfig")
        options = cast("dict[str, Any]", config) if isinstance(config, dict) else {}
        timeout, mounts = options.get("timeout"), options.get("additionalMounts")
        timeout_ms = int(timeout) if isinstance(timeout, int | float) and truthy(timeout) else None
        requests = cast("list[Any]", mounts) if isinstance(mounts, list) else []
        return cls(group["name"], group["folder"], timeout_ms, requests)


def _number(environ: Mapping[str, str], name: str, default: int) -> int:
    found = re.match(r"\s*[+-]?\d+", environ.get(name, ""))
    return int(found.group()) if found else default
