"""Carries an import plan out: the box's commands one by one, and on this machine a copy of what the box cannot take."""

import contextlib
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from app.errors import ProblemError
from app.host import limits
from app.host.nanoclaw import readonly
from app.host.nanoclaw.folder import NanoClawFolder
from app.host.nanoclaw.plan import LEFT_OUT, Plan, Step
from app.host.private_file import write_private

HISTORY = "messages.db"
ALLOWLIST = "mount-allowlist.json"

Ask = Callable[[str, dict[str, Any]], Awaitable[Any]]
"""One request to the host: OperatorClient.request; raises ProblemError with `code` when it is refused."""


async def carry_out(plan: Plan, ask: Ask) -> bool:
    """Do the plan's steps; what the box refuses is noted in its entry, and the rest goes on. Once nobody answers, the
    remaining steps are noted as not asked for. Returns whether all steps were done."""
    complete, unreachable = True, ""
    for step in plan.steps:
        if unreachable:
            step.entry.outcome, step.entry.why = LEFT_OUT, f"not asked for: {unreachable}"
            continue
        try:
            await _do(step, ask)
        except ProblemError as error:
            complete = False
            step.entry.outcome, step.entry.why = LEFT_OUT, error.message
            unreachable = error.message if error.exit_code == 3 or _unknown(error) else ""
    return complete


def keep(plan: Plan, folder: NanoClawFolder, place: Path) -> list[Path]:
    """Keep the history and the allowlist in the folder `place` (readable by the owner only); returns the files. One
    that is there already is replaced."""
    kept: list[Path] = []
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    if plan.keep_history and folder.database is not None:
        kept.append(_keep_history(folder.database, place / HISTORY))
    if plan.keep_allowlist and folder.allowlist is not None:
        with folder.allowlist.open("rb") as file:
            data = file.read(limits.ALLOWLIST_BYTES)
        write_private(place / ALLOWLIST, data.decode("utf-8", "replace"))
        kept.append(place / ALLOWLIST)
    return kept


async def _do(step: Step, ask: Ask) -> None:
    made = await ask(step.name, step.args)
    if step.then:
        try:
            await ask(step.then, {"id": made["id"]})
        except ProblemError as error:
            await _undo(made["id"], ask)
            raise ProblemError(f"it could not be paused: {error.message}", error.remedy) from error


async def _undo(task_id: str, ask: Ask) -> None:
    """A task that should not run must not stay active."""
    with contextlib.suppress(ProblemError):  # the first problem is the one to report
        await ask("task.remove", {"id": task_id})


def _unknown(error: ProblemError) -> bool:
    return getattr(error, "code", "") in ("timeout", "box_offline")


def _keep_history(source: Path, target: Path) -> Path:
    part = target.with_suffix(".part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    with readonly.opened(source) as original, contextlib.closing(sqlite3.connect(part)) as copy:
        original.backup(copy)
    part.replace(target)
    return target
