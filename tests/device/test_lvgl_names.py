"""device/ui uses only names of LVGL that ui/lvgl_api.json lists: what is not there is missing on the board."""

import ast
import asyncio
import builtins
import functools
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
API = json.loads((ROOT / "tests/device/ui/lvgl_api.json").read_text())
SOURCES = sorted((ROOT / "device" / "ui").rglob("*.py"))
WIDGETS = {name: set(methods) | set(API["classes"]["obj"]) for name, methods in API["classes"].items()}
STRUCTS = {name: set(it["fields"]) | set(it["methods"]) for name, it in API["structs"].items()}
OBJECTS = {name: STRUCTS.get(kind.removeprefix("lv_"), set()) for name, kind in API["objects"].items()}
ANY_MEMBER = set().union(*WIDGETS.values(), *STRUCTS.values())
KINDS = (str, bytes, list, dict, tuple, set, int, memoryview, asyncio.Event)
PYTHON = {name for kind in KINDS for name in dir(kind)} | {"__name__"}


def chain(node: ast.AST) -> list[str] | None:
    """["lv", "obj", "FLAG"] of `lv.obj.FLAG`; None for anything that is not names joined by dots."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.insert(0, node.attr)
        node = node.value
    return [node.id, *names] if isinstance(node, ast.Name) else None


def lv_name_is_known(names: list[str]) -> bool:
    """Whether `lv.<names…>` is listed: a name, a member of an enum, an enum of a widget class and its member."""
    first, rest = names[0], names[1:]
    if first in API["enums"]:
        return not rest or (len(rest) == 1 and rest[0] in API["enums"][first])
    if first in API["class_enums"]:
        enums = API["class_enums"][first]
        return not rest or (rest[0] in enums and (len(rest) == 1 or (len(rest) == 2 and rest[1] in enums[rest[0]])))
    if first in OBJECTS:
        return not rest or (len(rest) == 1 and rest[0] in OBJECTS[first])
    return first in API["module"] and not rest


def made_by(node: ast.AST) -> str | None:
    """The LVGL class or struct that an expression makes: `lv.label(…)`, also inside `theme.bare(…)`."""
    if isinstance(node, ast.Call):
        names = chain(node.func)
        if names and names[0] == "lv" and len(names) == 2 and (names[1] in WIDGETS or names[1] in STRUCTS):
            return names[1]
        if names in (["theme", "bare"], ["theme", "touchable"]) and node.args:
            return made_by(node.args[0])
    return None


def own_names(trees: list[ast.Module]) -> set[str]:
    """Every name that device/ defines itself: functions, classes, attributes, module variables, modules."""
    names: set[str] = set()
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                names.add(node.name)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and chain(node.value) == ["self"]:
                names.add(node.attr)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.add(node.id)
    return names


def problems(source: str, known: set[str]) -> list[str]:
    """The names in `source` that are in no list, each as "line: name"."""
    tree = ast.parse(source)
    imported = {
        alias.asname or alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    modules = (imported | set(dir(builtins))) - {"lv"}
    kinds: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and (kind := made_by(node.value)):
            for target in node.targets:
                kinds.setdefault(".".join(chain(target) or ["?"]), set()).add(kind)
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute):
            continue
        names = chain(node)
        if names and names[0] in modules:
            continue
        if names and names[0] == "lv":
            wrong = not lv_name_is_known(names[1:])
        else:
            made = kinds.get(".".join(names[:-1])) if names else None
            allowed = set().union(*[WIDGETS.get(kind) or STRUCTS[kind] for kind in made]) if made else ANY_MEMBER
            wrong = node.attr not in allowed and (bool(made) or node.attr not in known | PYTHON)
        if wrong:
            found.append(f"{node.lineno}: {'.'.join(names) if names else node.attr}")
    return found


@functools.cache
def known_names() -> set[str]:
    device = [path for part in ("ui", "host", "boards") for path in (ROOT / "device" / part).rglob("*.py")]
    return own_names([ast.parse(path.read_text()) for path in device])


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_lvgl_name_is_in_the_list(path: Path) -> None:
    assert problems(path.read_text(), known_names()) == []


@pytest.mark.parametrize(
    "planted",
    [
        "lv.no_such_function()",
        "lv.font_montserrat_48",
        "lv.ALIGN.MIDDLE",
        "lv.label.LONG_MODE.MARQUEE",
        "lv.label.NO_ENUM",
        "lv.obj(None).set_style_shadow_colour(1)",
        "lv.font_montserrat_20.height",
        "label = lv.label(None)\nlabel.set_txt('x')",
        "label = lv.label(None)\nlabel.set_angles(1, 2)",
        "ring = theme.bare(lv.arc(None))\nring.set_text('x')",
        "point = lv.point_t()\npoint.z = 3",
        "class Line:\n    def __init__(self):\n        self.label = lv.label(None)\n        self.label.set_value(1)",
        "unknown.get_heigth()",
    ],
)
def test_a_planted_wrong_name_is_found(planted: str) -> None:
    assert problems("import lvgl as lv\n" + planted, known_names())


def test_right_names_pass() -> None:
    right = "arc = lv.arc(None)\narc.set_angles(1, 2)\narc.set_pos(lv.ALIGN.CENTER, lv.font_montserrat_20.line_height)"
    assert problems("import lvgl as lv\n" + right, known_names()) == []
