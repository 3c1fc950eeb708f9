"""One request under way at an operator's: the parts of its answer, put together in whatever order they come."""

import asyncio
import json
from typing import Any, cast

from app.host import limits


class PendingAnswer:
    """`take` parts until it returns the answer; `future` is for whoever waits."""

    def __init__(self, name: str, args: dict[str, Any]) -> None:
        self.name = name
        self.args = args
        self.asked = False
        self.future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._parts: dict[int, str] = {}
        self._count = 0

    def take(self, body: dict[str, Any]) -> dict[str, Any] | None:
        """Take a `res` body in; the whole answer once nothing is missing. What makes no sense is passed over.

        An answer sent again (a repeated request) may be cut differently: a new count starts over.
        """
        part, count, text = body.get("part"), body.get("parts"), body.get("text")
        if not (isinstance(part, int) and isinstance(count, int) and isinstance(text, str)):
            return None
        if not 0 <= part < count <= limits.CLIENT_PARTS:
            return None
        if count != self._count:
            self._parts, self._count = {}, count
        self._parts[part] = text
        if len(self._parts) < count:
            return None
        whole = "".join(self._parts[number] for number in range(count))
        self._parts, self._count = {}, 0
        try:
            answer: Any = json.loads(whole)
        except ValueError:
            return None
        return cast("dict[str, Any]", answer) if isinstance(answer, dict) else None
