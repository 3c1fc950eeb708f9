"""Every bound of the credential broker, in one place. Units are in the names; each has a test that goes beyond it."""

# what comes in: the broker's own sockets (broker/http_server.py)
HEAD_BYTES = 16 * 1024  # request line and headers
HEADER_COUNT = 64
TARGET_BYTES = 8 * 1024
BODY_BYTES = 4 * 1024 * 1024  # request body
HEAD_TIMEOUT_MS = 5_000  # from the first byte of a head to its last
BODY_TIMEOUT_MS = 30_000
EXCHANGE_TIMEOUT_MS = 15 * 60_000  # one request with its answer
IDLE_TIMEOUT_MS = 60_000  # a connection that is waiting for its next request
WRITE_TIMEOUT_MS = 30_000  # a client that does not read
CONNECTIONS = 64  # per socket
ADMIN_CONNECTIONS = 8  # of them, those that a client keeps for anything but what goes out
REQUESTS_PER_CONNECTION = 1_000
READ_BYTES = 64 * 1024
LINGER_MS = 500  # how long a refused client may go on sending before the connection is closed
LINGER_BYTES = 2 * 1024 * 1024

# what goes out (broker/resolve.py, dial.py, upstream.py, forward.py)
RESOLVE_TIMEOUT_MS = 5_000
RESOLVE_AT_ONCE = 8
OWN_ADDRESSES_MS = 10_000  # how old the list of this machine's own addresses may be
ADDRESSES = 16  # of one name; more are refused
DIAL_TIMEOUT_MS = 8_000  # one address, TCP and TLS together
DIALS = 4  # addresses tried for one request
POOLED = 16  # connections kept open for reuse
POOLED_IDLE_MS = 30_000
ANSWER_HEAD_BYTES = 32 * 1024
ANSWER_HEADER_COUNT = 128
ANSWER_NAME_BYTES = 64  # headers with longer names are not passed on
ANSWER_BYTES = 64 * 1024 * 1024  # as sent by the other side, and again when decoded
DECODED_RATIO = 200  # decoded bytes per encoded byte, beyond the first DECODED_FREE_BYTES
DECODED_FREE_BYTES = 1024 * 1024
FIRST_BYTE_TIMEOUT_MS = 120_000  # from the request's last byte to the answer's first
ANSWER_IDLE_TIMEOUT_MS = 120_000  # between two pieces of an answer
ANSWER_TIMEOUT_MS = 10 * 60_000  # a whole answer
INTERIM_ANSWERS = 8  # 1xx answers before the real one

# what comes back (broker/redact.py)
SECRET_MIN_BYTES = 8  # shorter ones cannot be told from ordinary text: refused when they are stored
PARTIAL_CHARS = 4  # this much of a secret at the end of a stream is taken out as well

# streams of events (broker/event_stream.py, event_leaves.py, redact_events.py)
EVENT_BYTES = 256 * 1024  # one event; more end the answer
EVENT_DEPTH = 64  # nesting of its JSON
EVENT_DIGITS = 1000  # longer whole numbers are read as rounded ones
EVENT_LABEL_CHARS = 256  # of a text that an added event repeats, or that is remembered as looked at
EVENT_STREAMS = 64  # texts that end, all at the same time, with what could be the beginning of a secret
EVENT_NAMES = 64  # texts that are watched one by one; those with further names are watched together

# tunnels (broker/proxy.py)
HELLO_BYTES = 16 * 1024  # the first TLS message of a client
HELLO_TIMEOUT_MS = 5_000
TUNNEL_BYTES = 256 * 1024 * 1024  # both directions together
TUNNEL_TIMEOUT_MS = 14 * 60_000  # it is an exchange too: less than EXCHANGE_TIMEOUT_MS
TUNNEL_IDLE_TIMEOUT_MS = 120_000
TUNNELS = 16  # per run
PROXIES = 8  # at a time
PROXY_CONNECTIONS = 32  # per run; with CONNECTIONS they fit into 1024 descriptors
PROXY_LOOK_MS = 1_000  # how often it is looked whether a run's time is over by the wall clock

# credentials and leases (broker/binding.py, index.py, leases.py, api.py)
SECRET_BYTES = 2000  # with its binding it fits what every platform's keyring takes (2560 bytes)
PREFIX_CHARS = 32
CREDENTIALS = 64
KEYRING_TIMEOUT_MS = 3_000  # a promptless Secret Service may never answer
STATE_WAIT_MS = 10_000  # a request for the next state is answered by then, changed or not
STATE_LOOK_MS = 500  # between two looks for it
KEYRING_AGAIN_MS = 15_000  # between two probes of a keyring that could not be used
LEASES = 256  # at a time
LEASE_CALLS = 1_000
LEASE_BYTES = 256 * 1024 * 1024
LEASE_TTL_S = 2 * 3600
SCOPE_TEXT_CHARS = 256  # run, group, approval: each
SCOPE_METHODS = 8
GUESSES = 10  # unknown lease ids within GUESS_WINDOW_MS; then every unknown one is refused unread
GUESS_WINDOW_MS = 60_000
APPROVALS = 1_024  # used ones that are remembered; the oldest go first
OVERRIDES = 64
ADMIN_BODY_BYTES = 256 * 1024
AUDIT_EVENTS = 256  # in one request
MODEL_ENDPOINTS = 64
PASSPHRASE_MIN_CHARS = 8
PASSPHRASE_CHARS = 1024
SEALED_FILE_BYTES = 512 * 1024
LOCK_TIMEOUT_MS = 3_000  # for the files that the command line and the broker both change
CHANGE_NOTES = 256  # changes of credentials that wait for the next start
