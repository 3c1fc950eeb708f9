"""What an import plan is made of: entries for the report, steps and messages for the box."""

from dataclasses import dataclass, field
from typing import Any, Final

TAKEN: Final = "taken"
CHANGED: Final = "changed"
KEPT: Final = "kept"
LEFT_OUT: Final = "left out"
OUTCOMES: Final = (TAKEN, CHANGED, KEPT, LEFT_OUT)
"""`kept`: not on the box, but held on this machine."""

THERE: Final = "the box has it already"

Row = dict[str, Any]


@dataclass
class Entry:
    """One thing of the folder: its kind (group, task, cursor …), its name, what becomes of it and why."""

    kind: str
    name: str
    outcome: str
    why: str = ""


@dataclass
class Step:
    """A command for the box. `entry` tells how it went; None for one that only makes ready."""

    name: str
    args: Row
    entry: Entry | None = None


@dataclass
class Chat:
    """The messages of a group: arguments of import.messages in order, and the entries that tell how it went."""

    folder: str
    pieces: list[Row]
    entry: Entry
    waiting: Entry | None


@dataclass(frozen=True)
class BoxNow:
    """What the box has: the results of the requests `groups` and `tasks`."""

    groups: list[Row] = field(default_factory=list[Row])
    tasks: list[Row] = field(default_factory=list[Row])


@dataclass(frozen=True)
class Choices:
    """`keep_addresses`: groups keep their chat addresses, although no gateway may serve them yet. `resume`: groups in
    which messages wait are served at once, so that the box answers them."""

    keep_addresses: bool = False
    resume: bool = False


@dataclass
class Plan:
    """What to do, and the report. `hold`: groups that are paused until the import is through; `waiting`: those that
    stay paused then, as messages wait in them."""

    steps: list[Step] = field(default_factory=list[Step])
    chats: list[Chat] = field(default_factory=list[Chat])
    sessions: list[Step] = field(default_factory=list[Step])
    entries: list[Entry] = field(default_factory=list[Entry])
    hold: list[str] = field(default_factory=list[str])
    waiting: list[str] = field(default_factory=list[str])
    keep_history: bool = False
    keep_allowlist: bool = False

    def note(self, kind: str, name: str, outcome: str, why: str = "") -> Entry:
        """Add an entry."""
        self.entries.append(Entry(kind, name, outcome, why))
        return self.entries[-1]

    def kept(self) -> str:
        """The outcome of what only the copy of the database holds."""
        return KEPT if self.keep_history else LEFT_OUT
