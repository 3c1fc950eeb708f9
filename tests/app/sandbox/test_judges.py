"""The judges of mounts.json and runner.json notice every change of what was recorded."""

import copy

from tests.app.nanoclaw.mutants import judged_by_recording, unnoticed
from tests.parity.recordings import document, judged, recording

RUN_KEYS = (
    "outputs",
    "result",
    "result_t",
    "never_resolved",
    "rejected",
    "spawn",
    "stdin",
    "container_name",
    "execs",
    "kills",
    "log_files",
    "env_written",
    "settings_written",
)


def test_a_changed_mount_verdict_is_noticed() -> None:
    cases = [case for case in judged_by_recording("mounts") if "error" not in case]
    tried, missed = unnoticed("mounts", cases, ("result", "validated"))
    assert missed == []
    assert tried > 400


def test_a_mount_that_should_be_an_error_is_noticed() -> None:
    case = copy.deepcopy(judged_by_recording("mounts")[0])
    case["error"] = "TypeError"
    assert judged("mounts", case)["verdict"] == "failed"


def test_an_allowlist_with_another_effect_is_noticed(monkeypatch) -> None:
    case = judged_by_recording("mounts")[0]
    effective = document("mounts")["allowlists"][case["allowlist"]]["effective"]
    monkeypatch.setitem(effective, "nonMainReadOnly", not effective["nonMainReadOnly"])
    assert judged("mounts", case)["verdict"] == "failed"


def test_a_changed_container_run_is_noticed() -> None:
    seen: set[tuple] = set()
    cases = []
    for case in judged_by_recording("runner"):
        shape = (
            case["streaming"],
            len(case["outputs"]),
            len(case["log_files"]),
            len(case["execs"]),
            len(case["kills"]),
        )
        if shape not in seen:
            seen.add(shape)
            cases.append(case)
    assert len(cases) >= 8
    tried, missed = unnoticed("runner", cases, RUN_KEYS)
    assert missed == []
    assert tried > 200


def test_every_container_run_is_noticed_when_its_answer_or_log_differs() -> None:
    cases = [case for case in judged_by_recording("runner") if case["result"] is not None]
    tried, missed = unnoticed("runner", cases, ("result_t", "stdin", "log_files"))
    assert missed == []
    assert tried >= 3 * len(cases)


def test_a_repaired_run_is_judged_by_what_the_repair_leads_to() -> None:
    (split,) = [case for case in recording("runner").cases if case.get("quirk", {}).get("name") == "utf8_split"]
    tried, missed = unnoticed("runner", [split], ("result", "result_t", "spawn", "stdin", "log_files"))
    assert missed == []
    assert tried > 10


def hanging_run() -> dict:
    """As NanoClaw leaves a run whose handler throws before the container ends well: without an answer, for ever."""
    (case,) = [case for case in judged_by_recording("runner") if case.get("unhandled_rejections")]
    end = case["events"][-1]["t"]
    same_end = [each for each in judged_by_recording("runner") if each["events"][-1:] == [{"t": end, "close": 0}]]
    hanging = copy.deepcopy(case)
    hanging["events"][-1]["close"] = 0
    hanging["log_files"] = next(each["log_files"] for each in same_end if each["input"] == case["input"])
    return hanging | {"result": None, "result_t": None, "never_resolved": True}


def test_a_handler_that_fails_ends_the_run_instead_of_hanging_it() -> None:
    found = judged("runner", hanging_run())
    assert (found["verdict"], found["quirk"]) == ("exempt", "output_handler_throws")


def test_a_run_with_a_failing_handler_is_still_judged_in_all_other_ways() -> None:
    tried, missed = unnoticed("runner", [hanging_run()], ("outputs", "spawn", "stdin", "execs", "log_files"))
    assert missed == []
    assert tried > 10
