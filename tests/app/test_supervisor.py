import os
import signal
import socket
import subprocess
import sys

import pytest

from app.errors import SupervisorError
from app.host.instance import (
    AlreadyRunningError,
    InstanceLock,
    last_runtime,
    read_runtime,
    running_pid,
    stop_running,
    tell,
    write_runtime,
)
from app.host.listen_port import check_port_free
from app.host.paths import REPOSITORY, Paths
from app.host.supervisor import RELOAD
from tests.app.processes import alive, until


class Appliance:
    def __init__(self, home, *mode):
        self.paths = Paths(home)
        self.paths.make_folders()
        argv = [sys.executable, "-m", "tests.app.fake_appliance", str(home), *mode]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(argv, cwd=REPOSITORY, stdout=pipe, stderr=pipe, text=True)

    def children(self):
        report = last_runtime(self.paths) or {"children": []}
        return {child["name"]: child for child in report["children"]}

    def pids(self):
        return [child["pid"] for child in self.children().values()]

    def until_ready(self):
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("ready in "), self.process.communicate()
        return line

    def end(self, timeout_s=20):
        out, err = self.process.communicate(timeout=timeout_s)
        return self.process.returncode, out, err

    def clear(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@pytest.fixture
def start(tmp_path):
    started = []

    def begin(*mode):
        started.append(Appliance(tmp_path / "home", *mode))
        return started[-1]

    yield begin
    for appliance in started:
        appliance.clear()


def test_everything_starts_is_published_and_stops_in_order(start):
    appliance = start()
    appliance.until_ready()
    assert appliance.process.stdout.readline() == "all is well\n"
    report = read_runtime(appliance.paths)
    assert report is not None
    assert report["pid"] == appliance.process.pid and report["ready_ms"] > 0 and report["device"] == "box-1"
    assert appliance.paths.runtime.stat().st_mode & 0o777 == 0o600
    assert {name: child["state"] for name, child in appliance.children().items()} == dict.fromkeys(
        ("broker", "host", "box"), "running"
    )
    pids = appliance.pids()
    appliance.process.terminate()
    assert appliance.end()[0] == 0
    assert not [pid for pid in pids if alive(pid)]
    assert not appliance.paths.runtime.exists()


def test_ctrl_c_stops_everything(start):
    appliance = start()
    appliance.until_ready()
    pids = appliance.pids()
    appliance.process.send_signal(signal.SIGINT)
    assert appliance.end()[0] == 0
    assert not [pid for pid in pids if alive(pid)]


def test_a_part_that_dies_comes_back_and_is_counted(start):
    appliance = start()
    appliance.until_ready()
    before = appliance.children()
    os.kill(before["host"]["pid"], signal.SIGKILL)
    until(lambda: appliance.children()["host"]["restarts"] == 1 and appliance.children()["host"]["state"] == "running")
    after = appliance.children()
    assert after["host"]["pid"] != before["host"]["pid"]
    assert after["host"]["last_exit"] == -9
    assert after["box"] == before["box"]


def test_a_report_that_cannot_be_written_stops_nothing(start):
    appliance = start()
    appliance.until_ready()
    pid = appliance.children()["host"]["pid"]
    runtime = appliance.paths.runtime
    runtime.unlink()
    runtime.mkdir()  # nothing can be published now
    os.kill(pid, signal.SIGKILL)
    log = appliance.paths.logs / "host.log"
    until(lambda: log.read_text().count("ready") == 2, 10)
    runtime.rmdir()
    appliance.process.send_signal(signal.SIGTERM)
    assert appliance.end()[0] == 0


def test_a_killed_supervisor_leaves_no_process(start):
    appliance = start()
    appliance.until_ready()
    pids = appliance.pids()
    assert len(pids) == 3
    appliance.process.kill()
    until(lambda: not [pid for pid in pids if alive(pid)])
    until(lambda: read_runtime(appliance.paths) is None)


def test_a_home_left_by_a_killed_supervisor_can_be_used_again(start):
    first = start()
    first.until_ready()
    first.process.kill()
    first.process.wait()
    until(lambda: running_pid(first.paths) is None)
    second = start()
    second.until_ready()
    assert running_pid(second.paths) == second.process.pid


def test_a_second_instance_is_refused(start):
    first = start()
    first.until_ready()
    code, _, errors = start().end()
    assert code == 1
    assert f"already running (pid {first.process.pid})" in errors and "barnacle tui" in errors


def test_a_part_that_cannot_start_ends_it_all_with_the_reason(start):
    appliance = start("broken")
    code, out, errors = appliance.end()
    assert code == 1 and "ready" not in out
    assert "the box ended with code 1: no heap" in errors and "box.log" in errors
    assert running_pid(appliance.paths) is None


def test_the_end_of_the_dashboard_ends_everything(start):
    appliance = start("dashboard")
    code, out, _ = appliance.end()
    assert (code, out) == (0, "")
    assert not appliance.paths.runtime.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_being_told_to_stop_closes_an_open_dashboard(start, number):
    appliance = start("stays")
    until(lambda: len([pid for pid in appliance.pids() if pid and alive(pid)]) == 3)
    pids = appliance.pids()
    appliance.process.send_signal(number)
    assert appliance.end()[0] == 0
    assert not [pid for pid in pids if alive(pid)]


def test_changed_keys_restart_what_reads_them(start):
    appliance = start()
    appliance.until_ready()
    tell(appliance.paths, RELOAD)
    until(lambda: all(appliance.children()[name]["restarts"] == 1 for name in ("broker", "host")))
    assert appliance.children()["box"]["restarts"] == 0
    assert len((appliance.paths.state / "prepared").read_text().splitlines()) == 2


def test_down_stops_a_running_instance_and_waits_for_its_end(start):
    appliance = start()
    appliance.until_ready()
    assert stop_running(appliance.paths, timeout_s=20) == appliance.process.pid
    assert running_pid(appliance.paths) is None
    assert appliance.end()[0] == 0


def test_down_without_an_instance_is_an_error(tmp_path):
    with pytest.raises(SupervisorError, match="not running"):
        stop_running(Paths(tmp_path), timeout_s=1)


def test_the_lock_names_its_holder_and_goes_with_it(tmp_path):
    paths = Paths(tmp_path)
    with InstanceLock(paths.lock):
        assert running_pid(paths) == os.getpid()
        with pytest.raises(AlreadyRunningError) as caught, InstanceLock(paths.lock):
            pass
        assert caught.value.pid == os.getpid()
    assert running_pid(paths) is None


def test_a_stale_or_damaged_runtime_file_says_nothing(tmp_path):
    paths = Paths(tmp_path)
    write_runtime(paths, {"pid": 1})
    assert read_runtime(paths) is None
    paths.runtime.write_text("{")
    assert last_runtime(paths) is None


def test_a_taken_port_is_named_with_the_remedy():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SupervisorError) as caught:
            check_port_free("127.0.0.1", port, "config.toml")
    assert f"port {port}" in caught.value.message and "config.toml" in caught.value.remedy
    check_port_free("127.0.0.1", port, "config.toml")


def test_an_address_of_another_machine_is_named():
    with pytest.raises(SupervisorError, match=r"192\.0\.2\.1"):
        check_port_free("192.0.2.1", 1883, "config.toml")
