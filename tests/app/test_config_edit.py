"""config.toml is changed at one place only, and never into something that cannot be read."""

import pytest

from app.errors import SettingsError, UsageError
from app.host.config_edit import add_model, set_box_kind
from app.host.model_presets import PRESETS
from app.host.settings import read_settings
from app.host.settings_template import TEMPLATE


def test_the_box_of_a_fresh_home_is_chosen_in_the_line_that_shows_the_default(tmp_path):
    path = tmp_path / "new" / "config.toml"
    assert set_box_kind(path, "desktop").box.kind == "desktop"
    assert read_settings(path).box.kind == "desktop"
    changed = [
        pair for pair in zip(TEMPLATE.splitlines(), path.read_text().splitlines(), strict=True) if len({*pair}) > 1
    ]
    assert [old[:8] for old, _ in changed] == ["# kind ="]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '\n[box]\nkind = "board"\n'),
        ('[box]\nkind = "desktop" # mine\nslots = 3\n', '[box]\nkind = "board" # mine\nslots = 3\n'),
        ("[box]  # here\nslots = 3", '[box]  # here\nkind = "board"\nslots = 3\n'),
        (
            '[mqtt]\nbroker_kind = "amqtt"\n[box]\n[time]\nzone = "UTC"\n',
            '[mqtt]\nbroker_kind = "amqtt"\n[box]\nkind = "board"\n[time]\nzone = "UTC"\n',
        ),
        ('# kind = "a"\n[box]\n# kind = "x"\n', '# kind = "a"\n[box]\nkind = "board"\n'),
    ],
)
def test_everything_else_stays_as_its_owner_wrote_it(tmp_path, before, after):
    path = tmp_path / "config.toml"
    path.write_text(before)
    path.chmod(0o640)
    set_box_kind(path, "board")
    assert path.read_text() == after
    assert path.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in tmp_path.iterdir()] == ["config.toml"]


@pytest.mark.parametrize("before", ["[box\n", '[box]\nkind = 7\nnonsense = "x"\n', "box = { slots = 1 }\n"])
def test_a_file_that_would_not_read_back_is_left_alone(tmp_path, before):
    path = tmp_path / "config.toml"
    path.write_text(before)
    with pytest.raises(SettingsError):
        set_box_kind(path, "desktop")
    assert path.read_text() == before


def test_an_unknown_kind_is_refused(tmp_path):
    with pytest.raises(SettingsError, match=r"box\.kind"):
        set_box_kind(tmp_path / "config.toml", 'x"\nid = "y')


@pytest.mark.parametrize("kind", PRESETS)
def test_every_preset_can_be_added_once(tmp_path, kind):
    path = tmp_path / "config.toml"
    preset = PRESETS[kind]
    assert add_model(path, preset, model="m-1").models.models[preset.name].model == "m-1"
    assert read_settings(path).models.default == (preset.name,)
    with pytest.raises(UsageError, match="already"):
        add_model(path, preset)
    assert add_model(path, preset, name="other").models.default == (preset.name, "other")
