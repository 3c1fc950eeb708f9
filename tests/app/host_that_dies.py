"""The host process, killed by itself between apply and commit: python -m tests.app.host_that_dies RECORDS --home DIR.

It dies in the first transaction after which the mirror would hold that many of the box's replies.
"""

import os
import signal
import sqlite3
import sys

from app.host import __main__ as host
from app.host import mirror

fold = mirror._fold


def fold_and_perhaps_die(connection: sqlite3.Connection, kind: str, body: mirror.Body) -> None:
    fold(connection, kind, body)
    if connection.execute("SELECT count(*) FROM messages").fetchone()[0] == RECORDS:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    RECORDS = int(sys.argv.pop(1))
    mirror._fold = fold_and_perhaps_die
    sys.exit(host.main())
