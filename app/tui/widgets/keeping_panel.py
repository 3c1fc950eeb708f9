"""How keyring, audit log, policy and models are, and what was spent, in a few lines."""

from typing import Any

from rich.text import Text

from app.tui import say
from app.tui.widgets.steady_text import SteadyText

GOOD = ("ok", "ready", "open")
USD = 1_000_000
Line = tuple[str, str, str]


class KeepingPanel(SteadyText):
    """Aligned lines; what is wrong stands with its remedy."""

    BORDER_TITLE = "Keeping"

    def show_facts(self, facts: dict[str, Any]) -> None:
        """`facts` has policy, broker, models and spend as the host answered them; what is missing is not known."""
        text = Text()
        for name, value, style in (*_kept(facts), *_models(facts), *_spent(facts)):
            text.append(f"{name:<8}", "dim")
            text.append(say.plain(value) + "\n", style)
        self.update(text)


def _kept(facts: dict[str, Any]) -> list[Line]:
    broker: dict[str, Any] | None = facts.get("broker")
    if broker is None:
        return [("broker", facts.get("trouble") or "not known", "bold red" if facts.get("trouble") else "dim")]
    keyring: dict[str, Any] = broker.get("keyring") or {}
    audit: dict[str, Any] = broker.get("audit") or {}
    return [
        _state("keyring", keyring),
        _state("audit", audit, f"{audit.get('n', 0)} records, key in {'keyring' if _in_keyring(audit) else 'a file'}"),
        _box(facts),
        ("leases", f"{broker.get('leases', 0)} open", ""),
    ]


def _in_keyring(audit: dict[str, Any]) -> bool:
    return audit.get("key") == "keyring"


def _state(name: str, part: dict[str, Any], more: str = "") -> Line:
    state = str(part.get("state") or "unknown")
    if state in GOOD:
        return name, f"✓ {state}" + (f" · {more}" if more else ""), "green"
    words = [f"✕ {state}", str(part.get("message") or ""), str(part.get("remedy") or "")]
    return name, "; ".join(word for word in words if word), "bold red"


def _box(facts: dict[str, Any]) -> Line:
    policy: dict[str, Any] = facts.get("policy") or {}
    on_box: dict[str, Any] | None = policy.get("box")
    if policy.get("same"):
        return "box", "✓ has the same rules", "green"
    if on_box is None:
        return "box", "has never been told rules: it denies everything", "yellow"
    return "box", f"still has version {on_box.get('version')}", "yellow"


def _models(facts: dict[str, Any]) -> list[Line]:
    models: list[dict[str, Any]] | None = facts.get("models")
    if models is None:
        return []
    if not models:
        return [("model", "none (barnacle models add)", "dim")]
    colours = {"ready": "green"}
    return [
        ("model", f"{one['name']}: {one.get('text') or one.get('state')}", colours.get(str(one.get("state")), "yellow"))
        for one in models
    ]


def _spent(facts: dict[str, Any]) -> list[Line]:
    rows: list[dict[str, Any]] | None = facts.get("spend")
    if not rows:
        return []
    day = max(str(row["day"]) for row in rows)
    today = [row for row in rows if str(row["day"]) == day]
    dollars = sum(row.get("micro_usd") or 0 for row in today) / USD
    tokens = sum((row.get("input") or 0) + (row.get("output") or 0) for row in today)
    calls = sum(row.get("calls") or 0 for row in today)
    return [("spent", f"{day}: ${dollars:.4f}, {tokens:,} tokens, {calls} calls", "")]
