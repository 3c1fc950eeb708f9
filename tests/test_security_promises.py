"""Every test that docs/security.md names for a promise exists."""

import re
from pathlib import Path

import pytest

from tests.device.test_limits import functions

ROOT = Path(__file__).resolve().parents[1]
_NAMED = re.compile(r"`((?:[a-z_]+/)*[a-z_]*(?:/|\.py)(?:::[a-z_0-9]+)?)`")


def missing(table: str) -> list[str]:
    """What the rows of a table name that is not there. A bare file name: the folder of the test before it."""
    lost: list[str] = []
    for row in table.splitlines():
        folder = ROOT / "tests"
        for named in _NAMED.findall(row.split("|")[2] if row.count("|") >= 3 else ""):
            name, _, function = named.partition("::")
            path = ROOT / name if "/" in name else folder / name
            folder = path.parent if path.suffix else folder
            if not path.exists() or (function and function not in functions(path)):
                lost.append(named)
    return lost


def promises() -> str:
    """The section with the promises."""
    text = (ROOT / "docs" / "security.md").read_text()
    return text.split("## Promises, and the tests that hold them")[1].split("\n## ")[0]


def test_every_test_that_a_promise_names_exists() -> None:
    assert len(_NAMED.findall(promises())) > 80
    assert missing(promises()) == []


@pytest.mark.parametrize(
    "named", ["tests/broker/test_nothing.py", "tests/test_security_promises.py::test_nothing", "tests/nothing/"]
)
def test_a_test_that_is_gone_would_be_caught(named: str) -> None:
    assert missing(f"| a promise | `tests/test_security_promises.py`, `{named}` |") == [named]
