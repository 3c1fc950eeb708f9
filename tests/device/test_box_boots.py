"""The simulated box as a process: it boots, serves without a broker, and survives being killed again and again."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INTERPRETER = ROOT / "build" / "sim" / "micropython"


def provision(home: Path) -> None:
    """A box whose MQTT broker nobody answers for: port 9 of this machine."""
    mqtt = {"host": "127.0.0.1", "port": 9, "user": "device-desk", "password": "x", "tls": None}
    facts = {"device": "desk", "key": "ab" * 32, "assistant": "Andy", "mqtt": mqtt}
    path = home / "provision.json"
    path.write_text(json.dumps(facts))
    path.chmod(0o600)


@contextmanager
def running(home: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    command = [str(INTERPRETER), "-X", "heapsize=2m", "device/main.py", "--board", "simulator", "--home", str(home)]
    box = subprocess.Popen(
        [*command, *options],
        cwd=ROOT,
        env={"MICROPYPATH": ".frozen:.", "PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield box
    finally:
        box.kill()
        box.wait()
        if box.stdout:
            box.stdout.close()


def first_line(box: subprocess.Popen[str]) -> str:
    assert box.stdout
    return box.stdout.readline().strip()


def test_the_box_is_ready_with_and_without_a_screen(tmp_path: Path) -> None:
    provision(tmp_path)
    for options in ((), ("--no-screen",)):
        with running(tmp_path, *options) as box:
            word, _, number = first_line(box).partition(" ")
            assert word == "ready" and number.isdigit()
            assert box.poll() is None


def test_the_box_boots_after_being_killed_ten_times(tmp_path: Path) -> None:
    provision(tmp_path)
    for _ in range(10):
        with running(tmp_path, "--no-screen") as box:
            assert first_line(box).startswith("ready ")


def test_a_box_without_provision_says_what_to_do(tmp_path: Path) -> None:
    with running(tmp_path) as box:
        assert "provision.json" in first_line(box)
        assert box.wait(10) == 1


def test_wrong_usage_is_told(tmp_path: Path) -> None:
    done = subprocess.run(
        [str(INTERPRETER), "device/main.py", "--bord", "x"],
        cwd=ROOT,
        env={"MICROPYPATH": ".frozen:."},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 2 and "usage:" in done.stdout
