"""A real terminal for tests: a tmux server of its own with one window, fed with keys and read as text."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.host.paths import REPOSITORY

POLL_S = 0.1


class Terminal:
    """`with Terminal(folder) as terminal:` has a shell in it; nothing of it is left behind."""

    def __init__(self, folder: Path, size: tuple[int, int] = (80, 24)) -> None:
        self._tmux = ["tmux", "-S", str(folder / "tmux.sock"), "-f", "/dev/null"]
        self._size = size

    def __enter__(self) -> "Terminal":
        width, height = map(str, self._size)
        shell = ["env", "PS1=ready$ ", "HISTFILE=", "sh"]
        self._run("new-session", "-d", "-x", width, "-y", height, "-s", "test", *shell)
        self._run("set-option", "-g", "set-clipboard", "on")
        self.until("ready$")
        return self

    def __exit__(self, *error: object) -> None:
        subprocess.run([*self._tmux, "kill-server"], check=False, capture_output=True, timeout=10)

    def barnacle(self, home: Path, *args: str, env: Mapping[str, str] | None = None) -> None:
        """Type a `barnacle` command into the shell."""
        variables = {"BARNACLE_HOME": str(home), "PYTHONPATH": str(REPOSITORY), **(env or {})}
        words = [f"{name}={value}" for name, value in variables.items()]
        self.keys(" ".join(["env", *words, sys.executable, "-m", "app.cli.main", *args]), "Enter")

    def keys(self, *keys: str) -> None:
        """Press keys, by tmux's names; other words are typed as they are."""
        self._run("send-keys", "-t", "test", *keys)

    def step(self, key: str, timeout_s: float = 10.0) -> None:
        """Press a key that changes what is shown, and wait for the change: whoever types looks, too."""
        before = self.shown(escapes=True)
        self.keys(key)
        deadline = time.monotonic() + timeout_s
        while self.shown(escapes=True) == before:
            if time.monotonic() > deadline:
                raise AssertionError(f"{key} changes nothing\n{self.shown()}")
            time.sleep(POLL_S)

    def resize(self, width: int, height: int) -> None:
        """Give the window another size."""
        self._run("resize-window", "-t", "test", "-x", str(width), "-y", str(height))

    def shown(self, *, escapes: bool = False) -> str:
        """The screen as text; with `escapes` also its colours."""
        return self._run("capture-pane", "-p", "-t", "test", *(["-e"] if escapes else []))

    def clipboard(self) -> str:
        """What a program in the terminal has put on the clipboard (OSC 52)."""
        return self._run("show-buffer")

    def until(self, *texts: str, timeout_s: float = 20.0, gone: Sequence[str] = ()) -> str:
        """Wait until all of `texts` are on the screen and none of `gone`; the screen."""
        deadline = time.monotonic() + timeout_s
        while True:
            shown = self.shown()
            if all(text in shown for text in texts) and not any(text in shown for text in gone):
                return shown
            if time.monotonic() > deadline:
                raise AssertionError(f"not shown in {timeout_s:g} s: {texts}, or still there: {gone}\n{shown}")
            time.sleep(POLL_S)

    def modes(self) -> str:
        """What a program may have left behind: alternate screen, mouse reports, cursor; "0 0 1" is a clean terminal."""
        return self._run(
            "display-message", "-p", "-t", "test", "#{alternate_on} #{mouse_any_flag} #{cursor_flag}"
        ).strip()

    def _run(self, *args: str) -> str:
        done = subprocess.run(
            [*self._tmux, *args],
            check=True,
            capture_output=True,
            text=True,
            timeout=10,
            env={**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"},
        )
        return done.stdout
