"""Every bound of the laptop's host process in one place. Each has a test that goes beyond it (tests/app)."""

from typing import Final

# --- spool to the box ---
SPOOL_ROWS: Final = 10_000  # records the box has not acknowledged; more are refused with a reason
ENVELOPE_OVERHEAD_BYTES: Final = 512  # what an envelope adds around a record's body, MAC and names included

# --- database ---
WRITES_TOGETHER: Final = 256  # callers that share one commit; more wait for the next
RECORDS_TOGETHER: Final = 64  # records of the box in one transaction; the link admits no more than LINK_UNSETTLED

# --- history in the mirror (the oldest go first, and are counted) ---
MESSAGES: Final = 50_000
RUNS: Final = 20_000
AUDIT: Final = 50_000

FACTS: Final = 512  # asks, overrides, notes, days of spending and so on, of each kind

# --- audit chain ---
AUDIT_TOGETHER: Final = 64  # events that the credential broker is given at a time
AUDIT_GATHER_MS: Final = 250  # after a batch, what comes meanwhile goes with the next: each costs two syncs
AUDIT_RETRY_MS: Final = 1_000  # first pause after it could not record them; doubles
AUDIT_RETRY_MAX_MS: Final = 30_000
WITNESS_RECORDS: Final = 64  # the box is told the chain's head after so many records,
WITNESS_MS: Final = 60_000  # or so long after one came,
WITNESS_LEAST_MS: Final = 2_000  # and no more often than this

# --- reads ---
READ_LIMIT: Final = 500  # rows one read may ask for
READ_LIMIT_DEFAULT: Final = 50
FILTER_CHARS: Final = 100  # text of a search filter
PREVIEW_RUNS: Final = 50  # times `schedule.preview` may ask for

# --- operators ---
SESSIONS_PER_CLIENT: Final = 16  # the longest idle one goes first
HELLOS_KEPT: Final = 16  # nonces per client whose welcome is repeated, so that a replayed hello opens nothing
REQUESTS_AT_A_TIME: Final = 32  # per client; more are answered `busy`
ANSWERS_KEPT: Final = 16  # per client, for requests that come twice
ANSWER_KEPT_BYTES: Final = 64 * 1024  # longer answers are not kept: they are reads, asked again at no harm
ANSWER_BYTES: Final = 1024 * 1024  # JSON text of one answer
REQUEST_ID_CHARS: Final = 128
PIECE_BYTES: Final = 7000  # escaped text of one part of an answer, so that its envelope stays below 8192 bytes
FORGERIES_AUDITED_PER_MINUTE: Final = 6  # further ones are only counted
SESSIONS_NOTED: Final = 256  # sessions of operators that are known to be in the audit log

# --- events ---
EVENTS_WAITING: Final = 512  # events not yet published; telemetry goes first, and `thinned` says how many went
EVENT_BATCH_MS: Final = 100  # shortest time between two batches
EVENT_BATCH_BYTES: Final = 7000

# --- waiting for the box ---
COMMAND_TIMEOUT_MS: Final = 10_000
SEND_TIMEOUT_MS: Final = 3_000  # then `send` answers "queued on the laptop"
OUTCOMES_AWAITED: Final = 256  # commands and messages somebody waits for

# --- calls of the box ---
CALL_ITEMS_WAITING: Final = 4  # items of one call not yet sent; whoever makes them waits
CALL_JOIN_CHARS: Final = 2048  # text that waits is joined up to this length
CALL_TEXT_CHARS: Final = 512  # code, message or remedy of a failure, each

# --- runs that borrow from the credential broker ---
OPEN_RUNS: Final = 64  # at a time; the box has 8 slots
RUN_WAIT_MS: Final = 5_000  # a run's record may be stored so long after its first call came
RUN_GRACE_S: Final = 30  # the box may be away so long; then its runs give their leases back
LEASE_CALLS: Final = 64  # requests of one run to one model, retries included
LEASE_BYTES: Final = 32 * 1024 * 1024  # both ways
LEASE_TTL_S: Final = 1800
APPROVALS_KEPT: Final = 256  # approved requests that were used, so that none is used twice
FETCH_S: Final = 30  # one request to the web
FETCH_BYTES: Final = 2 * 1024 * 1024  # both ways, before it is cut
FETCH_TEXT_BYTES: Final = 24 * 1024  # what the box gets of it
FETCH_HEADER_BYTES: Final = 2048  # that a run may set
CALLS_REMEMBERED: Final = 256  # names of calls, so that a request that comes again is not served again
BROKER_LOOK_MS: Final = 500  # a credential broker that did not answer is asked again after so long
BROKER_ANSWER_S: Final = 5
BROKER_NEWS_S: Final = 15  # it answers when something changed, or after ten seconds
POLICY_AGAIN_MS: Final = 1_000  # the box is told rules that it refused again after so long; doubles
POLICY_AGAIN_MAX_MS: Final = 60_000
MODEL_NEWS_BYTES: Final = 6000  # `host.model` to the box; texts of groups go first

# --- operator client ---
CLIENT_EVENTS: Final = 1_000  # events not yet read; older ones are dropped and counted
CLIENT_REQUESTS: Final = 64  # requests under way
CLIENT_PARTS: Final = 512  # parts of one answer

# --- MQTT connection ---
BRIDGE_WAITING: Final = 4096  # received and not handled; beyond it QoS 0 is dropped and counted, QoS 1 comes again
BRIDGE_IN_FLIGHT: Final = 64  # QoS 1 messages that the broker has not acknowledged
BRIDGE_OUT_WAITING: Final = 1024  # messages handed over and not acknowledged, those included; more are refused

# --- MQTT broker that we start ---
BROKER_QUEUED: Final = 2000  # messages per absent client; what is dropped beyond, the link sends again
BROKER_PACKET_BYTES: Final = 64 * 1024  # one MQTT packet; parts of a screen picture are the largest

# --- logs ---
LOG_BYTES: Final = 1024 * 1024
LOG_FILES: Final = 3
LOG_LINES: Final = 500  # of the box's log in one answer
LOG_LINES_DEFAULT: Final = 100
LOG_LINE_CHARS: Final = 500
LOG_TAIL_BYTES: Final = 256 * 1024  # that are read for them

# --- host status file of the box (MQTT retained message) ---
STATUS_BYTES: Final = 8192

# --- desktop host ---
DESKTOP_LOG_BYTES: Final = 1024 * 1024  # records since the last snapshot, below which none is made
DESKTOP_LOCK_S: Final = 1.0  # another program may hold the database so long; then the commit is tried again later
DESKTOP_MESSAGES: Final = 50_000  # of those that Barnacle itself added to NanoClaw's messages the newest stay
DESKTOP_RUN_LOGS: Final = 20_000  # and of task runs
DESKTOP_DONE_TASKS: Final = 64  # completed tasks taken over from NanoClaw, so that new ones have room

# --- sandbox ---
ALLOWLIST_BYTES: Final = 1024 * 1024  # mount allowlist; a larger file allows nothing
ADDITIONAL_MOUNTS: Final = 64  # per group; further ones are not looked at
CONTAINER_OUTPUT: Final = 10 * 1024 * 1024  # characters of stdout and of stderr kept for the log, unless set lower
OUTPUT_FRAME: Final = 10 * 1024 * 1024  # characters of one result between its markers; a longer one is dropped
OUTPUTS_WAITING: Final = 256  # results not yet handed to a slow handler; more are dropped and counted
OUTPUT_WAITING: Final = 32 * 1024 * 1024  # characters of the results that wait
RUN_LOGS: Final = 200  # log files kept per group; the oldest go first
STOP_TIMEOUT_S: Final = 15  # for the engine's stop command; then the process is killed
STOP_GRACE_MS: Final = 15_000  # a stopped container's process may take so long to end; then it is killed, then given up
PIPE_GRACE_S: Final = 5  # a grandchild may hold the pipes so long after the process has ended
SKILL_FILES: Final = 2_000  # files of skills copied for one run
SKILL_BYTES: Final = 64 * 1024 * 1024  # and what they may weigh together
ENV_FILE_BYTES: Final = 256 * 1024  # a project's .env; a larger one is not read

# --- NanoClaw import and check ---
FINDINGS: Final = 1000  # kept by a check; more are only counted
IMPORT_FILE_BYTES: Final = 16 * 1024 * 1024  # a JSON file of a NanoClaw folder; a larger one is left out
IMPORT_PIECE_BYTES: Final = 6 * 1024  # messages in one import.messages: what fits an envelope with all around it
IMPORT_DONE_TASKS: Final = 64  # completed tasks that an import takes, so that new ones have room
IMPORT_NOTES: Final = 20  # messages of a chat that a report names one by one; more are counted

# --- parity ---
GOLDEN_FILE_BYTES: Final = 64 * 1024 * 1024  # one file of recordings; larger ones are refused
GOLDEN_CHUNK_BYTES: Final = 192 * 1024  # text of the cases that one interpreter judges; a longer case goes alone
GOLDEN_CASE_S: Final = 30  # one case may take as long; then it has failed and the others go on
GOLDEN_JOBS: Final = 8  # interpreters at a time

# --- replay, record, incident ---
TIMELINE_BYTES: Final = 64 * 1024 * 1024  # a file with timelines; larger ones are refused
REPLAY_S: Final = 120  # one timeline may take as long in an interpreter; then it has failed and the others go on
REPLAY_HEAP_MB: Final = 32  # of MicroPython when it replays; larger than the box's, for the timeline is in it too
RECORD_EVENTS: Final = 100_000  # a recording ends by itself when it has so many
INCIDENT_LOG_BYTES: Final = 256 * 1024  # tail of each log in a bundle
INCIDENT_SECRET_FILE_BYTES: Final = 1024 * 1024  # a file whose secrets are scrubbed; larger ones hold none
INCIDENT_ROWS: Final = 20_000  # messages, runs and audit records in a bundle, of each kind

# --- language models ---
MODELS: Final = 16  # configured models
MODEL_GROUPS: Final = 64  # groups with an order of their own
MODEL_SETTING_CHARS: Final = 512  # one text of a model's settings
MODEL_PRICE_USD: Final = 10_000  # for a million tokens
MODEL_REQUEST_BYTES: Final = 256 * 1024  # JSON of one request to a model; what the box can send is 64 KiB
MODEL_MESSAGES: Final = 400  # in one request
MODEL_BLOCKS: Final = 64  # of content in one message
MODEL_TOOLS: Final = 64  # offered to the model
MODEL_EVENT_BYTES: Final = 256 * 1024  # one server-sent event
MODEL_ANSWER_BYTES: Final = 4 * 1024 * 1024  # of one streamed answer, everything included
MODEL_TEXT_CHARS: Final = 64 * 1024  # of the answer's text
MODEL_CALLS: Final = 16  # tool calls in one answer
MODEL_ARGUMENT_CHARS: Final = 16 * 1024  # of one tool call
THOUGHT_CHARS: Final = 16 * 1024  # of what one answer's model thought: ten rounds of it fit MODEL_REQUEST_BYTES
THOUGHTS_KEPT: Final = 64  # answers whose thoughts are kept for the next round
MODEL_JSON_DEPTH: Final = 32  # nesting in what a model server sends
MODEL_ERROR_BYTES: Final = 64 * 1024  # read of an error's body
MODEL_SAYS_CHARS: Final = 200  # of a server's own words in a message
MODEL_TRIES: Final = 3  # of one model for one request
MODEL_RETRY_BASE_MS: Final = 500  # doubled with each try, then a random part of it
MODEL_RETRY_CAP_MS: Final = 15_000  # the longest wait, also when the server asks for more: then it is rate_limited
MODEL_CONNECT_S: Final = 10  # to reach the server
MODEL_IDLE_S: Final = 45  # between two pieces of an answer; pings do not count
MODEL_DRAIN_S: Final = 0.5  # for the end of a complete answer's stream, so that the connection can be used again
MODEL_REST_MS: Final = 30_000  # an unreachable model is left alone so long
MODEL_REFUSED_REST_MS: Final = 300_000  # one that refused the key or wants money
MODEL_LIMITED_MS: Final = 60_000  # one that is rate-limited and does not say how long
MODEL_LIMITED_MAX_MS: Final = 24 * 3600 * 1000  # and what it may say
