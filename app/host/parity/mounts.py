"""mounts.json: every mount request against the recorded folder tree and allowlists, really made on disk.

Paths begin with $ROOT in the recordings. Of an error only that there was one is compared.
"""

# pyright: standard

import atexit
import functools
import json
import re
import tempfile
from pathlib import Path
from typing import Any

from app.host.parity.judges.outcome import Context, Difference, difference
from app.host.sandbox.errors import BadMount
from app.host.sandbox.mount_security import BLOCKED_PATTERNS, MountSecurity, Verdict

NEEDS = ("allowlist", "mount", "is_main")
KNOWS_REPAIRS = True
FAILED = "fails"
ALLOWLIST_FILE = "home/.config/nanoclaw/mount-allowlist.json"


def judge(case: dict[str, Any], context: Context) -> Difference | None:
    """Judge one request: the verdict, what would be mounted, and the allowlist as it is after loading."""
    root = _tree(json.dumps(context.document["tree"]))
    allowlist = context.document["allowlists"][case["allowlist"]]
    security = _security(root, allowlist["file"])
    found = difference({"allowlist": _placed(allowlist["effective"], root)}, {"allowlist": security.allowlist})
    if found is not None:
        return found
    mount, is_main = _placed(case["mount"], root), case["is_main"]
    want = {
        "result": FAILED if "error" in case else _placed(case["result"], root),
        "validated": FAILED if "validated_error" in case else _placed(case["validated"], root),
    }
    got = {"result": _result(security, mount, is_main), "validated": _validated(security, mount, is_main)}
    repair = _repair(mount, want["result"])
    if repair == "container_path_separator":
        context.repaired(repair)
        return difference({"allowed": False, "mounts": []}, _short(got))
    if repair == "dotdot_prefix_name_rejected":
        context.repaired(repair)
        return difference(
            {"allowed": True, "mounts": [_hidden_by_name(_placed(case["result"]["reason"], root))]}, _short(got)
        )
    return difference(want, got)


def _repair(mount: Any, result: Any) -> str | None:
    """Which repair acts, by the request and the recorded verdict."""
    if not isinstance(mount, dict) or result == FAILED:
        return None
    container_path = mount.get("containerPath")
    if result["allowed"] and isinstance(container_path, str) and any(char in container_path for char in ":,"):
        return "container_path_separator"
    if not result["allowed"] and _hidden_by_name(result["reason"]):
        return "dotdot_prefix_name_rejected"
    return None


def _hidden_by_name(reason: str) -> str | None:
    """The real path in a refusal that lies below an allowed root, in an entry whose name begins with ".."."""
    found = re.fullmatch(r'Path "(.*)" is not under any allowed root\. Allowed roots: (.*)', reason, re.DOTALL)
    if found is None:
        return None
    path = Path(found[1])
    roots = [Path(root).resolve() for root in found[2].split(", ") if Path(root).exists()]
    inside = [root for root in roots if path != root and path.is_relative_to(root)]
    named = any(path.relative_to(root).parts[0].startswith("..") for root in inside)
    return found[1] if named else None


def _short(got: dict[str, Any]) -> dict[str, Any]:
    if FAILED in got.values():
        return got
    return {"allowed": got["result"]["allowed"], "mounts": [mount["hostPath"] for mount in got["validated"]]}


def _security(root: Path, content: str | None) -> MountSecurity:
    path = root / ALLOWLIST_FILE
    path.unlink(missing_ok=True)
    if content is not None:
        path.write_bytes(_placed(content, root).encode())
    return MountSecurity(path, root / "home", root / "cwd")


def _result(security: MountSecurity, mount: Any, is_main: bool) -> Any:
    try:
        return _as_recorded(security.check(mount, is_main))
    except BadMount:
        return FAILED


def _validated(security: MountSecurity, mount: Any, is_main: bool) -> Any:
    try:
        found = security.allowed([mount], is_main)
    except BadMount:
        return FAILED
    return [
        {"hostPath": each.host_path, "containerPath": each.container_path, "readonly": each.readonly} for each in found
    ]


def _as_recorded(verdict: Verdict) -> dict[str, Any]:
    recorded: dict[str, Any] = {"allowed": verdict.allowed, "reason": verdict.reason}
    if verdict.mount is not None:
        recorded["realHostPath"] = verdict.mount.host_path
        recorded["resolvedContainerPath"] = verdict.mount.container_path
        recorded["effectiveReadonly"] = verdict.mount.readonly
    return recorded


def _placed(value: Any, root: Path) -> Any:
    """`value` with $ROOT filled in, in every text of it."""
    if isinstance(value, str):
        return value.replace("$ROOT", str(root))
    if isinstance(value, list):
        return [_placed(each, root) for each in value]
    if isinstance(value, dict):
        return {key: _placed(each, root) for key, each in value.items()}
    return value


@functools.lru_cache(maxsize=1)
def _tree(text: str) -> Path:
    """The recorded tree in a temporary folder, made once and removed at exit."""
    tree = json.loads(text)
    holder = tempfile.TemporaryDirectory(prefix="mounts")
    atexit.register(holder.cleanup)
    root = Path(holder.name).resolve()
    if any(pattern in str(root) for pattern in BLOCKED_PATTERNS):
        raise ValueError(f"the temporary folder {root} holds a blocked pattern; set TMPDIR to another")
    for name in tree["dirs"]:
        (root / name).mkdir(parents=True, exist_ok=True)
    for name in tree["files"]:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    for link, target in tree["symlinks"]:
        (root / link).symlink_to(_placed(target, root))
    return root
