"""No room for the audit log while everything runs: nothing goes out, everybody is told, and it goes on by itself."""

import asyncio
import resource
from pathlib import Path

from app.tui.live import LiveData
from app.tui.widgets.connection_strip import CREDENTIALS
from bench.appliance import Appliance, insist
from tests.app.fake_box import until
from tests.app.test_models_end_to_end import appliance
from tests.imitation.script import Reply

UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


def no_room(whole: Appliance) -> None:
    """The files of the credential broker may not grow any more, as on a full disk."""
    written = max(path.stat().st_size for path in whole.paths.audit.glob("audit-*.log"))
    resource.prlimit(whole.pids()["credentials"], resource.RLIMIT_FSIZE, (written, resource.RLIM_INFINITY))


async def test_a_full_disk_for_the_audit_log_in_mid_run_stops_what_goes_out_until_there_is_room(tmp_path: Path) -> None:
    gate = asyncio.Event()
    call = Reply("I look.", tools=[("list_tasks", {})], gate=gate)
    script = (call, Reply("Answered again."))
    async with appliance(tmp_path / "home", *script) as (whole, server), whole.client() as client:
        live = LiveData()

        async def follow() -> None:
            async for event in client.events():
                live.apply(event.kind, event.body)

        async def replies() -> str:
            rows = await insist(client, "messages", folder="main")
            return "\n".join(row["text"] for row in rows if row["from_me"])

        async def said(text: str) -> bool:
            return text in await replies()

        async def audit_is(state: str) -> bool:
            return (await insist(client, "broker"))["audit"]["state"] == state

        following = asyncio.create_task(follow())
        try:
            live.load("status", await insist(client, "status"))
            await insist(client, "send", folder="main", text="hello")
            await until(lambda: len(server.requests) == 1)
            no_room(whole)
            gate.set()  # the second request of the run cannot be recorded any more
            await until(lambda: audit_is("full"))
            await until(lambda: live.credentials.get("state") == "audit_unavailable")
            assert "nothing goes out" in CREDENTIALS[str(live.credentials["state"])]
            status = await whole.barnacle("status")
            assert "audit" in status and "nothing goes out" in status and "make room" in status
            await insist(client, "send", folder="main", text="what is the capital of France?")
            await until(lambda: said("audit"), 40)
            assert len(server.requests) == 1, "nothing was sent unrecorded"
            resource.prlimit(whole.pids()["credentials"], resource.RLIMIT_FSIZE, UNLIMITED)
            await until(lambda: audit_is("ok"))
            await until(lambda: live.credentials.get("state") != "audit_unavailable")
            await insist(client, "send", folder="main", text="and now?")
            await until(lambda: said("Answered again."), 40)
        finally:
            following.cancel()
        assert "the audit log is whole" in await whole.barnacle("audit", "verify")
