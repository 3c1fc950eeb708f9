"""Audit: filter, hold, follow, read in full, load older, export."""

import json
import stat
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Static

from app.errors import ProblemError
from app.tui import limits
from app.tui.app import Dashboard
from app.tui.pages.audit import AuditPage
from app.tui.widgets.audit_table import AuditTable
from tests.tui.fake_client import NOW_MS, FakeClient
from tests.tui.test_dashboard import cells, loaded, until


def record(number: int, **fields: Any) -> dict[str, Any]:
    base = {"id": number, "ts_ms": NOW_MS + number, "what": "task.add", "actor": "owner:local", "folder": "family"}
    return base | {"decision": "allow", "rule": "owner", "reason": "", "detail": f"n={number}"} | fields


def with_records(count: int) -> FakeClient:
    client = FakeClient()
    client.answers["audit"] = [record(n) for n in range(count)]
    client.answers["broker"] = {"audit": {"state": "ok", "n": 7, "message": ""}}
    return client


async def opened(pilot: Pilot[Any]) -> AuditTable:
    await loaded(pilot)
    await pilot.app.open_page("audit")  # type: ignore[attr-defined]
    await pilot.pause()
    return pilot.app.query_one(AuditTable)


def text(app: Dashboard, selector: str) -> str:
    return str(app.query_one(selector, Static).content)


async def test_the_newest_record_is_in_view_and_stays_so() -> None:
    client = with_records(100)
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        table = await opened(pilot)
        assert table.following
        client.push("audit", record(100))
        await until(pilot, lambda: table.row_count == 101, "the new record")
        assert cells(table, 100)[6] == "n=100"
        assert table.following
        await pilot.press("home")
        client.push("audit", record(101))
        await until(pilot, lambda: table.row_count == 102, "another one")
        assert table.selected == table.keys[0]
        await pilot.press("f")
        assert table.following


async def test_holding_stands_still_and_going_on_shows_what_came() -> None:
    client = with_records(3)
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        table = await opened(pilot)
        await pilot.press("space")
        client.push("audit", record(3))
        await until(pilot, lambda: len(app.live.audit) == 4, "it came")
        await pilot.pause(0.4)
        assert table.row_count == 3
        assert "standing still" in str(table.border_title)
        await pilot.press("space")
        assert table.row_count == 4


async def test_a_filter_narrows_and_a_wrong_one_says_what_is_wrong() -> None:
    client = with_records(3)
    client.answers["audit"].append(record(9, decision="deny", what="http_fetch", detail="host=evil.example"))
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        table = await opened(pilot)
        await pilot.press("slash", *"decision:deny host:evil")
        assert table.row_count == 1
        await pilot.press(*" nokey:x")
        assert "nokey" in text(app, "#audit-problem")
        assert app.query_one("#audit-problem").display
        await pilot.press("escape")
        assert table.row_count == 4
        assert not app.query_one("#audit-problem").display


async def test_the_selected_record_is_shown_in_full_and_never_as_markup() -> None:
    client = with_records(1)
    client.answers["audit"].append(record(5, reason="[red]because\x1b[31m", detail="x" * 300))
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await opened(pilot)
        await pilot.pause()
        shown = text(app, "#audit-text")
        assert "[red]because" in shown
        assert "x" * 300 in shown
        assert "\x1b" not in shown


async def test_older_records_come_before_the_first_and_only_so_many_are_kept() -> None:
    client = with_records(3)
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        table = await opened(pilot)
        client.answers["audit"] = [record(-2), record(-1)]
        await pilot.press("o")
        await until(pilot, lambda: table.row_count == 5, "older ones")
        assert ("audit", {"limit": limits.AUDIT_PAGE, "before": 0}) in client.requests
        assert cells(table, 0)[6] == "n=-2"
        client.answers["audit"] = [record(-10_000 + n) for n in range(limits.AUDIT_OLDER + 50)]
        await pilot.press("o")
        await until(pilot, lambda: table.row_count == limits.AUDIT_OLDER + 3, "as many as are kept")


async def test_an_export_is_a_new_private_file_of_what_is_shown(tmp_path: Path) -> None:
    client = with_records(3)
    app = Dashboard(lambda: client, folder=tmp_path)
    async with app.run_test(size=(140, 45)) as pilot:
        await opened(pilot)
        await pilot.press("slash", *"n=1", "enter", "x", "x")
        await pilot.pause()
        files = sorted((tmp_path / "exports").iterdir())
        assert len(files) == 2
        assert [json.loads(line)["detail"] for line in files[0].read_text().splitlines()] == ["n=1"]
        assert stat.S_IMODE(files[0].stat().st_mode) == 0o600
        for _ in range(limits.EXPORTS):
            try:
                app.export("audit", ".jsonl", "")
            except OSError as error:
                assert "restart" in str(error)
                break
        else:
            raise AssertionError("exports are not bounded")


async def test_the_state_of_the_chain_is_told_and_a_failure_stands_out() -> None:
    client = with_records(1)
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await opened(pilot)
        await until(pilot, lambda: "written and synced" in text(app, "#audit-chain"), "the chain")
        client.answers["broker"] = {"audit": {"state": "full", "n": 7, "message": "no space left"}}
        app.query_one(AuditPage).opened()
        await until(pilot, lambda: "✕ full: no space left" in text(app, "#audit-chain"), "the failure")


async def test_a_chain_that_nobody_tells_of_is_not_called_good() -> None:
    client = with_records(1)
    del client.answers["broker"]
    client.refuse = ProblemError("the credential broker does not answer", "see barnacle status")
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await opened(pilot)
        await until(pilot, lambda: "does not answer" in text(app, "#audit-chain"), "what is wrong")
