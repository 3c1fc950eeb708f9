"""The audit's filter language: words that must stand in a record, and `key:value` for one of its parts.

deny                        the word anywhere
group:family kind:task      both must hold
decision:deny -actor:main   a leading - turns a condition round
host:example.org            the host of a request
since:2h  until:13:30       a length back from now, a time of today, or 2026-11-22[T13:30]
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.cli.duration import duration_ms
from app.cli.times import Times
from app.errors import UsageError

KEYS = {
    "group": ("folder",),
    "kind": ("what",),
    "decision": ("decision",),
    "actor": ("actor",),
    "rule": ("rule",),
    "host": ("host", "detail", "reason"),
}
MOMENTS = ("since", "until")
ALL = ("what", "actor", "folder", "decision", "rule", "reason", "detail", "host")


@dataclass(frozen=True)
class Condition:
    """`text` (lower case) must be in one of the fields; or in none of them when turned round."""

    fields: tuple[str, ...]
    text: str
    turned: bool

    def holds(self, record: Mapping[str, Any]) -> bool:
        """Whether a record meets it."""
        found = any(self.text in str(record.get(name) or "").lower() for name in self.fields)
        return found != self.turned


@dataclass(frozen=True)
class AuditFilter:
    """All conditions must hold; moments are UTC ms, None for no bound."""

    conditions: tuple[Condition, ...] = ()
    since_ms: int | None = None
    until_ms: int | None = None

    def __bool__(self) -> bool:
        return bool(self.conditions) or self.since_ms is not None or self.until_ms is not None

    def holds(self, record: Mapping[str, Any]) -> bool:
        """Whether the record is shown."""
        ts_ms = int(record["ts_ms"])
        if self.since_ms is not None and ts_ms < self.since_ms:
            return False
        if self.until_ms is not None and ts_ms > self.until_ms:
            return False
        return all(condition.holds(record) for condition in self.conditions)


def parse(text: str, now_ms: int, times: Times) -> AuditFilter:
    """The filter a line means. Raises UsageError naming the word that is wrong."""
    conditions: list[Condition] = []
    moments: dict[str, int] = {}
    for word in text.split():
        turned = word.startswith("-") and len(word) > 1
        key, colon, value = word.removeprefix("-").partition(":")
        if not colon or not key:
            conditions.append(Condition(ALL, word.removeprefix("-").lower(), turned))
        elif key in MOMENTS:
            moments[key] = _moment(value, now_ms, times)
        elif key in KEYS:
            conditions.append(Condition(KEYS[key], value.lower(), turned))
        else:
            known = ", ".join((*KEYS, *MOMENTS))
            raise UsageError(f"there is no key “{key}”", f"known are {known}")
    return AuditFilter(tuple(conditions), moments.get("since"), moments.get("until"))


def _moment(text: str, now_ms: int, times: Times) -> int:
    try:
        return now_ms - duration_ms(text)
    except argparse.ArgumentTypeError:
        local = times.local(now_ms)
    for form in ("%Y-%m-%dT%H:%M", "%Y-%m-%d"):
        try:
            found = datetime.strptime(text, form).replace(tzinfo=local.tzinfo)
        except ValueError:
            continue
        return round(found.timestamp() * 1000)
    try:
        clock = datetime.strptime(text, "%H:%M").replace(tzinfo=local.tzinfo)
    except ValueError:
        raise UsageError(f"“{text}” is no time", "write 2h, 13:30 or 2026-11-22T13:30") from None
    today = local.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)
    return round((today if today <= local else today - timedelta(days=1)).timestamp() * 1000)
