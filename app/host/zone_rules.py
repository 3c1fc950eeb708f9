"""IANA zone names to POSIX TZ rules, for the box: read from the footer of the zone's TZif file (version 2 or later)."""

import difflib
import importlib.resources
import zoneinfo
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

_tz: Any = import_module("device.host.tz")


class ZoneNameError(ValueError):
    """A zone name that does not exist or has no rule; the message suggests one that does."""


def posix_rule(zone_name: str) -> str:
    """The rule of e.g. "Europe/Berlin": "CET-1CEST,M3.5.0,M10.5.0/3". It holds from now on, not for the past.

    Raises ZoneNameError for an unknown name (with a suggestion) and for a zone whose future no rule expresses.
    """
    known = zoneinfo.available_timezones()
    if zone_name not in known:
        near = _nearest(zone_name, known)
        hint = f"; did you mean {near}?" if near else "; use a name such as Europe/Berlin"
        raise ZoneNameError(f"there is no time zone {zone_name!r}{hint}")
    footer = _data(zone_name).rsplit(b"\n", 2)[-2:]
    rule = footer[0].decode("ascii", "replace") if len(footer) == 2 and footer[1] == b"" else ""
    if not rule:
        raise ZoneNameError(f"the time zone {zone_name} has no rule for the future; use a neighbouring zone")
    return rule


def rule_in_force(zone_name: str, now_ms: int) -> str:
    """The rule to send to a box at this moment: `posix_rule`, except where the zone is not following it just now.

    Some zones change by a calendar that no rule expresses (Morocco in Ramadan, Palestine). There it is the present
    offset alone; whoever asks again after the next change gets the next one. Raises ZoneNameError.
    """
    rule = posix_rule(zone_name)
    moment = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(zoneinfo.ZoneInfo(zone_name))
    offset = moment.utcoffset()
    offset_s = int(offset.total_seconds()) if offset is not None else 0
    return rule if _tz.Zone(rule).offset_s(now_ms) == offset_s else _fixed(offset_s)


def _fixed(offset_s: int) -> str:
    """A rule without daylight saving; POSIX counts west of Greenwich as positive."""
    hours, rest = divmod(abs(offset_s), 3600)
    east = f"{'-' if offset_s < 0 else '+'}{hours:02}{rest // 60:02}"
    return f"<{east}>{'' if offset_s < 0 else '-'}{hours}:{rest // 60:02}"


def _nearest(name: str, known: set[str]) -> str | None:
    folded = {item.lower(): item for item in known}
    cities = {item.rsplit("/", 1)[-1]: full for item, full in sorted(folded.items(), reverse=True)}
    wanted = name.strip().lower().replace(" ", "_")
    for names in (folded, cities):
        found = difflib.get_close_matches(wanted, names, n=1, cutoff=0.75)
        if found:
            return names[found[0]]
    return None


def _data(zone_name: str) -> bytes:
    for folder in zoneinfo.TZPATH:
        path = Path(folder) / zone_name
        if path.is_file():
            return path.read_bytes()
    package = importlib.resources.files("tzdata") / "zoneinfo"
    return package.joinpath(*zone_name.split("/")).read_bytes()
