"""The list of benches is complete, and one of them runs."""

import json
import subprocess
import sys
from pathlib import Path

from bench.__main__ import NAMES, ROOT

NO_BENCHES = {"__init__", "__main__", "appliance", "demo", "fake_host", "figures", "interpreter", "made_up"}
NO_BENCHES |= {"terminal", "wiretap", "canary_search", "demo_model", "full_box", "secret_session"}


def test_every_bench_is_in_the_list() -> None:
    assert {path.stem for path in (ROOT / "bench").glob("*.py")} - NO_BENCHES == set(NAMES)


def test_a_bench_prints_json_and_keeps_it() -> None:
    kept = Path(ROOT / "build" / "bench" / "cost.json")
    kept.unlink(missing_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "bench", "cost"], cwd=ROOT, capture_output=True, text=True, timeout=110
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["bench"] == "cost"
    assert json.loads(kept.read_text())["bench"] == "cost"
