"""IANA zone names to POSIX TZ rules, for the box: read from the footer of the zone's TZif file (version 2 or later)."""

import difflib
import importlib.resources
import zoneinfo
from pathlib import Path


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
