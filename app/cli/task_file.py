"""A task as a TOML file that people edit: written, read back, with what is wrong at the top."""

import argparse
import json
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from app.cli import schedule_words
from app.cli.duration import duration_ms
from app.cli.output import clean
from app.cli.times import Times, now_ms
from app.errors import UsageError
from app.host.box_time import BoxZone
from app.host.device_core import BarnacleError

TIMES = ("cron", "every", "at", "when")
CHOICES = {"context": ("isolated", "group"), "missed": ("once", "skip")}
ERROR = "# wrong: "
_KEY_OF = {"cron": "cron", "interval": "every", "once": "at"}
_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s"))


class TaskFile:
    """One task's text. `zone` is the IANA zone that local times are read in."""

    def __init__(self, task: Mapping[str, Any], zone: str) -> None:
        self._task = task
        self._zone = zone
        self._before = self._fields()

    def text(self) -> str:
        """The file as it is first shown."""
        task, fields = self._task, self._before
        words = BoxZone(self._zone).words(task["kind"], task["value"])
        head = [
            f"Task {task['id']} of group {task['folder']}: {words} ({self._zone}).",
            "Save and close to change it. A file that is unchanged, or empty, changes nothing.",
            'When it runs is one of:  cron = "30 8 * * 1-5"   every = "45m"   at = "2026-11-24 17:00"',
            '                         when = "weekdays at 8:30"',
            "context: isolated (on its own) or group (with its messages); missed: once (run it late) or skip",
        ]
        lines = [f"# {clean(line) if line[:1].strip() else line}" for line in head]
        return "\n".join([*lines, "", *(f"{name} = {_toml(value)}" for name, value in fields.items()), ""])

    def changes(self, text: str) -> dict[str, Any]:
        """The fields of task.edit that the text asks for; {} when it changes nothing or is empty. Raises UsageError."""
        if not text.strip():
            return {}
        try:
            given: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise UsageError(f"this is no TOML: {error}", 'write  name = "value"') from None
        if not given or given == self._before:
            return {}
        self._check(given)
        fields = {name: given[name] for name in ("prompt", *CHOICES) if given[name] != self._before[name]}
        (key,) = (name for name in TIMES if name in given)
        if given[key] != self._before.get(key):
            fields |= self._time(key, given[key])
        return fields

    def _fields(self) -> dict[str, str]:
        task = self._task
        key, value = _KEY_OF[task["kind"]], str(task["value"])
        if key == "every":
            value = _length(int(value))
        if key == "at":
            value = _local(value, self._zone)
        fields = {"prompt": str(task["prompt"]), key: value}
        return fields | {name: str(task.get(name) or choices[0]) for name, choices in CHOICES.items()}

    def _check(self, given: Mapping[str, Any]) -> None:
        unknown = [name for name in given if name not in ("prompt", *TIMES, *CHOICES)]
        if unknown:
            raise UsageError(f"there is no {', '.join(unknown)}", f"names are prompt, {', '.join((*TIMES, *CHOICES))}")
        missing = [name for name in ("prompt", *CHOICES) if name not in given]
        if missing:
            raise UsageError(f"{', '.join(missing)} is missing", "put it back, or leave with an empty file")
        texts = [name for name, value in given.items() if not isinstance(value, str) or not value.strip()]
        if texts:
            raise UsageError(f"{texts[0]} is no text", f'write  {texts[0]} = "…"')
        if sum(name in given for name in TIMES) != 1:
            raise UsageError(f"exactly one of {', '.join(TIMES)} says when it runs", "keep one of them")
        for name, choices in CHOICES.items():
            if given[name] not in choices:
                raise UsageError(f"{name} = {given[name]!r} cannot be", f"write {' or '.join(choices)}")

    def _time(self, key: str, value: str) -> dict[str, str]:
        if key == "cron":
            return {"kind": "cron", "value": value}
        if key == "every":
            try:
                return {"kind": "interval", "value": str(duration_ms(value))}
            except argparse.ArgumentTypeError as error:
                raise UsageError(str(error)) from None
        if key == "at":
            local = schedule_words.local_time(value)
            if BoxZone(self._zone).utc_ms(local) <= now_ms():
                raise UsageError(f"{value} has passed", "choose a later time")
            return {"kind": "once", "value": local}
        return schedule_words.understand(value, self._zone)


def with_errors(text: str, errors: Sequence[str]) -> str:
    """The text with what is wrong as comments at its top, in place of what was wrong before."""
    kept = [line for line in text.splitlines() if not line.startswith(ERROR)]
    return "\n".join([*(ERROR + clean(error) for error in errors), *kept, ""])


def _local(value: str, zone: str) -> str:
    """A `once` value as local time; as it is where another program wrote what this one does not read."""
    try:
        ms = BoxZone(zone).preview("once", value, 0, 1)[0]
    except (BarnacleError, IndexError):
        return value
    return Times(zone).local(ms).strftime("%Y-%m-%d %H:%M:%S").removesuffix(":00")


def _length(ms: int) -> str:
    parts = ""
    for unit, name in _UNITS:
        count, ms = divmod(ms, unit)
        parts += f"{count}{name}" if count else ""
    return parts


def _toml(text: str) -> str:
    """A TOML string: several lines as they are where that can be read back."""
    if "\n" in text and '"""' not in text and "\\" not in text and text.replace("\n", "").isprintable():
        return f'"""\n{text}"""' if not text.endswith('"') else json.dumps(text)
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
