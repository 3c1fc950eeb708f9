"""policy.toml: whatever its bytes are, it is refused with a reason or read, and what is read are checked rules."""

from pathlib import Path
from random import Random

from bench.fuzzers.judged import Judge, Wrong, fuzzer
from broker.egress_core import check_rules
from broker.policy_file import PolicyFileError, parse

PATH = Path("policy.toml")
GOOD = b"""# rules
[[rule]]
name = "api"
effect = "allow"
host = "api.example"
ports = [443, 8443]
methods = ["GET"]
paths = ["/v1"]

[[rule]]
name = "lan"
effect = "ask"
network = "192.168.1.0/24"
groups = ["main"]
note = "x"
"""
PIECES = (
    b"[", b"]", b"[[rule]]", b'"', b"'", b'"""', b"=", b"\n", b"#", b"{", b"}", b",", b".", b"\\u0000",
    b"\xff", b"\0", b"7",
    b"true", b"private = true", b"1979-05-27", b"nan", b"deny", b"host", b"suffix", b"\xc3\xbc", b"-1", b"0x1F", b"\\",
)  # fmt: skip


@fuzzer("policy_file", 0.03)
def make() -> Judge:
    """A Judge of the bytes of a policy.toml."""
    return _judge


def _judge(rng: Random) -> None:
    data = GOOD
    for _ in range(rng.choice((0, 1, 1, 2, 3, 8))):
        at, end = int(rng.random() * (len(data) + 1)), int(rng.random() * 12)
        data = (
            data[:at]
            + (rng.choice(PIECES) if rng.random() < 0.7 else b"")
            + data[at + (end if rng.random() < 0.6 else 0) :]
        )
    try:
        content = parse(data, PATH)
    except PolicyFileError as error:
        if (
            data == GOOD
            or not error.message.startswith("policy.toml: ")
            or not error.remedy
            or len(error.version) != 12
        ):
            raise Wrong(f"{data!r} refused as {error.message!r}") from error
        return
    if check_rules(content.rules) != content.rules or content.text.encode() != data:
        raise Wrong(f"{data!r} read as {content.rules}")
