"""Whether there is a language model for a group at present, as the laptop tells it, and in words for people."""

from device.host import bounded, limits

READY, NONE, ABSENT = "ready", "none", "absent"
STATES = (READY, NONE, "no_key", "refused_key", "rate_limited", "offline", "over_budget", "broker_down")
WORDS = {
    "no_key": ("The language model's key is not stored.", "On the laptop: barnacle secret set NAME."),
    "refused_key": ("The language model's provider refuses the key.", "Store a valid one: barnacle secret set NAME."),
    "rate_limited": ("The language model takes no more requests for a while.", "Try again in a few minutes."),
    "offline": ("The language model cannot be reached.", "Look at `barnacle status` on the laptop."),
    "over_budget": ("The language model's budget is spent.", "Raise it, or wait until it starts anew."),
    "broker_down": ("The laptop's credential broker does not run.", "Restart it: barnacle up."),
    ABSENT: ("The laptop is not connected, so there is no language model.", "Start it there: barnacle up."),
}


class ModelState:
    """`online` is set by the host: False while no laptop listens."""

    def __init__(self):
        self.online = False
        self._told = None

    def take(self, body):
        """A `host.model` message; one that cannot be read counts as none."""
        state = body.get("state") if isinstance(body, dict) else None
        self._told = body if state in STATES else None

    def of(self, folder):
        """(state, name of the model, text for people) for a group: one of STATES, or "absent" when no laptop listens
        though a model is known. Never told of one: "none"."""
        told = self._told
        if told is None:
            return NONE, "", ""
        groups = told.get("groups")
        own = groups.get(folder) if isinstance(groups, dict) else None
        if isinstance(own, str):
            own = {"state": own}
        if not isinstance(own, dict) or own.get("state") not in STATES:
            own = told
        if own["state"] == NONE:
            return NONE, "", ""
        if not self.online:
            return ABSENT, _text(own, "name") or _text(told, "name"), " ".join(WORDS[ABSENT])
        state = own["state"]
        return state, _text(own, "name") or _text(told, "name"), _text(own, "text") or " ".join(WORDS.get(state, ()))

    def glance(self):
        """{"state", "text"} of the box as a whole, for the round screen."""
        state, _, text = self.of(None)
        return {"state": state, "text": text}


def _text(body, key):
    text = body.get(key)
    return bounded.cut(text, limits.MODEL_TEXT_BYTES, 2 * limits.MODEL_TEXT_BYTES) if isinstance(text, str) else ""
