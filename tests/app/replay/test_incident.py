"""Incident bundles: complete, bounded, without a secret in any form, and replayable."""

import asyncio
import base64
import hashlib
import json
import sqlite3
import stat
import tarfile

import pytest

from app.errors import ProblemError
from app.host import limits
from app.host.database import Database
from app.host.keys import load_keys
from app.host.mirror import Mirror
from app.host.paths import Paths
from app.host.replay.incident import export
from app.host.replay.judge import FAILED, PASSED
from app.host.replay.replay import read_sources, replay_sources
from app.host.replay.scrub import Scrubber, forms_of, known_secrets
from tests.app.replay.test_record import START_MS, LiveBox

NOW_MS = START_MS + 600_000


@pytest.fixture
def paths(tmp_path):
    found = Paths(tmp_path / "home")
    found.make_folders()
    found.config.write_text('[time]\nzone = "Europe/Berlin"\n')
    load_keys(found.keys)
    return found


def read(bundle):
    parts = {}
    with tarfile.open(bundle) as tar:
        for member in tar.getmembers():
            file = tar.extractfile(member)
            assert file is not None
            parts[member.name.removeprefix("incident/")] = file.read()
    return parts


def secret_forms(paths):
    forms = {form for secret in known_secrets(paths) for form in forms_of(secret) if len(form) >= 8}
    assert len(forms) > 20
    return forms


async def _fill_mirror(path):
    """A quarter of an hour of a real host, as its records come up."""
    box = LiveBox()
    records = []
    box.store.observers.append(lambda kind, body: records.append((kind, json.loads(json.dumps(body)))))
    for kind, body in box.store.state.snapshot_records():
        records.insert(0, (kind, json.loads(json.dumps(body))))
    running = asyncio.create_task(box.host.run())
    await box.clock.settle()
    await box.say("what is next?")
    await box.command("group.add", folder="garden", name="Garden", trigger="@Barnacle")
    await box.clock.advance(2000)
    await box.say("every day at 9 water the plants")
    await box.command("task.add", folder="garden", prompt="look at the pond", kind="interval", value="60000")
    await box.command("task.remove", id="nothing")
    await box.say("hello?", "nobody@x")
    await box.clock.advance(200_000)
    await box.say("what is next?")
    await box.clock.advance(1000)
    running.cancel()
    database = await Database.open(path)
    mirror = Mirror(database)
    for seq, (kind, body) in enumerate(records, 1):
        if not kind.startswith("!"):
            await mirror.apply(seq, kind, body, START_MS, START_MS)
    await database.close()


def test_a_bundle_has_everything_and_a_manifest_that_is_true(paths, tmp_path):
    asyncio.run(_fill_mirror(paths.mirror))
    (paths.logs / "host.log").write_text("all is well\n")
    benchmarks = tmp_path / "bench"
    benchmarks.mkdir()
    (benchmarks / "latency.json").write_text('{"due_ms": 3}')
    bundle = export(paths, tmp_path / "a.tar.gz", START_MS - 1000, NOW_MS, benchmarks)
    parts = read(bundle.path)
    manifest = json.loads(parts.pop("manifest.json"))
    assert {file["name"]: file["sha256"] for file in manifest["files"]} == {
        name: hashlib.sha256(data).hexdigest() for name, data in parts.items()
    }
    assert {"config.toml", "logs/host.log", "audit.jsonl", "messages.jsonl", "runs.jsonl", "state.json"} < set(parts)
    assert json.loads(parts["bench.json"]) == {"due_ms": 3}
    assert manifest["versions"]["barnacle"] and manifest["problems"] == ["runtime.json: No such file or directory"]
    assert stat.S_IMODE(bundle.path.stat().st_mode) == 0o600
    assert list(tmp_path.glob("*.part")) == []


def test_replaying_a_bundle_reproduces_the_decision_trail(paths, tmp_path):
    asyncio.run(_fill_mirror(paths.mirror))
    bundle = export(paths, tmp_path / "a.tar.gz", START_MS - 1000, NOW_MS - 398_000)
    sources = read_sources(bundle.path)
    expected = sources[0].timeline["phases"][0]["expected"]
    assert [entry["decision"] for entry in expected["audit"]] == ["allow", "allow", "allow", "deny", "deny"]
    assert len(expected["out"]) >= 5
    (verdict,) = replay_sources(sources, "both")
    assert (verdict.verdict, verdict.differences) == (PASSED, [])


def test_a_bundle_with_another_decision_in_its_trail_says_so(paths, tmp_path):
    asyncio.run(_fill_mirror(paths.mirror))
    with sqlite3.connect(paths.mirror) as database:
        database.execute("UPDATE audit SET decision = 'deny' WHERE what = 'group.add'")
    database.close()
    bundle = export(paths, tmp_path / "a.tar.gz", START_MS - 1000, NOW_MS)
    (verdict,) = replay_sources(read_sources(bundle.path), "desktop")
    assert verdict.verdict == FAILED
    assert any(found.where.startswith("audit[") for found in verdict.differences)


def test_no_key_or_password_is_in_a_bundle_in_any_form(paths, tmp_path):
    forms = secret_forms(paths)
    (paths.mosquitto).mkdir()
    (paths.mosquitto / "passwords").write_text("host:$7$101$c2FsdHNhbHQ=$aGFzaGhhc2hoYXNo\n")
    paths.provision.parent.mkdir(exist_ok=True)
    paths.provision.write_text(json.dumps({"device": "box-1", "mqtt": {"password": "provisioned password"}}))
    text = b"\n".join(forms).decode("utf-8", "replace") + "\nprovisioned password\n"
    (paths.logs / "host.log").write_text(text)
    (paths.logs / "broker.log").write_bytes(b"\n".join(forms))
    paths.config.write_text('[mqtt]\nhost = "127.0.0.1"\npassword = "hunter2"\napi_key = "sk-123"\n')
    paths.runtime.write_text(json.dumps({"pid": 5, "note": text}))
    benchmarks = tmp_path / "bench"
    benchmarks.mkdir()
    (benchmarks / "x.json").write_bytes(b"\n".join(forms))
    bundle = export(paths, tmp_path / "a.tar.gz", 0, NOW_MS, benchmarks)
    parts = read(bundle.path)
    whole = b"\n".join([*parts.values(), *(name.encode() for name in parts)])
    assert [form for form in forms if form in whole] == []
    for canary in (b"hunter2", b"sk-123", b"provisioned password", b"aGFzaGhhc2hoYXNo", b'"password": '):
        assert canary not in whole
    assert b"127.0.0.1" in parts["config.toml"]
    assert not {"keys.json", "provision.json", "passwords"} & {name.rsplit("/", 1)[-1] for name in parts}


def test_a_secret_is_known_as_bytes_base64_and_hex():
    raw = b"\x00\xffsixteen bytes!!x"
    scrubber = Scrubber([raw.hex()])
    for written in (
        raw.hex(),
        raw.hex().upper(),
        base64.b64encode(raw).decode(),
        base64.b64encode(raw).rstrip(b"=").decode(),
    ):
        assert scrubber.text(f"<{written}>") == "<[secret]>"
    assert scrubber.data(b"<" + raw + b">") == b"<[secret]>"
    assert scrubber.text("an ordinary line") == "an ordinary line"


def test_logs_are_cut_to_their_end_at_a_whole_line(paths, tmp_path):
    line = "x" * 99 + "\n"
    (paths.logs / "host.log").write_text(line * (limits.INCIDENT_LOG_BYTES // 100 + 50))
    data = read(export(paths, tmp_path / "a.tar.gz", 0, NOW_MS).path)["logs/host.log"]
    assert len(data) <= limits.INCIDENT_LOG_BYTES
    assert data.startswith(b"(cut)\n" + line.encode())


def test_history_is_bounded(paths, tmp_path, monkeypatch):
    asyncio.run(_fill_mirror(paths.mirror))
    monkeypatch.setattr("app.host.replay.history.INCIDENT_ROWS", 3)
    parts = read(export(paths, tmp_path / "a.tar.gz", 0, NOW_MS).path)
    assert [parts[name].count(b"\n") for name in ("messages.jsonl", "runs.jsonl", "audit.jsonl")] == [3, 3, 3]


def test_an_installation_that_never_ran_or_has_a_broken_mirror_is_exported_all_the_same(paths, tmp_path):
    problems = export(paths, tmp_path / "a.tar.gz", 0, NOW_MS).problems
    assert any("has not run here yet" in problem for problem in problems)
    paths.mirror.write_bytes(b"no database at all" * 1000)
    problems = export(paths, tmp_path / "a.tar.gz", 0, NOW_MS).problems
    assert any("cannot be read" in problem for problem in problems)


def test_a_place_that_cannot_be_written_is_told(paths, tmp_path):
    with pytest.raises(ProblemError) as caught:
        export(paths, tmp_path / "missing" / "a.tar.gz", 0, NOW_MS)
    assert "cannot be written" in caught.value.message


def test_a_bundle_is_written_through_no_link_and_into_no_file_of_others(tmp_path, paths):
    out, victim = tmp_path / "monday.tar.gz", tmp_path / "victim"
    victim.write_text("precious")
    victim.chmod(0o644)
    out.with_name(out.name + ".part").symlink_to(victim)
    export(paths, out, NOW_MS - 1, NOW_MS, tmp_path)
    assert victim.read_text() == "precious"
    assert stat.S_IMODE(out.lstat().st_mode) == 0o600 and not out.is_symlink()
    assert "manifest.json" in read(out)
