"""What else the box reports as a state: asks, overrides, notes, spending, the egress policy, witnessed audit heads."""

STATEMENTS = (
    # Only the newest rows of a kind stay; `stale` marks what a resync has not named yet, as in the other tables.
    "CREATE TABLE facts (kind TEXT NOT NULL, key TEXT NOT NULL, folder TEXT, body TEXT NOT NULL,"
    " ts_ms INTEGER NOT NULL, arrival INTEGER NOT NULL, stale INTEGER NOT NULL DEFAULT 0,"
    " PRIMARY KEY (kind, key)) WITHOUT ROWID",
    "CREATE INDEX facts_by_arrival ON facts (kind, arrival)",
)
