"""Streams of model servers that are nearly right: a generator for fuzzing, and the check that goes with it.

`streams(seed)` gives (api, bytes) for ever, the same for the same seed. `verdict(api, data, cuts)` reads one the way
the service does and returns what came of it; it raises for anything but a known outcome, and whatever the cuts are the
outcome must be the same.
"""

import itertools
import json
import random
from collections.abc import Iterator, Sequence
from typing import Any

from app.host import limits
from app.host.inference import anthropic, openai
from app.host.inference.errors import CODES, ModelError
from app.host.inference.sse import SseError, SseParser
from tests.imitation.anthropic import AnthropicImitation
from tests.imitation.openai import OpenAiImitation
from tests.imitation.script import Reply
from tests.imitation.server import Received

READERS = {"anthropic": anthropic.API, "openai": openai.API}
ODD = [None, -1, 0, 10**30, 1.5, "", "x" * 200, [], {}, [{}], {"type": "tool_use"}, "\ud800", True, "é🙂", "null"]
BYTES = [
    b"\r",
    b"\n",
    b"\r\n",
    b"\n\n",
    b"\x00",
    b"\xff",
    b"\xef\xbb\xbf",
    b"data: ",
    b"event: error\n",
    b"[DONE]",
    b'"',
]

KINDS = ["overloaded_error", "rate_limit_error", "billing_error", "news", ""]

APIS = ("anthropic", "openai")
SERVERS = {"anthropic": AnthropicImitation, "openai": OpenAiImitation}
REQUEST = Received("POST", "/", {}, b"{}", json={"model": "m", "stream_options": {"include_usage": True}})


def streams(seed: int) -> Iterator[tuple[str, bytes]]:
    """Nearly right streams of both APIs."""
    chance = random.Random(seed)
    while True:
        yield stream(chance)


def stream(chance: random.Random) -> tuple[str, bytes]:
    """(api, bytes) of one nearly right stream."""
    api = chance.choice(APIS)
    events = list(SERVERS[api]().stream(REQUEST, _reply(chance)))
    for _ in range(chance.choice((0, 1, 1, 2, 4))):
        _mutate(chance, events)
    return api, _scarred(chance, b"".join(events))


def verdict(api: str, data: bytes, cuts: Sequence[int] = ()) -> tuple[Any, ...]:
    """("whole", text, tool calls, stop, counts), ("refused", code), ("garbled",) or ("cut",)."""
    reader, parser, said = READERS[api].reader(), SseParser(), ""
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    try:
        for begin, end in itertools.pairwise(edges):
            for event in parser.feed(data[begin:end]):
                for item in reader.take(event) or []:
                    said += item["text"]
                if reader.complete:
                    return _whole(reader.answer, said)
    except ModelError as error:
        if error.code not in CODES or not error.message:
            raise AssertionError(f"unknown code {error.code!r}") from error
        return ("refused", error.code)
    except (SseError, ValueError):
        return ("garbled",)
    return ("cut",) if parser.pending or not reader.ended() else _whole(reader.answer, said)


def _whole(answer: Any, said: str) -> tuple[Any, ...]:
    items = answer.items()
    text = json.dumps([items, said], ensure_ascii=False, allow_nan=False)
    text.encode()  # what goes to the box can be written
    bounded = len(said) <= limits.MODEL_TEXT_CHARS and len(items) <= limits.MODEL_CALLS
    counts = [answer.usage.input, answer.usage.output, answer.usage.cache_read, answer.usage.cache_write]
    if not bounded or min(counts) < 0 or answer.stop not in ("end", "tool_use", "max_tokens", "refusal"):
        raise AssertionError(f"out of bounds: {text[:200]}")
    shown = [(item["t"], item.get("name"), item.get("input")) for item in items]
    return ("whole", said, shown, answer.stop, counts)


def _reply(chance: random.Random) -> Reply:
    tools = [(chance.choice(("now", "list_tasks")), {"a": chance.choice(ODD[:4])}) for _ in range(chance.randint(0, 3))]
    text = "".join(chance.choice('ab é🙂\n"\\{}') for _ in range(chance.randint(0, 40)))
    return Reply(text, tools, delta_chars=chance.randint(1, 9), whole_calls=chance.random() < 0.3)


def _mutate(chance: random.Random, events: list[bytes]) -> None:
    place = chance.randrange(len(events))
    kind = chance.randrange(10)
    if kind == 9:
        error = {"error": {"type": chance.choice(KINDS), "message": "x"}}
        events.insert(place, f"data: {json.dumps({'type': 'error'} | error)}\n\n".encode())
    elif kind == 0:
        events.pop(place) if len(events) > 1 else None
    elif kind == 1:
        events.insert(chance.randrange(len(events)), events[place])
    elif kind == 2:
        other = chance.randrange(len(events))
        events[place], events[other] = events[other], events[place]
    else:
        events[place] = _changed(chance, events[place])


def _changed(chance: random.Random, event: bytes) -> bytes:
    head, _, data = event.decode("utf-8", "replace").partition("data: ")
    try:
        value = json.loads(data)
    except ValueError:
        return event
    node, path = value, []
    while isinstance(node, dict | list) and node and chance.random() < 0.8:
        key = chance.choice(list(node) if isinstance(node, dict) else range(len(node)))
        path.append((node, key))
        node = node[key]
    if path:
        holder, key = path[-1]
        holder[key] = chance.choice(ODD)
    return f"{head}data: {json.dumps(value)}\n\n".encode()


def _scarred(chance: random.Random, data: bytes) -> bytes:
    kind = chance.randrange(6)
    place = chance.randrange(len(data) + 1)
    if kind == 0:
        return data[:place]
    if kind == 1:
        return data[:place] + chance.choice(BYTES) + data[place:]
    if kind == 2:
        return data.replace(b"\n", chance.choice((b"\r", b"\r\n")))
    return data
