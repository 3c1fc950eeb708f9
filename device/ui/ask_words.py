"""What an ask says on the round screen: its texts in glyphs that the font has. No LVGL."""

from device.ui import glyphs

MODEL_WORDS = {
    "no_key": "the model's key is missing",
    "refused_key": "the model's key is refused",
    "rate_limited": "the model takes a break",
    "offline": "the model is not reached",
    "over_budget": "the model's budget is spent",
    "broker_down": "the credential broker is down",
    "absent": "no model: laptop away",
}


class AskWords:
    """`ask` is a glance's "ask" {"id", "name", "tool", "args", "host", "why", "left_ms", "total_ms", "a_while"},
    `count` how many wait, `elapsed_ms` the time since the glance. Every key but the id may be missing."""

    def __init__(self, ask, count, elapsed_ms):
        self.id = ask["id"]
        self.a_while = bool(ask.get("a_while"))
        left_ms = max(0, (ask.get("left_ms") or 0) - elapsed_ms)
        self.left_s = (left_ms + 999) // 1000
        self.share = min(1000, left_ms * 1000 // max(1, ask.get("total_ms") or 1))
        of_many = "1/%d " % count if count > 1 else ""
        self.who = of_many + glyphs.plain(ask.get("name") or ask.get("folder") or "")
        self.tool = glyphs.plain(ask.get("tool") or "")
        self.host = glyphs.plain(ask.get("host") or "")
        self.args = glyphs.plain(ask.get("args") or "")
        self.why = glyphs.plain(ask.get("why") or "")


def model_words(model):
    """A few words on a language model that is configured and not ready; "" while there is nothing to say."""
    return MODEL_WORDS.get(model.get("state") or "", "") if isinstance(model, dict) else ""
