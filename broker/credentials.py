"""Storing, listing and removing credentials: what the command line does with the keyring and the index."""

import time
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from broker.binding import WELL_KNOWN, Binding, check_name, check_value, decode, encode
from broker.errors import BadRequest, Unavailable
from broker.index import Index
from broker.keyring_probe import TooSlowError, probe, within
from broker.limits import CREDENTIALS
from broker.secret import Secret
from broker.secrets import SecretError, read_entry, remove_entry, write_entry
from broker.vault import PREFIX


class Credentials:
    """All of them. Every method that needs the keyring raises Unavailable("keyring_unavailable") without one."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def check_keyring(self) -> None:
        """Raises Unavailable with what to do."""
        state = probe()
        if not state.ready:
            raise Unavailable("keyring_unavailable", state.message, state.remedy)

    def store(self, name: str, value: str, binding: Binding) -> None:
        """Keep a value with its binding. Raises BadRequest, Unavailable, OSError."""
        check_name(name)
        check_value(name, value)
        if name not in self._index.entries() and len(self._index.entries()) >= CREDENTIALS:
            raise BadRequest("limited", f"there are {CREDENTIALS} credentials already", "remove one first")
        self.check_keyring()
        entry = encode(Secret(value), binding)
        _call(lambda: write_entry(PREFIX + name, entry))
        facts = {"host": binding.host, "port": binding.port, "set_ms": time.time_ns() // 1_000_000}
        self._index.put(name, **facts)

    def rebuild(self, names: Iterable[str]) -> list[str] | None:
        """When the index was damaged: list again what is kept under a well-known name, one of `names`, or any name that
        the encrypted file tells; the damaged file stays beside it. Which were found; None when all was well."""
        if not self._index.damaged():
            return None
        found: dict[str, Binding] = {}
        for name in sorted({*WELL_KNOWN, *filter(None, names), *_told_names()}):
            try:
                binding = self.binding(name)
            except BadRequest:
                continue
            if binding is not None:
                found[name] = binding
        self._index.begin_anew()
        for name, binding in found.items():
            self._index.put(name, host=binding.host, port=binding.port)
        return list(found)

    def listed(self) -> list[dict[str, Any]]:
        """One object per name in the index; `problem` says where the keyring disagrees with it."""
        return [self._describe(name, facts) for name, facts in sorted(self._index.entries().items())]

    def binding(self, name: str) -> Binding | None:
        """Where the credential belongs, as the keyring says; None when it is not stored. Raises BadRequest."""
        check_name(name)
        self.check_keyring()
        text = _call(lambda: read_entry(PREFIX + name))
        if text is None:
            return None
        found = decode(name, text)
        return Binding(found.scheme, found.host, found.port, found.header, found.prefix)

    def remove(self, name: str) -> bool:
        """Forget it; False when there was none."""
        check_name(name)
        self.check_keyring()
        there = _call(lambda: remove_entry(PREFIX + name))
        self._index.remove(name)
        return there

    def _describe(self, name: str, facts: dict[str, Any]) -> dict[str, Any]:
        row: dict[str, Any] = {"name": name, "stored": False, **facts, "scheme": "", "header": "", "problem": ""}
        try:
            binding = self.binding(name)
        except BadRequest as error:
            return row | {"problem": error.message}
        if binding is None:
            return row | {"problem": "listed, but not kept here (in the other back-end?)"}
        if (binding.host, binding.port) != (facts.get("host"), facts.get("port")):
            row["problem"] = "the list named another host than the keyring; the keyring counts"
        shown = asdict(binding)
        return row | {key: shown[key] for key in ("scheme", "host", "port", "header")} | {"stored": True}


def _told_names() -> list[str]:
    """The encrypted file knows its names; a keyring does not."""
    import keyring

    from broker.sealed_keyring import SealedKeyring

    backend = keyring.get_keyring()
    if not isinstance(backend, SealedKeyring):
        return []
    return [name.removeprefix(PREFIX) for name in _call(backend.names) if name.startswith(PREFIX)]


def _call(work: Any) -> Any:
    try:
        return within(work)
    except TooSlowError:
        raise Unavailable("keyring_unavailable", "the keyring does not answer", "unlock it") from None
    except SecretError as error:
        raise Unavailable("keyring_unavailable", error.message, error.remedy) from None
