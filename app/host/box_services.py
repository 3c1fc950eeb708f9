"""Everything that the laptop lends to the box, put together: calls, runs, leases, models, the web, rules, overrides.

box --calls--> CallServer --> RunServices --> Inference / WebFetch --> credential broker
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from app.host import limits
from app.host.ask_book import AskBook
from app.host.broker_watch import BrokerWatch, State, summary
from app.host.calls import CallServer
from app.host.commands import Commands
from app.host.credential_broker import CredentialBroker, MakeScope
from app.host.database import Database
from app.host.device_core import Clock
from app.host.fact_reads import FactReads
from app.host.inference.service import Inference
from app.host.lending import Lending
from app.host.model_news import bounded
from app.host.models_settings import ModelsSettings
from app.host.policy_feed import PolicyFeed
from app.host.run_book import RunBook
from app.host.run_services import RunServices
from app.host.web_fetch import WebFetch

Body = dict[str, Any]
_RUNS = ("run.queued", "run.started", "run.ended")
_OVERRIDES = ("override.set", "override.end")


@dataclass(frozen=True)
class Lender:
    """Whom the host borrows from: the broker's client, how a scope is made, and the models of config.toml."""

    broker: CredentialBroker
    make_scope: MakeScope
    models: ModelsSettings


@dataclass(frozen=True)
class Around:
    """What the host gives: the link's lane, the command desk, events, tasks, and whether the box can be told now."""

    send: Callable[[str, Body], Awaitable[bool]]
    commands: Commands
    tell: Callable[[str, Body], None]
    spawn: Callable[[Coroutine[Any, Any, None]], None]
    can_tell: Callable[[], Awaitable[bool]]


class BoxServices:
    """The host calls `receive`, `live`, `welcomed`, `online`, `durable` and `was_reset` as things happen."""

    def __init__(self, lender: Lender, database: Database, clock: Clock, around: Around) -> None:
        self._lender = lender
        self._clock = clock
        self._around = around
        self._boot = ""
        self._away: asyncio.Task[None] | None = None
        self.reads = FactReads(database, clock)
        self.calls = CallServer(around.send)
        self._runs = RunBook()
        self._asks = AskBook(self.reads.ask)
        self.lending = Lending(lender.broker, lender.make_scope, self._runs)
        self.inference = Inference(lender.models, self.lending.lend, clock, self._model_changed)
        self.inference.observe(None)  # nobody has looked yet
        self.watch = BrokerWatch(lender.broker, clock, self._broker_changed)
        self._policy = PolicyFeed(lender.broker, self.reads, around.commands, clock)
        web = WebFetch(lender.broker, lender.make_scope)
        RunServices(self.calls, self.lending, self.inference, web, self._asks.ended, self._version)

    async def run(self) -> None:
        """Serve until cancelled; then every lease is given back."""
        await self.lending.start_anew()
        self._runs.load(await self.reads.running())
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.watch.run(), name="credential broker")
                group.create_task(self.inference.watch(), name="model states")
                group.create_task(self._policy.again(lambda: self.watch.state), name="egress policy")
        finally:
            if self._away is not None:
                self._away.cancel()
            await self.calls.close()
            await self.lending.close_all()

    # What happens

    def receive(self, kind: str, body: Body) -> None:
        """A message of the link's service lane."""
        self.calls.receive(kind, body)

    def live(self, live: bool) -> None:
        """The session with the box began or ended."""
        if live:
            self.calls.begin()
        else:
            self.calls.end_all()

    def greeting(self) -> Body:
        """What belongs into the welcome: {"model": as in host.model}."""
        return {"model": bounded(self.inference.overview())}

    async def looked(self) -> None:
        """Return once the credential broker was asked how it is: nothing is told before."""
        await self.watch.looked.wait()

    def welcomed(self, boot: str) -> None:
        """The box answered; another boot of it knows nothing of what the one before has called."""
        if boot != self._boot:
            self._boot = boot
            self.calls.end_all()

    def online(self, online: bool) -> None:
        """The box came or went. After RUN_GRACE_S without it nothing stays lent."""
        if self._away is not None:
            self._away.cancel()
            self._away = None
        if online:
            self._around.spawn(self.tell_policy())
        else:
            self._away = asyncio.get_running_loop().create_task(self._give_back(), name="box away")

    async def durable(self, kind: str, body: Body) -> None:
        """A record of the box is in the mirror."""
        if kind in _RUNS:
            ended = await self._runs.report(kind, body)
            if ended is not None:
                self._around.spawn(self.lending.close(ended))
        elif kind == "ask.set":
            self._asks.reported()
        elif kind in _OVERRIDES or kind == "sync.end":
            self._around.spawn(self._policy.to_broker())
        if kind == "sync.end":
            self._around.spawn(self.tell_policy())

    async def was_reset(self) -> None:
        """The box has forgotten everything."""
        self._runs.forget()
        self.calls.end_all()
        await self.lending.close_all()

    # What operators ask

    def status(self) -> Body:
        """{"model": overview, "credentials": summary} for the status request."""
        return {"model": self.inference.overview(), "credentials": self._summary(self.watch.state)}

    async def tell_policy(self) -> None:
        """Tell the box the egress policy, if it is there and has another."""
        if self.watch.state is not None and await self._around.can_tell():
            await self._policy.to_box(self.watch.state)

    async def _give_back(self) -> None:
        await asyncio.sleep(limits.RUN_GRACE_S)
        self.calls.end_all()
        await self.lending.close_all()

    async def _broker_changed(self, state: State | None) -> None:
        self.inference.credentials_changed()
        self.inference.observe(state)
        self._around.tell("host.broker", self._summary(state))
        if state is not None:
            await self._policy.to_broker()
            self._around.spawn(self.tell_policy())

    def _summary(self, state: State | None) -> Body:
        """With `needed`: whether a model of config.toml has a credential."""
        needed = any(model.credential for model in self._lender.models.models.values())
        return summary(state) | {"needed": needed}

    def _model_changed(self) -> None:
        self._around.tell("host.model", self.inference.overview())
        self._around.spawn(self._tell_model())

    async def _tell_model(self) -> None:
        await self._around.send("host.model", bounded(self.inference.overview()))

    def _version(self) -> str | None:
        policy: Any = (self.watch.state or {}).get("policy") or {}
        return policy.get("version")
