"""Bounds of the operator's client, and the host process where things go wrong around it."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.host import limits
from app.host.__main__ import LOG_NAME
from app.host.database import Database
from app.host.keys import OperatorCredentials
from app.host.operator_client import Event, OperatorClient, OperatorRefused, OperatorUnreachable
from app.host.paths import REPOSITORY
from app.host.pending_answer import PendingAnswer
from tests.app.fake_box import until
from tests.app.host_process import Installation

NOBODY = OperatorCredentials("127.0.0.1", 1, "box-1", "tui", None, None, b"k" * 32, b"e" * 32)


async def test_unread_events_are_bounded_and_what_was_dropped_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CLIENT_EVENTS", 10)
    client: Any = OperatorClient(NOBODY)
    for number in range(25):
        client._put(Event("msg.out", {"id": number}))
    events = client.events()
    assert await anext(events) == Event("client.thinned", {"count": 15})
    assert [(await anext(events)).body["id"] for _ in range(10)] == list(range(15, 25))
    await events.aclose()


async def test_requests_under_way_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CLIENT_REQUESTS", 0)
    with pytest.raises(OperatorRefused) as refused:
        await OperatorClient(NOBODY).request("status")
    assert refused.value.code == "busy"


@pytest.mark.parametrize(
    ("text", "code", "remedy"), [("x" * 9000, "too_large", "less"), ("\udcff", "bad_value", "UTF-8")]
)
async def test_what_cannot_be_sent_is_refused_with_a_remedy_that_fits(text: str, code: str, remedy: str) -> None:
    client: Any = OperatorClient(NOBODY)
    with pytest.raises(OperatorRefused) as refused:
        client._ask("q1", PendingAnswer("send", {"text": text}))
    assert refused.value.code == code
    assert remedy in refused.value.remedy


async def test_a_certificate_that_is_missing_is_named_at_once_with_the_remedy(tmp_path: Path) -> None:
    missing = str(tmp_path / "ca.pem")
    with pytest.raises(OperatorUnreachable) as unreachable:
        async with asyncio.timeout(20), OperatorClient(replace(NOBODY, tls_ca=missing), timeout_s=30):
            raise AssertionError
    assert missing in unreachable.value.message
    assert "tls_ca" in unreachable.value.remedy


async def test_host_and_client_come_back_when_the_broker_was_restarted(tmp_path: Path) -> None:
    async with Installation(tmp_path) as site, site.box() as box:
        await site.start_host()
        async with OperatorClient(site.credentials) as client:
            await until(lambda: box.link.live)
            await site.broker.stop()
            await until(lambda: not client.connected)
            await site.broker.start()
            await until(lambda: client.connected)
            await until(lambda: box.link.live)
            assert (await client.request("send", folder="main", text="again"))["id"]


async def test_a_newer_database_ends_the_host_with_one_line(tmp_path: Path) -> None:
    await (await Database.open(tmp_path / "mirror.db")).close()
    with sqlite3.connect(tmp_path / "mirror.db") as file:
        file.execute("INSERT INTO version VALUES (99)")
    file.close()
    done = await asyncio.to_thread(_run_host, tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "newer Barnacle" in done.stderr


async def test_unusable_settings_end_the_host_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[nonsense]\n")
    done = await asyncio.to_thread(_run_host, tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "nonsense" in done.stderr


async def test_log_and_mirror_are_private_and_the_log_is_rotated(tmp_path: Path) -> None:
    async with Installation(tmp_path) as site:
        log = site.paths.logs / LOG_NAME
        log.write_bytes(b"x" * (limits.LOG_BYTES + 1))
        await site.start_host()
        assert log.stat().st_size < limits.LOG_BYTES
        assert log.with_name(LOG_NAME + ".1").exists()
        assert log.stat().st_mode & 0o077 == 0
        assert site.paths.mirror.stat().st_mode & 0o077 == 0


def _run_host(home: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "app.host", "--home", str(home)]
    return subprocess.run(command, cwd=REPOSITORY, env=dict(os.environ), capture_output=True, text=True, timeout=30)
