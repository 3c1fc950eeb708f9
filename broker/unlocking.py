"""Opens the encrypted file while the broker runs, with a passphrase that came over the admin socket.

The broker then starts again in the same process, the passphrase in a pipe: so the audit log goes on with the key that
is in the file, and nothing that was decided while it was locked lives on. It keeps the passphrase nowhere.
"""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

from broker.errors import BadRequest, Denied
from broker.sealed_file import SealedError
from broker.sealed_keyring import SealedKeyring
from broker.secret import Secret

_ANSWER_FIRST_S = 0.2


class Unlocking:
    """`backend` is None with a keyring. `stop` ends this process' serving; `handed_over` is then what to go on with."""

    def __init__(
        self, backend: SealedKeyring | None, append: Callable[[dict[str, Any]], Awaitable[object]], stop: asyncio.Event
    ) -> None:
        self.handed_over: Secret | None = None
        self._backend = backend
        self._append = append
        self._stop = stop
        self._one_at_a_time = asyncio.Lock()  # each try takes 64 MiB for a moment

    async def unlock(self, body: dict[str, Any]) -> dict[str, Any]:
        """{"passphrase"} → {"state": "unlocked" or "open"}, the latter when it was open already. Raises BadRequest,
        Denied("bad_passphrase"), AuditUnavailable."""
        passphrase = body.get("passphrase")
        if self._backend is None:
            raise BadRequest("bad_request", "credentials are in the system's keyring", "unlock that one")
        if not isinstance(passphrase, str) or not passphrase:
            raise BadRequest("bad_request", "the passphrase is missing", "type it")
        if self._backend.unlocked:
            return {"state": "open"}
        secret = Secret(passphrase)
        async with self._one_at_a_time:
            try:
                await asyncio.to_thread(self._backend.file.unlock, secret)
            except SealedError as error:
                await self._append(_event("deny", error.message))
                raise Denied("bad_passphrase", error.message, error.remedy) from None
        await self._append(_event("info", "the encrypted file of credentials was unlocked"))
        self.handed_over = secret
        asyncio.get_running_loop().call_later(_ANSWER_FIRST_S, self._stop.set)
        return {"state": "unlocked"}


def start_again(passphrase: Secret, arguments: list[str]) -> NoReturn:
    """Become a new broker with these arguments, which reads the passphrase from a pipe."""
    reading, writing = os.pipe()
    os.write(writing, passphrase.reveal().encode("utf-8", "surrogateescape") + b"\n")
    os.close(writing)
    os.set_inheritable(reading, True)
    kept = list(arguments)
    if "--passphrase-fd" in kept:
        at = kept.index("--passphrase-fd")
        del kept[at : at + 2]
    argv = [sys.executable, "-m", "broker", *kept, "--passphrase-fd", str(reading)]
    os.execv(sys.executable, argv)  # noqa: S606  this program itself


def _event(decision: str, detail: str) -> dict[str, Any]:
    return {
        "ts_ms": time.time_ns() // 1_000_000,
        "src": "broker",
        "what": "secret.unlock",
        "actor": "owner",
        "folder": None,
        "decision": decision,
        "rule": "passphrase",
        "reason": "",
        "detail": detail,
    }
