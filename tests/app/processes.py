"""Waiting for processes in tests, always with a bound."""

import time
from pathlib import Path


def alive(pid):
    """Whether the process is there and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def until(condition, timeout_s=30.0, every_s=0.01):
    """Wait for a condition that no event announces; fails loudly after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(every_s)
