"""Plans carried out: against the box's own command rules, against refusals, and on disk."""

import sqlite3
import stat

import pytest

from app.host.nanoclaw.folder import read
from app.host.nanoclaw.import_run import carry_out, keep
from app.host.nanoclaw.plan import LEFT_OUT, BoxNow, Choices, make
from app.host.operator_client import OperatorRefused, OperatorUnreachable
from device.host import tz
from device.host.clock import ManualClock
from device.host.commands import Commands
from device.host.errors import Refused
from device.host.state import State
from tests.app.nanoclaw.installation import fingerprint, make_folder, opened, task

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

    async def ask(self, name, args):
        self.asked.append(name)
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
    assert make(folder, box.now, Choices()).steps == []


async def test_what_the_box_refuses_is_noted_and_the_rest_goes_on(folder):
    box = Box({"group.set": OperatorRefused("bad_value", "not today")})
    plan = make(folder, box.now, Choices())
    assert not await carry_out(plan, box.ask)
    assert (plan.steps[0].entry.outcome, plan.steps[0].entry.why) == (LEFT_OUT, "not today")
    assert len(box.store.state.tasks) == 2


@pytest.mark.parametrize("error", [OperatorUnreachable("nobody is there"), OperatorRefused("timeout", "unknown")])
async def test_once_nobody_answers_nothing_more_is_asked_for(folder, error):
    box = Box({"task.add": error})
    plan = make(folder, box.now, Choices())
    assert not await carry_out(plan, box.ask)
    assert box.asked.count("task.add") == 1
    assert plan.steps[-1].entry.why == f"not asked for: {error.message}"


async def test_a_task_that_cannot_be_paused_does_not_stay_active(folder):
    box = Box({"task.pause": OperatorRefused("busy", "not now")})
    plan = make(folder, box.now, Choices())
    assert not await carry_out(plan, box.ask)
    assert [each["kind"] for each in box.store.state.tasks.values()] == ["cron"]
    assert plan.steps[-1].entry.why == "it could not be paused: not now"


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
