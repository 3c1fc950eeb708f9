"""Plans carried out: against the box's own command rules, against refusals, and on disk."""

import contextlib
import json
import sqlite3
import stat

import pytest

from app.host.nanoclaw.folder import read
from app.host.nanoclaw.hold import Hold
from app.host.nanoclaw.import_run import carry_out, keep
from app.host.nanoclaw.plan import make
from app.host.nanoclaw.steps import LEFT_OUT, BoxNow, Choices
from app.host.operator_client import OperatorRefused, OperatorUnreachable
from device.host import tz
from device.host.clock import ManualClock
from device.host.commands import Commands
from device.host.errors import Refused
from device.host.state import State
from tests.app.nanoclaw.installation import fingerprint, make_folder, message, opened, task
from tests.device.host.box import canonical

OWNER = {"kind": "owner", "name": "test"}
MAIN = {"folder": "main", "jid": "console:main", "name": "Main", "requires_trigger": False}


class Store:
    def __init__(self):
        self.state = State()

    def require(self, records, size):
        """There is always room."""

    def put(self, kind, body):
        self.state.apply(kind, body)


class Box:
    """The box's real commands on a state in memory; `refuse` names commands that fail."""

    def __init__(self, refuse=None):
        self.store = Store()
        self.asked = []
        self._refuse = refuse or {}
        self._commands = Commands(self.store, ManualClock(1_770_984_000_000), tz.Zone("UTC0"))
        self._commands.perform(OWNER, "group.add", MAIN)
        self._left, self._lost = None, False

    def ends_after(self, count, lost):
        """After so many requests nobody answers (None: for ever); `lost`: the next one is carried out all the same."""
        self._left, self._lost = count, lost

    async def ask(self, name, args):
        self.asked.append(name)
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                if self._left == -1 and self._lost:
                    with contextlib.suppress(Refused):
                        self._commands.perform(OWNER, name, args)
                raise OperatorUnreachable("nobody is there")
        if name in self._refuse:
            raise self._refuse[name]
        try:
            return self._commands.perform(OWNER, name, args)
        except Refused as refusal:
            raise OperatorRefused(refusal.code, refusal.message) from refusal

    @property
    def now(self) -> BoxNow:
        return BoxNow(list(self.store.state.groups.values()), list(self.store.state.tasks.values()))


@pytest.fixture
def folder(tmp_path):
    path = make_folder(tmp_path / "nanoclaw")
    with opened(path / "store/messages.db") as database:
        database.tasks.create(task("t2", status="paused", schedule_type="interval", schedule_value="60000"))
    return read(path, tmp_path)


async def test_a_box_has_groups_and_tasks_afterwards_and_a_second_import_changes_nothing(folder):
    box = Box()
    assert await carry_out(make(folder, box.now, Choices()), box.ask)
    state = box.store.state
    assert {each["folder"]: each["trigger"] for each in state.groups.values()} == {"main": "@Andy", "family": "@Andy"}
    assert [(each["kind"], each["status"]) for each in state.tasks.values()] == [
        ("cron", "active"),
        ("interval", "paused"),
    ]
    before = canonical(box.store.state)
    assert make(folder, box.now, Choices()).steps == []
    assert await carry_out(make(folder, box.now, Choices()), box.ask)
    assert unaudited(canonical(box.store.state)) == unaudited(before)


async def test_what_the_box_refuses_is_noted_and_the_rest_goes_on(folder):
    box = Box({"group.set": OperatorRefused("bad_value", "not today")})
    plan = make(folder, box.now, Choices())
    assert not await carry_out(plan, box.ask)
    entry = next(each for each in plan.entries if (each.kind, each.name) == ("group", "main"))
    assert (entry.outcome, entry.why) == (LEFT_OUT, "not today")
    assert len(box.store.state.tasks) == 2


@pytest.mark.parametrize("error", [OperatorUnreachable("nobody is there"), OperatorRefused("timeout", "unknown")])
async def test_once_nobody_answers_nothing_more_is_asked_for(folder, error):
    box = Box({"import.task": error})
    plan = make(folder, box.now, Choices())
    assert not await carry_out(plan, box.ask)
    assert box.asked.count("import.task") == 1
    assert [each.why for each in plan.entries if each.kind == "task"][-1] == f"not asked for: {error.message}"


LATER = "2026-02-13T13:00:00.000Z"


@pytest.fixture
def with_waiting(folder, tmp_path):
    with opened(folder.path / "store/messages.db") as database:
        for at in range(5):
            database.messages.store(message(f"w{at}", timestamp=LATER, content=f"@Andy question {at}"))
        database.chats.saw("me@s.whatsapp.net", LATER, "Me")
        database.messages.store(message("own", "me@s.whatsapp.net", timestamp=LATER))
    return read(folder.path, tmp_path)


async def test_what_was_not_handed_over_waits_in_groups_that_stay_paused(with_waiting):
    box = Box()
    plan = make(with_waiting, box.now, Choices())
    assert await carry_out(plan, box.ask)
    state = box.store.state
    assert [each["id"] for each in state.rings["family"]] == ["m1", "w0", "w1", "w2", "w3", "w4"]
    assert [each["id"] for each in state.pending("family")] == ["w0", "w1", "w2", "w3", "w4"]
    assert [each["id"] for each in state.pending("main")] == ["own"]
    assert {each["paused"] for each in state.groups.values()} == {True}
    notes = [each.why for each in plan.entries if each.kind == "waiting messages"]
    assert sorted(why.split(": ")[1] for why in notes) == ["barnacle group resume family", "barnacle group resume main"]


async def test_they_are_served_when_the_owner_says_so(with_waiting):
    box = Box()
    assert await carry_out(make(with_waiting, box.now, Choices(resume=True)), box.ask)
    assert {each["paused"] for each in box.store.state.groups.values()} == {False}
    assert box.asked[-2:] == ["group.resume", "group.resume"]


async def test_an_import_that_breaks_off_anywhere_ends_the_same_when_it_is_made_again(with_waiting, tmp_path):
    whole = Box()
    assert await carry_out(make(with_waiting, whole.now, Choices()), whole.ask)
    expected = unaudited(canonical(whole.store.state))
    for count in range(len(whole.asked)):
        for lost in (False, True):  # the request, or only its answer
            box, file = Box(), tmp_path / f"unfinished-{count}-{lost}.json"
            box.ends_after(count, lost)
            assert not await carry_out(make(with_waiting, box.now, Choices()), box.ask, Hold(file))
            assert json.loads(file.read_text())["paused"]
            box.ends_after(None, False)
            assert await carry_out(make(with_waiting, box.now, Choices()), box.ask, Hold(file))
            assert unaudited(canonical(box.store.state)) == expected, (count, lost)
            assert not file.exists()


async def test_a_group_that_its_owner_has_paused_stays_paused(folder):
    box = Box()
    assert await carry_out(make(folder, box.now, Choices()), box.ask)
    await box.ask("group.pause", {"folder": "family"})
    assert await carry_out(make(folder, box.now, Choices()), box.ask)
    assert box.store.state.groups["family"]["paused"]


async def test_messages_that_the_box_refuses_are_told(folder):
    box = Box({"import.messages": OperatorRefused("full", "no room")})
    plan = make(folder, box.now, Choices())
    assert not await carry_out(plan, box.ask)
    (entry,) = [each for each in plan.entries if each.kind == "messages"]
    assert (entry.outcome, entry.why) == (LEFT_OUT, "0 were brought: no room")
    assert not box.store.state.groups["family"]["paused"]


def unaudited(records):
    return [record for record in records if record[0] not in ("audit", "!recent", "!counters")]


def test_history_and_allowlist_are_kept_for_the_owner_only(tmp_path, folder):
    allowlist = tmp_path / ".config/nanoclaw/mount-allowlist.json"
    allowlist.parent.mkdir(parents=True)
    allowlist.write_text('{"allowedRoots": []}')
    found = read(folder.path, tmp_path)
    before = fingerprint(folder.path)
    plan = make(found, BoxNow(), Choices())
    keep(plan, found, tmp_path / "kept")
    kept = keep(plan, found, tmp_path / "kept")  # what is there already is replaced
    assert [path.name for path in kept] == ["messages.db", "mount-allowlist.json"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in kept] == [0o600, 0o600]
    copy = sqlite3.connect(kept[0])
    assert copy.execute("SELECT session_id FROM sessions").fetchall() == [("s1",)]
    copy.close()
    assert fingerprint(folder.path) == before
