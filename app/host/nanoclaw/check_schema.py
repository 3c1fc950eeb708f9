"""Holds a database's tables, columns, keys and indices against NanoClaw's."""

import sqlite3
from typing import Final

from app.host.nanoclaw.findings import Findings
from app.host.nanoclaw.schema import ADDED_LATER, OWN_PREFIX, REFERENCES, TABLES, UNIQUE, columns

_INDICES: Final = {
    "messages": ("timestamp",),
    "scheduled_tasks": ("next_run",),
    "task_run_logs": ("task_id", "run_at"),
}
_OPEN_IT: Final = "let NanoClaw, or Barnacle, open the file once: it is added"


def check(connection: sqlite3.Connection, findings: Findings) -> set[str]:
    """Findings on the schema; returns NanoClaw's tables that are there with all columns their rules need."""
    named = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    present = {str(row[0]) for row in named}
    for name in sorted(present - set(TABLES)):
        whose = "Barnacle's own" if name.startswith(OWN_PREFIX) else "unknown; perhaps of a newer NanoClaw"
        findings.info(name, "", f"a further table, {whose}", "nothing to do: it is left alone")
    usable: set[str] = set()
    for table in TABLES:
        if table not in present:
            findings.error(table, "", "the table is missing", _OPEN_IT)
        elif _check_columns(connection, table, findings):
            usable.add(table)
            _check_keys(connection, table, findings)
    return usable


def check_recorded(connection: sqlite3.Connection, recorded: dict[str, tuple[str, ...]], findings: Findings) -> None:
    """Findings where the database lacks tables or columns that recordings have."""
    for table, names in recorded.items():
        missing = [name for name in names if name not in columns(connection, table)]
        if missing:
            what = f"recorded, but not in this file: {', '.join(missing)}"
            findings.error(table, "", what, "the recordings are of another version of NanoClaw; compare the versions")


def _check_columns(connection: sqlite3.Connection, table: str, findings: Findings) -> bool:
    found = columns(connection, table)
    complete = True
    for name in TABLES[table]:
        if name in found:
            continue
        if (table, name) in ADDED_LATER:
            findings.warning(table, "", f"the column {name} is missing: the file is of an older NanoClaw", _OPEN_IT)
        else:
            findings.error(table, "", f"the column {name} is missing", "this is no table of NanoClaw's: rename it")
            complete = False
    for name in found:
        if name not in TABLES[table]:
            findings.info(table, "", f"a further column {name}", "nothing to do: it is left alone")
    return complete


def _check_keys(connection: sqlite3.Connection, table: str, findings: Findings) -> None:
    indexed = _indexed(connection, table)
    unique = {names for names, is_unique in indexed.items() if is_unique} | {_primary_key(connection, table)}
    for names in UNIQUE[table]:
        if frozenset(names) not in {frozenset(each) for each in unique}:
            findings.error(table, "", f"nothing keeps {', '.join(names)} unique", "make the table anew with its key")
    index = _INDICES.get(table)
    if index and index not in indexed:
        findings.warning(table, "", f"the index on {', '.join(index)} is missing: it gets slow", _OPEN_IT)
    if table in REFERENCES and REFERENCES[table] not in _references(connection, table):
        column, other, key = REFERENCES[table]
        findings.warning(table, "", f"{column} is not tied to {other}.{key}", "make the table anew with its reference")


def _indexed(connection: sqlite3.Connection, table: str) -> dict[tuple[str, ...], bool]:
    found: dict[tuple[str, ...], bool] = {}
    for row in connection.execute(f"PRAGMA index_list({table})").fetchall():
        names = tuple(str(each[2]) for each in connection.execute("SELECT * FROM pragma_index_info(?)", (row[1],)))
        found[names] = found.get(names, False) or bool(row[2])
    return found


def _primary_key(connection: sqlite3.Connection, table: str) -> tuple[str, ...]:
    parts = [(row[5], str(row[1])) for row in connection.execute(f"PRAGMA table_info({table})") if row[5]]
    return tuple(name for _, name in sorted(parts))


def _references(connection: sqlite3.Connection, table: str) -> list[tuple[str, str, str]]:
    return [(row[3], row[2], row[4]) for row in connection.execute(f"PRAGMA foreign_key_list({table})")]
