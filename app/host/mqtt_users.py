"""Who may do what at the MQTT broker: password hashes in Mosquitto's own format, and each kind of user's rights."""

import base64
import hashlib
import hmac
import os
import re
from collections.abc import Mapping

_ITERATIONS = 101  # Mosquitto's own: the passwords are random 256-bit tokens, which need no slow hash
_PARTS = 4
_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")


def hash_password(password: str) -> str:
    """`$7$iterations$salt$hash` (PBKDF2 with SHA-512, base64), as `mosquitto_passwd` writes it."""
    salt = os.urandom(12)
    return f"$7${_ITERATIONS}${_b64(salt)}${_b64(_derive(password, salt, _ITERATIONS))}"


def password_fits(password: str, hashed: str) -> bool:
    """True if `hashed` was made of `password`; compares in constant time."""
    parts = hashed.split("$")[1:]
    if len(parts) != _PARTS or parts[0] != "7":
        return False
    salt, wanted = base64.b64decode(parts[2]), base64.b64decode(parts[3])
    return hmac.compare_digest(_derive(password, salt, int(parts[1])), wanted)


def password_file(users: Mapping[str, str]) -> str:
    """The text of a password file: one `name:hash` per line."""
    return "".join(f"{_checked(name)}:{hash_password(password)}\n" for name, password in users.items())


def read_password_file(text: str) -> dict[str, str]:
    """{name: hash} of what `password_file` wrote."""
    return dict(line.split(":", 1) for line in text.splitlines() if line)


def rights(user: str, device: str) -> dict[str, list[str]]:
    """{"write": topics, "read": filters} of one user of the box `device`; nothing for names of no known kind."""
    base = f"barnacle/{device}/"
    if user == f"device-{device}":
        write, read = ["up", "status", "voice/up", "screen"], ["down", "voice/down"]
    elif user == "host":
        write, read = (
            ["down", "op/+/res", "op/events", "voice/down"],
            ["up", "status", "voice/up", "op/+/req", "screen"],
        )
    elif user.startswith("op-"):
        client = user.removeprefix("op-")
        write, read = [f"op/{client}/req"], [f"op/{client}/res", "op/events", "status", "screen"]
    else:
        write, read = [], []
    return {"write": [base + topic for topic in write], "read": [base + topic for topic in read]}


def acl_file(users: Mapping[str, str], device: str) -> str:
    """Mosquitto's acl_file; who is not in it may do nothing."""
    lines: list[str] = []
    for name in users:
        allowed = rights(_checked(name), device)
        lines.append(f"user {name}")
        lines += [f"topic {kind} {topic}" for kind in ("write", "read") for topic in allowed[kind]]
    return "\n".join(lines) + "\n"


def covers(pattern: str, topic: str) -> bool:
    """True if everything that `topic` (which may be a filter itself) means lies within `pattern` (`+` is one level)."""
    wanted, given = pattern.split("/"), topic.split("/")
    if len(wanted) != len(given) or "#" in given:
        return False
    return all(a == b or (a == "+" and b != "") for a, b in zip(wanted, given, strict=True))


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no MQTT user name: letters, digits, - and _ only")
    return name


def _derive(password: str, salt: bytes, iterations: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations)


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
