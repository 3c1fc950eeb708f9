"""The inference service: the box asks, a model answers, piece by piece.

    box --llm--> Inference --lend()--> broker (adds the credential) --> model server

Which model: the group's order in config.toml. The next one is asked when one cannot answer and nothing of its answer
has been delivered yet. See docs/models.md.
"""

import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import httpx

from app.host import limits
from app.host.device_core import Clock
from app.host.inference import anthropic, failures, openai
from app.host.inference.answer import Answer, Item
from app.host.inference.api import ModelApi
from app.host.inference.errors import ModelError
from app.host.inference.exchange import Exchange, SendItem
from app.host.inference.model_request import ModelRequest, read_request
from app.host.inference.pricing import filled, tokens
from app.host.inference.retry import pause_ms
from app.host.inference.states import ADD, ModelStates
from app.host.inference.thoughts import Thoughts
from app.host.models_settings import ModelSettings, ModelsSettings

Lend = Callable[[str, str, ModelSettings], Awaitable[httpx.AsyncBaseTransport]]
"""`await lend(run, folder, model)`: the way to that model for that run; whoever lends it closes it. It may raise
ModelError, or an error with `code`, `message` and `remedy`."""
TEST_RUN: Final = "model-test"
"""The run that `Inference.test` borrows for; its group is ""."""
_APIS: Final[dict[str, ModelApi]] = {"anthropic": anthropic.API, "openai": openai.API}
_NEXT: Final = ("no_key", "refused_key", "over_budget", "rate_limited", "model_offline")
_WATCH_MS: Final = 1000


class Inference:
    """`on_change` is called, without arguments, when `overview()` has changed."""

    def __init__(
        self,
        settings: ModelsSettings,
        lend: Lend,
        clock: Clock,
        on_change: Callable[[], None] = lambda: None,
        *,
        idle_s: float = limits.MODEL_IDLE_S,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._lend = lend
        self._clock = clock
        self._idle_s = idle_s
        self._chance = chance
        self._thoughts = Thoughts()
        self._states = ModelStates(settings, clock, on_change)

    async def run(self, request: Mapping[str, Any], send_item: SendItem) -> dict[str, Any]:
        """Service `llm`: {"stop", "usage", "model"}; pieces go to `send_item` as they come. Raises ModelError.

        Cancelling it closes the connection to the model server at once."""

        async def deliver(item: Item) -> None:
            try:
                await send_item(item)
            except Exception as error:
                raise _UndeliverableError(error) from None

        try:
            return await self._first_able(read_request(request), deliver)
        except _UndeliverableError as undelivered:
            raise undelivered.error from None

    async def test(self, name: str) -> dict[str, Any]:
        """One tiny call of one model, whatever its state: {"name", "ok", "ms", "first_ms", "text", "usage", "model",
        "stop"}, or with ok false {"name", "ok", "ms", "code", "message", "remedy"}."""
        model = self._settings.models.get(name)
        if model is None:
            known = ", ".join(self._settings.models) or "none"
            raise ModelError("no_model", f"there is no model named {name!r}", f"known are {known}")
        words: list[str] = []
        begun = self._clock.ticks_ms()
        first_ms: int | None = None

        async def collect(item: Item) -> None:
            nonlocal first_ms
            first_ms = self._clock.ticks_ms() - begun if first_ms is None else first_ms
            words.append(str(item.get("text", "")))

        try:
            result = await self._ask(model, read_request(_TEST), collect)
        except ModelError as failure:
            return {"name": name, "ok": False, "ms": self._clock.ticks_ms() - begun} | failure.as_dict()
        took = {"ms": self._clock.ticks_ms() - begun, "first_ms": first_ms}
        return {"name": name, "ok": True} | took | {"text": "".join(words)[: limits.MODEL_SAYS_CHARS]} | result

    def state(self, folder: str) -> dict[str, Any]:
        """{"state", "name", "text"} of what a group would be answered by."""
        return self._states.of_group(folder).as_dict()

    def overview(self) -> dict[str, Any]:
        """The body of `host.model`: {"state", "name", "text", "groups": {folder: {"state", "name", "text"}}}."""
        return self._states.overview()

    def models(self) -> list[dict[str, Any]]:
        """Every configured model: {"name", "api", "url", "model", "credential", "state", "text", "usd_per_mtok"}."""
        return [self._described(model) for model in self._settings.models.values()]

    def observe(self, broker: Mapping[str, Any] | None) -> None:
        """What the credential broker says of itself (BrokerClient.state()); None when it cannot be reached."""
        self._states.observe(broker)

    def credentials_changed(self) -> None:
        """A key was stored or removed: refused ones are tried again."""
        self._states.forget()

    async def watch(self) -> None:
        """Runs for ever: announces states that end by themselves."""
        while True:
            await self._clock.sleep_ms(_WATCH_MS)
            self._states.announce()

    async def _first_able(self, asked: ModelRequest, send_item: SendItem) -> dict[str, Any]:
        order = self._settings.order(asked.folder)
        if not order:
            raise ModelError("no_model", ADD.partition(";")[0], ADD.partition("; ")[2])
        first: ModelError | None = None
        for model in self._promising(order):
            if first is not None:
                await send_item({"t": "note", "text": f"{first.message}; asking {model.name}"})
            try:
                return await self._ask(model, asked, send_item)
            except ModelError as failure:
                first = first or failure
                if failure.partial or failure.code not in _NEXT:
                    raise
        raise first or ModelError("no_model", "no language model can be asked", "see: barnacle models list")

    def _promising(self, order: tuple[ModelSettings, ...]) -> list[ModelSettings]:
        """The usable ones; when there is none all of them, for what was met before may be over."""
        usable = [model for model in order if self._states.of(model.name).usable]
        return usable or list(order)

    async def _ask(self, model: ModelSettings, asked: ModelRequest, send_item: SendItem) -> dict[str, Any]:
        """One model, as often as it makes sense."""
        _check_length(model, asked)
        tried = 0
        while True:
            tried += 1
            try:
                answer = await self._try(model, asked, send_item)
            except ModelError as failure:
                pause = None if failure.partial else pause_ms(failure, tried, self._chance)
                if pause is None:
                    self._states.failed(model, failure)
                    raise
                await self._clock.sleep_ms(pause)
                continue
            self._states.answered(model)
            return self._result(model, asked, answer)

    async def _try(self, model: ModelSettings, asked: ModelRequest, send_item: SendItem) -> Answer:
        api = _APIS[model.api]
        exchange: Exchange | None = None
        try:
            transport = await self._lend(asked.run or TEST_RUN, asked.folder, model)
            exchange = Exchange(transport, model, api, self._clock, send_item, self._idle_s)
            answer = await exchange.run(api.body(self._thoughts.put_back(asked, model.name), model))
        except Exception as error:
            failure = _as_failure(error)
            if failure is None:
                raise
            if exchange is not None and exchange.delivered:
                failure.partial = True
                await send_item({"t": "note", "text": f"the answer is incomplete: {failure.message}"})
            raise failure from None
        if answer.calls:
            self._thoughts.keep(asked.run, model.name, answer.calls[0].id, answer.thoughts)
        for item in answer.items():
            await send_item(item)
        return answer

    def _result(self, model: ModelSettings, asked: ModelRequest, answer: Answer) -> dict[str, Any]:
        received = answer.chars + sum(len(call.arguments) for call in answer.calls)
        usage = filled(answer.usage, asked.chars, received)
        return {"stop": answer.stop or "end", "usage": usage.as_dict(model.prices), "model": model.name}

    def _described(self, model: ModelSettings) -> dict[str, Any]:
        state = self._states.of(model.name)
        prices = {kind: getattr(model.prices, kind) for kind in ("input", "output", "cache_read", "cache_write")}
        shown = {key: getattr(model, key) for key in ("name", "api", "url", "model", "credential")}
        return shown | {"state": state.state, "text": state.text, "micro_usd_per_mtok": prices}


class _UndeliverableError(Exception):
    """The asker cannot be told any more: no model's fault."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


_TEST: Final[dict[str, Any]] = {
    "messages": [{"role": "user", "content": [{"t": "text", "text": "Answer with the one word: ready"}]}],
    "max_tokens": 16,
}


def _check_length(model: ModelSettings, asked: ModelRequest) -> None:
    about = tokens(asked.chars)
    if about > model.context:
        raise ModelError(
            "too_long", f"the conversation has about {about} tokens; {model.name} reads {model.context}", "begin anew"
        )


def _as_failure(error: Exception) -> ModelError | None:
    """Errors of the broker's client carry code, message and remedy, or (not reachable) message and remedy."""
    if isinstance(error, ModelError):
        return error
    message = getattr(error, "message", None)
    if not isinstance(message, str):
        return None
    return failures.of_broker(getattr(error, "code", "broker_down"), message, getattr(error, "remedy", ""))
