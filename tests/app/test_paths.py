from app.host.paths import Paths


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
