"""The mirror of the box, and both ends of the link to it."""

STATEMENTS = (
    # The numbers the link must never forget: seq of the next record down, seq of the last one applied from the box.
    "CREATE TABLE link (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
    "INSERT INTO link VALUES ('out_next', 1), ('in_applied', 0)",
    "CREATE TABLE spool (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
    " kind TEXT NOT NULL, body TEXT NOT NULL, ts_ms INTEGER NOT NULL)",
    "CREATE TABLE state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    # `stale` marks what a resync has not named yet; sync.end sweeps it.
    "CREATE TABLE groups (folder TEXT PRIMARY KEY, body TEXT NOT NULL, stale INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID",
    "CREATE TABLE tasks (id TEXT PRIMARY KEY, folder TEXT NOT NULL, status TEXT NOT NULL, next_ms INTEGER,"
    " body TEXT NOT NULL, stale INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID",
    "CREATE INDEX tasks_by_folder ON tasks (folder)",
    "CREATE TABLE cursors (folder TEXT PRIMARY KEY, n INTEGER NOT NULL,"
    " stale INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID",
    # `arrival` only grows and only the oldest rows are deleted: the newest one minus the bound is where history ends.
    "CREATE TABLE messages (arrival INTEGER PRIMARY KEY, jid TEXT NOT NULL, id TEXT NOT NULL,"
    " n INTEGER NOT NULL, folder TEXT NOT NULL,"
    " sender TEXT NOT NULL, sender_name TEXT NOT NULL, text TEXT NOT NULL,"
    " ts_ms INTEGER NOT NULL, from_me INTEGER NOT NULL, run TEXT,"
    " UNIQUE (jid, id))",
    "CREATE INDEX messages_by_folder ON messages (folder, n)",
    "CREATE TABLE runs (arrival INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, folder TEXT NOT NULL,"
    " task TEXT, state TEXT NOT NULL,"
    " body TEXT NOT NULL)",
    "CREATE INDEX runs_by_folder ON runs (folder)",
    "CREATE INDEX runs_by_task ON runs (task) WHERE task IS NOT NULL",
    "CREATE TABLE audit (arrival INTEGER PRIMARY KEY, ts_ms INTEGER NOT NULL, what TEXT NOT NULL,"
    " actor TEXT NOT NULL, folder TEXT NOT NULL,"
    " decision TEXT NOT NULL, rule TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL, origin TEXT NOT NULL)",
    "CREATE INDEX audit_by_time ON audit (ts_ms)",
)
