"""`barnacle audit search|verify|export` over a log on the disk, with and without a box to compare with."""

import json
from pathlib import Path

import pytest

from app.cli.problems import NotReachableError
from app.host.operator_problems import OperatorRefused
from broker.audit import keys
from broker.audit.writer import ChainWriter
from tests.app.cli.fake_host import NOW_MS, Event, FakeHost

KEY = b"not a real key, only for tests!!"


def event(i: int, **more) -> dict:
    fields = {"ts_ms": NOW_MS + i * 1000, "src": "broker", "what": "lease.use", "actor": "group:lab", "folder": "lab"}
    return fields | {"decision": "allow", "rule": "api", "reason": "", "detail": f"event {i}"} | more


@pytest.fixture
def log(barnacle, monkeypatch: pytest.MonkeyPatch) -> ChainWriter:
    monkeypatch.setattr(keys, "_read_keyring", lambda: KEY.hex())
    writer = ChainWriter(barnacle.home / "audit", KEY)
    writer.open()
    writer.append([event(i) for i in range(5)])
    writer.append([event(5, decision="deny", host="evil.example", folder="main"), event(6, what="run.ended")])
    writer.close()
    return writer


def head(log: ChainWriter, **changes) -> dict:
    return {"chain": log.chain, "n": log.head.n, "hash": log.head.hash, "ts_ms": 1} | changes


def box(*heads: dict) -> FakeHost:
    return FakeHost({"audit.witness": {"witnesses": list(heads)}})


def path_of(barnacle) -> Path:
    return barnacle.home / "audit" / "audit-000001.log"


def test_a_whole_log_is_told_to_be_whole_and_compared_with_the_box(barnacle, log) -> None:
    code, out, _ = barnacle("audit", "verify", host=box(head(log)))
    assert code == 0
    assert "the audit log is whole" in out and "every signature" in out and "compared with the box" in out
    said = json.loads(barnacle("audit", "verify", "--json", host=box(head(log)))[1])
    assert said["ok"] and said["head"]["n"] == log.head.n == 8
    assert said["box"] == {"source": "compared with the box", "heads": [8]}


def test_tampering_is_told_with_file_and_record_and_exit_code_1(barnacle, log) -> None:
    path = path_of(barnacle)
    path.write_bytes(path.read_bytes().replace(b"event 3", b"event X"))
    code, out, _ = barnacle("audit", "verify", host=box(head(log)))
    assert code == 1
    assert "edited  audit-000001.log line 5, record 5: " in out and "tampered" in out
    (finding,) = json.loads(barnacle("audit", "verify", "--json", host=box())[1])["findings"]
    assert (finding["kind"], finding["file"], finding["line"]) == ("edited", path.name, 5)


def test_a_cut_tail_shows_by_the_box(barnacle, log) -> None:
    path = path_of(barnacle)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-2]))
    assert barnacle("audit", "verify", host=box())[0] == 0
    code, out, _ = barnacle("audit", "verify", host=box(head(log)))
    assert code == 1 and "records 7 to 8 are gone" in out


@pytest.mark.parametrize(
    "fault",
    [NotReachableError("Barnacle is not running here", "start it"), OperatorRefused("box_offline", "it is off", "")],
)
async def test_while_the_box_is_away_the_mirrors_copy_counts(tmp_path, barnacle, log, fault) -> None:
    import asyncio

    from app.host.database import Database
    from app.host.mirror import Mirror

    host = FakeHost({"audit.witness": fault})

    def verify():
        return asyncio.to_thread(barnacle, "audit", "verify", host=host)

    code, out, _ = await verify()
    assert code == 0 and "not compared" in out
    database = await Database.open(barnacle.home / "mirror.db")
    await Mirror(database).apply(1, "witness.set", head(log), 0, 0)
    await database.close()
    code, out, _ = await verify()
    assert code == 0 and "the mirror's copy" in out
    path = path_of(barnacle)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    code, out, _ = await verify()
    assert code == 1 and "record 8" in out


def test_without_a_key_only_hashes_are_checked_and_that_is_said(barnacle, log, monkeypatch) -> None:
    monkeypatch.setattr(keys, "_read_keyring", lambda: None)
    code, out, _ = barnacle("audit", "verify", host=box(head(log)))
    assert code == 0 and "hashes only" in out and "their key is not at hand" in out


def test_a_keyring_that_never_answers_does_not_hang(barnacle, log, monkeypatch) -> None:
    import threading

    never = threading.Event()
    monkeypatch.setattr(keys, "_read_keyring", lambda: str(never.wait(60)))
    monkeypatch.setattr(keys, "_PATIENCE_S", 0.05)
    assert "hashes only" in barnacle("audit", "verify", host=box())[1]
    never.set()


def test_search_by_everything(barnacle, log) -> None:
    def found(*argv: str) -> list[int]:
        return [one["n"] for one in json.loads(barnacle("audit", "search", *argv, "--json")[1])]

    assert found() == [2, 3, 4, 5, 6, 7, 8]
    assert found("EVENT 4") == [6]
    assert found("--decision", "deny") == found("--host", "evil.example") == found("--group", "main") == [7]
    assert found("--kind", "run.") == [8]
    assert found("-n", "2") == [7, 8]
    assert (
        found("--since", "2026-11-18 12:06:41", "--until", "2026-11-18T11:06:43+00:00") == found("event", "-n", "6")[:2]
    )
    assert found("nothing like it") == []
    out = barnacle("audit", "search", "event 4")[1]
    assert "allow" in out and "lease.use by group:lab in lab" in out


def test_wrong_times_and_a_missing_log_are_told(barnacle, log, tmp_path) -> None:
    assert barnacle("audit", "search", "--since", "soon")[0] == 2
    path_of(barnacle).unlink()
    for path in (barnacle.home / "audit").iterdir():
        path.unlink()
    (barnacle.home / "audit").rmdir()
    code, _, errors = barnacle("audit", "search")
    assert code == 1 and "no audit log here yet" in errors


@pytest.mark.parametrize("query", [(), ("--decision", "deny"), ("--kind", "run.")])
def test_an_export_proves_itself(barnacle, log, tmp_path, query) -> None:
    target = tmp_path / "export.jsonl"
    assert barnacle("audit", "export", *query, "--out", str(target))[0] == 0
    assert target.stat().st_mode & 0o777 == 0o600
    code, out, _ = barnacle("audit", "verify", str(target))
    assert code == 0 and "whole" in out and "every signature" in out
    assert barnacle("audit", "export", *query)[1].encode() == target.read_bytes()
    assert barnacle("audit", "export", "--out", str(target))[0] == 1  # nothing is overwritten


def test_an_export_that_was_changed_is_found(barnacle, log, tmp_path, monkeypatch) -> None:
    target = tmp_path / "export.jsonl"
    barnacle("audit", "export", "--decision", "allow", "--out", str(target))
    lines = target.read_bytes().splitlines(keepends=True)
    changed = {
        "edited": [line.replace(b"event 2", b"event 1") for line in lines],
        "deleted": lines[:3] + lines[4:],
        "cut": lines[:-2],
        "hidden": [*lines[:3], b'{"gap":[3,3]}\n', *lines[4:]],
        "swapped": [*lines[:3], lines[4], lines[3], *lines[5:]],
        "added": [*lines, lines[-1]],
    }
    for what, made in changed.items():
        target.write_bytes(b"".join(made))
        for key in (KEY.hex(), None):
            monkeypatch.setattr(keys, "_read_keyring", lambda key=key: key)
            assert barnacle("audit", "verify", str(target))[0] == 1, what
    target.write_bytes(b"".join(lines))
    assert barnacle("audit", "verify", str(target))[0] == 0
    target.write_bytes(b"something else\n")
    assert barnacle("audit", "verify", str(target))[0] == 1


def test_a_record_that_came_while_tail_read_is_shown_once(barnacle) -> None:
    record = {**event(1), "actor": {"kind": "owner", "name": "local"}, "id": 7}
    seen_as_event = {name: value for name, value in record.items() if name != "id"}
    later = event(2)

    class Ends(FakeHost):
        async def events(self):
            for one in self._events:
                yield one

    host = Ends({"audit": [record]}, [Event("audit", seen_as_event), Event("audit", later)])
    out = barnacle("audit", "tail", "--follow", host=host)[1]
    assert out.count("event 1") == 1 and out.count("event 2") == 1
