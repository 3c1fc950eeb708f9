"""What the box has seen of the audit log: asked of the box itself, else from the mirror's copy."""

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli.context import Context
from app.cli.problems import exit_code

if TYPE_CHECKING:
    from broker.audit.report import Witness


def witnesses(context: Context) -> tuple[list["Witness"], str]:
    """The heads, and in words where they come from."""
    heads = _from_box(context)
    if heads is not None:
        return _read(heads), "compared with the box" if heads else "the box has seen no head yet"
    heads = _from_mirror(context.paths.mirror)
    if heads:
        return _read(heads), "the box does not answer: compared with the mirror's copy of what it has seen"
    return [], "not compared: the box does not answer, and the mirror has no copy"


def _from_box(context: Context) -> list[dict[str, Any]] | None:
    from app.errors import ProblemError
    from app.host.operator_problems import OperatorRefused, OperatorUnreachable

    try:
        answer: dict[str, Any] = context.ask("audit.witness") or {}
        return list(answer.get("witnesses", []))
    except OperatorRefused as error:
        if error.code in ("unsupported", "unknown_request") or exit_code(error) == 3:
            return None  # an older box, or one that is away
        raise
    except (OperatorUnreachable, ProblemError) as error:
        if exit_code(error) == 3:
            return None
        raise


def _from_mirror(path: Path) -> list[dict[str, Any]]:
    import json

    if not path.exists():
        return []
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        rows = connection.execute("SELECT body FROM facts WHERE kind = 'witness' ORDER BY arrival").fetchall()
    except sqlite3.Error:
        return []  # of an older program: it has no such table
    finally:
        connection.close()
    return [json.loads(row[0]) for row in rows]


def _read(heads: list[dict[str, Any]]) -> list["Witness"]:
    from broker.audit.report import Witness

    return [Witness(str(one["chain"]), int(one["n"]), str(one["hash"]), int(one.get("ts_ms", 0))) for one in heads]
