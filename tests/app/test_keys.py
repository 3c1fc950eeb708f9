import json

import pytest

from app.errors import KeysError
from app.host import keys as keys_module
from app.host.keys import (
    LOCAL,
    OPERATORS_MAX,
    add_operator,
    load_keys,
    read_credentials,
    remove_operator,
    write_credentials,
)
from app.host.private_file import write_private
from app.host.settings import MqttSettings


def test_keys_are_made_once_and_kept_privately(tmp_path):
    path = tmp_path / "state" / "keys.json"
    first = load_keys(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_keys(path) == first
    assert first.device_id.startswith("box-") and len(first.device_id) == 10
    assert len(first.device_key) == len(first.events_key) == 32
    assert load_keys(tmp_path / "other.json").device_key != first.device_key


def test_every_peer_has_a_user_and_a_password_of_its_own(tmp_path):
    keys = load_keys(tmp_path / "keys.json")
    users = keys.mqtt_users()
    assert set(users) == {f"device-{keys.device_id}", "host", "op-local"}
    assert len(set(users.values())) == 3


def test_the_settings_device_id_wins(tmp_path):
    path = tmp_path / "keys.json"
    assert load_keys(path, "desk").device_user == "device-desk"
    assert load_keys(path).device_id != "desk"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_keys_that_others_can_touch_are_refused_with_the_remedy(tmp_path, mode):
    path = tmp_path / "keys.json"
    load_keys(path)
    path.chmod(mode)
    with pytest.raises(KeysError) as caught:
        load_keys(path)
    assert caught.value.remedy == f"chmod 600 {path}"


def test_reprs_show_no_secret(tmp_path):
    path = tmp_path / "keys.json"
    keys = load_keys(path)
    shown = (
        repr(keys) + repr(keys.operator_credentials(LOCAL, MqttSettings())) + repr(keys.login("host", MqttSettings()))
    )
    hidden = [*keys.mqtt_users().values(), keys.device_key.hex(), repr(keys.device_key), repr(keys.events_key)]
    hidden += [repr(key) for key in keys.operator_keys().values()]
    assert not [secret for secret in hidden if secret in shown]
    assert "local" in shown


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"v": 2}', '{"v": 1, "device": {"id": "x", "key": "zz"}}', '{"v": 1}']
)
def test_damaged_keys_are_refused_without_quoting_them(tmp_path, text):
    path = tmp_path / "keys.json"
    write_private(path, text)
    with pytest.raises(KeysError) as caught:
        load_keys(path)
    assert str(path) in caught.value.message
    assert caught.value.remedy
    assert path.read_text() == text


def test_an_operator_can_be_added_and_removed(tmp_path):
    path = tmp_path / "keys.json"
    before = load_keys(path)
    added = add_operator(path, "kitchen")
    assert load_keys(path) == added
    assert set(added.operators) == {"local", "kitchen"}
    assert added.mqtt_users().items() > before.mqtt_users().items()
    assert remove_operator(path, "kitchen") == before == load_keys(path)


def test_attack_an_operator_named_like_the_host_or_the_screen_is_not_let_in(tmp_path):
    path = tmp_path / "keys.json"
    load_keys(path)
    document = json.loads(path.read_text())
    for name in ("host", "screen", "box", "kitchen"):
        document["operators"][name] = document["operators"][LOCAL]
    write_private(path, json.dumps(document))
    assert set(load_keys(path).operators) == {LOCAL, "kitchen"}
    for name in ("host", "screen", "box"):
        with pytest.raises(KeysError, match="own"):
            add_operator(path, name)


@pytest.mark.parametrize("name", ["", "Kitchen", "a/b", "+", "#", "-x", "x" * 33, LOCAL])
def test_an_operator_name_that_cannot_be_is_refused(tmp_path, name):
    with pytest.raises(KeysError):
        add_operator(tmp_path / "keys.json", name)


def test_operators_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(keys_module, "write_private", lambda path, text: path.write_text(text) and path.chmod(0o600))
    path = tmp_path / "keys.json"
    for number in range(OPERATORS_MAX - 1):
        add_operator(path, f"op{number}")
    with pytest.raises(KeysError, match="already 32"):
        add_operator(path, "one-more")


def test_this_machines_own_operator_stays(tmp_path):
    with pytest.raises(KeysError):
        remove_operator(tmp_path / "keys.json", LOCAL)


def test_an_unknown_operator_is_refused(tmp_path):
    keys = load_keys(tmp_path / "keys.json")
    with pytest.raises(KeysError):
        keys.operator_credentials("nobody", MqttSettings())
    with pytest.raises(KeysError):
        keys.login("op-nobody", MqttSettings())
    with pytest.raises(KeysError):
        remove_operator(tmp_path / "keys.json", "nobody")


def test_a_credential_file_round_trips_privately(tmp_path):
    path = tmp_path / "kitchen.json"
    keys = add_operator(tmp_path / "keys.json", "kitchen")
    credentials = keys.operator_credentials("kitchen", MqttSettings(host="192.0.2.7", port=1884))
    write_credentials(path, credentials)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_credentials(path) == credentials
    assert json.loads(path.read_text())["host"] == "192.0.2.7"


@pytest.mark.parametrize("change", [{"key": "no hex"}, {"port": "x"}, {"more": 1}, {"v": 9}, {"host": 3}])
def test_a_damaged_credential_file_is_refused(tmp_path, change):
    path = tmp_path / "kitchen.json"
    write_credentials(path, load_keys(tmp_path / "keys.json").operator_credentials(LOCAL, MqttSettings()))
    write_private(path, json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(KeysError, match=r"kitchen\.json"):
        read_credentials(path)


def test_an_external_broker_without_user_needs_no_password(tmp_path):
    login = load_keys(tmp_path / "keys.json").login("host", MqttSettings(external=True, tls_ca="/ca.pem"))
    assert (login.user, login.password, login.tls_ca) == (None, None, "/ca.pem")


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "keys.json"
    before = load_keys(path)

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("app.host.private_file.os.fsync", full)
    with pytest.raises(OSError):
        add_operator(path, "kitchen")
    assert load_keys(path) == before
    assert [file.name for file in tmp_path.iterdir()] == ["keys.json"]
