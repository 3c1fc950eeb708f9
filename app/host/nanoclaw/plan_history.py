"""What becomes of messages, cursors, sessions and logs: the newest messages of each group go to the box, the cursor
behind those that NanoClaw has handed over; everything is in the copy of the database that stays on this machine.
"""

from typing import Final

from app.host import limits
from app.host.nanoclaw import device_rules as rules
from app.host.nanoclaw.folder import NanoClawFolder
from app.host.nanoclaw.history import History, history
from app.host.nanoclaw.steps import CHANGED, LEFT_OUT, TAKEN, Chat, Choices, Plan, Step

_ROOM_BYTES: Final = rules.RING_BYTES * 3 // 4
"""Of the box's rings, for all imported messages: the rest is for what comes afterwards."""


def plan_history(folder: NanoClawFolder, served: set[str], choices: Choices, plan: Plan) -> None:
    """Messages for the box, and entries; `served`: the folders that the box will have."""
    plan.keep_history = folder.database is not None
    chats = {jid: rows for jid, rows in folder.newest.items() if rows and folder.groups[jid].get("folder") in served}
    for jid, rows in chats.items():
        name = str(folder.groups[jid]["folder"])
        cursor = str(folder.cursors.get(jid) or "")
        _plan_chat(history(name, rows, cursor, folder.assistant, _ROOM_BYTES // len(chats)), jid, folder, choices, plan)
    others = {jid: count for jid, count in folder.messages.items() if jid not in chats}
    if others:
        why = "they are no group's of the box; the copy of the database has them"
        plan.note("messages", f"{sum(others.values())} in {len(others)} other chats", plan.kept(), why)
    for jid, time in folder.cursors.items():
        if jid in chats:
            why = "the box counts messages: its cursor stands behind the last one handed over"
            plan.note("cursor", f"{jid}: {time}", TAKEN, why)
        else:
            plan.note("cursor", f"{jid}: {time}", plan.kept(), "no message of this chat goes to the box")
    for name, session in folder.sessions.items():
        if name in served and session:
            entry = plan.note("session", f"{name}: {session}", TAKEN, "used when a model can continue it")
            plan.sessions.append(Step("import.session", {"folder": name, "session": session}, entry))
        else:
            plan.note("session", f"{name}: {session}", plan.kept(), "the box has no group of that name")
    if folder.chats:
        plan.note("chats", str(folder.chats), plan.kept(), "names of chats that are no groups are not used")
    if folder.run_logs:
        plan.note("run logs", str(folder.run_logs), plan.kept(), "the box logs its own runs")


def _plan_chat(made: History, jid: str, folder: NanoClawFolder, choices: Choices, plan: Plan) -> None:
    total = folder.messages.get(jid, 0)
    why = "" if made.taken == total else "the newest; older ones are in the copy of the database"
    entry = plan.note("messages", f"{made.folder}: {made.taken} of {total}", TAKEN, why)
    waiting = None
    if made.waiting:
        why = "the box answers them now" if choices.resume else _stays_paused(made.folder)
        waiting = plan.note("waiting messages", f"{made.folder}: {made.waiting}", TAKEN, why)
        plan.waiting += [] if choices.resume else [made.folder]
    beyond = folder.waiting.get(jid, 0) - made.waiting
    if beyond > 0:
        why = f"NanoClaw has not handed them over, but the box lets only {made.waiting} of this group wait"
        plan.note("waiting messages", f"{made.folder}: {beyond}", LEFT_OUT, why)
    _note_messages(made, plan)
    if made.pieces:
        plan.chats.append(Chat(made.folder, made.pieces, entry, waiting))


def _stays_paused(folder: str) -> str:
    return f"the group stays paused until you say: barnacle group resume {folder}"


def _note_messages(made: History, plan: Plan) -> None:
    """What is changed and refused, by id, as far as a report goes."""
    why = f"its text is cut to {rules.MESSAGE_BYTES} bytes; the copy of the database has all of it"
    notes = [(id_, CHANGED, why) for id_ in made.cut]
    notes += [(id_, LEFT_OUT, problem) for id_, problem in made.refused]
    for id_, outcome, reason in notes[: limits.IMPORT_NOTES]:
        plan.note("message", f"{made.folder}: {id_}"[:200], outcome, reason)
    if len(notes) > limits.IMPORT_NOTES:
        more = len(notes) - limits.IMPORT_NOTES
        plan.note("message", f"{made.folder}: {more} more", CHANGED, "cut or left out for the same reasons")
