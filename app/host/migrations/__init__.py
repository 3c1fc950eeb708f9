"""The steps that bring a database to this program's shape, in order. Never edit a published one: add the next."""

from app.host.migrations import m001_mirror, m002_configured, m003_facts, m004_dropped

STEPS: tuple[tuple[str, ...], ...] = (
    m001_mirror.STATEMENTS,
    m002_configured.STATEMENTS,
    m003_facts.STATEMENTS,
    m004_dropped.STATEMENTS,
)
