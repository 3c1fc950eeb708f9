import os
import socket
from pathlib import Path

import pytest

from app.host.paths import SOCKET_PATH_BYTES, Paths, make_private_folder, short_socket


def test_home_folder_holds_settings_and_state(tmp_path, monkeypatch):
    monkeypatch.setenv("BARNACLE_HOME", str(tmp_path / "home"))
    paths = Paths()
    assert paths.config == tmp_path / "home" / "config.toml"
    assert paths.keys == tmp_path / "home" / "keys.json"


def test_an_explicit_home_wins_over_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("BARNACLE_HOME", str(tmp_path / "one"))
    assert Paths(tmp_path / "two").state == tmp_path / "two"


def test_without_a_home_the_platform_folders_are_used(monkeypatch, tmp_path):
    monkeypatch.delenv("BARNACLE_HOME", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    paths = Paths()
    assert paths.config.name == "config.toml" and paths.config_folder.name == "barnacle"
    assert paths.config_folder != paths.state


def test_new_folders_are_closed_to_others(tmp_path):
    paths = Paths(tmp_path / "home")
    paths.make_folders()
    for folder in (paths.state, paths.logs, paths.box):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_a_short_path_is_its_own_socket(tmp_path):
    assert short_socket(Path("/run/b/admin.sock")) == Path("/run/b/admin.sock")
    exact = Path("/" + "x" * (SOCKET_PATH_BYTES - 1))
    assert short_socket(exact) == exact


def test_a_path_that_no_unix_socket_takes_has_a_short_one_in_a_folder_of_this_user(monkeypatch):
    long = Path("/" + "x" * SOCKET_PATH_BYTES)
    other = Path("/" + "y" * SOCKET_PATH_BYTES)
    found = short_socket(long)
    assert found == short_socket(long) != short_socket(other)
    assert found.parent.name == f"barnacle-{os.getuid()}" and len(os.fsencode(found)) <= SOCKET_PATH_BYTES
    umlauts = Path("/" + "ä" * (SOCKET_PATH_BYTES // 2))  # bytes count, not letters
    assert short_socket(umlauts) != umlauts
    with socket.socket(socket.AF_UNIX) as one, pytest.raises(OSError, match="too long"):
        one.bind(str(Path("/tmp") / ("x" * 110)))


def test_a_private_folder_is_made_or_taken_when_it_is_this_users_alone(tmp_path):
    make_private_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
    make_private_folder(tmp_path / "a" / "b")


@pytest.mark.parametrize("mode", [0o701, 0o710, 0o770, 0o777, 0o704])
def test_a_folder_that_others_may_enter_is_refused(tmp_path, mode):
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(PermissionError):
        make_private_folder(folder)


def test_a_link_and_another_users_folder_are_refused(tmp_path, monkeypatch):
    real = tmp_path / "real"
    make_private_folder(real)
    (tmp_path / "link").symlink_to(real)
    with pytest.raises(PermissionError):
        make_private_folder(tmp_path / "link")
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with pytest.raises(PermissionError):
        make_private_folder(real)
