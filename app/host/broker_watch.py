"""How the credential broker is. It tells what changes by itself, so that box and operators hear of it at once."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

from app.host import limits
from app.host.credential_broker import CredentialBroker, plain
from app.host.device_core import Clock

log = logging.getLogger("barnacle.host")
State = dict[str, Any]
DOWN: Final = "the credential broker is not running: no language model, nothing from the web"
_GOOD: Final = (None, "", "ok", "ready", "open")


class BrokerWatch:
    """`run` it. `changed(state)` is awaited after each change that matters, with None when the broker is gone.

    `state` is its last answer (BrokerClient.state()), None when it does not answer; `looked` is set after a first look.
    """

    def __init__(
        self, broker: CredentialBroker, clock: Clock, changed: Callable[[State | None], Awaitable[None]]
    ) -> None:
        self._broker = broker
        self._clock = clock
        self._changed = changed
        self._told: object = ...
        self.state: State | None = None
        self.looked = asyncio.Event()

    async def run(self) -> None:
        """Look for ever: while the broker answers, it tells by itself what changes."""
        while True:
            seen = (self.state or {}).get("mark")
            if isinstance(seen, str):
                await self._ask(self._broker.next_state(seen), limits.BROKER_NEWS_S)
            else:
                await self.look()
            if self.state is None:
                await self._clock.sleep_ms(limits.BROKER_LOOK_MS)

    async def look(self) -> None:
        """Ask now."""
        await self._ask(self._broker.state(), limits.BROKER_ANSWER_S)

    async def _ask(self, answer: Awaitable[State], most_s: float) -> None:
        try:
            async with asyncio.timeout(most_s):
                self.state = await answer
        except TimeoutError:
            self.state = None
        except Exception as error:
            plain(error)
            self.state = None
        matters = essence(self.state)
        if matters != self._told:
            self._told = matters
            log.info("credential broker: %s", summary(self.state)["text"])
            await self._changed(self.state)
        self.looked.set()


def essence(state: State | None) -> object:
    """What of it is worth telling: times of use and counts change all the time."""
    if state is None:
        return None
    audit = _part(state, "audit")
    stored: list[State] = state.get("credentials") or []
    return {
        "ready": state.get("ready"),
        "keyring": state.get("keyring"),
        "audit": (audit.get("state"), audit.get("message")),
        "policy": state.get("policy"),
        "credentials": [(one.get("name"), one.get("host"), one.get("port"), one.get("set_ms")) for one in stored],
    }


def summary(state: State | None) -> State:
    """For `status`: {"state", "text", "remedy", "keyring", "audit", "policy", "names"}; `state` is ok, no_keyring,
    audit_unavailable, policy_unreadable or down, whichever hinders most."""
    if state is None:
        return {
            "state": "down",
            "text": DOWN,
            "remedy": "barnacle up; its log is logs/credentials.log",
        } | dict.fromkeys(("keyring", "audit", "policy", "names"))
    keyring, audit, policy = _part(state, "keyring"), _part(state, "audit"), _part(state, "policy")
    rules: object = policy.get("rules")
    stored: list[State] = state.get("credentials") or []
    parts = {
        "keyring": keyring.get("state"),
        "audit": audit.get("state"),
        "policy": {
            "version": policy.get("version"),
            "problem": policy.get("problem"),
            "rules": len(cast("list[object]", rules)) if isinstance(rules, list) else 0,
        },
        "names": [str(one.get("name")) for one in stored],
    }
    if audit.get("state") not in _GOOD:
        found = "audit_unavailable", f"nothing goes out: {audit.get('message') or 'the audit log cannot be written'}"
        return dict(zip(("state", "text"), found, strict=True)) | {"remedy": str(audit.get("remedy") or "")} | parts
    if policy.get("problem"):  # before the keyring: many live without one, nobody with rules that cannot be read
        text = f"nothing may be fetched: {policy['problem']}"
        return {"state": "policy_unreadable", "text": text, "remedy": "see: barnacle policy show"} | parts
    if keyring.get("state") not in _GOOD:
        text = str(keyring.get("message") or "there is no keyring to keep credentials in")
        return {"state": "no_keyring", "text": text, "remedy": str(keyring.get("remedy") or "")} | parts
    return {"state": "ok", "text": f"{len(stored)} credentials stored", "remedy": ""} | parts


def _part(state: State, name: str) -> State:
    part: object = state.get(name)
    return cast("State", part) if isinstance(part, dict) else {}
