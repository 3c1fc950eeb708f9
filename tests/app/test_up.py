"""The real `barnacle up --headless` end to end: broker, host and simulated box, driven by the real commands."""

import json
import os
import signal
import socket
import subprocess
import sys

import pytest
from PIL import Image

from app.host.instance import last_runtime, running_pid
from app.host.paths import REPOSITORY, Paths
from tests.app.processes import alive, until

BARNACLE = [sys.executable, "-m", "app.cli.main"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Home:
    """A home with a port of its own, and the `barnacle up` that runs in it."""

    def __init__(self, folder):
        self.paths = Paths(folder)
        self.paths.make_folders()
        self.paths.config.write_text(f'[mqtt]\nport = {free_port()}\n[time]\nzone = "Europe/Berlin"\n')
        self.paths.config.chmod(0o600)
        self.process = None

    def up(self):
        argv = [*BARNACLE, "--home", str(self.paths.home), "up", "--headless"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(argv, cwd=REPOSITORY, stdout=pipe, stderr=pipe, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("ready in "), self.process.communicate()[1] + self.logs()

    def logs(self):
        return "".join(f"\n== {file.name}\n{file.read_text()[-1500:]}" for file in sorted(self.paths.logs.iterdir()))

    def run(self, *argv, code=0):
        command = [*BARNACLE, "--home", str(self.paths.home), *argv]
        run = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
        assert run.returncode == code, f"{argv}: {run.returncode}\n{run.stdout}{run.stderr}{self.logs()}"
        return run.stdout

    def json(self, *argv):
        return json.loads(self.run(*argv, "--json"))

    def pids(self):
        return [child["pid"] for child in (last_runtime(self.paths) or {"children": []})["children"]]

    def online(self):
        return self.json("status")["device"]["online"]

    def clear(self):
        if self.process is not None:
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGTERM)
            self.process.communicate(timeout=30)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("up") / "home")
    try:
        home.up()
        until(home.online)
        yield home
    finally:
        home.clear()


def test_status_names_every_part(home):
    status = home.json("status")
    assert status["device"]["online"] and status["broker"]["kind"] in ("mosquitto", "amqtt")
    assert [one["name"] for one in status["processes"]] == ["broker", "credentials", "host", "box"]
    assert "box" in home.run("status")


def test_a_message_is_answered(home):
    answer = home.json("send", "main", "what groups are there?", "--wait", "30")
    assert answer["accepted"]
    assert answer["replies"][0]["text"]
    texts = [message["text"] for message in home.json("messages", "main")]
    assert "what groups are there?" in texts and answer["replies"][0]["text"] in texts


def test_a_schedule_is_added_paused_resumed_and_removed(home):
    task = home.json("schedule", "add", "main", "drink water", "--when", "weekdays at 8:30")
    assert (task["kind"], task["value"], task["status"]) == ("cron", "30 8 * * 1-5", "active")

    def listed():
        return {one["id"]: one["status"] for one in home.json("schedule", "list")}

    part = task["id"][-6:]
    home.run("schedule", "pause", part)
    until(lambda: listed()[task["id"]] == "paused")
    home.run("schedule", "resume", part)
    until(lambda: listed()[task["id"]] == "active")
    home.run("schedule", "run", part)
    until(lambda: any(run["state"] == "done" for run in home.json("schedule", "history", task["id"])))
    home.run("schedule", "remove", part)
    until(lambda: task["id"] not in listed())
    home.run("schedule", "pause", part, code=1)
    assert any(record["what"] == "task.remove" for record in home.json("audit", "tail"))


def test_a_group_is_added_and_removed(home):
    home.run("group", "add", "family", "The Family")
    until(lambda: any(group["name"] == "The Family" for group in home.json("groups")))
    home.run("group", "add", "family", code=1)
    home.run("group", "remove", "family")


def test_the_screen_can_be_seen_and_touched(home, tmp_path):
    home.run("screen", "shot", str(tmp_path / "shot.png"))
    with Image.open(tmp_path / "shot.png") as image:
        assert image.size == (360, 360)
        assert len(image.convert("RGB").getcolors(360 * 360) or []) > 1
    home.run("screen", "tap", "180", "180")
    home.run("screen", "swipe", "300", "180", "60", "180")


def test_an_operator_with_a_credential_file_gets_in(home, tmp_path):
    file = str(tmp_path / "kitchen.json")
    home.run("operator", "add", "kitchen", "--out", file)

    def let_in():
        command = [*BARNACLE, "--credentials", file, "groups"]
        return subprocess.run(command, cwd=REPOSITORY, capture_output=True, timeout=60).returncode == 0

    until(let_in)
    home.run("operator", "remove", "kitchen")
    until(lambda: not let_in())
    until(home.online)


def test_a_box_that_dies_comes_back_with_its_state(home):
    home.run("group", "add", "kept")
    before = next(one for one in home.json("status")["processes"] if one["name"] == "box")
    os.kill(before["pid"], signal.SIGKILL)
    until(lambda: next(one for one in home.json("status")["processes"] if one["name"] == "box")["restarts"] == 1)
    until(home.online)
    assert "kept" in [group["folder"] for group in home.json("groups")]


def test_a_second_one_is_refused_and_down_leaves_nothing(tmp_path):
    home = Home(tmp_path / "home")
    try:
        home.up()
        home.run("up", "--headless", code=1)
        pids = home.pids()
        assert len(pids) == 4
        home.run("down")
        assert not [pid for pid in pids if alive(pid)]
        assert running_pid(home.paths) is None
        home.run("status", code=3)
        assert not [file for file in home.paths.state.rglob("*") if file.stat().st_mode & 0o077]
    finally:
        home.clear()


def test_a_taken_port_is_one_line_with_the_remedy(tmp_path):
    home = Home(tmp_path / "home")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        home.paths.config.write_text(f"[mqtt]\nport = {other.getsockname()[1]}\n")
        command = [*BARNACLE, "--home", str(home.paths.home), "up", "--headless"]
        run = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stdout) == (1, "")
    assert "is taken" in run.stderr and "config.toml" in run.stderr and run.stderr.count("\n") == 1


def test_a_reader_that_goes_away_is_no_error(home):
    command = [*BARNACLE, "--home", str(home.paths.home), "watch"]
    watch = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert watch.stdout is not None and watch.stderr is not None
    assert json.loads(watch.stdout.readline())["kind"]
    watch.stdout.close()
    home.run("send", "main", "something to watch")
    assert watch.wait(timeout=60) == 1
    assert watch.stderr.read() == ""
    watch.stderr.close()


def test_a_killed_supervisor_leaves_nothing(tmp_path):
    home = Home(tmp_path / "home")
    try:
        home.up()
        pids = home.pids()
        assert home.process is not None
        home.process.kill()
        until(lambda: not [pid for pid in pids if alive(pid)])
    finally:
        home.clear()
