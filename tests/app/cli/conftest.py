import pytest

from app.host.keys import load_keys
from app.host.paths import Paths
from tests.app.cli.fake_host import Command


@pytest.fixture
def barnacle(tmp_path, capsys, monkeypatch):
    """Runs commands in a temporary home in which Barnacle was started before, zone Europe/Berlin."""
    monkeypatch.delenv("BARNACLE_HOME", raising=False)
    monkeypatch.delenv("BARNACLE_DEBUG", raising=False)
    home = tmp_path / "home"
    paths = Paths(home)
    paths.make_folders()
    paths.config.write_text('[time]\nzone = "Europe/Berlin"\n')
    load_keys(paths.keys)
    return Command(home, capsys)
