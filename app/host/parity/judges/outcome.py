"""How a case fared: nothing to say, or a Difference. Runs on both interpreters, so it keeps device/'s rules."""

# pyright: standard

TYPE_CHECKING = False
if TYPE_CHECKING:  # MicroPython has no typing
    from typing import Any

SHOWN_CHARS = 500


class Difference:
    """What a recording says and what Barnacle did instead, as bounded text; `where` leads to it ("tasks.t-1[3]")."""

    def __init__(self, expected: "Any", got: "Any", where: str = "") -> None:
        self.where = where
        self.expected = brief(expected)
        self.got = brief(got)


class Context:
    """What a driver knows beside the case: `document`, the golden file without its cases, and a place to note repairs.

    A driver calls `repaired(name)` when Barnacle rightly differs from the recording because of the quirk `name`; what
    it then answers is how Barnacle differs from what the repair leads to (None: not at all)."""

    def __init__(self, document: "dict[str, Any]") -> None:
        self.document = document
        self.repairs: list[str] = []

    def repaired(self, name: str) -> None:
        """Note that the repair of this quirk acted; the first one noted names the case's exemption."""
        if name not in self.repairs:
            self.repairs.append(name)


def quirk_name(case: "dict[str, Any]") -> "str | None":
    """The name of the case's quirk, or None."""
    return case["quirk"]["name"] if "quirk" in case else None


def difference(want: "Any", got: "Any") -> "Difference | None":
    """None when `got` equals `want`; else a Difference, narrowed down as far as all of it is in one place."""
    if want == got:
        return None
    where = ""
    keys = _differing(want, got)
    while keys is not None and len(keys) == 1:
        where += f"[{keys[0]}]" if isinstance(want, list) else "." + str(keys[0])
        want, got = want[keys[0]], got[keys[0]]
        keys = _differing(want, got)
    if isinstance(want, list) and isinstance(got, list):
        at = _first_differing(want, got)
        where += f"[{at}:]"
        want, got = want[at:], got[at:]
    elif keys:
        want = {key: want[key] for key in keys}
        got = {key: got[key] for key in keys}
    return Difference(want, got, where[1:] if where.startswith(".") else where)


def brief(value: "Any") -> str:
    """A value as text short enough for a report."""
    text = repr(value)
    return text if len(text) <= SHOWN_CHARS else text[:SHOWN_CHARS] + "…"


def _differing(want, got):
    """The keys or indexes with different values; None when the two are not of one shape."""
    if isinstance(want, dict) and isinstance(got, dict):
        same = len(want) == len(got) and all(key in got for key in want)
        return [key for key in want if want[key] != got[key]] if same else None
    if isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        return [at for at in range(len(want)) if want[at] != got[at]]
    return None


def _first_differing(want, got):
    at = 0
    while at < len(want) and at < len(got) and want[at] == got[at]:
        at += 1
    return at
