"""The owner's policy.toml: read strictly, taken anew when it changes, and never more generous than it says.

Whatever keeps the file from being read (it is missing, not TOML, holds an unknown key, is a link, may be written by
others) becomes the `problem` of the Rules that come out: those deny everything and say why. Nothing falls back to what
the file said before.
"""

import hashlib
import os
import stat
import time
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

from broker.egress_core import Rules, check_rules, make_rules
from broker.limits import OWN_ADDRESSES_MS
from device.host.errors import Refused

FILE_BYTES = 64 * 1024
MISSING = "missing"
UNREADABLE = "unreadable"
SETTLED_NS = 50_000_000  # a file changed less long ago is read again: its next change may bear the same time

_NO_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)


class PolicyFileError(Exception):
    """The file cannot be used: `message` names file, rule and key, `remedy` says what to do; `version` stands for the
    content that was refused."""

    def __init__(self, message: str, remedy: str, version: str = UNREADABLE) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.version = version


class Content(NamedTuple):
    """What a readable policy.toml holds: its text, its rules as checked, and the version that names both."""

    text: str
    rules: list[dict[str, Any]]
    version: str


def read_rules(path: Path, own_ports: Sequence[int] = (), own_addresses: Sequence[bytes] = ()) -> Rules:
    """The Rules of the file; with their `problem` set, and so denying everything, when it cannot be used."""
    try:
        content = read_content(path)
    except PolicyFileError as error:
        return make_rules(error.version, [], f"{error.message}; {error.remedy}", own_ports, own_addresses)
    return make_rules(content.version, content.rules, None, own_ports, own_addresses)


def read_content(path: Path) -> Content:
    """The file's text and checked rules; raises PolicyFileError."""
    return parse(_read(path), path)


def parse(data: bytes, path: Path) -> Content:
    """What the bytes of a policy.toml at `path` hold; raises PolicyFileError."""
    version = hashlib.sha256(data).hexdigest()[:12]
    try:
        text = data.decode("utf-8")
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "it is no UTF-8 text or nested too deep"
        raise PolicyFileError(f"{path}: {reason}", "correct that line", version) from None
    for key in table:
        if key != "rule":
            raise PolicyFileError(f"{path}: unknown key {key[:64]}", "each rule begins with [[rule]]", version)
    rules = table.get("rule", [])
    if not isinstance(rules, list):
        raise PolicyFileError(f"{path}: rule is no list of tables", "begin each rule with [[rule]]", version)
    try:
        return Content(text, check_rules(cast("list[Any]", rules)), version)
    except Refused as refusal:
        raise PolicyFileError(f"{path}: {refusal.message}", refusal.remedy, version) from None


class Watcher:
    """The policy in force. `current()` costs one look at the file's facts while nothing changes; what it returns is one
    whole version, so a decision made with it is made by that version alone. `own_addresses()` is asked again every
    OWN_ADDRESSES_MS: a laptop moves."""

    def __init__(
        self,
        path: Path,
        own_ports: Sequence[int] = (),
        own_addresses: Callable[[], Sequence[bytes]] = tuple,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._own_ports = tuple(own_ports)
        self._own_addresses = own_addresses
        self._clock = clock
        self._own: tuple[tuple[int, ...], tuple[bytes, ...]] = ((), ())
        self._own_since: float | None = None
        self._facts: tuple[int, ...] | None = None
        self._rules: Rules | None = None

    def current(self) -> Rules:
        """The Rules that the file says now."""
        self._look_at_ourselves()
        facts = self._look()
        if self._rules is None or facts != self._facts or facts is None or time.time_ns() - facts[0] < SETTLED_NS:
            read = read_rules(self._path, *self._own)
            if self._rules is None or (read.version, read.problem) != (self._rules.version, self._rules.problem):
                self._rules = read
            self._facts = facts
        return self._rules

    def _look_at_ourselves(self) -> None:
        now = self._clock()
        if self._own_since is not None and now - self._own_since < OWN_ADDRESSES_MS / 1000:
            return
        own = self._own_ports, tuple(self._own_addresses())
        if own != self._own:
            self._own, self._rules = own, None
        self._own_since = now

    def _look(self) -> tuple[int, ...] | None:
        try:
            facts = self._path.lstat()
        except OSError:
            return None
        changed_ns = max(facts.st_mtime_ns, facts.st_ctime_ns)
        return changed_ns, facts.st_mtime_ns, facts.st_size, facts.st_ino, facts.st_dev, facts.st_mode, facts.st_uid


def _read(path: Path) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | _NO_LINKS)
    except FileNotFoundError:
        remedy = "write one with: barnacle policy allow URL"
        raise PolicyFileError(f"{path} is missing", remedy, MISSING) from None
    except OSError as error:
        reason = "is a symbolic link" if path.is_symlink() else f"cannot be read: {error.strerror}"
        raise PolicyFileError(f"{path} {reason}", "put a plain file there, with mode 0600") from None
    try:
        _check_file(path, os.fstat(handle))
        with open(handle, "rb", closefd=False) as file:
            data = file.read(FILE_BYTES + 1)
    except OSError as error:
        raise PolicyFileError(f"{path} cannot be read: {error.strerror}", "check the disk") from None
    finally:
        os.close(handle)
    if len(data) > FILE_BYTES:
        raise PolicyFileError(f"{path} is larger than {FILE_BYTES} bytes", "shorten its comments")
    return data


def _check_file(path: Path, facts: os.stat_result) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise PolicyFileError(f"{path} is no plain file", "put a plain file there, with mode 0600")
    if facts.st_uid not in (os.geteuid(), 0):
        raise PolicyFileError(f"{path} belongs to another user", f"take it over: chown {os.geteuid()} {path}")
    if facts.st_mode & 0o022:
        raise PolicyFileError(f"{path} can be written by others", f"chmod 600 {path}")
