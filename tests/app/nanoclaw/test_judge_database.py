"""The judge of db.json notices every change of a recorded result or row, and what the repairs must lead to."""

import copy

from tests.app.nanoclaw.mutants import judged_by_recording, unnoticed
from tests.parity.recordings import judged, recording


def marked(name: str) -> list[dict]:
    return [case for case in recording("db").cases if case.get("quirk", {}).get("name") == name]


def test_a_changed_row_is_noticed() -> None:
    tried, missed = unnoticed("db", judged_by_recording("db"), ("tables",))
    assert missed == []
    assert tried > 500


def test_a_changed_result_is_noticed() -> None:
    tried = 0
    for case in judged_by_recording("db"):
        for at, step in enumerate(case["steps"]):
            if "result" not in step and "error" not in step:
                continue
            mutant = copy.deepcopy(case)
            if "error" in step:
                del mutant["steps"][at]["error"]
                mutant["steps"][at]["result"] = None
            else:
                mutant["steps"][at]["result"] = [step["result"], "more"]
            tried += 1
            found = judged("db", mutant)
            assert found["verdict"] == "failed", (case["id"], at)
            assert f"steps[{at}]" in found["where"]
    assert tried > 150


def test_a_case_whose_repair_does_not_act_is_no_exemption() -> None:
    for name in ("folder_conflict_replaces", "log_after_delete"):
        for case in marked(name):
            mutant = copy.deepcopy(case)
            mutant["steps"] = [step for step in mutant["steps"] if step["op"].startswith("get")]
            assert judged("db", mutant)["verdict"] == "failed"
