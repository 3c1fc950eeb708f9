from pathlib import Path

from app.host.nanoclaw.folder import NanoClawFolder
from app.host.nanoclaw.plan import CHANGED, KEPT, LEFT_OUT, TAKEN, BoxNow, Choices, make
from tests.app.nanoclaw.installation import NOW, group
from tests.app.nanoclaw.installation import task as task_row

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
    return [(step.name, step.args, step.then) for step in plan.steps]


def test_a_group_comes_with_an_address_that_is_served():
    plan = planned({"fam@g.us": group("family", requiresTrigger=False)})
    wanted = {"folder": "family", "name": "Family", "jid": "console:family", "trigger": "@Andy"}
    assert commands(plan) == [("group.add", wanted | {"requires_trigger": False}, "")]
    assert entry(plan, "group").outcome == CHANGED
    assert "fam@g.us" in entry(plan, "group").why


def test_an_address_is_kept_when_asked_for():
    plan = planned({"fam@g.us": group("family")}, keep_addresses=True)
    assert plan.steps[0].args["jid"] == "fam@g.us"
    assert entry(plan, "group").outcome == TAKEN


def test_main_stays_the_boxs_own_and_gets_name_and_trigger():
    plan = planned({"me@s.whatsapp.net": group("main", name="Me")})
    assert commands(plan) == [("group.set", {"folder": "main", "name": "Me", "trigger": "@Andy"}, "")]


def test_what_the_box_has_already_is_left_out():
    has = {"folder": "family", "jid": "console:family", "name": "Family", "trigger": "@Andy"}
    there = {"folder": "family", "prompt": "water the plants", "kind": "cron", "value": "0 9 * * *"}
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


def test_a_task_gets_a_new_id_and_keeps_its_schedule():
    plan = of_family(task("t1", context_mode="group"))
    wanted = {"folder": "family", "prompt": "water the plants", "kind": "cron", "value": "0 9 * * *"}
    assert commands(plan)[1:] == [("task.add", wanted | {"context": "group"}, "")]
    assert entry(plan, "task").why == "the box gives it a new id"


def test_a_paused_task_is_paused_again():
    assert of_family(task("t1", status="paused")).steps[1].then == "task.pause"


def test_a_single_time_is_written_with_its_zone():
    plan = of_family(
        task("t1", schedule_type="once", schedule_value="2026-02-14T10:00", next_run="2026-02-14T09:00:00.000Z")
    )
    assert plan.steps[1].args["value"] == "2026-02-14T09:00:00.000Z"
    assert "zone" in entry(plan, "task").why


def test_a_context_that_is_unknown_becomes_isolated():
    assert of_family(task("t1", context_mode=None)).steps[1].args["context"] == "isolated"


def left_out(**changes) -> str:
    plan = of_family(task("t1", **changes))
    assert len(plan.steps) == 1
    assert entry(plan, "task").outcome == LEFT_OUT
    return entry(plan, "task").why


def test_tasks_that_would_never_run_or_at_a_wrong_time_are_left_out_with_the_reason():
    assert "completed" in left_out(status="completed")
    assert "unknown" in left_out(status="weird")
    assert "unknown" in left_out(status=None)
    assert "orphan" in left_out(group_folder="ghost")
    assert "no next run" in left_out(next_run=None)
    assert "sometimes" in left_out(schedule_type="sometimes")
    assert "single time" in left_out(schedule_type="once", schedule_value="2026-02-14T10:00", status="paused")
    assert "empty" in left_out(prompt=" ")
    assert "exceeds" in left_out(prompt="x" * 5000)


def test_tasks_beyond_the_boxs_bound_are_left_out():
    plan = of_family(*(task(f"t{at}", prompt=f"task {at}") for at in range(300)))
    assert sum(step.name == "task.add" for step in plan.steps) == 256
    assert sum("256 tasks" in each.why for each in plan.entries) == 44


def test_history_is_kept_where_there_is_a_database_and_else_told_to_be_left_out():
    more = {"messages": {"fam@g.us": 3}, "cursors": {"fam@g.us": NOW}, "sessions": {"family": "s1"}, "run_logs": 2}
    more |= {"waiting": {"fam@g.us": 1}, "chats": 4}
    kinds = ("messages", "waiting messages", "cursor", "session", "chats", "run logs")
    kept = planned({"fam@g.us": group("family")}, database=Path("messages.db"), **more)
    assert kept.keep_history
    assert {entry(kept, kind).outcome for kind in kinds} == {KEPT}
    lost = planned({"fam@g.us": group("family")}, **more)
    assert not lost.keep_history
    assert {entry(lost, kind).outcome for kind in kinds} == {LEFT_OUT}


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
