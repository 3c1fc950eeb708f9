"""The credentials in the system's keyring, read one by one when they are needed, in a thread that may be slow.

The index only lists names; what is bound where comes from the keyring, each time.
"""

import asyncio
import time
from typing import Any

from broker import limits
from broker.binding import check_name, decode
from broker.errors import Denied, Unavailable
from broker.index import Index
from broker.keyring_probe import KeyringState, TooSlowError, probe, within
from broker.request_headers import Credential
from broker.secret import MASK
from broker.secrets import SecretError, read_entry

PREFIX = "credential:"
_NOTE_S = 60.0


class Vault:
    """`state` says how the keyring is; `probe_again` looks anew, at a bounded pace unless `now`."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._probed = 0.0
        self._noted: dict[str, float] = {}
        self._known: set[str] = set()  # values that were read, for scrub(): of this process only
        self.state = KeyringState("none", "the keyring was not looked at yet", "")

    async def probe_again(self, *, now: bool = False) -> KeyringState:
        """How the keyring is; while it cannot be used, it is looked at again every KEYRING_AGAIN_MS."""
        due = time.monotonic() - self._probed > limits.KEYRING_AGAIN_MS / 1000
        if now or (due and not self.state.ready):
            self._probed = time.monotonic()
            self.state = await asyncio.to_thread(probe)
        return self.state

    async def credential(self, name: str) -> Credential:
        """The stored credential. Raises Unavailable("keyring_unavailable"), Denied("no_credential"), BadRequest."""
        check_name(name)
        state = await self.probe_again()
        if not state.ready:
            raise Unavailable("keyring_unavailable", state.message, state.remedy)
        try:
            text = await asyncio.to_thread(within, lambda: read_entry(PREFIX + name))
        except TooSlowError:
            self.state = KeyringState("silent", "the keyring does not answer", "unlock it")
            raise Unavailable("keyring_unavailable", self.state.message, self.state.remedy) from None
        except SecretError as error:
            self.state = KeyringState("locked", error.message, error.remedy)
            raise Unavailable("keyring_unavailable", error.message, error.remedy) from None
        if text is None:
            raise Denied("no_credential", f"there is no credential {name}", f"run: barnacle secret set {name}")
        credential = decode(name, text)
        self._known.add(credential.secret.reveal())
        return credential

    def listed(self) -> list[dict[str, Any]]:
        """What the index says, for state()."""
        return [{"name": name, **facts} for name, facts in sorted(self._index.entries().items())]

    def version(self) -> tuple[int, ...]:
        """Something that differs after each change of `listed`."""
        return self._index.version()

    def used(self, name: str) -> None:
        """Note, at most once a minute, that a credential was used; a disk that refuses changes nothing else."""
        now = time.monotonic()
        if now - self._noted.get(name, -_NOTE_S) < _NOTE_S:
            return
        self._noted[name] = now
        try:
            self._index.note_use(name, time.time_ns() // 1_000_000)
        except OSError:
            return

    def scrub(self, text: str) -> str:
        """`text` without any value that was read."""
        for value in self._known:
            text = text.replace(value, MASK)
        return text
