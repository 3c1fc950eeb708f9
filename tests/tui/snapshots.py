"""Pictures of every page and dialog, as small SVG files that are the same on every machine.

    python -m tests.tui.snapshots [--accept] [SCENE …]     compare, or take what is drawn now as what is right

A scene is one line in SCENES: where to go and what to press. What differs is left in build/snapshots/.
"""

import argparse
import asyncio
import difflib
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from app.tui import app as app_module
from app.tui import say
from app.tui.app import Dashboard
from tests.tui.fake_client import NOW_MS, FakeClient
from tests.tui.snapshot_data import ASK, household
from tests.tui.test_box_page import Screens
from tests.tui.test_starting import FakeAppliance

FOLDER = Path(__file__).with_name("snapshots")
OUT = Path(__file__).resolve().parents[2] / "build" / "snapshots"
SIZES = ((80, 24), (140, 45))
THEMES = ("barnacle-dark", "barnacle-light")
LOOKS_ALIKE = 3
RECT = re.compile(r'<rect fill="(#\w+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="24.65"/>(?:</g>)?')


@dataclass(frozen=True)
class Scene:
    """`page` in front, `keys` pressed on it one by one, `typed` written by keys afterwards."""

    page: str
    keys: tuple[str, ...] = ()
    typed: str = ""
    client: Callable[[], FakeClient] = household
    appliance: Callable[[], FakeAppliance | None] = lambda: None


SCENES = {
    "overview": Scene("overview"),
    "schedules": Scene("schedules"),
    "queues": Scene("queues"),
    "audit": Scene("audit"),
    "chat": Scene("chat"),
    "policy": Scene("policy"),
    "settings": Scene("settings"),
    "box": Scene("box"),
    "ask": Scene("overview", client=lambda: household(asks=[ASK])),
    "help": Scene("schedules", ("question_mark",)),
    "palette": Scene("schedules", ("ctrl+p",)),
    "confirm": Scene("schedules", ("d",)),
    "run-history": Scene("schedules", ("h",)),
    "editor-new": Scene("schedules", ("n",)),
    "editor-errors": Scene("schedules", ("n", "tab"), "every blue moon"),
    "editor-clock-change": Scene("schedules", ("n", "tab", "tab", "tab"), "30 2 25 10 *"),
    "rule-editor": Scene("policy", ("n",)),
    "exception-editor": Scene("policy", ("e",)),
    "drop": Scene("queues", ("D",)),
    "remove-rule": Scene("policy", ("d",)),
    "welcome": Scene("overview", ("f2",), appliance=FakeAppliance),
    "stop": Scene("overview", ("ctrl+o",), appliance=lambda: FakeAppliance(running=True)),
    "audit-record": Scene("audit", ("up",)),
}


async def pictures(scene: Scene, size: tuple[int, int]) -> dict[str, str]:
    """The scene in every theme: its SVG text by theme."""
    found: dict[str, str] = {}
    with _standing_still():
        app = Dashboard(scene.client, appliance=scene.appliance(), screen_source=Screens().source)
        async with app.run_test(size=size) as pilot:
            await _settled(app, pilot)
            await app.open_page(scene.page)
            await _settled(app, pilot)
            for key in scene.keys:
                await pilot.press(key)
                await _settled(app, pilot)
            await pilot.press(*("space" if char == " " else _key(char) for char in scene.typed))
            for theme in THEMES:
                app.prefer(theme=theme)  # as a person does: text with colours of its own is drawn anew
                found[theme] = await _settled(app, pilot)
    return found


def path_of(name: str, size: tuple[int, int], theme: str) -> Path:
    """Where the accepted picture is kept."""
    return FOLDER / f"{name}-{size[0]}x{size[1]}-{theme.removeprefix('barnacle-')}.svg"


def compare(path: Path, drawn: str) -> str:
    """ "" when it is what was accepted; else what differs, in lines, with both pictures left in build/snapshots/."""
    accepted = path.read_text(encoding="utf-8") if path.exists() else ""
    if drawn == accepted:
        return ""
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / path.name).write_text(drawn, encoding="utf-8")
    (OUT / f"accepted-{path.name}").write_text(accepted, encoding="utf-8")
    lines = difflib.unified_diff(words(accepted), words(drawn), "accepted", "drawn", lineterm="", n=0)
    return "\n".join([f"{path.name} (both in {OUT.name}/)", *(list(lines)[:40] or ["only colours or places differ"])])


def words(svg: str) -> list[str]:
    """The lines of text in a picture."""
    rows: dict[float, str] = {}
    for y, text in re.findall(r'<text [^>]*y="([\d.]+)"[^>]*>([^<]*)</text>', svg):
        rows[float(y)] = rows.get(float(y), "") + text.replace("&#160;", " ")
    return [rows[y].rstrip() for y in sorted(rows)]


def small(svg: str) -> str:
    """A picture without what is the same in each of them, or differs each time: fonts, clipping, random names."""
    svg = re.sub(r"@font-face \{[^}]*\}", "", svg)
    svg = re.sub(r"<clipPath.*?</clipPath>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' (clip-path|shape-rendering)="[^"]*"', "", svg)
    svg = re.sub(r"terminal-\d+-", "", svg)
    svg = re.sub(r' textLength="[^"]*"', "", svg)
    svg = re.sub(r"(&#160;|\s)*</text>", "</text>", svg)
    svg = re.sub(r"(\d\.\d\d)\d+", r"\1", svg)
    lines = re.sub(r"\n\s*\n+", "\n", svg.replace("<text", "\n<text").replace("<rect", "\n<rect")).splitlines()
    return "\n".join(_joined(line for line in lines if not line.endswith('"></text>'))) + "\n"


def _joined(lines: Iterable[str]) -> Iterator[str]:
    """Rectangles that touch and have one colour become one."""
    last: tuple[str, float, str, float] | None = None
    for line in lines:
        found = RECT.fullmatch(line)
        if last is not None:
            fill, x, y, width = last
            if found and found[1] == fill and found[3] == y and abs(float(found[2]) - x - width) < 0.1:
                last = (fill, x, y, width + float(found[4]))
                continue
            yield f'<rect fill="{fill}" x="{x:g}" y="{y}" width="{width:.5g}" height="24.65"/>'
        last = (found[1], float(found[2]), found[3], float(found[4])) if found else None
        if not found:
            yield line


async def _settled(app: Dashboard, pilot: Pilot[Any]) -> str:
    """Wait until it looks the same several times running; how it looks."""
    before, alike = "", 0
    while alike < LOOKS_ALIKE:
        await pilot.pause(0.04)
        for field in app.screen.query(Input):
            field.cursor_blink = False
        for area in app.screen.query(TextArea):
            area.cursor_blink = False
        now = small(app.export_screenshot())
        before, alike = now, alike + 1 if now == before else 0
    return before


@contextmanager
def _standing_still() -> Iterator[None]:
    """The clock stands at NOW_MS, and nobody waits for a drawing."""
    clock, pace = say.now_ms, app_module.DRAW_EVERY_S
    say.now_ms, app_module.DRAW_EVERY_S = lambda: NOW_MS, 0.01  # type: ignore[assignment]
    try:
        yield
    finally:
        say.now_ms, app_module.DRAW_EVERY_S = clock, pace


def _key(char: str) -> str:
    return {"*": "asterisk"}.get(char, char)


async def _all(names: list[str], accept: bool) -> int:
    differing = 0
    for name in names:
        for size in SIZES:
            for theme, drawn in (await pictures(SCENES[name], size)).items():
                path = path_of(name, size, theme)
                told = compare(path, drawn)
                differing += bool(told)
                if told and accept:
                    path.parent.mkdir(exist_ok=True)
                    path.write_text(drawn, encoding="utf-8")
                elif told:
                    print(told)
    print(f"{differing} {'accepted' if accept else 'differ'}")
    return 0 if accept or not differing else 1


def main() -> int:
    """Compare or accept; exit code 1 when something differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.tui.snapshots", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="SCENE", choices=[[], *SCENES])
    parser.add_argument("--accept", action="store_true", help="what is drawn now is right")
    args = parser.parse_args()
    return asyncio.run(_all(args.names or list(SCENES), args.accept))


if __name__ == "__main__":
    sys.exit(main())
