"""The box opens one connection, to the MQTT broker: no other code of device/ can reach a socket."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BOX = [path for path in sorted((ROOT / "device").rglob("*.py")) if "sim" not in path.relative_to(ROOT).parts]
MODULES = {
    "socket", "usocket", "_socket", "ssl", "tls", "ussl", "network", "urllib", "http", "requests", "urequests",
    "httpx", "h11", "ftplib", "smtplib", "telnetlib", "xmlrpc", "select", "uselect", "subprocess", "ctypes", "ffi",
}  # fmt: skip
CALLS = {"open_connection", "start_server", "create_connection", "getaddrinfo", "create_server", "open_stream"}
SHELLS = {("os", "system"), ("os", "popen")}
ALLOWED = {
    ("device/host/portable.py", "ssl"),  # TLS for the one connection
    ("device/host/portable.py", "tls"),
    ("device/host/portable.py", "open_connection"),
    ("device/host/portable.py", "open_stream"),
    ("device/host/mqtt.py", "open_stream"),
}


def reached(name: str, text: str) -> set[tuple[str, str]]:
    """(file, what) of every way to a socket that a source names."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names} & MODULES
        elif isinstance(node, ast.ImportFrom):
            found |= {(node.module or "").split(".")[0]} & MODULES
            found |= {alias.name for alias in node.names} & CALLS
        elif isinstance(node, ast.Attribute):
            found |= {node.attr} & CALLS
            if isinstance(node.value, ast.Name) and (node.value.id, node.attr) in SHELLS:
                found.add(node.attr)
        elif isinstance(node, ast.Name):
            found |= {node.id} & CALLS
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found |= {node.name} & CALLS
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= {node.value} & MODULES if _is_imported(node.value, text) else set()
    return {(name, what) for what in found}


def _is_imported(module: str, text: str) -> bool:
    return f'__import__("{module}' in text or f"__import__('{module}" in text


def test_only_the_mqtt_client_reaches_a_socket() -> None:
    assert len(BOX) > 80
    found = [reached(str(path.relative_to(ROOT)), path.read_text()) for path in BOX]
    assert set().union(*found) == ALLOWED


def test_a_way_around_would_be_found() -> None:
    planted = (
        "import socket",
        "from urllib.request import urlopen",
        "async def f():\n    await asyncio.open_connection('x', 1)",
        "from device.host.portable import open_stream",
        "def f():\n    return __import__('socket')",
        "import os\nos.system('curl x')",
    )
    for text in planted:
        assert reached("device/host/tools/x.py", text) - ALLOWED, text
    assert reached("device/host/mqtt.py", "portable.open_stream('h', 1)") <= ALLOWED
