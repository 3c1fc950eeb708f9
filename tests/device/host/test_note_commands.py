"""Notes: who reads and writes which, how large they are, and that they last."""

# pyright: reportOptionalSubscript=false, reportOptionalMemberAccess=false
from device.host import limits
from device.host.errors import Refused
from tests.device.host.box import Box
from tests.device.portable_test import raises


def _group(box, folder, verb, **args):
    return box.host.perform(verb, args, {"kind": "group", "folder": folder})


async def _box():
    box = await Box().start()
    await box.group("home", requires_trigger=False)
    await box.group("work", requires_trigger=False)
    return box


async def test_the_notes_for_all_are_read_by_all_and_written_by_main_and_the_owner():
    box = await _box()
    assert (await box.command("notes.set", scope="global", text="Ann likes tea."))["ok"]
    assert _group(box, "home", "notes.get", scope="global")["text"] == "Ann likes tea."
    with raises(Refused) as refused:
        _group(box, "home", "notes.set", scope="global", text="Ann likes gin.")
    assert refused.error.code == "not_authorized"
    assert box.audits("notes.set")[-1]["decision"] == "deny"
    _group(box, "main", "notes.set", scope="global", text="Ben too.", append=True)
    assert box.state.notes["global"]["text"] == "Ann likes tea.\nBen too."
    assert box.state.notes["global"]["by"] == "group:main"
    await box.stop()


async def test_a_group_has_its_own_notes_and_no_others():
    box = await _box()
    _group(box, "home", "notes.set", text="The key is under the mat.")
    assert _group(box, "home", "notes.get")["text"] == "The key is under the mat."
    for verb, more in (("notes.get", {}), ("notes.set", {"text": "x"})):
        with raises(Refused) as refused:
            _group(box, "work", verb, scope="home", **more)
        assert refused.error.code == "not_authorized"
    assert _group(box, "main", "notes.get", scope="home")["text"] == "The key is under the mat."
    await box.stop()


async def test_notes_outlast_a_reboot_and_go_with_their_group():
    box = await _box()
    await box.command("notes.set", scope="home", text="one")
    await box.command("notes.set", scope="global", text="two")
    box.store.snapshot()
    again = await Box(await box.stop()).start()
    assert {scope: note["text"] for scope, note in again.state.notes.items()} == {"home": "one", "global": "two"}
    await again.command("group.remove", id_="again-1", folder="home")
    assert list(again.state.notes) == ["global"]
    await again.command("notes.set", id_="again-2", scope="global", text=" ")
    assert again.state.notes == {}
    await again.stop()


async def test_notes_are_bounded_plain_and_in_json_and_what_is_appended_counts():
    box = await _box()
    fits = "x" * limits.NOTE_BYTES
    assert (await box.command("notes.set", scope="home", text=fits))["ok"]
    more = await box.command("notes.set", scope="home", text="y", append=True)
    assert more["error"]["code"] == "too_large" and box.state.notes["home"]["text"] == fits
    for text in ("ä" * limits.NOTE_BYTES, '"' * (limits.NOTE_ENCODED_BYTES // 2)):
        assert (await box.command("notes.set", scope="home", text=text))["error"]["code"] == "too_large"
    await box.stop()


async def test_notes_of_no_group_and_odd_arguments_are_refused():
    box = await _box()
    for args in ({"scope": "nowhere", "text": "x"}, {"scope": 5, "text": "x"}, {"scope": "", "text": "x"}):
        assert not (await box.command("notes.set", **args))["ok"]
    assert (await box.command("notes.set", scope="home", text=None))["error"]["code"] == "bad_value"
    assert (await box.command("notes.set", scope="home", text="x", append=3))["error"]["code"] == "bad_value"
    assert (await box.command("notes.get"))["result"]["scope"] == "global"
    assert box.state.notes == {}
    await box.stop()


async def test_all_notes_together_are_bounded_and_may_always_be_shortened():
    box = await Box().start()
    most = limits.NOTES_BYTES // limits.NOTE_BYTES
    for n in range(most):
        await box.group("g%d" % n)
        assert (await box.command("notes.set", scope="g%d" % n, text="x" * limits.NOTE_BYTES))["ok"], n
    refused = await box.command("notes.set", scope="main", text="x")
    assert not refused["ok"] and refused["error"]["code"] == "full"
    assert (await box.command("notes.set", scope="main", text=""))["ok"]
    assert (await box.command("notes.set", scope="g0", text="y" * limits.NOTE_BYTES))["ok"]
    assert (await box.command("notes.set", scope="g0", text="short"))["ok"]
    assert (await box.command("notes.set", scope="main", text="x"))["ok"]
    await box.stop()
