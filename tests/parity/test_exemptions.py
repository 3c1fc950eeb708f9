"""The table of exempt quirks names only quirks and cases that were recorded, each with a reason."""

import json
from pathlib import Path

from tests.parity.exemptions import EXEMPT

GOLDEN = Path(__file__).resolve().parents[1] / "golden"


def recorded_names() -> set[str]:
    names: set[str] = set()
    for path in GOLDEN.glob("*.json"):
        document = json.loads(path.read_text())
        for case in document.get("cases", []):
            names.add(case["quirk"]["name"] if "quirk" in case else case["id"])
    return names


def test_every_exempt_name_was_recorded_and_has_a_reason() -> None:
    assert set(EXEMPT) <= recorded_names()
    assert all(len(reason) > 20 for reason in EXEMPT.values())
