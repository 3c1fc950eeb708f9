"""Keeps the key of a well-known service: into the keyring, bound to that service, and the running broker told."""

import asyncio

from app.errors import ProblemError
from app.host.paths import Paths
from app.host.settings import read_settings
from broker.binding import check_value, make_binding
from broker.change_notes import ChangeNotes, change_event, place_of
from broker.client import BrokerClient, BrokerRefused, BrokerUnreachable
from broker.credentials import Credentials
from broker.errors import BrokerError
from broker.hardening import undumpable
from broker.index import Index


async def keep_key(paths: Paths, name: str, value: str) -> None:
    """Store `value` as the credential `name`. Raises ProblemError, which never quotes it, when it cannot be kept."""
    if read_settings(paths.config).credentials.backend == "file":  # its passphrase is asked for in a terminal only
        raise ProblemError("credentials are kept in the encrypted file here", f"run: barnacle secret set {name}")
    try:
        await asyncio.to_thread(_store, paths, name, value)
    except BrokerError as error:
        raise ProblemError(error.message, error.remedy) from None
    except OSError as error:
        raise ProblemError(f"the list of credentials cannot be written: {error.strerror}", "make room") from None
    try:
        async with BrokerClient(paths.broker_socket) as broker:
            await broker.credential_changed(name, "set", place_of(make_binding(name)))
    except BrokerUnreachable:
        event = change_event("set", name, place_of(make_binding(name)))
        ChangeNotes(paths.broker / "changes.jsonl").add(event)  # for the audit log, when it starts
    except BrokerRefused as error:
        message = f"it is stored, but the broker keeps the older one: {error.message}"
        raise ProblemError(message, error.remedy) from None


def _store(paths: Paths, name: str, value: str) -> None:
    undumpable()
    binding = make_binding(name)
    check_value(name, value)
    Credentials(Index(paths.broker / "credentials.json")).store(name, value, binding)
