"""The sources keep the project's rules; and each rule finds what it is there for."""

import subprocess
from pathlib import Path

import pytest

from tests import source_rules as rules

ROOT = Path(__file__).resolve().parents[1]
MADE_HERE = ("build", ".venv", ".pytest_cache", ".ruff_cache")
PLANTED_ELSEWHERE = "tests/test_source_rules.py"  # holds the counter-examples


def tracked_files() -> list[str]:
    """Every file that git tracks; in a copy without git's data, every file but what is built and installed."""
    if (ROOT / ".git").exists():
        listed = ["git", "ls-files", "-z"]
        names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    else:
        names = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*")]
        names = [name for name in names if name.split("/")[0] not in MADE_HERE and "__pycache__" not in name]
    return [name for name in names if name and (ROOT / name).is_file()]


def text_of(name: str) -> str | None:
    """The file's text; None for a binary file."""
    data = (ROOT / name).read_bytes()
    return None if b"\0" in data else data.decode("utf-8", "replace")


def violations(rule, names: list[str]) -> list[str]:
    texts = ((name, text_of(name)) for name in names)
    return [problem for name, text in texts if text is not None for problem in rule(name, text)]


@pytest.mark.parametrize("rule", rules.PYTHON_RULES, ids=lambda rule: rule.__name__)
def test_the_sources_keep_the_rule(rule) -> None:
    names = [name for name in tracked_files() if name.endswith(".py")]
    assert len(names) > 30
    assert violations(rule, names) == []


def test_no_tracked_text_names_a_folder_of_one_machine() -> None:
    names = [name for name in tracked_files() if name != PLANTED_ELSEWHERE and not name.startswith("tests/golden/")]
    assert violations(rules.machine_paths, names) == []


PLANTED = [
    (rules.imports, "device/host/x.py", "import app.host.mirror"),
    (rules.imports, "device/ui/x.py", "from broker import secrets"),
    (rules.imports, "device/x.py", "def f():\n    __import__('app.host')"),
    (rules.imports, "broker/x.py", "from app.host import paths"),
    (rules.imports, "broker/x.py", "import device.main"),
    (rules.imports, "broker/x.py", "from device.ui import theme"),
    (rules.imports, "device/host/x.py", "import machine"),
    (rules.imports, "device/voice/x.py", "def f():\n    from network import WLAN"),
    (rules.imports, "device/host/x.py", "import lvgl as lv"),
    (rules.imports, "device/host/x.py", "from device.ui import theme"),
    (rules.imports, "device/host/x.py", "from ..ui import theme"),
    (rules.imports, "device/ui/x.py", "from device.boards import simulator"),
    (rules.imports, "app/host/x.py", "from textual.app import App"),
    (rules.imports, "app/cli/schedule.py", "import textual"),
    (rules.imports, "broker/x.py", "import importlib\nimportlib.import_module('textual')"),
    (rules.display_setup, "device/ui/x.py", "import lvgl as lv\nlv.init()"),
    (rules.display_setup, "device/host/x.py", "lv.display_create(360, 360)"),
    (rules.display_setup, "device/ui/x.py", "make = lv.indev_create"),
    (rules.asserts, "broker/x.py", "def f(a):\n    assert a"),
    (rules.asserts, "device/host/x.py", "assert True, 'x'"),
    (rules.swallowed_errors, "app/x.py", "try:\n    f()\nexcept Exception:\n    pass"),
    (rules.swallowed_errors, "tests/x.py", "try:\n    f()\nexcept:\n    ..."),
    (
        rules.swallowed_errors,
        "bench/x.py",
        "for i in a:\n    try:\n        f()\n    except (OSError, BaseException):\n        continue",
    ),
    (rules.docstrings, "app/x.py", "VALUE = 1"),
    (rules.docstrings, "device/x.py", '"""M."""\ndef shown():\n    return 1'),
    (rules.docstrings, "broker/x.py", '"""M."""\nclass Shown:\n    pass'),
    (rules.docstrings, "app/x.py", '"""M."""\nclass Shown:\n    """C."""\n    async def act(self):\n        return 1'),
    (rules.machine_paths, "docs/x.md", "see /work/main/README.md"),
    (rules.machine_paths, "x.toml", 'home = "/root/.cache"'),
    (rules.machine_paths, "x.sh", "cd /home/alice/barnacle"),
]
ALLOWED = [
    (rules.imports, "device/boards/simulator.py", "import machine, network"),
    (rules.imports, "device/main.py", "from device.boards import simulator\nimport machine"),
    (rules.imports, "device/ui/x.py", "import lvgl as lv\nfrom device.host import portable"),
    (rules.imports, "broker/x.py", "from device.host import envelope"),
    (rules.imports, "app/tui/app.py", "from textual.app import App"),
    (rules.imports, "app/cli/tui.py", "from textual.app import App"),
    (rules.display_setup, "device/boards/simulator.py", "lv.init()"),
    (rules.asserts, "tests/x.py", "assert True"),
    (rules.swallowed_errors, "app/x.py", "try:\n    f()\nexcept OSError:\n    pass"),
    (rules.swallowed_errors, "app/x.py", "try:\n    f()\nexcept Exception as error:\n    log(error)"),
    (rules.docstrings, "app/x.py", '"""M."""\ndef _hidden():\n    return 1'),
    (rules.docstrings, "app/x/__init__.py", ""),
    (rules.docstrings, "app/x.py", '"""M."""\nclass Shown(Base):\n    """C."""\n    def act(self):\n        return 1'),
    (rules.machine_paths, "x.md", "the folder device/work/ and https://host.example/home/page and $HOME/home/x"),
]


@pytest.mark.parametrize(("rule", "path", "text"), PLANTED)
def test_a_planted_violation_is_found(rule, path: str, text: str) -> None:
    assert len(list(rule(path, text))) == 1


@pytest.mark.parametrize(("rule", "path", "text"), ALLOWED)
def test_what_is_allowed_is_left_alone(rule, path: str, text: str) -> None:
    assert list(rule(path, text)) == []
