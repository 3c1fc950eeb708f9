"""What config.toml last told the box: only a change of it is told again."""

STATEMENTS = ("CREATE TABLE configured (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",)
