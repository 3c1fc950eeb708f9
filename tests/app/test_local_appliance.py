"""This machine's appliance from outside: started on its own, found, stopped; what cannot start says why."""

import socket

import pytest

from app.errors import SettingsError
from app.host.local_appliance import LocalAppliance, NotRunningError
from app.host.paths import Paths
from app.host.settings import read_settings
from tests.app.processes import until


@pytest.fixture
def appliance(tmp_path):
    one = LocalAppliance(Paths(tmp_path / "home"))
    one.paths.make_folders()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        one.paths.config.write_text(f'[mqtt]\nport = {probe.getsockname()[1]}\n[box]\nkind = "desktop"\n')
    yield one
    if one.pid is not None:
        one.stop()


def test_it_is_started_found_and_stopped(appliance):
    with pytest.raises(NotRunningError, match="nothing runs"):
        appliance.credentials()
    assert isinstance(appliance.problem(), NotRunningError)
    appliance.start()
    until(lambda: appliance.pid and "ready in" in appliance.log.read_text())
    assert appliance.credentials().port == read_settings(appliance.paths.config).mqtt.port
    assert appliance.problem() is None
    assert not appliance.is_parent
    assert appliance.failure() is None
    assert appliance.log.stat().st_mode & 0o777 == 0o600
    other = LocalAppliance(appliance.paths)  # another dashboard
    assert other.stop() > 0
    until(lambda: appliance.pid is None)
    with pytest.raises(NotRunningError):
        appliance.credentials()
    process = appliance._process  # pyright: ignore[reportPrivateUsage]
    until(lambda: process.poll() is not None)
    assert appliance.failure() is None


def test_a_start_that_fails_says_why(appliance):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", read_settings(appliance.paths.config).mqtt.port))
        taken.listen()
        appliance.start()
        found = []
        until(lambda: found.append(appliance.failure()) or found[-1])
    assert str(read_settings(appliance.paths.config).mqtt.port) in found[-1].message


def test_settings_that_cannot_be_read_are_the_problem_and_nothing_is_new_then(appliance):
    appliance.paths.config.write_text("[box\n")
    assert isinstance(appliance.problem(), SettingsError)
    assert not appliance.is_new
    with pytest.raises(SettingsError):
        appliance.credentials()


async def test_what_was_chosen_is_written_and_asked_no_more(tmp_path):
    appliance = LocalAppliance(Paths(tmp_path / "fresh"))
    assert appliance.is_new
    await appliance.set_up("desktop", "ollama", "llama3.2:3b")
    settings = read_settings(appliance.paths.config)
    assert (settings.box.kind, settings.models.models["ollama"].model) == ("desktop", "llama3.2:3b")
    assert not appliance.is_new
    await appliance.set_up("simulator", "ollama")  # there already
    assert read_settings(appliance.paths.config).box.kind == appliance.box == "simulator"
    appliance.reload()  # nothing runs: nothing to tell
