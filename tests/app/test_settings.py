import tomllib
from dataclasses import fields

import pytest

from app.errors import SettingsError
from app.host.settings import Settings, parse_settings, read_settings, write_template
from app.host.settings_template import TEMPLATE

MODELS_BEGIN = "# Language models:"


def refusal(tmp_path, text):
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_settings(path)
    assert str(path) in caught.value.message
    assert caught.value.remedy
    return caught.value


def test_defaults_without_a_file(tmp_path):
    assert read_settings(tmp_path / "absent.toml") == Settings()


def test_values_are_read(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(
        '[box]\nslots = 4\nkind = "board"\n[mqtt]\nport = 1883\nbroker_kind = "amqtt"\n[time]\nzone = "Asia/Tokyo"\n'
    )
    settings = read_settings(path)
    assert (settings.box.slots, settings.box.kind, settings.mqtt.port) == (4, "board", 1883)
    assert settings.mqtt.broker_kind == "amqtt"
    assert settings.zone == "Asia/Tokyo"


def test_a_zone_is_always_there():
    assert Settings().zone


@pytest.mark.parametrize(
    ("text", "named", "remedy"),
    [
        ("[bocks]\n", "bocks", "box"),
        ("[box]\nslot = 1\n", "slot", "slots"),
        ('[box]\nslots = "2"\n', "box.slots", "slots = 2"),
        ("[box]\nslots = true\n", "box.slots", "slots = 2"),
        ("[box]\nslots = 0\n", "box.slots", "1 to 8"),
        ("[box]\nslots = 9\n", "box.slots", "1 to 8"),
        ('[box]\nkind = "toaster"\n', "box.kind", "desktop"),
        ("[box]\nkind = 1\n", "box.kind", 'kind = "simulator"'),
        ("[box]\nsimulator = true\n", "box.simulator is no longer a setting", 'kind = "simulator"'),
        ('[box]\nid = "a/b"\n', "box.id", "letters"),
        ('[dashboard]\ndensity = "tiny"\n', "dashboard.density", "compact"),
        ('[dashboard]\nkeys = "x"\n', "dashboard.keys", "keys = {}"),
        ("[dashboard.keys]\nquit = 1\n", "dashboard.keys.quit", "quit"),
        ('[box]\nassistant = " "\n', "box.assistant", "name"),
        ("[box]\nheap_bytes = 1\n", "box.heap_bytes", "from"),
        ("[mqtt]\nport = 70000\n", "mqtt.port", "65535"),
        ('[mqtt]\nbroker_kind = "emqx"\n', "mqtt.broker_kind", "mosquitto"),
        ('[mqtt]\nhost = ""\n', "mqtt.host", "127.0.0.1"),
        ('[time]\nzone = "Mars/Base"\n', "time.zone", "IANA"),
        ("[logs]\nkeep = 0\n", "logs.keep", "from 1"),
        ("[logs]\nmax_bytes = 1\n", "logs.max_bytes", "from"),
        ("box = 3\n", "box must be a section", "[box]"),
        ("[box\n", "not valid TOML", "line"),
    ],
)
def test_what_cannot_be_is_refused_with_file_key_and_remedy(tmp_path, text, named, remedy):
    error = refusal(tmp_path, text)
    assert named in error.message
    assert remedy in error.remedy


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="cannot read"):
        read_settings(path)


def test_template_is_written_once_and_means_the_defaults(tmp_path):
    path = tmp_path / "new" / "config.toml"
    assert write_template(path)
    assert read_settings(path) == Settings()
    path.write_text("[box]\nslots = 3\n")
    assert not write_template(path)
    assert read_settings(path).box.slots == 3


def test_template_shows_every_key_with_its_default(tmp_path):
    defaults_shown, _ = TEMPLATE.split(MODELS_BEGIN)
    lines = [line.removeprefix("# ") for line in defaults_shown.splitlines()[1:]]
    document = tomllib.loads("\n".join(lines))
    assert parse_settings(document, tmp_path) == Settings()
    for section in fields(Settings):
        if section.name == "models":
            continue
        defaults = getattr(Settings(), section.name)
        assert set(document[section.name]) == {item.name for item in fields(defaults)}


def test_template_shows_a_model_that_can_be_had_by_removing_the_marks(tmp_path):
    _, example = TEMPLATE.split(MODELS_BEGIN)
    lines = [line.removeprefix("#").removeprefix(" ") for line in example.splitlines()]
    text = "\n".join(lines[lines.index("[models.claude]") :])
    settings = parse_settings(tomllib.loads(text), tmp_path)
    assert [model.name for model in settings.models.order("main")] == ["claude"]
    assert [model.name for model in settings.models.order("family")] == ["claude"]
