"""Which messages the box let go of without an answer."""

STATEMENTS = ("ALTER TABLE messages ADD COLUMN dropped INTEGER NOT NULL DEFAULT 0",)
