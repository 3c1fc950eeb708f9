"""Loads golden files and collects how a port fared; runs on MicroPython too, so it uses nothing that is missing there.

A `drive_<fixture>.py` has `drive(path) -> Result`; tests/parity/test_golden_<fixture>.py runs it under pytest and once
more, through run_drive.py, in the simulator's MicroPython.
"""

import json

from tests.parity.exemptions import EXEMPT


class Result:
    """Counts of one run: cases that agree, ids that differ with what was seen, ids exempt by the name of a quirk."""

    def __init__(self):
        self.passed = 0
        self.failed = []
        self.exempt = []

    def check(self, case, want, got):
        """Count a case by whether `got` is `want`."""
        if want == got:
            self.passed += 1
        else:
            self.failed.append(f"{case['id']}: want {brief(want)}, got {brief(got)}")

    def excuse(self, case):
        """Whether the case is exempt by name; it is then counted as such."""
        name = quirk_name(case)
        if name not in EXEMPT:
            return False
        self.exempt.append(case["id"] + " " + name)
        return True


def cases(path):
    """The cases of one golden file."""
    with open(path) as file:
        return json.load(file)["cases"]


def quirk_name(case):
    """The name of a case's quirk, or None."""
    return case["quirk"]["name"] if "quirk" in case else None


def brief(value):
    """A value as text short enough for a report."""
    text = repr(value)
    return text if len(text) < 600 else text[:600] + "…"
