"""An egress rule made of what a person types (a URL, a lone host, a network), and a rule in a few words."""

from typing import Any

from app.errors import UsageError
from broker import egress_core
from broker.egress_core import Target

Rule = dict[str, Any]


def made(text: str, effect: str, subdomains: bool = False) -> tuple[Rule, Target | None]:
    """The rule, still without a name, and the target it is about (None for a network). Raises UsageError."""
    rule: Rule = {"name": "", "effect": effect}
    if "/" in text and "://" not in text and text.rpartition("/")[2].isdigit():
        return {**rule, "network": text}, None
    lone = "://" not in text
    try:
        target = egress_core.parse_url(_as_url(text) if lone else text)
    except egress_core.TargetError as error:
        raise UsageError(f"{text}: {error.message}", error.remedy) from None
    if target.query is not None:
        raise UsageError("rules do not look at what follows the ?", "leave the ? and the rest out")
    rule["suffix" if subdomains else "host"] = target.host
    if not lone:
        rule["scheme"] = target.scheme
    if target.port != egress_core.PORTS[target.scheme] or (not lone and effect == "deny"):
        rule["ports"] = [target.port]
    if target.path != "/":
        rule["paths"] = [target.path]
    return rule, target


def free_name(rule: Rule, taken: set[str]) -> str:
    """A name made of what the rule is about that no other has."""
    words = str(rule.get("host") or rule.get("suffix") or rule.get("network"))
    plain = "".join(char if char.isascii() and char.isalnum() else "-" for char in words.lower()).strip("-")[:48]
    names = [plain or "rule", *(f"{plain or 'rule'}-{number}" for number in range(2, 100))]
    return next((name for name in names if name not in taken), names[0])


def whom(rule: Rule) -> str:
    """What a rule is about."""
    if "suffix" in rule:
        return f"{rule['suffix']} and below"
    return str(rule.get("host") or rule.get("network"))


def narrowed(rule: Rule, *keys: str) -> str:
    """What else it looks at; `keys` names those that are of interest, all without."""
    wanted = keys or ("scheme", "ports", "methods", "paths", "groups", "private")
    words = [str(rule["scheme"])] if "scheme" in rule and "scheme" in wanted else []
    for key in ("ports", "methods", "paths", "groups"):
        words += [str(value) for value in rule.get(key, ())] if key in wanted else []
    return " ".join(words + (["private"] if rule.get("private") and "private" in wanted else []))


def _as_url(host: str) -> str:
    return f"https://[{host}]" if host.count(":") > 1 else f"https://{host}"
