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
from app.host.nanoclaw.hold import Hold
from app.host.nanoclaw.steps import CHANGED, LEFT_OUT, THERE, Chat, Plan, Step
from app.host.private_file import write_private

HISTORY = "messages.db"
ALLOWLIST = "mount-allowlist.json"

Ask = Callable[[str, dict[str, Any]], Awaitable[Any]]
"""One request to the host: OperatorClient.request; raises ProblemError with `code` when it is refused."""


async def carry_out(plan: Plan, ask: Ask, hold: Hold | None = None) -> bool:
    """Do the plan's steps, then bring the messages, then serve the groups again that were paused meanwhile, except
    those in which messages wait. What the box refuses is noted in its entry, and the rest goes on. Once nobody answers,
    the rest is noted as not asked for, and `hold` remembers what to serve when the import is made again. Returns
    whether all was done."""
    return await _Run(ask, hold or Hold()).carry_out(plan)


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


class _Run:
    """One import. `_problem`: why nothing more is asked for."""

    def __init__(self, ask: Ask, hold: Hold) -> None:
        self._ask = ask
        self._hold = hold
        self._complete = True
        self._problem = ""

    async def carry_out(self, plan: Plan) -> bool:
        self._hold.add(*plan.hold)
        for step in plan.steps:
            error = await self._try(step.name, step.args)
            if error and step.entry is not None:
                step.entry.outcome, step.entry.why = LEFT_OUT, error
        for session in plan.sessions:
            await self._bring_session(session)
        for chat in plan.chats:
            await self._bring(chat)
        await self._serve_again(plan)
        return self._complete

    async def _try(self, name: str, args: dict[str, Any]) -> str:
        """Ask; returns what went wrong."""
        try:
            await self._request(name, args)
        except ProblemError as error:
            return error.message
        return ""

    async def _request(self, name: str, args: dict[str, Any]) -> Any:
        """Raises ProblemError, at once when nobody answers any more."""
        if self._problem:
            raise ProblemError(f"not asked for: {self._problem}")
        try:
            return await self._ask(name, args)
        except ProblemError as error:
            if _is_served(error):
                raise
            self._complete = False
            if error.exit_code == 3 or _unknown(error):
                self._problem = error.message
            raise

    async def _bring_session(self, step: Step) -> None:
        known, problem = False, ""
        try:
            known = (await self._request(step.name, step.args))["known"]
        except ProblemError as error:
            problem = error.message
        if step.entry is not None and (known or problem):
            step.entry.outcome, step.entry.why = LEFT_OUT, problem or THERE

    async def _bring(self, chat: Chat) -> None:
        """Bring a group's messages, and say in its entries what became of them."""
        stored = left = 0
        try:
            for piece in chat.pieces:
                answer = await self._bring_piece(chat.folder, piece)
                stored, left = stored + answer["stored"], left + answer["left"]
        except ProblemError as error:
            chat.entry.outcome, chat.entry.why = LEFT_OUT, f"{stored} were brought: {error.message}"
            if chat.waiting is not None:
                chat.waiting.outcome, chat.waiting.why = LEFT_OUT, error.message
            return
        if left:
            chat.entry.outcome, chat.entry.why = CHANGED, f"{left} have no place behind what the box has"
        elif not stored:
            chat.entry.outcome, chat.entry.why = LEFT_OUT, THERE
        if not stored and chat.waiting is not None and chat.folder not in self._hold.folders:
            chat.waiting.outcome, chat.waiting.why = LEFT_OUT, THERE

    async def _bring_piece(self, folder: str, piece: dict[str, Any]) -> Any:
        """A group is only paused when there is something new for it to wait with: the box says so."""
        try:
            return await self._request("import.messages", piece)
        except ProblemError as error:
            if not _is_served(error):
                raise
        self._hold.add(folder)
        await self._request("group.pause", {"folder": folder})
        return await self._request("import.messages", piece)

    async def _serve_again(self, plan: Plan) -> None:
        for folder in sorted(self._hold.folders - set(plan.waiting)):
            problem = await self._try("group.resume", {"folder": folder})
            if problem:
                plan.note("group", folder, LEFT_OUT, f"it is still paused: {problem}")
        if not self._problem:
            self._hold.clear()


def _is_served(error: ProblemError) -> bool:
    return getattr(error, "code", "") == "busy"


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
