"""What operators see of a group's mailbox: what waits, not what is in hand, answered or dropped."""

from typing import Any

from app.host.database import Database
from tests.app.test_mirror import Box, audit, database, message, run, task

__all__ = ["database"]


async def contents(box: Box) -> dict[str, Any]:
    return await box.reads.queues.contents({"folder": "main"})


async def test_messages_wait_from_the_cursor_on_until_a_run_has_them_in_hand(database: Database) -> None:
    box = Box(database)
    for n in range(1, 6):
        await box.tell("msg.stored", message(n))
    await box.tell("msg.stored", message(6, from_me=True))
    await box.tell("cursor.set", {"folder": "main", "n": 2})
    assert [one["n"] for one in (await contents(box))["messages"]] == [3, 4, 5]
    await box.tell("run.started", run("r1") | {"upto": 4})
    found = await contents(box)
    assert [one["n"] for one in found["messages"]] == [5]
    assert [one["id"] for one in found["runs"]] == ["r1"]
    await box.tell("run.ended", run("r1", "failed") | {"upto": 4})
    assert [one["n"] for one in (await contents(box))["messages"]] == [3, 4, 5]


async def test_a_dropped_message_waits_no_more_and_stays_in_the_history(database: Database) -> None:
    box = Box(database)
    for n in (1, 2, 3):
        await box.tell("msg.stored", message(n))
    await box.tell("queue.dropped", {"folder": "main", "ns": [2], "runs": [], "by": "owner:cli"})
    assert [one["n"] for one in (await contents(box))["messages"]] == [1, 3]
    assert len(await box.reads.messages({"folder": "main"})) == 3


async def test_messages_from_before_a_reset_of_the_box_do_not_wait(database: Database) -> None:
    box = Box(database)
    await box.tell("msg.stored", message(40, id="old"))
    await box.tell("msg.stored", message(1, id="new"))
    await box.tell("msg.stored", message(2, id="newer"))
    assert [one["id"] for one in (await contents(box))["messages"]] == ["new", "newer"]


async def test_task_runs_wait_and_refusals_are_told_with_their_reason(database: Database) -> None:
    box = Box(database)
    await box.tell("task.set", task("t1"))
    await box.tell("run.queued", run("r1", "queued", "t1"))
    await box.tell("run.ended", run("r0", "done", "t1"))
    await box.tell("audit", audit("task.add"))
    await box.tell("audit", audit("message.send", decision="deny", rule="full", reason="32 wait already"))
    await box.tell("audit", audit("run.gave_up", decision="info", reason="no model"))
    await box.tell("audit", audit("message.send", decision="deny", folder="home"))
    found = await contents(box)
    assert [one["id"] for one in found["runs"]] == ["r1"]
    assert [(one["what"], one["reason"]) for one in found["refused"]] == [
        ("message.send", "32 wait already"),
        ("run.gave_up", "no model"),
    ]
