"""Leases for runs: opened when a model is first asked, one per run and model, given back when the run is over."""

import contextlib
import logging
import secrets
from dataclasses import dataclass, field
from typing import Any

import httpx

from app.host import limits
from app.host.credential_broker import CredentialBroker, MakeScope, plain
from app.host.inference.service import TEST_RUN
from app.host.models_settings import ModelSettings
from app.host.refusal import RequestRefused
from app.host.run_book import RunBook

log = logging.getLogger("barnacle.host")
_GONE = ("lease_unknown", "lease_expired", "lease_spent", "bad_binding", "no_credential")


@dataclass
class _OpenRun:
    folder: str
    token: str = field(repr=False)
    transports: dict[str, httpx.AsyncBaseTransport] = field(default_factory=dict[str, httpx.AsyncBaseTransport])


class Lending:
    """`open` a run, `lend` to it, `close` it: then every lease that the run has had is void."""

    def __init__(self, broker: CredentialBroker, make_scope: MakeScope, runs: RunBook) -> None:
        self._broker = broker
        self._make_scope = make_scope
        self._runs = runs
        self._open: dict[str, _OpenRun] = {}
        self._clean = False  # nothing of an earlier host process is left: what is not in _open has no lease

    async def open(self, run: str, folder: str) -> str:
        """A token for a run that goes on in this group; raises RequestRefused for any other."""
        await self._runs.require(run, folder)
        if len(self._open) >= limits.OPEN_RUNS:
            raise RequestRefused("busy", f"{len(self._open)} runs are open already", "try again when one has ended")
        found = self._open.setdefault(run, _OpenRun(folder, secrets.token_hex(16)))
        return found.token

    def check(self, run: str, folder: str, token: object) -> None:
        """Return if `token` is that of this open run of this group; raises RequestRefused("lease_unknown")."""
        found = self._open.get(run)
        good = found is not None and found.folder == folder and self._runs.goes_on(run)
        if not good or not isinstance(token, str) or not secrets.compare_digest(token.encode(), _token(found)):
            raise RequestRefused("lease_unknown", "this run has not been opened, or it is over", "")

    async def lend(self, run: str, folder: str, model: ModelSettings) -> httpx.AsyncBaseTransport:
        """The way to a model for a run (see inference/service.py). Raises RequestRefused."""
        if run == TEST_RUN and folder == "":
            await self.close(run)
            self._open[run] = _OpenRun(folder, secrets.token_hex(16))
        found = self._open.get(run)
        if found is None or found.folder != folder:
            raise RequestRefused("lease_unknown", "this run has not been opened, or it is over", "")
        known = found.transports.get(model.name)
        if known is None:
            known = _Leased(self, run, model.name, await self._borrow(run, folder, model))
            if self._open.get(run) is not found:  # the run ended meanwhile
                await known.aclose()
                await self._revoke(run)
                raise RequestRefused("lease_unknown", "the run is over", "")
            found.transports[model.name] = known
        return known

    def forget(self, run: str, model: str) -> None:
        """This lease is of no more use: the next request has a new one."""
        found = self._open.get(run)
        if found is not None:
            found.transports.pop(model, None)

    async def close(self, run: str) -> None:
        """The run is over: its leases are revoked, calls in flight included."""
        found = self._open.pop(run, None)
        if found is not None or not self._clean:  # most runs never borrow: no call to the broker for them
            await self._revoke(run)
        for transport in found.transports.values() if found else ():
            await transport.aclose()

    async def start_anew(self) -> None:
        """What a host process before this one borrowed, nobody can use any more."""
        try:
            await self._broker.revoke()
        except Exception as error:
            log.warning("leases from before could not be revoked: %s", plain(error).message)
        else:
            self._clean = True
        for found in self._open.values():  # none of these is older than a moment; the next request borrows anew
            found.transports.clear()

    async def close_all(self) -> None:
        """Nobody can be told any answer: every run gives back what it has."""
        for run in list(self._open):
            await self.close(run)

    @property
    def open_runs(self) -> int:
        """How many there are."""
        return len(self._open)

    async def _borrow(self, run: str, folder: str, model: ModelSettings) -> httpx.AsyncBaseTransport:
        scheme, host, port, path = model.endpoint
        scope = self._make_scope(
            run=run,
            group=folder or TEST_RUN,
            purpose="model",
            credential=model.credential or None,
            scheme=scheme,
            host=host,
            port=port,
            methods=("POST",),
            path=path or "/",
            calls=limits.LEASE_CALLS,
            bytes=limits.LEASE_BYTES,
            ttl_s=limits.LEASE_TTL_S,
            approval=None,
            fetch_url=None,
        )
        try:
            return self._broker.transport(await self._broker.open_lease(scope))
        except Exception as error:
            raise plain(error) from None

    async def _revoke(self, run: str) -> None:
        """A broker that does not answer has no leases left once it does: they do not outlive it, nor their time."""
        try:
            await self._broker.revoke(run=run)
        except Exception as error:
            log.warning("the leases of run %s could not be revoked: %s", run, plain(error).message)


class _Leased(httpx.AsyncBaseTransport):
    """A transport whose lease is let go as soon as the broker calls it void."""

    def __init__(self, lending: Lending, run: str, model: str, inner: httpx.AsyncBaseTransport) -> None:
        self._lending = lending
        self._run = run
        self._model = model
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._inner.handle_async_request(request)
        except Exception as error:
            if getattr(error, "code", None) in _GONE:
                self._lending.forget(self._run, self._model)
                await self.aclose()
            raise

    async def aclose(self) -> None:
        with contextlib.suppress(httpx.HTTPError):
            await self._inner.aclose()


def _token(found: Any) -> bytes:
    return found.token.encode() if found is not None else b""
