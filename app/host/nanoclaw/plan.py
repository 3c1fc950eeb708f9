"""Decides what of a NanoClaw folder a box takes, what changes on the way, what stays out, and why. Pure: no files, no
network.

    plan = make(folder, BoxNow(groups, tasks), Choices())
    plan.steps      the box's commands in order
    plan.chats      then the messages, group by group
    plan.entries    everything that was found, each with its outcome
"""

from typing import Any, Final

from app.host.nanoclaw import device_rules as rules
from app.host.nanoclaw.folder import NanoClawFolder
from app.host.nanoclaw.javascript import truthy
from app.host.nanoclaw.plan_history import plan_history
from app.host.nanoclaw.plan_tasks import plan_tasks
from app.host.nanoclaw.steps import CHANGED, KEPT, LEFT_OUT, TAKEN, THERE, BoxNow, Choices, Plan, Step

CONSOLE: Final = "console:"

Row = dict[str, Any]


def make(folder: NanoClawFolder, box: BoxNow, choices: Choices) -> Plan:
    """The plan for bringing `folder` to a box that has `box`."""
    plan = Plan()
    for what, why in folder.problems:
        plan.note("unreadable", what, LEFT_OUT, why)
    served = _plan_groups(folder, box, choices, plan)
    plan_tasks(folder.tasks, box, served, plan)
    _hold_groups(box, plan)
    plan_history(folder, served, choices, plan)
    _plan_beside(folder, plan)
    return plan


def _plan_groups(folder: NanoClawFolder, box: BoxNow, choices: Choices, plan: Plan) -> set[str]:
    """Steps for the groups; returns the folders that the box will have."""
    existing = {group["folder"]: group for group in box.groups}
    for jid, group in folder.groups.items():
        name = str(group.get("folder"))
        wanted, changes = _wanted(jid, group, choices)
        if truthy(group.get("containerConfig")):
            plan.note("container settings", name, LEFT_OUT, "runs on the box need no container; mounts are not taken")
        if name == "main" and "main" in existing:
            _plan_main(existing["main"], wanted, plan)
            continue
        if name in existing and any(group["folder"] == name for group in box.groups):
            plan.note("group", name, LEFT_OUT, THERE)
            continue
        problem = rules.group_problem(wanted, existing)
        if problem:
            plan.note("group", name, LEFT_OUT, problem)
            continue
        entry = plan.note("group", name, CHANGED if changes else TAKEN, "; ".join(changes))
        added_ms = rules.utc_ms(group.get("added_at"))
        added = {"added_ms": added_ms} if added_ms is not None and added_ms >= 0 else {}
        plan.steps.append(Step("import.group", wanted | added | {"paused": True}, entry))
        plan.hold.append(name)
    return set(existing)


def _wanted(jid: str, group: Row, choices: Choices) -> tuple[Row, list[str]]:
    """The arguments of import.group, and what they change."""
    name = group.get("folder")
    wanted: Row = {
        "folder": name,
        "name": str(group.get("name") or name),
        "jid": jid,
        "trigger": group.get("trigger") or "",
        "requires_trigger": bool(group.get("requiresTrigger", True)),
    }
    changes: list[str] = []
    if len(wanted["name"].encode("utf-8", "replace")) > rules.NAME_BYTES:
        wanted["name"] = wanted["name"].encode("utf-8", "replace")[: rules.NAME_BYTES].decode("utf-8", "ignore").strip()
        changes.append(f"its name is cut to {rules.NAME_BYTES} bytes")
    if not choices.keep_addresses and not jid.startswith(CONSOLE):
        wanted["jid"] = f"{CONSOLE}{name}"
        changes.append(f"its chat is {wanted['jid']}: no gateway serves {jid}")
    return wanted, changes


def _plan_main(has: Row, wanted: Row, plan: Plan) -> None:
    args = {key: wanted[key] for key in ("name", "trigger") if wanted[key] and wanted[key] != has.get(key)}
    if wanted["jid"] != f"{CONSOLE}main" and wanted["jid"] != has.get("jid"):
        args["jid"] = wanted["jid"]
    if not args:
        plan.note("group", "main", LEFT_OUT, THERE)
        return
    entry = plan.note("group", "main", CHANGED, f"the box's own main gets: {', '.join(sorted(args))}")
    plan.steps.append(Step("group.set", {"folder": "main"} | args, entry))


def _hold_groups(box: BoxNow, plan: Plan) -> None:
    """Groups are paused while tasks come to them: what is overdue then runs when everything is there."""
    served = {group["folder"] for group in box.groups if not group.get("paused")}
    touched = {str(step.args["folder"]): None for step in plan.steps if step.name == "import.task"}
    plan.hold += [folder for folder in touched if folder in served]
    plan.steps[:0] = [Step("group.pause", {"folder": folder}) for folder in touched if folder in served]


def _plan_beside(folder: NanoClawFolder, plan: Plan) -> None:
    if folder.allowlist is not None:
        plan.keep_allowlist = True
        plan.note("mount allowlist", str(folder.allowlist), KEPT, "for container runs; the box itself mounts nothing")
    for name, files in folder.group_files.items():
        if files:
            shown = ", ".join(files[:5]) + (" …" if len(files) > 5 else "")
            plan.note("files", f"groups/{name}: {shown}", LEFT_OUT, "memory and files stay in the NanoClaw folder")
    for name, count in folder.ipc_files.items():
        plan.note("requests", f"data/ipc/{name}: {count}", LEFT_OUT, "let NanoClaw work them off before it is stopped")
    if folder.has_credentials:
        plan.note("credentials", ".env", LEFT_OUT, "never read from files; store them: barnacle secret set")
