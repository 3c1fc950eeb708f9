"""Every bound of the device in one place. Each has a test that drives the system past it (tests/device/host)."""

from device.host.portable import const

# --- groups and messages ---
GROUPS = const(32)  # registered groups
MESSAGE_BYTES = const(
    4096
)  # UTF-8 text of one message or reply; longer ones are refused (in) or cut with a marker (out)
RING_MESSAGES = const(40)  # messages kept per group
RING_BYTES = const(192 * 1024)  # text of all rings together; the oldest messages already handed over go first
NAME_BYTES = const(64)  # folder, trigger and display names
ID_BYTES = const(128)  # jids and message ids

# --- tasks ---
TASKS = const(256)
PROMPT_BYTES = const(2048)  # prompt of a task
VALUE_BYTES = const(128)  # cron expression, interval or time
INTERVAL_MIN_MS = const(1000)
INTERVAL_MAX_MS = const(366 * 24 * 3600 * 1000)

# --- dispatch ---
SLOTS = const(8)  # most runs at a time that settings may ask for
SLOTS_DEFAULT = const(2)
MAILBOX_MESSAGES = const(32)  # messages waiting per group beyond its cursor; more are refused
MAILBOX_TASKS = const(16)  # due tasks waiting per group
RETRIES = const(5)  # tries after the first
RETRY_BASE_MS = const(5000)  # doubles with every try

# --- logs ---
RUN_LOG = const(64)
AUDIT_RING = const(128)
RESULT_BYTES = const(512)  # result or error text kept in a run record

# --- bus ---
ENVELOPE_BYTES = const(8192)  # a sealed envelope, MAC included
JSON_DEPTH = const(12)
SPOOL_RECORDS = const(256)  # records the host has not acknowledged yet
SPOOL_BYTES = const(64 * 1024)
COMMAND_RESULTS = const(64)  # remembered ids of commands, so that a repeated one answers again and does nothing
