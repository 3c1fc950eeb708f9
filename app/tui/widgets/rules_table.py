"""The egress rules in their order."""

from collections.abc import Sequence
from typing import Any

from app.cli.rule_words import narrowed, whom
from app.tui import say
from app.tui.widgets.line_table import Cell, Column, LineTable
from app.tui.widgets.titles import set_title

EFFECTS = {"allow": ("✓ allow", "good"), "ask": ("? ask", "warn"), "deny": ("✕ deny", "bad")}
COLUMNS = (
    Column("", 7),
    Column("rule", 12, grow=1),
    Column("what", 18, grow=2),
    Column("methods", 9, grow=1, hide_below=64),
    Column("groups", 8, grow=1, hide_below=76),
    Column("only", 10, grow=1, hide_below=79),
    Column("note", 8, grow=2, hide_below=56),
)


class RulesTable(LineTable):
    """One row per rule; what no rule allows is denied."""

    def __init__(self) -> None:
        super().__init__(COLUMNS, id="rules")
        self._rules: dict[str, dict[str, Any]] = {}

    @property
    def rule(self) -> dict[str, Any] | None:
        """The rule under the cursor."""
        return self._rules.get(self.selected or "")

    def after(self, name: str) -> str | None:
        """The name of the rule that follows, None for the last."""
        names = list(self._rules)
        at = names.index(name) + 1 if name in names else len(names)
        return names[at] if at < len(names) else None

    def show_policy(self, policy: dict[str, Any] | None) -> None:
        """`policy` is {"version", "rules", "problem"}; None before the credential broker has said."""
        rules: list[dict[str, Any]] = (policy or {}).get("rules") or []
        self._rules = {str(rule["name"]): rule for rule in rules}
        set_title(self, f"Rules · {len(rules)}", f"version {say.plain(policy['version'])}" if policy else "")
        self.empty("no rules: everything is denied (n makes one)" if policy else "not known yet")
        self.show(list(self._rules), self._cells_of)

    def _cells_of(self, name: str) -> Sequence[Cell]:
        rule = self._rules.get(name)
        if rule is None:
            return ()
        return (
            EFFECTS.get(str(rule["effect"]), (say.plain(rule["effect"]), "bad")),
            (say.plain(name), "strong"),
            say.plain(whom(rule)),
            (say.plain(narrowed(rule, "methods")) or "all", "" if rule.get("methods") else "quiet"),
            (say.plain(narrowed(rule, "groups")) or "all", "" if rule.get("groups") else "quiet"),
            say.plain(narrowed(rule, "scheme", "ports", "paths", "private")),
            (say.plain(rule.get("note", "")), "quiet"),
        )
