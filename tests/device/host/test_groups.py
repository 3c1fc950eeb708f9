"""Groups are well formed, never share a folder or a chat, and are bounded."""

from device.host import limits
from device.host.errors import Refused
from device.host.groups import changed_group, check_folder, new_group
from tests.device.portable_test import raises


def _code(action, *arguments):
    with raises(Refused) as caught:
        action(*arguments)
    return getattr(caught.error, "code", None)


def _add(existing, folder, **args):
    group = new_group(dict(args, folder=folder), 7, existing)
    existing[folder] = group
    return group


def test_folders_are_plain_names():
    for folder in ("main", "family-chat", "a", "A_1", "__proto__", "x" * limits.NAME_BYTES):
        assert check_folder(folder) == folder
    for folder in ("", "..", "a/b", "../../etc", "a b", "a\x00", "é", "a.b", "\\x", "@", None, 5, ["a"]):
        assert _code(check_folder, folder) == "bad_value", folder


def test_folders_that_are_too_long_or_reserved_are_refused():
    assert _code(check_folder, "x" * (limits.NAME_BYTES + 1)) == "too_large"
    for folder in ("global", "Global", "errors", "MAIN", "Main"):
        assert _code(check_folder, folder) == "reserved", folder


def test_a_new_group_gets_defaults():
    assert _add({}, "home") == {
        "folder": "home",
        "jid": "console:home",
        "name": "home",
        "trigger": "@Barnacle",
        "requires_trigger": True,
        "added_ms": 7,
        "paused": False,
    }
    group = new_group({"folder": "x", "name": "X", "jid": "1@g", "requires_trigger": False}, 7, {}, "Andy")
    assert (group["trigger"], group["jid"], group["requires_trigger"]) == ("@Andy", "1@g", False)


def test_two_groups_share_neither_folder_nor_chat():
    existing = {}
    _add(existing, "main")
    _add(existing, "home", jid="1@g")
    assert _code(_add, existing, "home") == "duplicate"
    assert _code(_add, existing, "HOME") == "duplicate"
    assert _code(_add, existing, "main") == "duplicate"
    with raises(Refused) as caught:
        _add(existing, "other", jid="1@g")
    assert getattr(caught.error, "code", None) == "duplicate" and "home" in str(caught.error)


def test_no_more_groups_than_the_bound():
    existing = {}
    for n in range(limits.GROUPS):
        _add(existing, "g%d" % n)
    assert _code(_add, existing, "more") == "full"


def test_a_proto_key_is_a_group_like_any_other():
    existing = {}
    _add(existing, "__proto__", jid="__proto__")
    assert list(existing) == ["__proto__"]
    assert _code(_add, existing, "__proto__") == "duplicate"


def test_ill_formed_fields_are_refused():
    with raises(Refused):
        new_group({"folder": "a", "colour": "red"}, 7, {})
    for args in ({"name": ""}, {"name": 5}, {"trigger": " @ "}, {"trigger": ["@a"]}, {"requires_trigger": 1}):
        with raises(Refused) as caught:
            _add({}, "a", **args)
        assert getattr(caught.error, "code", None) == "bad_value", args
    with raises(Refused) as caught:
        _add({}, "a", name="tab\there")
    assert getattr(caught.error, "code", None) == "bad_value"


def test_names_are_bounded_in_bytes_not_characters():
    _add({}, "a", name="é" * (limits.NAME_BYTES // 2))
    for args in ({"name": "é" * (limits.NAME_BYTES // 2 + 1)}, {"jid": "j" * (limits.ID_BYTES + 1)}):
        with raises(Refused) as caught:
            _add({}, "a", **args)
        assert getattr(caught.error, "code", None) == "too_large", args


def test_a_change_leaves_the_old_group_alone_and_is_checked():
    existing = {}
    home = _add(existing, "home")
    _add(existing, "work", jid="2@g")
    changed = changed_group(home, {"folder": "home", "name": "Home", "requires_trigger": False}, existing)
    assert (changed["name"], changed["requires_trigger"], home["name"]) == ("Home", False, "home")
    assert changed_group(home, {"jid": home["jid"]}, existing) == home
    assert _code(changed_group, home, {"jid": "2@g"}, existing) == "duplicate"
    assert _code(changed_group, home, {"trigger": ""}, existing) == "bad_value"
    assert _code(changed_group, home, {"paused": True}, existing) == "bad_value"


def test_no_group_takes_the_console_address_of_another():
    existing = {}
    _add(existing, "main", jid="1@g")
    work = _add(existing, "work", jid="2@g")
    for jid in ("console:main", "console:nobody"):
        assert _code(new_group, {"folder": "evil", "name": "E", "jid": jid}, 7, existing, "Andy") == "reserved"
        assert _code(changed_group, work, {"jid": jid}, existing) == "reserved"
    assert changed_group(work, {"jid": "console:work"}, existing)["jid"] == "console:work"
