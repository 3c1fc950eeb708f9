"""Changes to policy.toml that keep what the owner wrote: a rule is put in or taken out, every other line stays.

A change is parsed before it replaces the file, and must lead to exactly the rules that were meant; the file is replaced
whole and durably, one change at a time.
"""

import fcntl
import json
import os
import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from broker.egress_core import KEYS, check_rules
from broker.policy_file import MISSING, Content, PolicyFileError, parse, read_content
from broker.whole_file import replace_file
from device.host.errors import Refused

TEMPLATE = """\
# Where requests may go that are made on a group's behalf. Everything that no rule allows is denied.
#
# Any "deny" rule that fits wins; then the first "allow" or "ask" that fits, in this order. Changes are in force at
# once. `barnacle policy test URL` says which rule decides. All keys: docs/policy.md.
#
# [[rule]]
# name = "weather"
# effect = "allow"                 # "allow", "ask" (the owner is asked each time) or "deny"
# host = "api.open-meteo.com"      # exactly; or suffix = "example.org", or network = "192.168.1.0/24"
# methods = ["GET"]                # without it: every method
# paths = ["/v1"]                  # without it: every path
# groups = ["main"]                # without it: every group
# # scheme = "http"                # without it: https
# # ports = [8123]                 # without it: the scheme's own port
# # private = true                 # this host may have an address of the local network
"""
_HEADER = re.compile(r"[ \t]*\[\[[ \t]*rule[ \t]*\]\][ \t]*(#.*)?")


def write_default(path: Path) -> bool:
    """Write the commented file without rules where there is none; False when there is one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(TEMPLATE)
        file.flush()
        os.fsync(file.fileno())
    return True


def add_rule(path: Path, rule: dict[str, Any], before: str | None = None) -> str:
    """Add a rule at the end, or before the rule of that name; returns the new version. Raises PolicyFileError, also
    when the rule or the file as it is cannot be used."""
    with _locked(path):
        content = _content(path)
        at = len(content.rules) if before is None else _position(content, before, path)
        expected = [*content.rules[:at], rule, *content.rules[at:]]
        try:
            expected = check_rules(expected)
        except Refused as refusal:
            raise PolicyFileError(str(refusal), refusal.remedy, content.version) from None
        block = _as_toml(rule)
        if at == len(content.rules):
            text = content.text.rstrip("\n")
            text = (text + "\n\n" if text else "") + block
        else:
            lines = content.text.splitlines(keepends=True)
            line = _above(lines, _headers(lines, content, path)[at])
            text = "".join([*lines[:line], block, "\n", *lines[line:]])
        return _replace(path, text, expected)


def remove_rule(path: Path, name: str) -> str:
    """Take the rule of that name out; comments outside it stay. Returns the new version; raises PolicyFileError."""
    with _locked(path):
        content = read_content(path)
        at = _position(content, name, path)
        lines = content.text.splitlines(keepends=True)
        headers = _headers(lines, content, path)
        end = headers[at + 1] if at + 1 < len(headers) else len(lines)
        while end > headers[at] + 1 and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
            end -= 1
        if end < len(lines) and not lines[end].strip():
            end += 1
        text = "".join(lines[: headers[at]] + lines[end:])
        return _replace(path, text, content.rules[:at] + content.rules[at + 1 :])


def _content(path: Path) -> Content:
    try:
        return read_content(path)
    except PolicyFileError as error:
        if error.version != MISSING:
            raise
    return parse(TEMPLATE.encode(), path)


def _position(content: Content, name: str, path: Path) -> int:
    for at, rule in enumerate(content.rules):
        if rule["name"] == name:
            return at
    raise PolicyFileError(f"{path} has no rule {name[:64]}", "see: barnacle policy show", content.version)


def _headers(lines: list[str], content: Content, path: Path) -> list[int]:
    found = [at for at, line in enumerate(lines) if _HEADER.fullmatch(line.rstrip("\r\n"))]
    if len(found) != len(content.rules):
        raise _not_editable(path)
    return found


def _above(lines: list[str], at: int) -> int:
    """The line where the comment that stands directly above a rule begins."""
    while at > 0 and lines[at - 1].lstrip().startswith("#"):
        at -= 1
    return at


def _replace(path: Path, text: str, expected: list[dict[str, Any]]) -> str:
    data = text.encode()
    try:
        made = parse(data, path)
    except PolicyFileError:
        raise _not_editable(path) from None
    if made.rules != expected:
        raise _not_editable(path)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_file(path, data)
    return made.version


def _not_editable(path: Path) -> PolicyFileError:
    return PolicyFileError(f"{path} is written in a way that cannot be changed line by line", "change it in an editor")


def _as_toml(rule: dict[str, Any]) -> str:
    lines = [f"{key} = {json.dumps(rule[key], ensure_ascii=False)}\n" for key in KEYS if key in rule]
    return "[[rule]]\n" + "".join(lines)


@contextmanager
def _locked(path: Path) -> Generator[None]:
    """One change at a time; when it is made, its file name is durable too."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
        os.fsync(folder)
    finally:
        os.close(folder)
