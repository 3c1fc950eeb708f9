"""What is known of the box at this moment: live or not, when last heard of, its latest telemetry. In memory only."""

import json
import time
from typing import Any

from app.host import limits
from app.host.device_core import Clock
from app.host.refusal import RequestRefused


class BoxState:
    """`live` is set by the link; `status` takes the retained status message, which is the box's last will too."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._said_offline = False
        self._latest: dict[str, tuple[dict[str, Any], int]] = {}
        self.live = False
        self.seen_ms: int | None = None

    @property
    def online(self) -> bool:
        """A session is live and the broker has not said that the box is gone."""
        return self.live and not self._said_offline

    def status(self, payload: bytes) -> bool:
        """Take the status topic's message; True when it changed `online`. It is not signed: only a hint."""
        before = self.online
        try:
            document: Any = json.loads(payload) if len(payload) <= limits.STATUS_BYTES else None
            self._said_offline = document["online"] is False
        except (ValueError, TypeError, KeyError, RecursionError):
            return False
        return self.online != before

    def telemetry(self, kind: str, body: dict[str, Any]) -> None:
        """Keep the latest of each kind that describes a state."""
        self.seen_ms = self._clock.now_ms()
        if kind in ("tele.queue", "tele.health"):
            self._latest[kind] = body, self.seen_ms

    def latest(self, kind: str) -> dict[str, Any] | None:
        """The last body of this kind."""
        return self._latest[kind][0] if kind in self._latest else None

    def age_ms(self, kind: str) -> int | None:
        """How old it is."""
        return self._clock.now_ms() - self._latest[kind][1] if kind in self._latest else None

    def refuse_offline(self) -> None:
        """Raise RequestRefused("box_offline") unless the box is there."""
        if self.online:
            return
        seen = "it has never been seen"
        if self.seen_ms is not None:
            seen = "it was last seen " + time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.seen_ms / 1000))
        raise RequestRefused(
            "box_offline", f"the box is not connected; {seen}", "switch it on, or look at: barnacle status"
        )
