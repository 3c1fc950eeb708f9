"""Who may do what, rule by rule."""

from device.host.policy import BOX, GROUP, HOST, REGISTRY, VERBS, decide

OWNER = {"kind": "owner", "name": "cli"}
MAIN = {"kind": "group", "folder": "main"}
HOME = {"kind": "group", "folder": "home"}


class State:
    def __init__(self, *folders):
        self.groups = {folder: {} for folder in folders}


STATE = State("main", "home", "work")


def _rule(actor, verb, folder, state=STATE):
    decision = decide(actor, verb, folder, state)
    assert decision.allowed == (decision.effect == "allow") and decision.reason
    return decision.effect, decision.rule


def _verbs(scope):
    return [verb for verb in VERBS if VERBS[verb] == scope]


def test_what_is_not_in_the_vocabulary_is_denied_to_everybody():
    for actor in (OWNER, MAIN, HOME):
        for verb in ("", "TASK.ADD", "task.add ", "__class__", None, ["task.add"]):
            assert _rule(actor, verb, "home") == ("deny", "unknown_verb")


def test_the_owner_may_do_everything_but_remove_main():
    for verb in VERBS:
        if VERBS[verb] != HOST:
            assert _rule(OWNER, verb, "home") == ("allow", "owner")
    assert _rule(OWNER, "group.set", "main") == ("allow", "owner")
    for actor in (OWNER, MAIN, HOME):
        assert _rule(actor, "group.remove", "main") == ("deny", "main_is_kept")
        assert _rule(actor, "group.add", "main") == ("deny", "main_is_kept")


def test_the_owner_registers_main_where_there_is_none():
    assert _rule(OWNER, "group.add", "main", State()) == ("allow", "owner")
    assert _rule(MAIN, "group.add", "main", State()) == ("deny", "unknown_actor")


def test_main_acts_on_every_group_known_or_not():
    for verb in _verbs(GROUP) + _verbs(REGISTRY):
        for folder in ("home", "gone", None):
            assert _rule(MAIN, verb, folder) == ("allow", "main_acts_on_all")
    assert _rule(MAIN, "task.add", "main") == ("allow", "main_acts_on_all")


def test_main_cannot_change_itself_as_a_group():
    for verb in ("group.set", "group.pause", "group.resume"):
        assert _rule(MAIN, verb, "main") == ("deny", "main_is_the_owners")


def test_a_group_acts_on_itself_only():
    for verb in _verbs(GROUP):
        assert _rule(HOME, verb, "home") == ("allow", "own_group")
        for folder in ("main", "work", "gone", "", "HOME", "home/"):
            assert _rule(HOME, verb, folder) == ("deny", "other_group")
        for_all = ("allow", "notes_for_all") if verb == "notes.get" else ("deny", "other_group")
        assert _rule(HOME, verb, None) == for_all


def test_a_group_changes_no_groups_not_even_itself():
    for verb in _verbs(REGISTRY):
        assert not decide(HOME, verb, "home", STATE).allowed
        assert not decide(HOME, verb, "new", STATE).allowed


def test_the_box_is_the_owners():
    for verb in _verbs(BOX):
        for actor in (MAIN, HOME):
            assert _rule(actor, verb, None) == ("deny", "box_is_the_owners")


def test_the_egress_rules_come_from_the_laptops_host_alone():
    for verb in _verbs(HOST):
        assert _rule({"kind": "owner", "name": "host"}, verb, None) == ("allow", "policy_is_the_hosts")
        for actor in (OWNER, {"kind": "owner", "name": "screen"}, {"kind": "owner"}, MAIN, HOME):
            assert _rule(actor, verb, None) == ("deny", "policy_is_the_hosts")
        assert _rule({"kind": "group", "name": "host", "folder": "main"}, verb, None)[0] == "deny"


def test_whoever_is_not_an_owner_or_a_registered_group_may_do_nothing():
    strangers = [{"kind": "group", "folder": folder} for folder in ("gone", "", None, ["main"], "MAIN", "main/../main")]
    strangers += [{}, {"kind": "Owner"}, {"kind": "device"}, {"folder": "main"}, {"kind": "group", "name": "main"}]
    for actor in strangers:
        for verb in VERBS:
            for folder in ("main", "home", actor.get("folder")):
                assert not decide(actor, verb, folder, STATE).allowed, (actor, verb, folder)


def test_what_an_actor_says_beside_its_identity_does_not_count():
    liar = dict(HOME, name="owner", is_main=True, source="main")
    assert _rule(liar, "task.add", "main") == ("deny", "other_group")
