"""The golden files of this project, and verdicts on single cases in this process."""

import functools
from pathlib import Path

from app.host.parity.chunk import zone_rules
from app.host.parity.golden_file import GoldenFile, read_file
from app.host.parity.judges.drivers import PORTABLE, driver
from app.host.parity.judges.verdict import verdict

FOLDER = Path(__file__).resolve().parents[1] / "golden"
PORTABLE_NAMES = sorted(PORTABLE)


@functools.cache
def recording(name: str) -> GoldenFile:
    return read_file(FOLDER / f"{name}.json")


@functools.cache
def document(name: str) -> dict:
    file = recording(name)
    return {**file.document, "zone_rules": zone_rules(file, file.cases)}


def judged(name: str, case: dict) -> dict:
    """The verdict on one case of the golden file `name`."""
    return verdict(driver(name), case, document(name))


@functools.cache
def verdicts(name: str) -> dict[str, dict]:
    """{id: verdict} of a whole file."""
    return {case["id"]: judged(name, case) for case in recording(name).cases}
