"""Every bound of the device in one place. Each has a test that drives the system past it (tests/device/host)."""

from device.host.portable import const

# --- groups and messages ---
GROUPS = const(32)  # registered groups
MESSAGE_BYTES = const(
    4096
)  # UTF-8 text of one message or reply; longer ones are refused (in) or cut with a marker (out)
TEXT_ENCODED_BYTES = const(5120)  # the same text with JSON's escapes, as records and envelopes carry it
RING_MESSAGES = const(40)  # messages kept per group
RING_BYTES = const(192 * 1024)  # text of all rings together; the oldest messages already handed over go first
NAME_BYTES = const(64)  # folder, trigger and display names
ID_BYTES = const(128)  # jids and message ids

# --- tasks ---
TASKS = const(256)
PROMPT_BYTES = const(2048)  # prompt of a task
PROMPT_ENCODED_BYTES = const(3072)  # the same with JSON's escapes
LATE_MS = const(60 * 1000)  # a due time missed by more than this is late: the task's `missed` policy decides
SLEEP_MAX_MS = const(6 * 3600 * 1000)  # the scheduler looks at the clock at least this often
VALUE_BYTES = const(128)  # cron expression, interval or time
INTERVAL_MIN_MS = const(1)  # NanoClaw accepts every positive interval
INTERVAL_MAX_MS = const(100 * 366 * 24 * 3600 * 1000)

# --- dispatch ---
SLOTS = const(8)  # most runs at a time that settings may ask for
SLOTS_DEFAULT = const(2)
MAILBOX_MESSAGES = const(32)  # messages waiting per group beyond its cursor; more are refused
MAILBOX_TASKS = const(16)  # due tasks waiting per group
RETRIES = const(5)  # tries after the first
RETRY_BASE_MS = const(5000)  # doubles with every try

# --- logs ---
RUN_LOG = const(64)
AUDIT_RING = const(64)
WITNESSES = const(8)  # heads of the laptop's audit log that the box has seen
RESULT_BYTES = const(512)  # result or error text kept in a run record

# --- agent ---
AGENT_ROUNDS = const(10)  # calls of the model in one run; one more lets it finish in words
AGENT_MS = const(10 * 60 * 1000)  # wall time of one run's rounds
AGENT_CALL_MS = const(180 * 1000)  # one call of the model
AGENT_TOKENS = const(2048)  # most that one answer of the model may have
AGENT_TEXT_BYTES = const(8192)  # text of one answer of the model; what comes beyond is cut
MODEL_TEXT_BYTES = const(512)  # the state of the model in words
CONVERSATION_BYTES = const(24 * 1024)  # earlier messages and the new ones that go to the model with a run
CONVERSATION_KEPT_BYTES = const(8 * 1024)  # of those, what stays word for word when the rest is summarised
CONVERSATION_MESSAGES = const(32)  # earlier messages that are summarised before their ring drops them
SUMMARY_BYTES = const(3072)  # summary of what was said before
NOTE_BYTES = const(4096)  # notes of a group, and those for all
NOTES_BYTES = const(64 * 1024)  # of all groups together
NOTE_ENCODED_BYTES = const(5120)  # the same with the escapes of XML and JSON
TOOL_CALLS = const(8)  # tool calls in one answer of the model; the others are told so
TOOL_ARGS_BYTES = const(8192)  # arguments of a tool call, as JSON
TOOL_DEPTH = const(6)  # how deeply they may be nested
TOOL_RESULT_BYTES = const(8192)  # result of one tool call; longer ones are cut with a marker
TOOL_WORK_BYTES = const(16 * 1024)  # tool calls and results kept through a run; the oldest give way, with a marker
SHOWN_BYTES = const(320)  # text that a run puts on the round screen
SHOWN_MS = const(60 * 1000)  # how long it stays there

# --- bus ---
ENVELOPE_BYTES = const(8192)  # a sealed envelope, MAC included
ENVELOPE_ID_BYTES = const(272)  # idempotency key: two ids of ID_BYTES and a prefix
JSON_DEPTH = const(12)
SPOOL_RECORDS = const(256)  # records the host has not acknowledged yet
SPOOL_BYTES = const(64 * 1024)
COMMAND_RESULTS = const(64)  # remembered ids of commands, so that a repeated one answers again and does nothing
COMMAND_RESULT_BYTES = const(32 * 1024)  # what those results may weigh together; the oldest are forgotten first
COMMAND_RECORDS = const(6)  # the most records that one command leads to
COMMAND_BYTES = const(12 * 1024)  # and what they may weigh: audit, the thing set, its result
IMPORT_MESSAGES = const(3)  # messages that one import.messages brings: with audit, cursor and result COMMAND_RECORDS

# --- host ---
GARBAGE_BYTES = const(128 * 1024)  # allocated between two garbage collections
QUEUE_NEWS_MS = const(250)  # the queue is told at most this often
HEALTH_MS = const(30 * 1000)  # how often health is told while the host listens
HEALTH_AGAIN_MS = const(1000)  # and once more so long after a change of the connection
TEXT_NEWS_MS = const(100)  # a run's growing text is told at most this often
RESTART_MS = const(100)  # wait before a failed task of the box is restarted; doubles
RESTART_MAX_MS = const(10 * 1000)
REBOOT_AFTER_MS = const(500)  # a reboot waits so long for its answer to leave
PROVISION_BYTES = const(32 * 1024)  # the file that says who the box is, a certificate authority inside
CLOCK_UNSET_MS = const(1735689600000)  # 2025: a clock before it was never set
CLOCK_STEP_MS = const(2000)  # a step of the clock beyond this is audited

# --- asks and overrides ---
ASKS = const(8)  # asks that wait for an answer; more are refused
ASKS_PER_RUN = const(8)  # asks that one run may make, answered or not
ASKS_KEPT = const(8)  # answered ones remembered, so that a late answer is told what became of it
ASK_MS = const(120 * 1000)  # an ask nobody has answered by then is a no
ASK_TEXT_BYTES = const(320)  # of the arguments, and of the reason, that an ask shows
ASK_OVERRIDE_MINUTES = const(15)  # what the answer "15min" opens
OVERRIDES = const(16)
OVERRIDE_MINUTES = const(24 * 60)  # longest override
OVERRIDE_PACE_MS = const(60 * 1000)  # how often the time that overrides have left is written down
METHODS = const(8)  # methods that one override names

# --- store ---
RECORD_BYTES = const(7680)  # one encoded record: what still fits into an envelope
PENDING_RECORDS = const(256)  # records that wait for the storage; while it refuses, no more are taken
WRITE_BUFFER_BYTES = const(4096)  # the journal's write buffer: one flash block
SEGMENT_BYTES = const(1024)  # a log segment is closed at this size: LittleFS copies its last block with every commit
SEGMENTS = const(200)  # log segments (each boot opens one) before a snapshot replaces them; a flash block each
COMPACT_BYTES = const(256 * 1024)  # log size below which no snapshot is made
DROP_MS = const(20)  # pause between two removals of old files: each takes the flash some milliseconds
COMPACT_MOST_BYTES = const(384 * 1024)  # log size at which one is due, however large the state is
MESSAGE_OVERHEAD_BYTES = const(320)  # what a kept message costs besides its text, counted into RING_BYTES
RECENT_IDS = const(512)  # message ids remembered beyond the rings, so that a repeated message is known
RUN_RESERVE_RECORDS = const(6)  # room in the spool that a run holds so that its outcome can always be recorded
RUN_RESERVE_BYTES = const(9 * 1024)
AUDIT_RESERVE_RECORDS = const(4)  # room in the spool that only "the spool is full" and "has room again" may use
AUDIT_RESERVE_BYTES = const(2 * 1024)

# --- mqtt ---
MQTT_TOPIC_BYTES = const(160)  # longest topic taken; longer ones count as oversize
MQTT_IN_FLIGHT = const(16)  # QoS 1 packets the broker has not acknowledged; publish waits beyond it
MQTT_OUT_PACKETS = const(8)  # packets waiting for the socket; publish waits beyond it
MQTT_KEEPALIVE_S = const(30)
MQTT_ANSWER_MS = const(10000)  # the broker must answer a connect, subscribe or ping within this time
MQTT_RETRY_MS = const(500)  # first pause before reconnecting; doubles, jittered
MQTT_RETRY_MAX_MS = const(30000)
MQTT_REFUSED_MS = const(60000)  # pause after refused credentials: trying harder does not help
MQTT_STABLE_MS = const(10000)  # a connection that lasted so long starts the pauses anew

# --- link ---
LINK_WINDOW = const(32)  # records sent and not acknowledged; the rest waits in the spool
LINK_UNSETTLED = const(128)  # records received and not yet durable; what comes beyond is not taken
LINK_BATCH = const(8)  # records taken from the spool at a time
LINK_ACK_EVERY = const(16)  # applied records after which an acknowledgement goes out at once
LINK_ACK_DELAY_MS = const(20)  # most that an acknowledgement waits for an envelope to ride on
LINK_ACK_TIMEOUT_MS = const(5000)  # without progress for so long the session is renewed before anything is resent
LINK_HELD_MS = const(30000)  # a peer without room is left alone so long, unless it says that there is room again
LINK_FAILED_MS = const(1000)  # first pause after a record could not be stored; doubles until one can
LINK_FAILED_MAX_MS = const(30000)
LINK_ALIVE_MS = const(30000)  # a host with nothing else to say says so this often; half as much again is silence
LINK_HELLO_MIN_MS = const(200)  # least time between two hellos, whatever asks for one
LINK_HELLO_RETRY_MS = const(1000)  # doubles while nobody answers
LINK_HELLO_MAX_MS = const(60000)
LINK_RESEND_MIN_MS = const(150)  # a peer's hellos make us resend at most this often
LINK_SERVICE = const(8)  # messages of calls waiting to be sent; who has more waits for room
LINK_SERVICE_TURN = const(4)  # of them sent after each LINK_BATCH of records
LINK_TELEMETRY = const(16)  # telemetry waiting to be sent; the oldest is thinned
LINK_REJECT_AUDIT_MS = const(10000)  # rejected envelopes are reported at most this often, with their number

# --- egress ---
URL_BYTES = const(2048)  # of a URL in its canonical spelling
EGRESS_RULES = const(64)
EGRESS_BYTES = const(6000)  # JSON text of all rules: one envelope carries them
EGRESS_VALUES = const(16)  # ports, methods, paths or groups of one rule
EGRESS_PATH_BYTES = const(256)  # one path of a rule
EGRESS_NOTE_BYTES = const(200)

# --- calls ---
CALLS = const(8)  # calls at a time; more are refused
CALL_BYTES = const(64 * 1024)  # JSON text of one request, item or result
CALL_PART_BYTES = const(7000)  # escaped text of one part of it, so that its envelope stays below ENVELOPE_BYTES
CALL_PIECE_BYTES = const(256)  # what a part counts at least, unless it is the last
CALL_ITEMS = const(1024)  # items of a call that the reader has not taken
CALL_BEGUN_MS = const(10 * 1000)  # by then the laptop must have said that it has a request
CALL_WINDOW_BYTES = const(8 * 1024)  # of items that the reader has not taken: half of it and one part may wait
CALL_DEPTH = const(24)  # nesting of what a call carries: tools have schemas
CALL_ID_CHARS = const(32)
CALL_TEXT_CHARS = const(512)  # code, message or remedy of a failure, each

# --- screen ---
VIEW_QUIET_MS = const(40)  # a change is shown once nothing has changed for so long: drawing waits for the host's work
VIEW_LATEST_MS = const(240)  # … or when it has waited so long
VIEW_REST_MS = const(100)  # least time between two pictures: nobody reads faster
SCREEN_FAULT_MS = const(60 * 1000)  # faults of the screen are audited at most this often, with their number
LINKING_MS = const(15000)  # a box without its host says "linking" for so long, then "offline"
PLAIN_TEXTS = const(24)  # texts whose plain form is kept, so that it is made once and not with every picture
SHOWN_CHARS = const(400)  # of any text that the round screen lays out; nothing longer fits the glass
NEXT_SHOWN = const(5)  # coming runs on the schedule page and on the rim
WAITING_SHOWN = const(4)  # names of waiting groups
TOUCHES = const(16)  # touch samples, and what they mean, that wait for the screen's next turn
TOUCH_MS = const(3000)  # longest press or swipe that a command may make
STILL_MS = const(4000)  # the screen stands still for a screen shot at most so long
TILE_ROWS = const(10)  # rows of one tile of a screen shot: 7200 bytes and a header, below an envelope's size
