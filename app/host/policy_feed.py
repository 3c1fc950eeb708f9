"""The egress rules on their way from the broker, which reads the owner's file, to the box; and overrides back."""

import asyncio
import logging
import secrets
from collections.abc import Callable
from typing import Any, Final

from app.host import limits
from app.host.broker_watch import State
from app.host.commands import Commands
from app.host.credential_broker import CredentialBroker, plain
from app.host.device_core import Clock
from app.host.fact_reads import FactReads
from app.host.refusal import RequestRefused

log = logging.getLogger("barnacle.host")
HOST: Final = "host"
"""The name that the box knows the host itself by; no operator can have it."""


class PolicyFeed:
    """`to_box` whenever the broker's rules or the box's may have changed, `to_broker` after a change of overrides."""

    def __init__(self, broker: CredentialBroker, reads: FactReads, commands: Commands, clock: Clock) -> None:
        self._clock = clock
        self._refused = False
        self._broker = broker
        self._reads = reads
        self._commands = commands
        self._turn = asyncio.Lock()
        self._order = asyncio.Lock()

    async def to_box(self, state: State | None) -> None:
        """Tell the box the rules in force unless it has them; when it refuses, `again` tells it later."""
        policy: Any = (state or {}).get("policy")
        if not isinstance(policy, dict):
            return
        wanted: dict[str, Any] = {name: policy.get(name) for name in ("version", "rules", "problem")}  # pyright: ignore
        if not isinstance(wanted["rules"], list):
            wanted["rules"] = []
        wanted["version"] = str(wanted["version"] or "none")
        async with self._turn:
            self._refused = False
            on_box = await self._reads.policy()
            if on_box is not None and all(on_box.get(name) == wanted[name] for name in ("version", "problem")):
                return
            try:
                await self._commands.carry_out("policy.set", wanted, f"policy-{secrets.token_hex(8)}", HOST)
            except RequestRefused as error:
                self._refused = True
                log.warning("the box did not take the egress policy %s: %s", wanted["version"], error.message)

    async def again(self, current: Callable[[], State | None]) -> None:
        """Run for ever: what the box did not take is told again after POLICY_AGAIN_MS, doubling to POLICY_AGAIN_MAX_MS;
        `current()` is the broker's state by then."""
        pause_ms = limits.POLICY_AGAIN_MS
        while True:
            await self._clock.sleep_ms(pause_ms)
            if not self._refused:
                pause_ms = limits.POLICY_AGAIN_MS
                continue
            pause_ms = min(2 * pause_ms, limits.POLICY_AGAIN_MAX_MS)
            await self.to_box(current())

    async def to_broker(self) -> None:
        """Tell the broker which overrides are in force."""
        async with self._order:  # the newest state last, whatever takes how long
            try:
                await self._broker.set_overrides(await self._reads.live_overrides())
            except Exception as error:
                log.warning("the credential broker was not told the overrides: %s", plain(error).message)
