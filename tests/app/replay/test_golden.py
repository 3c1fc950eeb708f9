"""NanoClaw's recorded timelines on both hosts: as recorded, or different for a reason in the table of exemptions."""

import json
import re

import pytest

from app.host.parity.judges.exemptions import EXEMPT
from app.host.replay.judge import EXEMPTED, FAILED, PASSED
from app.host.replay.replay import read_sources, replay_sources
from tests.app.replay.recordings import GOLDEN, case, document, entries, judge


@pytest.fixture(scope="module")
def verdicts():
    return {verdict.id: verdict for verdict in replay_sources(read_sources(GOLDEN), "both")}


def test_no_recorded_timeline_fails_on_the_desktop_host_or_the_box(verdicts):
    failed = {id_: verdict.differences[0] for id_, verdict in verdicts.items() if verdict.verdict == FAILED}
    assert failed == {}
    assert len(verdicts) == len(document()["cases"])


def test_a_timeline_without_a_defect_in_it_passes_in_every_part(verdicts):
    plain = [c["id"] for c in document()["cases"] if "quirk" not in c and not c["name"].startswith("random")]
    passed = [id_ for id_ in plain if verdicts[id_].verdict == PASSED]
    assert len(passed) >= len(plain) - 1  # one has a trigger that ends in a letter which is none for ASCII
    assert all("ascii_word_boundary" in verdicts[id_].quirks for id_ in set(plain) - set(passed))


def test_a_marked_timeline_is_exempt_by_the_quirk_it_is_marked_with(verdicts):
    for recorded in document()["cases"]:
        if recorded.get("quirk", {}).get("kind") == "bug":
            verdict = verdicts[recorded["id"]]
            assert (verdict.verdict, verdict.quirks[0]) == (EXEMPTED, recorded["quirk"]["name"])


def test_every_exemption_has_its_reason_in_the_table(verdicts):
    assert all(name in EXEMPT for verdict in verdicts.values() for name in verdict.quirks)


def test_other_ids_names_and_texts_lead_to_the_same_verdicts(tmp_path, verdicts):
    text = GOLDEN.read_text()
    for old, new in (("fam@g.us", "kin@g.us"), ("family", "relatives"), ("solo", "alone"), ("Alice", "Zora")):
        text = text.replace(old, new)
    text = re.sub(r'"replay-(\d+)"', r'"other-\1"', text)
    text = re.sub(r'"M(\d+)"', r'"N\1x"', text)
    path = tmp_path / "other.json"
    path.write_text(text)
    others = {verdict.id: verdict.verdict for verdict in replay_sources(read_sources(path), "desktop")}
    assert others == {id_.replace("replay", "other"): verdict.verdict for id_, verdict in verdicts.items()}


def test_a_prompt_that_differs_by_one_letter_fails():
    recorded = case("trigger gating and context accumulation")
    prompt = entries(recorded, "spawn")[1]["stdin"]
    prompt["prompt"] = prompt["prompt"].replace("chatter", "Chatter")
    verdict = judge(recorded)
    assert (verdict.verdict, verdict.differences[0].where) == (FAILED, "runs.family[1].prompt")


def test_a_reply_that_was_never_recorded_or_comes_at_another_time_fails():
    recorded = case("four kinds of groups")
    trace = recorded["phases"][0]["trace"]
    trace.remove(entries(recorded, "outbound")[-1])
    assert judge(recorded).differences[0].where.startswith("out.")
    recorded = case("four kinds of groups")
    entries(recorded, "outbound")[0]["t"] += 5000
    assert judge(recorded).verdict == FAILED


def test_a_run_that_starts_at_another_time_fails():
    recorded = case("agent error: rollback, backoff, success")
    entries(recorded, "spawn")[1]["t"] += 1000
    assert judge(recorded).differences[0].where == "runs.family[1].t"


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("scheduled_tasks", {"status": "paused"}),
        ("scheduled_tasks", {"next_run": "2027-01-01T00:00:00.000Z"}),
        ("registered_groups", {"trigger_pattern": "@Else"}),
        ("messages", {"content": "something else"}),
        ("sessions", {"session_id": "another"}),
        ("task_run_logs", {"status": "error"}),
    ],
)
def test_a_table_that_differs_at_the_end_fails(table, change):
    recorded = case("scheduled tasks: once, interval, cron, context modes")
    recorded["phases"][0]["final"]["tables"][table][0].update(change)
    verdict = judge(recorded)
    assert verdict.verdict == FAILED
    assert verdict.differences[0].where.startswith(f"final.{table}.")


def test_a_cursor_that_differs_at_the_end_fails():
    recorded = case("four kinds of groups")
    for row in recorded["phases"][0]["final"]["tables"]["router_state"]:
        if row["key"] == "last_agent_timestamp":
            row["value"] = json.dumps({})
    assert judge(recorded).differences[0].where.startswith("final.router_state.")


def test_a_marked_timeline_that_differs_before_its_defect_acts_fails():
    recorded = case("late (out of order) delivery is lost")
    prompt = entries(recorded, "spawn")[0]["stdin"]
    prompt["prompt"] = prompt["prompt"].replace("newer", "Newer")
    assert judge(recorded).verdict == FAILED


def test_a_mark_alone_excuses_nothing():
    recorded = case("sessions carried over")
    recorded["quirk"] = {"kind": "bug", "name": "piped_message_lost", "note": ""}
    entries(recorded, "outbound")[0]["text"] = "Andy: another"
    assert judge(recorded).verdict == FAILED
