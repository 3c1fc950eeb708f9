"""What is wrong in a NanoClaw database: `check` looks at everything and changes nothing."""

import sqlite3
from pathlib import Path
from typing import Any

from app.host.nanoclaw import check_schema, check_values, readonly
from app.host.nanoclaw.findings import Findings
from app.host.nanoclaw.schema import TABLES


def check(path: Path, recorded: dict[str, tuple[str, ...]] | None = None) -> Findings:
    """All findings on the database; `recorded` gives columns by table that it must have besides (recordings.py). Raises
    NotADatabase."""
    findings = Findings()
    if readonly.in_use(path):
        findings.warning("", "", "a journal lies beside the file; a copy was checked", "stop NanoClaw and check again")
    with readonly.opened(path) as connection:
        try:
            usable = check_schema.check(connection, findings)
            if recorded:
                check_schema.check_recorded(connection, recorded, findings)
            _check_pages(connection, findings)
            check_values.check(_rows(connection, usable, findings), findings)
        except sqlite3.DatabaseError as error:
            findings.error("", "", f"the file cannot be read further: {error}", "restore it from a backup")
    return findings


def _check_pages(connection: sqlite3.Connection, findings: Findings) -> None:
    for (said,) in connection.execute("PRAGMA integrity_check(100)"):
        if said != "ok":
            findings.error(
                "", "", f"damaged: {said}", "restore it from a backup, or save what can be: sqlite3 .recover"
            )
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        findings.error(table, f"rowid {row}", f"refers to a row of {parent} that is not there", "delete the row")


def _rows(connection: sqlite3.Connection, usable: set[str], findings: Findings) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {}
    for table in (name for name in TABLES if name in usable):
        # Of a message's text only the beginning is looked at: histories are long.
        shorter = ", substr(content, 1, 80) AS content" if table == "messages" else ""
        query = f"SELECT *, rowid AS barnacle_row{shorter} FROM {table} ORDER BY rowid"  # noqa: S608 - names are ours
        found = connection.execute(query)
        rows[table] = [dict(row) for row in found]
        for row in rows[table]:
            for column, value in row.items():
                if isinstance(value, bytes):
                    findings.error(table, row["barnacle_row"], f"{column} is binary", "write it anew as text")
                    row[column] = value.decode("utf-8", "replace")
    return rows
