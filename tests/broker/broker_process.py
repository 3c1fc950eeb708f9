"""The real credential broker in a process of its own, and a plain local server that it may be sent to."""

import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from broker.client import LeaseScope

REPOSITORY = Path(__file__).resolve().parents[2]


class BrokerProcess:
    """`python -m broker` on a folder; `socket` is where it listens."""

    def __init__(self, folder, *servers, endpoints=(), arguments=(), **more):
        """`servers` are local ones, and `endpoints` (url, ca) pairs, that the owner named for models."""
        self.folder = Path(folder)
        self.socket = self.folder / "broker" / "admin.sock"
        argv = [sys.executable, "-m", "broker", "--state", str(folder), "--policy", str(self.folder / "policy.toml")]
        argv += ["--socket", str(self.socket)]
        named = [(f"http://127.0.0.1:{server.server_port}/", "") for server in servers]
        for url, ca in [*named, *endpoints]:
            argv += ["--endpoint", url, str(ca)]
        argv += arguments
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(argv, cwd=REPOSITORY, stdout=pipe, stderr=subprocess.STDOUT, text=True, **more)
        self.lines = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if line.startswith("credentials ready"):
                return
        self.clear()
        raise AssertionError("".join(self.lines))

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        self.process.terminate()
        rest, _ = self.process.communicate(timeout=20)
        self.lines.append(rest)
        return self.process.returncode

    def clear(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


@contextmanager
def local_server():
    """Answers every request with its body; holds requests to /slow until `release` is set. Yields itself."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            server.seen.append((self.path, dict(self.headers)))
            if self.path.startswith("/slow"):
                server.arrived.set()
                server.release.wait(30)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_HEAD = do_POST  # noqa: N815  names of http.server

        def log_message(self, format, *args):
            return None

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        seen: list
        arrived = threading.Event()
        release = threading.Event()

    server = Server(("127.0.0.1", 0), Handler)
    server.seen, server.arrived, server.release = [], threading.Event(), threading.Event()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.release.set()
        server.shutdown()
        thread.join()
        server.server_close()


def scope_for(server, **changes):
    """A lease for the local server."""
    facts: dict[str, Any] = {"run": "r1", "group": "main", "purpose": "model", "scheme": "http", "host": "127.0.0.1"}
    facts |= {"port": server.server_port, "methods": ("POST", "GET"), "calls": 10}
    return LeaseScope(**(facts | changes))
