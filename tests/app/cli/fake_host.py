"""A host for the commands: answers what a test tells it to, remembers what it was asked."""

import asyncio
import io
from dataclasses import dataclass
from typing import Any

from app.cli.main import main
from app.cli.output import Output

NOW_MS = 1_795_000_000_000


@dataclass
class Event:
    kind: str
    body: dict[str, Any]


class FakeHost:
    """`answers[name]` is a result, an exception, or a function of the arguments."""

    def __init__(self, answers=None, events=()):
        self.answers = dict(answers or {})
        self.asked = []
        self._events = list(events)
        self.credentials: Any = None

    def __call__(self, credentials):
        self.credentials = credentials
        return self

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        return None

    async def request(self, name, /, **args):
        self.asked.append((name, args))
        answer = self.answers.get(name)
        if isinstance(answer, Exception):
            raise answer
        return answer(args) if callable(answer) else answer

    async def events(self):
        for event in self._events:
            yield event
        await asyncio.Event().wait()


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self):
        return True


class Command:
    """Runs commands in a home of their own."""

    def __init__(self, home, capsys):
        self.home = home
        self._capsys = capsys

    def __call__(self, *argv, host=None, out=None):
        """(exit code, stdout, stderr)"""
        self._capsys.readouterr()
        host = host or FakeHost()
        code = main(["--home", str(self.home), *argv], connect=host, out=out or Output())
        printed, errors = self._capsys.readouterr()
        return code, printed, errors
