from typing import Any

import pytest

from app.cli.times import Times
from app.errors import UsageError
from app.tui.audit_filter import AuditFilter, parse

NOON = 1_790_078_400_000  # Tue 2026-09-22 12:00 UTC
UTC = Times("UTC")


def record(**fields: Any) -> dict[str, Any]:
    base = {"ts_ms": NOON, "what": "task.add", "actor": "owner:local", "folder": "family", "decision": "allow"}
    return base | {"rule": "owner", "reason": "the owner may", "detail": "id=3f2"} | fields


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("", True),
        ("TASK", True),
        ("owner family", True),
        ("nobody", False),
        ("group:fam", True),
        ("group:main", False),
        ("kind:task decision:allow", True),
        ("kind:task decision:deny", False),
        ("-decision:deny", True),
        ("-actor:local", False),
        ("-family", False),
        ("rule:owner", True),
        ("host:3f2", True),
        ("since:2h", True),
        ("until:2h", False),
        ("since:12:30", True),  # that was yesterday
        ("until:2026-09-22T11:00", False),
        ("since:2026-09-22", True),
    ],
)
def test_a_line_says_which_records_are_shown(text: str, fits: bool) -> None:
    assert parse(text, NOON, UTC).holds(record()) is fits


def test_a_clock_time_is_read_in_the_zone() -> None:
    berlin = Times("Europe/Berlin")  # noon UTC is 14:00 there
    assert parse("since:13:59", NOON, berlin).since_ms == NOON - 60_000
    assert parse("since:14:01", NOON, berlin).since_ms == NOON + 60_000 - 86_400_000


@pytest.mark.parametrize(("text", "named"), [("grupe:family", "grupe"), ("since:soon", "soon")])
def test_what_is_wrong_is_named(text: str, named: str) -> None:
    with pytest.raises(UsageError, match=named):
        parse(text, NOON, UTC)


def test_an_empty_line_is_no_filter() -> None:
    assert not parse("  ", NOON, UTC)
    assert parse("x", NOON, UTC)
    assert AuditFilter().holds(record(decision="deny"))
