"""Which folders of this machine a container may see besides its group's own, as NanoClaw decides it.

The allowlist lies outside every folder that a container can write to. A path is judged by what it really is, all
symbolic links followed: it must lie under an allowed root and contain no blocked pattern (a plain, case-sensitive part
of the path). What is mounted is that real path. Without a usable allowlist nothing is allowed.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from app.host import limits
from app.host.nanoclaw.javascript import parse_json, trim, truthy
from app.host.sandbox.errors import BadMount

BLOCKED_PATTERNS: Final = (
    ".ssh",
    ".gnupg",
    ".gpg",
    ".aws",
    ".azure",
    ".gcloud",
    ".kube",
    ".docker",
    "credentials",
    ".env",
    ".netrc",
    ".npmrc",
    ".pypirc",
    "id_rsa",
    "id_ed25519",
    "private_key",
    ".secret",
)
"""Never mounted, whatever the allowlist says."""

EXTRA: Final = "/workspace/extra/"
"""Where additional mounts appear in the container."""

_SEPARATORS: Final = (":", ",")
_SEPARATORS_WHY: Final = "':' and ',' would change the meaning of the engine's mount argument"

Json = dict[str, Any]


@dataclass(frozen=True)
class Mount:
    """A folder of this machine as a container sees it."""

    host_path: str
    container_path: str
    readonly: bool


@dataclass(frozen=True)
class Verdict:
    """Whether a mount is allowed and why; the mount itself when it is, its container path relative to EXTRA."""

    allowed: bool
    reason: str
    mount: Mount | None = None


def load_allowlist(path: Path) -> Json | None:
    """{allowedRoots, blockedPatterns (with BLOCKED_PATTERNS), nonMainReadOnly}; None when the file is missing, too
    large or not of this shape: then nothing is allowed."""
    try:
        with path.open("rb") as file:
            data = file.read(limits.ALLOWLIST_BYTES + 1)
        loaded = parse_json(data.decode("utf-8", "replace")) if len(data) <= limits.ALLOWLIST_BYTES else None
    except (OSError, ValueError):
        return None
    if not isinstance(loaded, dict):
        return None
    allowlist = cast(Json, loaded)
    roots, patterns = allowlist.get("allowedRoots"), allowlist.get("blockedPatterns")
    if not isinstance(roots, list) or not isinstance(patterns, list):
        return None
    if not isinstance(allowlist.get("nonMainReadOnly"), bool):
        return None
    merged = list(dict.fromkeys((*BLOCKED_PATTERNS, *(str(pattern) for pattern in cast("list[Any]", patterns)))))
    return allowlist | {"blockedPatterns": merged}


class MountSecurity:
    """Judges mounts. `home` stands for "~", relative paths are below `folder`; the allowlist is read once."""

    def __init__(self, allowlist_path: Path, home: Path, folder: Path) -> None:
        self.allowlist = load_allowlist(allowlist_path)
        self._path = allowlist_path
        self._home = str(home)
        self._folder = str(folder)

    def check(self, mount: Any, is_main: bool) -> Verdict:
        """The verdict on one request {hostPath, containerPath?, readonly?}. Only `readonly: false` asks for writing,
        and only the main group may get it where the allowlist says nonMainReadOnly. Raises BadMount for other
        shapes."""
        if self.allowlist is None:
            return Verdict(False, f"No mount allowlist configured at {self._path}")
        host_path, container_path = _paths(mount)
        problem = _container_path_problem(container_path)
        if problem:
            return Verdict(False, f'Invalid container path: "{container_path}" - {problem}')
        expanded = self._expanded(_text(host_path, "hostPath"))
        real = _real(expanded)
        if real is None:
            return Verdict(False, f'Host path does not exist: "{host_path}" (expanded: "{expanded}")')
        return self._check_real(real, container_path, mount.get("readonly") is False, is_main)

    def allowed(self, mounts: list[Any], is_main: bool) -> list[Mount]:
        """Those of a group's additional mounts that are allowed, at their places in the container."""
        verdicts = [self.check(mount, is_main) for mount in mounts[: limits.ADDITIONAL_MOUNTS]]
        found = [verdict.mount for verdict in verdicts if verdict.mount is not None]
        return [Mount(mount.host_path, EXTRA + mount.container_path, mount.readonly) for mount in found]

    def _check_real(self, real: str, container_path: str, wants_write: bool, is_main: bool) -> Verdict:
        allowlist = self.allowlist or {}
        blocked = next((pattern for pattern in allowlist["blockedPatterns"] if pattern in real), None)
        if blocked is not None:
            return Verdict(False, f'Path matches blocked pattern "{blocked}": "{real}"')
        root = self._root_of(real, allowlist["allowedRoots"])
        if root is None:
            roots = ", ".join(self._expanded(_root_path(each)) for each in allowlist["allowedRoots"])
            return Verdict(False, f'Path "{real}" is not under any allowed root. Allowed roots: {roots}')
        if any(char in real for char in _SEPARATORS):
            return Verdict(False, f'Path "{real}" cannot be mounted: {_SEPARATORS_WHY}')
        forced = not is_main and allowlist["nonMainReadOnly"]
        readonly = not wants_write or forced or not truthy(root.get("allowReadWrite"))
        said = f" ({root['description']})" if truthy(root.get("description")) else ""
        return Verdict(True, f'Allowed under root "{root["path"]}"{said}', Mount(real, container_path, readonly))

    def _root_of(self, real: str, roots: list[Any]) -> Json | None:
        """The first allowed root that `real` is or lies under."""
        for root in roots:
            real_root = _real(self._expanded(_root_path(root)))
            if real_root is not None and (real == real_root or real.startswith(real_root.rstrip("/") + "/")):
                return root
        return None

    def _expanded(self, path: str) -> str:
        if path == "~":
            return self._home
        if not path.startswith("~/"):
            return _normal(os.path.join(self._folder, path))  # noqa: PTH118 - texts, also such that are no paths
        expanded = _normal(self._home + "/" + path[2:])
        return expanded + "/" if path[2:].endswith("/") and expanded != "/" else expanded


def _paths(mount: Any) -> tuple[Any, str]:
    if not isinstance(mount, dict):
        raise BadMount(f"a mount is {type(mount).__name__}", "write {hostPath, containerPath?, readonly?}")
    request = cast(Json, mount)
    host_path, container_path = request.get("hostPath"), request.get("containerPath")
    if truthy(container_path):
        return host_path, _text(container_path, "containerPath")
    return host_path, os.path.basename(_text(host_path, "hostPath").rstrip("/"))  # noqa: PTH119 - as it was written


def _text(value: Any, key: str) -> str:
    if not isinstance(value, str):
        raise BadMount(f"a mount's {key} is no text", "write a path")
    return value


def _root_path(root: Any) -> str:
    if not isinstance(root, dict):
        raise BadMount("an entry of allowedRoots is no object", "write {path, allowReadWrite, description?}")
    return _text(cast(Json, root).get("path"), "allowed root")


def _container_path_problem(path: str) -> str:
    if ".." in path or path.startswith("/") or not trim(path):
        return 'must be relative, non-empty, and not contain ".."'
    return _SEPARATORS_WHY if any(char in path for char in _SEPARATORS) else ""


def _real(path: str) -> str | None:
    try:
        return os.path.realpath(path, strict=True)
    except (OSError, ValueError):  # missing, a loop, no permission; NUL or what no file name can hold
        return None


def _normal(path: str) -> str:
    return "/" + os.path.normpath(path).lstrip("/")
