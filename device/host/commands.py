"""Device commands: who may, whether it makes sense, and which records it leads to. Audited before it takes effect.

A command is a preparer `prepare(state, args, context) -> (records, result)` in task_commands.py, group_commands.py,
import_commands.py; it only reads. Policy decides first; a refusal and a denial leave an audit record just as a success
does. What a record sets in motion (dispatch, scheduler, screen) follows from observing the store, not from here.
"""

from device.host import (
    ask_commands,
    audit,
    group_commands,
    import_commands,
    limits,
    note_commands,
    override_commands,
    policy,
    policy_state,
    queue_commands,
    run_commands,
    task_commands,
    witness,
)
from device.host.errors import Refused
from device.host.run_records import new_id

PREPARERS = {}
PREPARERS.update(group_commands.PREPARERS)
PREPARERS.update(task_commands.PREPARERS)
PREPARERS.update(import_commands.PREPARERS)
PREPARERS.update(ask_commands.PREPARERS)
PREPARERS.update(override_commands.PREPARERS)
PREPARERS.update(policy_state.PREPARERS)
PREPARERS.update(note_commands.PREPARERS)
PREPARERS.update(run_commands.PREPARERS)
PREPARERS.update(queue_commands.PREPARERS)
PREPARERS.update(witness.PREPARERS)
_NONE = ()
HARDWARE = ("screen.shot", "screen.tap", "screen.swipe", "box.reboot")


class Context:
    """What a preparer needs besides state and arguments."""

    def __init__(self, actor, now_ms, zone, make_id=new_id, is_retrying=None):
        self.actor = actor
        self.now_ms = now_ms
        self.zone = zone
        self.is_retrying = is_retrying or _never
        self._make_id = make_id

    @property
    def sees_all(self):
        """True for owners and for runs of `main`: others know only their own group's tasks."""
        return self.actor.get("kind") == "owner" or self.actor.get("folder") == "main"

    def new_id(self, kind):
        """A fresh id such as "task-…"."""
        return self._make_id(kind, self.now_ms)


class Commands:
    """`zone` is the current zone (set by the host), `make_id(kind, now_ms)` names what is made (a replay has
    names that were recorded), `is_retrying(folder)` knows the queue. `perform` changes the store in memory: commit
    afterwards."""

    def __init__(self, store, clock, zone):
        self._store = store
        self._clock = clock
        self.zone = zone
        self.make_id = new_id
        self.is_retrying = _never

    def perform(self, actor, name, args):
        """Carry out a command and return its result; raises Refused, or SpoolFull when its records cannot be held."""
        self._store.require(limits.COMMAND_RECORDS, limits.COMMAND_BYTES)
        try:
            folder = self.folder_of(actor, name, args)
            decision = self._decide(actor, name, folder)
            records, result = self._prepare(actor, name, args)
        except Refused as refusal:
            self._audit(name, actor, args, "deny", _rule(refusal), refusal.message)
            raise
        self._audit(name, actor, args, "allow", decision.rule, decision.reason)
        for kind, body in records:
            self._store.put(kind, body)
        return result

    def authorize(self, actor, name, args):
        """Decide and audit a command that somebody else carries out (the screen, a reboot); raises Refused."""
        self._store.require(limits.COMMAND_RECORDS, limits.COMMAND_BYTES)
        try:
            self.folder_of(actor, name, args)
            decision = self._decide(actor, name, None)
        except Refused as refusal:
            self._audit(name, actor, args, "deny", _rule(refusal), refusal.message)
            raise
        self._audit(name, actor, args, "allow", decision.rule, decision.reason)

    def folder_of(self, actor, name, args):
        """The folder a command acts on: named, or that of the task it names; None for the whole box."""
        if not isinstance(name, str):
            raise Refused("unsupported", "a command without a name cannot be carried out")
        if not isinstance(args, dict):
            raise Refused("bad_value", "the arguments of %s are no object" % name)
        if name.startswith("task.") and name != "task.add":
            context = Context(actor, 0, None)
            return task_commands.find(self._store.state, args, context)["folder"]
        if name.startswith("notes."):
            return note_commands.folder_of(actor, args)
        if name == "run.cancel":
            return run_commands.find(self._store.state, args)["folder"]
        folder = args.get("folder")
        if folder is not None and not isinstance(folder, str):
            raise Refused("bad_value", "the folder is no text", "name a group by its folder")
        if folder is None and name == "task.add":
            return actor.get("folder")
        return folder

    def _decide(self, actor, name, folder):
        if name not in PREPARERS and name not in HARDWARE:
            raise Refused("unsupported", "this box knows no command %s" % str(name)[: limits.NAME_BYTES])
        decision = policy.decide(actor, name, folder, self._store.state)
        if not decision.allowed:
            raise _Denied(decision)
        return decision

    def _prepare(self, actor, name, args):
        if name not in PREPARERS:
            raise Refused("unsupported", "%s cannot be asked for from here" % name)
        context = Context(actor, self._clock.now_ms(), self.zone, self.make_id, self.is_retrying)
        return PREPARERS[name](self._store.state, args, context)

    def _audit(self, name, actor, args, decision, rule, reason):
        now_ms = self._clock.now_ms()
        folder = args.get("folder") if isinstance(args, dict) else None
        folder = folder if isinstance(folder, str) else actor.get("folder")
        detail = _summary(args)
        what = name[: limits.NAME_BYTES] if isinstance(name, str) else "?"
        self._store.put("audit", audit.entry(now_ms, what, actor, folder, decision, rule, reason, detail))


def _never(folder):
    return folder in _NONE


class _Denied(Refused):
    def __init__(self, decision):
        remedy = "" if decision.rule == "main_is_kept" else "ask in the main group, or as the owner"
        super().__init__("not_authorized", decision.reason, remedy)
        self.rule = decision.rule


def _rule(refusal):
    return refusal.rule if isinstance(refusal, _Denied) else refusal.code


def _summary(args):
    """The arguments as an audit event shows them: identifiers, not contents."""
    if not isinstance(args, dict):
        return ""
    shown = ("id", "folder", "scope", "run", "kind", "value", "name", "slots", "zone")
    shown += ("answer", "group", "host", "minutes", "version", "all")
    return " ".join("%s=%s" % (k, args[k]) for k in shown if k in args)
