"""What the host remembers of one operator: its sessions, what it asked, and the last answers."""

import secrets
from collections import OrderedDict

from app.host import limits


class Sessions:
    """Sessions of one client. A session's request numbers only grow, so that nothing recorded can be played again."""

    def __init__(self) -> None:
        self._last_n: OrderedDict[str, int] = OrderedDict()
        self._by_nonce: OrderedDict[str, str] = OrderedDict()
        self._answers: OrderedDict[str, str] = OrderedDict()
        self.under_way: set[str] = set()

    def open(self, nonce: str) -> str:
        """The session id for a hello, the same for a repeated one. The longest idle session goes first."""
        sid = self._by_nonce.get(nonce)
        if sid in self._last_n:
            return sid
        sid = secrets.token_hex(16)
        self._by_nonce[nonce] = sid
        self._last_n[sid] = 0
        _trim(self._by_nonce, limits.HELLOS_KEPT)
        _trim(self._last_n, limits.SESSIONS_PER_CLIENT)
        return sid

    def knows(self, sid: object) -> bool:
        """Whether the session is open."""
        return isinstance(sid, str) and sid in self._last_n

    def advance(self, sid: str, n: object) -> bool:
        """Take request number `n`; False when it is not above the session's last one."""
        if not isinstance(n, int) or isinstance(n, bool) or n <= self._last_n[sid]:
            return False
        self._last_n[sid] = n
        self._last_n.move_to_end(sid)
        return True

    def answer(self, request_id: str) -> str | None:
        """The kept answer of a request that was carried out already."""
        return self._answers.get(request_id)

    def keep(self, request_id: str, answer: str) -> None:
        """Keep an answer for a request that may come again; long ones are reads and are not worth it."""
        if len(answer) <= limits.ANSWER_KEPT_BYTES:
            self._answers[request_id] = answer
            _trim(self._answers, limits.ANSWERS_KEPT)


def _trim(kept: OrderedDict[str, str] | OrderedDict[str, int], bound: int) -> None:
    while len(kept) > bound:
        kept.popitem(last=False)
