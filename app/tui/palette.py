"""The command palette and the key help: both are made from the bindings that the pages declare, nothing else."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.binding import Binding, BindingsMap
from textual.command import DiscoveryHit, Hit, Hits, Provider

if TYPE_CHECKING:
    from app.tui.app import Dashboard


@dataclass(frozen=True)
class Known:
    """One action: on which page ("" everywhere), its keys as shown, what it is called and does."""

    page: str
    page_title: str
    keys: str
    label: str
    help: str
    action: str


def known_actions(dashboard: "Dashboard") -> list[Known]:
    """Every action of the application and of every page, in the order in which they are declared."""
    found = list(_of(dashboard, "", "Everywhere", type(dashboard).BINDINGS))
    for page in dashboard.pages:
        found += _of(dashboard, page.NAME, page.TITLE, page.BINDINGS)
    return found


def _of(dashboard: "Dashboard", page: str, title: str, bindings: Iterable[object]) -> Iterable[Known]:
    merged: dict[str, list[Binding]] = {}
    for _, binding in BindingsMap(cast("list[Binding]", bindings)):
        if binding.description and not binding.system:
            merged.setdefault(binding.action, []).append(binding)
    for action, same in merged.items():
        keys = " ".join(dashboard.get_key_display(dashboard.in_keymap(binding)) for binding in same)
        yield Known(page, title, keys, same[0].description, same[0].tooltip or same[0].description, action)


class Actions(Provider):
    """Finds every action, those of the page in front first; one of another page opens that page before it acts."""

    async def discover(self) -> Hits:
        """What is offered before anything is typed: the actions of the page in front."""
        for known in self._ordered():
            if known.page in ("", self._dashboard.page.NAME):
                yield DiscoveryHit(self._name(known), partial(self._run, known), help=self._help(known))

    async def search(self, query: str) -> Hits:
        """All actions whose name matches."""
        matcher = self.matcher(query)
        for known in self._ordered():
            name = self._name(known)
            score = matcher.match(name)
            if score > 0:
                yield Hit(score, matcher.highlight(name), partial(self._run, known), help=self._help(known))

    @property
    def _dashboard(self) -> "Dashboard":
        return cast("Dashboard", self.app)

    def _ordered(self) -> list[Known]:
        front = self._dashboard.page.NAME
        return sorted(known_actions(self._dashboard), key=lambda known: known.page != front)

    def _name(self, known: Known) -> str:
        return f"{known.page_title}: {known.label}" if known.page else known.label

    def _help(self, known: Known) -> str:
        return f"{known.help}  [{known.keys}]".replace("[", "\\[")

    async def _run(self, known: Known) -> None:
        dashboard = self._dashboard
        if known.page and known.page != dashboard.page.NAME:
            await dashboard.open_page(known.page)
        target = dashboard.page if known.page else dashboard
        await dashboard.run_action(known.action, default_namespace=target)
