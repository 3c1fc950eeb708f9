"""Every bound of the audit chain in one place. Each has a test that goes beyond it (tests/broker/audit)."""

from typing import Final

EVENT_BYTES: Final = 8 * 1024  # JSON of one event; a larger one is cut, and says so
TEXT_CHARS: Final = 2048  # one text in an event
FIELDS: Final = 32  # fields of one event, and of one object in it
ITEMS: Final = 32  # items of a list in an event
DEPTH: Final = 4  # objects and lists inside one another
LINE_BYTES: Final = EVENT_BYTES + 1024  # one line of a file; a longer one is no record
FILE_BYTES: Final = 4 * 1024 * 1024  # then the chain goes on in a new file
KEPT_BYTES: Final = 64 * 1024 * 1024  # all files together; the oldest is dropped, and a record says so
RESERVE_BYTES: Final = 64 * 1024  # set aside, so that "the disk is full" can itself be recorded
TOGETHER: Final = 256  # appends that share one sync
WAITING: Final = 4096  # appends that wait; more are refused
FEEDS: Final = 8  # sources whose last number is remembered, so that nothing of theirs is written twice
FEED_CHARS: Final = 64  # a source's name
RETRY_MS: Final = 500  # least time between two tries to write again after the disk refused
