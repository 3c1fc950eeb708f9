"""Recordings to judge: NanoClaw's, and changed copies of them."""

import copy
import json
from pathlib import Path

from app.host.replay.judge import judge_case
from app.host.replay.nanoclaw import timeline_of
from app.host.replay.player import play

GOLDEN = Path(__file__).parents[2] / "golden" / "replay.json"


def document():
    return json.loads(GOLDEN.read_text())


def case(name):
    """A copy of the case with this name."""
    return copy.deepcopy(next(case for case in document()["cases"] if case["name"] == name))


def judge(recorded, where="desktop"):
    """The verdict on one case."""
    timeline = timeline_of(recorded, document())
    return judge_case(recorded, timeline, play([timeline], where)[0])


def entries(recorded, event, phase=0):
    """The trace's entries of one kind."""
    return [entry for entry in recorded["phases"][phase]["trace"] if entry["ev"] == event]
