"""Bytes per second through redaction, in chunks of 64 KB, one secret of an API key's shape, median of several rounds,
in this process's own time.

mb_per_s.text json sse binary base64 html urlencoded escaped     the contents that come back from APIs and sites
mb_per_s.worst_percent worst_hits      made to be slow: only escapes of the secret's letters; the secret every 100 bytes
"""

import base64
import json
import random
import statistics
import time
from urllib.parse import quote

from bench.figures import show
from broker.redact import Redactor

CHUNK = 64 * 1024
ROUNDS = 15
CHUNKS = 16
BAR_MB_PER_S = 50


def contents(secret: bytes, pick: random.Random) -> dict[str, bytes]:
    """One chunk of each kind."""
    words = (
        "the",
        "quick",
        "brown",
        "fox",
        "jumps",
        "over",
        "a",
        "lazy",
        "dog",
        "she",
        "sells",
        "sea",
        "shells",
        "still",
    )
    prose = " ".join(pick.choice(words) for _ in range(20_000))
    message = {"id": "msg_01", "content": [{"type": "text", "text": 'a "quoted"\nline/path with ümlaut and 50 %'}]}
    event = (
        "event: content_block_delta\ndata: " + json.dumps({"delta": {"type": "text_delta", "text": " word"}}) + "\n\n"
    )
    kinds = {
        "text": prose.encode(),
        "json": json.dumps([message] * 1000).encode(),
        "sse": event.encode() * 2000,
        "binary": pick.randbytes(CHUNK),
        "base64": base64.b64encode(pick.randbytes(CHUNK)),
        "html": b'<p class="x">a &amp; b &#233; c</p><a href="/x?a=1&b=%20">' * 2000,
        "urlencoded": quote(prose[:30_000] + "äöü€" * 1000).encode() * 2,
        "escaped": json.dumps('Жизнь "в" кавычках\n' * 2000).encode(),
        "worst_percent": "".join(f"%{pick.choice(secret):02x}" for _ in range(CHUNK // 3 + 1)).encode(),
        "worst_hits": (b"x" * (100 - len(secret)) + secret) * (CHUNK // 100 + 1),
    }
    return {name: (content * (CHUNK // len(content) + 1))[:CHUNK] for name, content in kinds.items()}


def speed(secret: bytes, content: bytes) -> float:
    """MB/s, the median round."""
    rates: list[float] = []
    for _ in range(ROUNDS):
        redactor = Redactor([secret])
        started = time.process_time()
        for _ in range(CHUNKS):
            redactor.feed(content)
        redactor.end()
        rates.append(CHUNKS * len(content) / 1e6 / (time.process_time() - started))
    return round(statistics.median(rates), 1)


if __name__ == "__main__":
    pick = random.Random(7)
    made_up = b"sk-ant-api03-" + base64.urlsafe_b64encode(pick.randbytes(60))
    figures = {name: speed(made_up, content) for name, content in contents(made_up, pick).items()}
    ordinary = min(value for name, value in figures.items() if not name.startswith("worst"))
    show("redaction", {"bar_mb_per_s": BAR_MB_PER_S, "slowest_ordinary": ordinary, "mb_per_s": figures})
