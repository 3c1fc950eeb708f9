import os
import pty
import sys
import termios

from app.host.terminal import RESET, terminal_kept


def test_modes_and_screen_come_back(monkeypatch):
    ours, theirs = pty.openpty()
    with open(theirs, "r+b", buffering=0) as terminal, open(ours, "r+b", buffering=0) as screen:
        monkeypatch.setattr(sys, "stdin", terminal)
        monkeypatch.setattr(sys, "stdout", terminal)
        before = termios.tcgetattr(terminal)
        with terminal_kept():
            raw = termios.tcgetattr(terminal)
            raw[3] &= ~(termios.ECHO | termios.ICANON)
            termios.tcsetattr(terminal, termios.TCSANOW, raw)
        assert termios.tcgetattr(terminal) == before
        assert os.read(screen.fileno(), 1000).decode() == RESET


def test_without_a_terminal_nothing_is_written(monkeypatch, tmp_path):
    with (tmp_path / "out").open("w+") as file:
        monkeypatch.setattr(sys, "stdin", file)
        monkeypatch.setattr(sys, "stdout", file)
        with terminal_kept():
            pass
    assert (tmp_path / "out").read_text() == ""
