"""Takes secrets out of a stream of events whose pieces of text only the client puts together.

    events = EventRedactor([secret])
    out = events.feed(chunk) ; … ; out = events.end()

Each text that goes on from event to event (broker/event_leaves.py) is searched as one. What could be the beginning of
a secret is held back and put in front of the next piece of the same text; when the text ends first, an event of its
own brings it. Events that need no change pass as they are, at once. A secret that is spread over several texts cannot
be taken out any more when it is seen: then the answer ends before its last piece.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from broker import limits
from broker.errors import Unavailable
from broker.event_leaves import Leaf, Leaves, Path, Place, only, parse, replaced
from broker.event_stream import Event, EventStream
from broker.redact import Redactor

_PLAIN: Place = ((), "data")  # the text of events that are no JSON
_DONE = b"[DONE]"


@dataclass
class _Held:
    """A text whose end is held back in `redactor`, and the event that would bring it."""

    redactor: Redactor
    event: Event
    value: Any
    path: Path


class EventRedactor:
    """For one answer. Raises Unavailable: `too_large`, or `bad_encoding` for what cannot be searched or taken out."""

    def __init__(self, secrets: Iterable[bytes]) -> None:
        self._secrets = list(secrets)
        self._stream = EventStream()
        self._held: dict[Place, _Held] = {}
        self._spare = Redactor(self._secrets)
        self._arrived = Redactor(self._secrets)
        self._sent = Redactor(self._secrets)
        self._watches: dict[str, Redactor] = {}
        self._last: dict[str, str] = {}
        self._others = b""

    def __repr__(self) -> str:
        return f"<EventRedactor, {len(self._held)} held>"

    def feed(self, data: bytes) -> bytes:
        """The events that are complete and safe to pass on."""
        return b"".join([self._passed(event) for event in self._stream.feed(data)])

    def end(self) -> bytes:
        """The rest of the answer. An event that was cut is left out when it might complete what is held back."""
        event = self._stream.end()
        if event is not None and event.data is not None and self._held and parse(event.data) is None:
            event = None if event.data.strip() != _DONE else event
        last = self._passed(event) if event is not None else b""
        return last + b"".join([self._flushed(place) for place in list(self._held)])

    def _passed(self, event: Event) -> bytes:
        if event.others != self._others:
            self._others = event.others[: limits.EVENT_LABEL_CHARS]
            for line in event.others.split(b"\n"):
                self._see(self._watch(""), line.partition(b":")[2].strip())
        if event.data is None:
            return event.raw
        if event.data.strip() == _DONE:
            return b"".join([self._flushed(place) for place in list(self._held)]) + event.raw
        leaves = parse(event.data)
        return self._plain(event, event.data) if leaves is None else self._json(event, leaves)

    def _plain(self, event: Event, data: bytes) -> bytes:
        clean = self._piece(event, None, (), data, place=_PLAIN, ended=False)
        if clean == data:
            return event.raw
        return event.with_data(clean) if clean else b""

    def _json(self, event: Event, leaves: Leaves) -> bytes:
        here = {leaf.place for leaf in leaves.found if leaf.piece and not leaf.begins}
        first = [self._flushed(p) for p in list(self._held) if p not in here and leaves.closes(p)]
        first += [self._flushed(leaf.place) for leaf in leaves.found if leaf.piece and leaf.begins]
        changes: dict[Path, str] = {}
        for leaf in leaves.found:
            clean = self._leaf(event, leaves, leaf)
            if clean != leaf.text:
                changes[leaf.path] = clean
        if not changes and not leaves.twice:
            return b"".join([*first, event.raw])
        value = replaced(leaves.value, changes)
        return b"".join([*first, event.with_data(json.dumps(value).encode())])

    def _leaf(self, event: Event, leaves: Leaves, leaf: Leaf) -> str:
        if not leaf.piece:
            return self._whole(leaf)
        if not leaf.text and leaf.place not in self._held:
            return ""
        data = leaf.text.encode("utf-8", "surrogatepass")
        ended = leaves.closes(leaf.place)
        clean = self._piece(event, leaves.value, leaf.path, data, place=leaf.place, ended=ended)
        return leaf.text if clean == data else clean.decode("utf-8", "surrogatepass")

    def _piece(self, event: Event, value: Any, path: Path, data: bytes, *, place: Place, ended: bool) -> bytes:
        """The next piece of a text that goes on, as it may be passed on."""
        known = self._held.pop(place, None)
        redactor = known.redactor if known else self._spare
        found = redactor.count
        clean = redactor.feed(data)
        self._see(self._arrived, data, known=redactor.count > found)
        if ended:
            clean += redactor.end()
        elif redactor.holds:
            label = event.name if len(event.name) <= limits.EVENT_LABEL_CHARS else b""
            self._held[place] = _Held(redactor, Event(b"", None, label), *only(value, path))
            if redactor is self._spare:
                self._spare = Redactor(self._secrets)
            if len(self._held) > limits.EVENT_STREAMS:
                raise Unavailable("too_large", f"more than {limits.EVENT_STREAMS} texts at a time", "")
        self._see(self._sent, clean)
        return clean

    def _flushed(self, place: Place) -> bytes:
        """An event with what is held back of this text; nothing when nothing is."""
        held = self._held.pop(place, None)
        if held is None:
            return b""
        rest = held.redactor.end()
        self._see(self._sent, rest)
        if place == _PLAIN:
            return held.event.with_data(rest)
        value = replaced(held.value, {held.path: rest.decode("utf-8", "surrogatepass")})
        held.event.others = held.event.others.replace(b"content_block_start", b"content_block_delta")
        return held.event.with_data(json.dumps(value).encode())

    def _whole(self, leaf: Leaf) -> str:
        """A text that is whole by itself. Most are the same in every event: those were looked at."""
        if self._last.get(leaf.name) == leaf.text:
            return leaf.text
        data = leaf.text.encode("utf-8", "surrogatepass")
        clean = self._spare.whole(data)
        text = leaf.text if clean == data else clean.decode("utf-8", "surrogatepass")
        self._see(self._watch(leaf.name), text.encode("utf-8", "surrogatepass"))
        if text == leaf.text and len(text) <= limits.EVENT_LABEL_CHARS and len(self._last) < limits.EVENT_NAMES:
            self._last[leaf.name] = text
        elif leaf.name in self._last:
            del self._last[leaf.name]
        return text

    def _watch(self, name: str) -> Redactor:
        """For the texts of this name, which nobody should put together."""
        key = name if name in self._watches or len(self._watches) < limits.EVENT_NAMES else "…"
        if key not in self._watches:
            self._watches[key] = Redactor(self._secrets)
        return self._watches[key]

    def _see(self, watch: Redactor, data: bytes, *, known: bool = False) -> None:
        """End the answer when texts that cannot be held back make a secret together, unless that one is `known`."""
        before = watch.count
        watch.feed(data)
        if watch.count > before and not known:
            raise Unavailable("bad_encoding", "the answer shows the credential in pieces of several texts", "")
