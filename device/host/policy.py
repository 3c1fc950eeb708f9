"""Who may do what: one evaluator, one vocabulary, one named rule per decision.

Identity comes from the actor alone, which whoever received the request made from where it arrived: {"kind": "owner",
"name": client} or {"kind": "group", "folder": F}. Nothing a request says about itself counts.

Rules, in the order they are tried:
    unknown_verb        deny   the verb is not in the vocabulary
    main_is_kept        deny   nobody removes `main` or registers it again
    policy_is_the_hosts        the egress rules come from the laptop's host: allow for it, deny for all others
    owner               allow  operators act for the owner
    unknown_actor       deny   neither an owner nor a registered group
    box_is_the_owners   deny   settings, imports, screen and power are not for groups
    main_is_the_owners  deny   only the owner changes or pauses `main` itself
    main_acts_on_all    allow  `main` is the owner's own chat
    groups_are_mains    deny   registering and changing groups is for `main` and the owner
    notes_for_all       allow  the notes for all are read by every group
    own_group           allow  a group acts on itself
    other_group         deny   and on nothing else
"""

GROUP, REGISTRY, BOX, HOST = "group", "registry", "box", "host"
VERBS = {
    "message.send": GROUP,
    "run.cancel": GROUP,
    "queue.retry": GROUP,
    "queue.drop": GROUP,
    "notes.get": GROUP,
    "notes.set": GROUP,
    "task.add": GROUP,
    "task.edit": GROUP,
    "task.pause": GROUP,
    "task.resume": GROUP,
    "task.run": GROUP,
    "task.remove": GROUP,
    "group.add": REGISTRY,
    "group.set": REGISTRY,
    "group.remove": REGISTRY,
    "group.pause": REGISTRY,
    "group.resume": REGISTRY,
    "groups.refresh": REGISTRY,
    "settings.set": BOX,
    "import.group": BOX,
    "import.task": BOX,
    "import.messages": BOX,
    "import.session": BOX,
    "screen.shot": BOX,
    "screen.tap": BOX,
    "screen.swipe": BOX,
    "box.reboot": BOX,
    "override.add": BOX,
    "override.remove": BOX,
    "ask.answer": BOX,
    "audit.witness": BOX,
    "policy.set": HOST,
}
MAIN = "main"
HOST_NAME = "host"  # the owner's name that the laptop's host has for itself: no operator can have it


class Decision:
    """`.allowed` bool, `.effect` "allow" or "deny", `.rule` its name above, `.reason` a sentence for people."""

    def __init__(self, effect, rule, reason):
        self.effect = effect
        self.rule = rule
        self.reason = reason

    @property
    def allowed(self):
        """Whether the effect is "allow"."""
        return self.effect == "allow"


def decide(actor, verb, folder, state):
    """Whether `actor` may do `verb` to the group `folder` (None: to no registered group); reads `state.groups` only."""
    scope = VERBS.get(verb) if isinstance(verb, str) else None
    if scope is None:
        return _deny("unknown_verb", "There is no command called %s." % verb)
    if folder == MAIN and (verb == "group.remove" or (verb == "group.add" and MAIN in state.groups)):
        return _deny("main_is_kept", "The main group stays as it is: it cannot be removed or registered again.")
    kind = actor.get("kind")
    if scope == HOST:
        return _decide_for_host(actor, verb)
    if kind == "owner":
        return _allow("owner", "The owner may do this.")
    source = actor.get("folder")
    if kind != "group" or not isinstance(source, str) or source not in state.groups:
        return _deny("unknown_actor", "Only the owner and registered groups may ask for anything.")
    return _decide_for_group(source, verb, scope, folder)


def _decide_for_host(actor, verb):
    if actor.get("kind") == "owner" and actor.get("name") == HOST_NAME:
        return _allow("policy_is_the_hosts", "The laptop's host may do this.")
    return _deny("policy_is_the_hosts", "Only the laptop's host itself may use %s." % verb)


def _decide_for_group(source, verb, scope, folder):
    if scope == BOX:
        return _deny("box_is_the_owners", "Only the owner may use %s." % verb)
    if scope == REGISTRY and folder == MAIN:
        return _deny("main_is_the_owners", "Only the owner may change the main group.")
    if source == MAIN:
        return _allow("main_acts_on_all", "The main group may act on every group.")
    if scope == REGISTRY:
        return _deny("groups_are_mains", "Only the main group and the owner may use %s." % verb)
    if verb == "notes.get" and folder is None:
        return _allow("notes_for_all", "Every group may read the notes for all.")
    if folder == source:
        return _allow("own_group", "A group may act on itself.")
    return _deny("other_group", "The group %s may act on itself only." % source)


def _allow(rule, reason):
    return Decision("allow", rule, reason)


def _deny(rule, reason):
    return Decision("deny", rule, reason)
