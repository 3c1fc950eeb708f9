from pathlib import Path

from app.host import limits
from app.host.nanoclaw.folder import NanoClawFolder
from app.host.nanoclaw.plan import make
from app.host.nanoclaw.steps import CHANGED, KEPT, LEFT_OUT, TAKEN, BoxNow, Choices
from tests.app.nanoclaw.installation import NOW, group, message
from tests.app.nanoclaw.installation import task as task_row

NOW_MS = 1_770_984_000_000
MAIN = {"folder": "main", "jid": "console:main", "name": "Main", "trigger": "@Barnacle", "requires_trigger": False}


def task(task_id: str, **changes) -> dict:
    row = {"last_run": None, "last_result": None, "context_mode": "isolated"}
    return row | task_row(task_id, **changes)


def planned(groups=None, tasks=(), box=None, keep_addresses=False, **more):
    folder = NanoClawFolder(Path("nanoclaw"), groups=groups or {}, tasks=list(tasks), **more)
    return make(folder, box or BoxNow([MAIN]), Choices(keep_addresses))


def entry(plan, kind):
    (found,) = [each for each in plan.entries if each.kind == kind]
    return found


def commands(plan) -> list[tuple]:
    return [(step.name, step.args) for step in plan.steps]


def test_a_group_comes_with_an_address_that_is_served():
    plan = planned({"fam@g.us": group("family", requiresTrigger=False)})
    wanted = {"folder": "family", "name": "Family", "jid": "console:family", "trigger": "@Andy"}
    assert commands(plan) == [
        ("import.group", wanted | {"requires_trigger": False, "added_ms": NOW_MS, "paused": True})
    ]
    assert entry(plan, "group").outcome == CHANGED
    assert "fam@g.us" in entry(plan, "group").why


def test_an_address_is_kept_when_asked_for():
    plan = planned({"fam@g.us": group("family")}, keep_addresses=True)
    assert plan.steps[0].args["jid"] == "fam@g.us"
    assert entry(plan, "group").outcome == TAKEN


def test_main_stays_the_boxs_own_and_gets_name_and_trigger():
    plan = planned({"me@s.whatsapp.net": group("main", name="Me")})
    assert commands(plan) == [("group.set", {"folder": "main", "name": "Me", "trigger": "@Andy"})]


def test_what_the_box_has_already_is_left_out():
    has = {"folder": "family", "jid": "console:family", "name": "Family", "trigger": "@Andy"}
    there = {"id": "t1", "folder": "family", "prompt": "water the plants", "kind": "cron", "value": "0 9 * * *"}
    groups = {"fam@g.us": group("family"), "me@g.us": group("main", name="Main", trigger="@Barnacle")}
    plan = planned(groups, [task("t1")], BoxNow([MAIN, has], [there]))
    assert plan.steps == []
    assert {each.why for each in plan.entries} == {"the box has it already"}


def test_a_folder_that_the_box_refuses_is_left_out_with_the_reason_and_its_tasks_too():
    plan = planned({"a@g.us": group("../up")}, [task("t1", group_folder="../up")])
    assert plan.steps == []
    assert "not allowed" in entry(plan, "group").why
    assert "orphan" in entry(plan, "task").why


def test_groups_beyond_the_boxs_bound_are_left_out():
    plan = planned({f"{at}@g.us": group(f"group-{at}") for at in range(40)})
    outcomes = [each.outcome for each in plan.entries]
    assert outcomes.count(CHANGED) == 31
    assert all("32 groups" in each.why for each in plan.entries if each.outcome == LEFT_OUT)


def test_a_long_name_is_cut_at_a_character():
    plan = planned({"a@g.us": group("a", name="é" * 40)})
    assert plan.steps[0].args["name"] == "é" * 32
    assert "cut" in entry(plan, "group").why


def test_container_settings_are_told_to_be_left_out():
    plan = planned({"a@g.us": group("a", containerConfig={"timeout": 5})})
    assert entry(plan, "container settings").outcome == LEFT_OUT


def of_family(*tasks, **box):
    return planned({"fam@g.us": group("family")}, tasks, **box)


def test_a_task_keeps_its_id_schedule_phase_and_last_run():
    row = task("t1", context_mode="group", status="paused", last_run=NOW, last_result="done")
    plan = of_family(row)
    wanted = {"id": "t1", "folder": "family", "prompt": "water the plants", "kind": "cron", "value": "0 9 * * *"}
    wanted |= {"context": "group", "status": "paused", "created_ms": NOW_MS, "last_ms": NOW_MS, "last_result": "done"}
    assert commands(plan)[1:] == [("import.task", wanted | {"next_ms": 1_771_059_600_000})]
    assert (entry(plan, "task").outcome, entry(plan, "task").why) == (TAKEN, "")


def test_what_changes_in_a_task_is_told():
    changes = {"last_run": "soon", "last_result": "x" * 1000, "status": "paused", "next_run": None}
    plan = of_family(task("two\nlines", **changes))
    assert "id" not in plan.steps[1].args and "last_ms" not in plan.steps[1].args
    for told in ("a new id", "'soon' is no time", "last result is cut", "next run is computed anew"):
        assert told in entry(plan, "task").why


def test_a_group_that_is_served_is_paused_while_tasks_come_to_it():
    has = {"folder": "family", "jid": "console:family", "name": "Family", "trigger": "@Andy", "paused": False}
    plan = of_family(task("t1"), box=BoxNow([MAIN, has]))
    assert [name for name, _ in commands(plan)] == ["group.pause", "import.task"]
    assert plan.hold == ["family"]


def test_only_the_newest_completed_tasks_are_taken_after_all_others():
    days = [f"2026-01-{day:02d}T00:00:00.000Z" for day in range(1, 29)] * 3
    done = [task(f"d{at}", status="completed", next_run=None, last_run=day) for at, day in enumerate(days)]
    steps = of_family(*done, task("t1")).steps[1:]
    assert steps[0].args["id"] == "t1"
    assert len(steps) == 1 + limits.IMPORT_DONE_TASKS


def test_a_context_that_is_unknown_becomes_isolated():
    assert of_family(task("t1", context_mode=None)).steps[1].args["context"] == "isolated"


def left_out(**changes) -> str:
    plan = of_family(task("t1", **changes))
    assert len(plan.steps) == 1
    assert entry(plan, "task").outcome == LEFT_OUT
    return entry(plan, "task").why


def test_tasks_that_would_never_run_or_at_a_wrong_time_are_left_out_with_the_reason():
    assert "unknown" in left_out(status="weird")
    assert "unknown" in left_out(status=None)
    assert "orphan" in left_out(group_folder="ghost")
    assert "no next run" in left_out(next_run=None)
    assert "sometimes" in left_out(schedule_type="sometimes")
    once = {"schedule_type": "once", "schedule_value": "2026-02-14T10:00"}
    assert "single time" in left_out(**once, status="paused", next_run=None)
    assert "no time" in left_out(next_run="soon")
    assert "-5000" in left_out(schedule_type="interval", schedule_value="-5000")
    assert "empty" in left_out(prompt=" ")
    assert "exceeds" in left_out(prompt="x" * 5000)


def test_tasks_beyond_the_boxs_bound_are_left_out():
    plan = of_family(*(task(f"t{at}", prompt=f"task {at}") for at in range(300)))
    assert sum(step.name == "import.task" for step in plan.steps) == 256
    assert sum("256 tasks" in each.why for each in plan.entries) == 44


def test_history_is_kept_where_there_is_a_database_and_else_told_to_be_left_out():
    more = {"messages": {"fam@g.us": 3}, "cursors": {"fam@g.us": NOW}, "sessions": {"family": "s1"}, "run_logs": 2}
    more |= {"chats": 4}
    kinds = ("messages", "cursor", "chats", "run logs")
    kept = planned({"fam@g.us": group("family")}, database=Path("messages.db"), **more)
    assert kept.keep_history
    assert {entry(kept, kind).outcome for kind in kinds} == {KEPT}
    lost = planned({"fam@g.us": group("family")}, **more)
    assert not lost.keep_history
    assert {entry(lost, kind).outcome for kind in kinds} == {LEFT_OUT}


def test_a_session_goes_to_the_box_with_its_group_and_else_is_kept():
    sessions = {"family": "s1", "elsewhere": "s2"}
    plan = planned({"fam@g.us": group("family")}, database=Path("messages.db"), sessions=sessions)
    steps = [step.args for step in plan.sessions if step.name == "import.session"]
    assert steps == [{"folder": "family", "session": "s1"}]
    told = {each.name: each.outcome for each in plan.entries if each.kind == "session"}
    assert told == {"family: s1": TAKEN, "elsewhere: s2": KEPT}


def test_what_lies_beside_is_told_with_what_to_do():
    plan = planned(
        allowlist=Path("allow.json"),
        group_files={"family": ["CLAUDE.md"], "empty": []},
        ipc_files={"family": 2},
        has_credentials=True,
        problems=[("data/sessions.json", "no JSON")],
    )
    assert plan.keep_allowlist
    assert [(each.kind, each.outcome) for each in plan.entries] == [
        ("unreadable", LEFT_OUT),
        ("mount allowlist", KEPT),
        ("files", LEFT_OUT),
        ("requests", LEFT_OUT),
        ("credentials", LEFT_OUT),
    ]
    assert "barnacle secret set" in plan.entries[-1].why


def test_a_report_names_only_so_many_messages(monkeypatch):
    monkeypatch.setattr(limits, "IMPORT_NOTES", 2)
    rows = [message(f"m{at}", content="x" * 5000) for at in range(5)]
    more = {"messages": {"fam@g.us": 5}, "newest": {"fam@g.us": rows}, "waiting": {"fam@g.us": 5}}
    plan = planned({"fam@g.us": group("family")}, database=Path("messages.db"), **more)
    assert [each.name for each in plan.entries if each.kind == "message"] == [
        "family: m0",
        "family: m1",
        "family: 3 more",
    ]
    assert plan.waiting == ["family"]
