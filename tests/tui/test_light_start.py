"""What a start does not load: nobody waits for libraries that the first paint does not need."""

import json
import subprocess
import sys

import pytest

HEAVY = ("PIL", "aiohttp", "httpx", "keyring", "cryptography", "paho", "pygments", "markdown_it", "textual_serve")
STARTS = {
    "import app.cli.main": (*HEAVY, "textual", "rich"),
    "import app.cli.main; app.cli.main.main(['--help'])": (*HEAVY, "textual", "rich"),
    "import app.cli.main, app.tui.app; app.tui.app.Dashboard(lambda: None)": HEAVY,
}


def loaded(start: str, among: tuple[str, ...]) -> list[str]:
    """Which of these a fresh interpreter has loaded after `start`."""
    told = f"{start}\nimport sys, json; print('\\n' + json.dumps([one for one in {among!r} if one in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("start", STARTS, ids=["command", "help", "dashboard"])
def test_a_start_loads_nothing_heavy(start: str) -> None:
    assert loaded(start, STARTS[start]) == []


def test_what_is_heavy_is_found_where_it_is_loaded() -> None:
    assert loaded("import app.host.operator_client, app.tui.serve", HEAVY) != []
    assert "textual" in loaded("import app.tui.app", ("textual",))
