"""How each model is, in plain words with what to do: what the chat, the dashboard and the box's screen say.

States: ready, no_key, refused_key, rate_limited, offline, over_budget, broker_down; and none when no model is
configured. A state that calls brought about ends by itself (then the model is asked again); what the broker says about
credentials holds until it says something else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.host import limits
from app.host.device_core import Clock
from app.host.inference import bounded_json as loose
from app.host.inference.errors import ModelError
from app.host.models_settings import ModelSettings, ModelsSettings

ADD: Final = "no language model is configured; add one: barnacle models add anthropic (see docs/models.md)"
_STATE_OF: Final = {
    "no_key": "no_key",
    "refused_key": "refused_key",
    "over_budget": "over_budget",
    "rate_limited": "rate_limited",
    "model_offline": "offline",
    "broker_down": "broker_down",
    "audit_unavailable": "broker_down",
}
_REST_MS: Final = {
    "no_key": limits.MODEL_REST_MS,
    "refused_key": limits.MODEL_REFUSED_REST_MS,
    "over_budget": limits.MODEL_REFUSED_REST_MS,
    "rate_limited": limits.MODEL_LIMITED_MS,
    "offline": limits.MODEL_REST_MS,
    "broker_down": limits.MODEL_REST_MS,
}


@dataclass(frozen=True)
class ModelState:
    """`text` is a whole sentence with the remedy; `until_ms` is when the state ends by itself (None: not by itself)."""

    state: str
    name: str
    text: str
    until_ms: int | None = None

    @property
    def usable(self) -> bool:
        """Asking makes sense."""
        return self.state == "ready"

    def as_dict(self) -> dict[str, Any]:
        """The form that the box gets."""
        return {"state": self.state, "name": self.name, "text": self.text}


class ModelStates:
    """`changed` is called when what `overview()` says is no longer what it said."""

    def __init__(self, settings: ModelsSettings, clock: Clock, changed: Callable[[], None]) -> None:
        self._settings = settings
        self._clock = clock
        self._changed = changed
        self._met: dict[str, ModelState] = {}  # by calls
        self._known: dict[str, ModelState] = {}  # by what the broker says
        self._told = self.overview()

    def of(self, name: str) -> ModelState:
        """One model's state now; what the broker says comes first."""
        if name in self._known:
            return self._known[name]
        met = self._met.get(name)
        if met is not None and (met.until_ms is None or self._clock.now_ms() < met.until_ms):
            return met
        return ModelState("ready", name, f"{name} answers")

    def of_group(self, folder: str) -> ModelState:
        """The first usable model of a group, else how its first choice is."""
        found = [self.of(model.name) for model in self._settings.order(folder)]
        if not found:
            return ModelState("none", "", ADD)
        return next((state for state in found if state.usable), found[0])

    def overview(self) -> dict[str, Any]:
        """{"state", "name", "text", "groups": {folder: the same}}; `groups` are those with an order of their own."""
        groups = {folder: self.of_group(folder).as_dict() for folder in self._settings.groups}
        return self.of_group("").as_dict() | {"groups": groups}

    def answered(self, model: ModelSettings) -> None:
        """A call went well."""
        self._met.pop(model.name, None)
        self.announce()

    def failed(self, model: ModelSettings, failure: ModelError) -> None:
        """A call did not; what only concerns the request changes nothing."""
        state = _STATE_OF.get(failure.code)
        if state is None:
            return
        rest_ms = _REST_MS[state] if failure.wait_ms is None else max(failure.wait_ms, 1000)
        self._met[model.name] = ModelState(state, model.name, _sentence(model, failure), self._clock.now_ms() + rest_ms)
        self.announce()

    def observe(self, broker: Mapping[str, Any] | None) -> None:
        """What the credential broker says of itself (its `state`), None when it cannot be reached."""
        before, self._known = self._known, {}
        for model in self._settings.models.values():
            state, text = _by_broker(model, broker)
            if state:
                self._known[model.name] = ModelState(state, model.name, text)
            elif before.get(model.name):
                self._met.pop(model.name, None)  # a key was stored, the broker is back: try at once
        self.announce()

    def forget(self) -> None:
        """A credential changed: what was met with the old one says nothing any more."""
        self._met.clear()
        self.announce()

    def announce(self) -> None:
        """Call `changed` if anything differs from the last time; also when a state may have ended by itself."""
        now = self.overview()
        if now != self._told:
            self._told = now
            self._changed()


def _by_broker(model: ModelSettings, broker: Mapping[str, Any] | None) -> tuple[str, str]:
    name = model.name
    if broker is None:
        return "broker_down", f"{name} cannot be asked: the credential broker is not running; see: barnacle status"
    audit = loose.mapping(broker.get("audit"))
    if audit.get("state") not in (None, "ok", "ready", "open"):
        why = loose.text(audit.get("message")) or "it cannot be written"
        return "broker_down", f"{name} cannot be asked: nothing goes out without the audit log: {why}"
    if not model.credential:
        return "", ""
    keyring = loose.mapping(broker.get("keyring"))
    if keyring.get("state") not in (None, "ok", "ready", "open"):
        why = "; ".join(filter(None, (loose.text(keyring.get("message")), loose.text(keyring.get("remedy")))))
        return "no_key", f"{name} has no key: {why or 'the keyring cannot be used'}"
    stored = [loose.mapping(credential).get("name") for credential in loose.items(broker.get("credentials"))]
    if model.credential not in stored:
        return "no_key", f"{name} has no key; run: barnacle secret set {model.credential}"
    return "", ""


def _sentence(model: ModelSettings, failure: ModelError) -> str:
    remedy = failure.remedy
    if failure.code in ("no_key", "refused_key") and model.credential:
        remedy = f"run: barnacle secret set {model.credential}"
    return f"{model.name}: {failure.message}" + (f"; {remedy}" if remedy else "")
