"""The table of exemptions: names of quirks, each with a reason, each a defect or a surprise that is not matched."""

import json

from app.host.parity.judges.exemptions import EXEMPT
from tests.parity.recordings import FOLDER, PORTABLE_NAMES, recording, verdicts

# Surprises that Barnacle does not match, and the test that shows what it does instead.
NOT_MATCHED = {
    "ascii_word_boundary": "tests/device/host/test_trigger.py",
    "drain_ignores_backoff": "tests/device/host/test_dispatch.py",
    "dst_differs_from_wall_clock": "tests/parity/test_wall_clock.py",
    "hash_random": "tests/parity/test_wall_clock.py",
    "non_string_field": "tests/device/host/test_ipc.py",
    "number_to_text": "tests/device/host/test_ipc.py",
}


def recorded_quirks() -> set[tuple[str, str]]:
    files = [json.loads(path.read_text()) for path in FOLDER.glob("*.json")]
    quirks = [case["quirk"] for file in files for case in file["cases"] if "quirk" in case]
    return {(quirk["name"], quirk["kind"]) for quirk in quirks}


def test_every_exemption_has_a_reason_and_was_recorded_or_says_when_it_acts() -> None:
    names = {name for name, _ in recorded_quirks()}
    assert all(len(entry.reason) > 20 for entry in EXEMPT.values())
    assert all(entry.condition for name, entry in EXEMPT.items() if name not in names)


def test_only_surprises_with_a_test_of_their_own_are_not_matched() -> None:
    surprises = {name for name, kind in recorded_quirks() if kind == "surprise"}
    assert {name for name, entry in EXEMPT.items() if entry.surprise} == set(NOT_MATCHED)
    assert set(NOT_MATCHED) <= surprises
    assert all((FOLDER.parents[1] / path).is_file() for path in NOT_MATCHED.values())


def test_no_exemption_names_a_case() -> None:
    ids = {case["id"] for name in PORTABLE_NAMES for case in recording(name).cases}
    assert not ids & set(EXEMPT)


def test_a_case_is_exempt_by_its_own_quirk_or_by_one_that_acts_unmarked_under_its_condition() -> None:
    for name in PORTABLE_NAMES:
        for case in recording(name).cases:
            found = verdicts(name)[case["id"]]
            if found["verdict"] != "exempt":
                continue
            if found["marked"]:
                assert found["quirk"] == case["quirk"]["name"]
            else:
                assert EXEMPT[found["quirk"]].condition
