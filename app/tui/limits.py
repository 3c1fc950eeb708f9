"""Bounds of the dashboard's memory. Each has a test that goes beyond it (tests/tui)."""

from typing import Final

AUDIT_LINES: Final = 500
CHAT_MESSAGES: Final = 300  # per group
CHATS: Final = 40  # groups whose chat is kept; the longest unused goes first
RUN_TEXT_CHARS: Final = 4000  # streamed text of a run in progress
ASKS = 32  # asks kept, answered ones included
RUNS = 500  # runs kept
UNDO = 20  # removals and edits that can be taken back
HISTORY = 100  # runs of one task in its history
AUDIT_PAGE = 200  # older records that are loaded at a time
AUDIT_OLDER = 2000  # older records kept
EXPORTS = 100  # files that one dashboard writes
CHAT_PAGE = 100  # older messages that are loaded at a time
LOG_LINES = 500  # of what the box printed
DEPTHS = 12  # latest queue depths of a group, drawn as a line
WORDS = 1024  # schedules whose words are remembered
SERVED = 4  # dashboards open in browsers at a time, each a process
SERVED_BROWSERS = 16  # browsers that one server knows
