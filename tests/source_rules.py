"""The rules that this project's sources keep, as functions over source text, so that each can be shown to fail.

Every rule takes (path, text), the path relative to the project with "/", and yields "path:line: what is wrong".
"""

import ast
import re
from collections.abc import Callable, Iterator

PURE_FOR_BROKER = "device.host."
BOARD_ONLY = {"machine", "network"}
BOARD_CODE = re.compile(r"device/main\.py|device/boards/.*")
DISPLAY_SETUP = {"init", "display_create", "indev_create"}
SHIPPED = re.compile(r"(app|broker|device)/.*\.py")
MACHINE_PATH = re.compile(r"(?<![\w.$}>])/(?:work|root)/|(?<![\w.$}>])/(?:home|Users)/[a-z]\w*")


def imports(path: str, text: str) -> Iterator[str]:
    """Which part may import which (docs: README, "the parts")."""
    for line, module in _imported(path, text):
        top = module.split(".")[0]
        problem = _import_problem(path, module, top)
        if problem:
            yield f"{path}:{line}: {problem}"


def display_setup(path: str, text: str) -> Iterator[str]:
    """Only the composition root and the boards set LVGL up."""
    if not path.startswith("device/") or BOARD_CODE.fullmatch(path):
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Attribute) and node.attr in DISPLAY_SETUP and _is_lvgl(node.value):
            yield f"{path}:{node.lineno}: sets the display up with {node.attr}; device/boards/ does that"


def asserts(path: str, text: str) -> Iterator[str]:
    """`assert` vanishes when optimised: shipped code raises."""
    if SHIPPED.fullmatch(path):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Assert):
                yield f"{path}:{node.lineno}: validates with assert; raise an error"


def swallowed_errors(path: str, text: str) -> Iterator[str]:
    """No handler catches everything and does nothing."""
    if not path.endswith(".py"):
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ExceptHandler) and _catches_all(node.type) and _does_nothing(node.body):
            yield f"{path}:{node.lineno}: swallows every error; name the ones that are meant, or report it"


def docstrings(path: str, text: str) -> Iterator[str]:
    """Every public module, class and function of shipped code says what its contract is; methods of a subclass may
    leave it to their base."""
    if not SHIPPED.fullmatch(path):
        return
    tree = ast.parse(text)
    if text.strip() and ast.get_docstring(tree) is None:
        yield f"{path}:1: the module has no docstring"
    yield from _undocumented(path, tree)


def machine_paths(path: str, text: str) -> Iterator[str]:
    """No text names a folder of somebody's machine."""
    for line, content in enumerate(text.splitlines(), 1):
        found = MACHINE_PATH.search(content)
        if found:
            yield f"{path}:{line}: names a folder of one machine: {found.group()}"


PYTHON_RULES: tuple[Callable[[str, str], Iterator[str]], ...] = (
    imports,
    display_setup,
    asserts,
    swallowed_errors,
    docstrings,
)


def _import_problem(path: str, module: str, top: str) -> str | None:
    part = path.split("/")[0]
    if part == "device" and top in ("app", "broker"):
        return f"the device imports {module}"
    if part == "broker" and (top == "app" or (top == "device" and not module.startswith(PURE_FOR_BROKER))):
        return f"the broker imports {module}"
    if part == "device" and not BOARD_CODE.fullmatch(path) and top in BOARD_ONLY:
        return f"only device/main.py and device/boards/ import {module}"
    if part == "device" and module.startswith("device.boards") and not BOARD_CODE.fullmatch(path):
        return "only device/main.py imports a board"
    if path.startswith("device/host/") and (top == "lvgl" or module.startswith(("device.ui", "device.voice"))):
        return f"the host imports {module}"
    if top == "textual" and not _may_use_textual(path):
        return "only app/tui and the command that opens it import textual"
    return None


def _may_use_textual(path: str) -> bool:
    shown = path.startswith(("app/tui/", "tests/", "bench/"))
    return shown or re.fullmatch(r"app/cli/(\w+_)?tui(_\w+)?\.py", path) is not None


def _imported(path: str, text: str) -> Iterator[tuple[int, str]]:
    package = path.rsplit("/", 1)[0].replace("/", ".")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            for alias in node.names:
                yield node.lineno, f"{module}.{alias.name}"
        elif isinstance(node, ast.Call) and _is_dynamic_import(node.func) and node.args:
            name = node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield node.lineno, name.value


def _is_dynamic_import(function: ast.expr) -> bool:
    named = isinstance(function, ast.Name) and function.id == "__import__"
    return named or (isinstance(function, ast.Attribute) and function.attr == "import_module")


def _is_lvgl(value: ast.expr) -> bool:
    return isinstance(value, ast.Name) and value.id in ("lv", "lvgl")


def _catches_all(kind: ast.expr | None) -> bool:
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    names = {each.id for each in kinds if isinstance(each, ast.Name)}
    return kind is None or bool(names & {"Exception", "BaseException"})


def _does_nothing(body: list[ast.stmt]) -> bool:
    return all(
        isinstance(each, ast.Pass | ast.Continue)
        or (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
        for each in body
    )


def _undocumented(path: str, scope: ast.Module | ast.ClassDef) -> Iterator[str]:
    for node in scope.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        if ast.get_docstring(node) is None and not _is_overload_or_override(node):
            yield f"{path}:{node.lineno}: {node.name} has no docstring"
        if isinstance(node, ast.ClassDef) and not node.bases:
            yield from _undocumented(path, node)


def _is_overload_or_override(node: ast.stmt) -> bool:
    decorators = getattr(node, "decorator_list", [])
    names = {each.attr if isinstance(each, ast.Attribute) else getattr(each, "id", "") for each in decorators}
    return bool(names & {"overload", "override", "setter"})
