"""One line on top: what this is, whether box and host are there, what is wrong and how old the data is."""

from rich.text import Text

from app.tui import say
from app.tui.live import LiveData
from app.tui.tones import tone
from app.tui.widgets.steady_text import SteadyText

MODEL = {
    "ready": "",
    "no_key": "model has no key",
    "refused_key": "model's key refused",
    "rate_limited": "model rate-limited",
    "offline": "model not reachable",
    "over_budget": "model over budget",
    "broker_down": "model waits for the credential broker",
}
CREDENTIALS = {
    "no_keyring": "no keyring",
    "audit_unavailable": "audit not writable, nothing goes out",
    "policy_unreadable": "no readable policy, all is denied",
    "down": "credential broker not running",
}
STOPPED = ("audit_unavailable", "down")


class ConnectionStrip(SteadyText):
    """Every state has a sign and a word of its own, so colour is never the only difference."""

    def show(self, live: LiveData) -> None:
        """Redraw from the live data if the text differs."""
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(" Barnacle ", "bold reverse")
        if not live.connected:
            text.append(f"  ✕ {say.plain(live.problem)}", tone(self, "bad", bold=True))
            text.append(
                f"  · {'no data yet' if live.age_s is None else f'data {say.age(live.age_s)} old'}", tone(self, "warn")
            )
            if live.remedy:
                text.append(f"  · {say.plain(live.remedy)}")
        else:
            self._host_there(text, live)
        self.update(text)

    def _host_there(self, text: Text, live: LiveData) -> None:
        device = live.device
        text.append("  ● host", tone(self, "good"))
        if device.get("online"):
            text.append("  ● box ", tone(self, "good"))
        else:
            text.append("  ○ box not reachable ", tone(self, "warn", bold=True))
            if device.get("seen_ms"):
                text.append(f"(seen {say.until(device['seen_ms'], say.now_ms())}) ", tone(self, "warn"))
        self._lent(text, live)
        text.append(say.plain(device.get("id", "")), "dim")
        broker = live.status.get("broker", {})
        if broker:
            text.append(f"  {say.plain(broker.get('kind'))} :{broker.get('port')}", "dim")

    def _lent(self, text: Text, live: LiveData) -> None:
        """What the laptop lends to the box: the model and the credential broker. Only what is known is named."""
        words = MODEL.get(str(live.model.get("state")))
        if words == "":
            text.append(" ● model ", tone(self, "good"))
        elif words:
            text.append(f" ○ {words} ", tone(self, "warn", bold=True))
        state = str(live.credentials.get("state"))
        if state == "no_keyring" and not live.credentials.get("needed", True):
            return  # nobody wants anything of it
        if state in CREDENTIALS:
            text.append(f" ✕ {CREDENTIALS[state]} ", tone(self, "bad" if state in STOPPED else "warn", bold=True))
