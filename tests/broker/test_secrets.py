import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import KeyringLocked, PasswordDeleteError, PasswordSetError

from app.host.keys import load_keys
from app.host.settings import MqttSettings
from broker import secrets
from broker.secrets import MQTT_PASSWORD, SecretError


class FakeKeyring(KeyringBackend):
    """Keeps what it is given; raises `failure` instead when there is one."""

    priority = 1  # pyright: ignore[reportAssignmentType]

    def __init__(self, failure=None):
        super().__init__()
        self.entries = {}
        self.failure = failure

    def get_password(self, service, username):
        self._fail()
        return self.entries.get((service, username))

    def set_password(self, service, username, password):
        self._fail()
        self.entries[service, username] = password

    def delete_password(self, service, username):
        self._fail()
        if (service, username) not in self.entries:
            raise PasswordDeleteError(username)
        del self.entries[service, username]

    def _fail(self):
        if self.failure:
            raise self.failure


@pytest.fixture
def use():
    before = keyring.get_keyring()
    yield lambda backend: keyring.set_keyring(backend) or backend
    keyring.set_keyring(before)


def test_a_secret_is_stored_under_the_service_and_read_back(use):
    backend = use(FakeKeyring())
    assert secrets.get_secret(MQTT_PASSWORD) is None
    secrets.set_secret(MQTT_PASSWORD, "hunter2")
    assert backend.entries == {("barnacle", "mqtt-password"): "hunter2"}
    assert secrets.require_secret(MQTT_PASSWORD) == "hunter2"
    assert secrets.stored_names() == {MQTT_PASSWORD: True}


def test_a_secret_can_be_removed(use):
    use(FakeKeyring())
    secrets.set_secret(MQTT_PASSWORD, "hunter2")
    assert secrets.remove_secret(MQTT_PASSWORD)
    assert not secrets.remove_secret(MQTT_PASSWORD)
    assert secrets.stored_names() == {MQTT_PASSWORD: False}


def test_a_missing_secret_is_asked_for(use):
    use(FakeKeyring())
    with pytest.raises(SecretError) as caught:
        secrets.require_secret(MQTT_PASSWORD)
    assert caught.value.remedy == "run: barnacle secret set mqtt-password"


@pytest.mark.parametrize(
    ("backend", "said"),
    [
        (NoKeyring(), "no usable keyring"),
        (FakeKeyring(KeyringLocked("no")), "locked"),
        (FakeKeyring(PasswordSetError("hunter2 was refused")), "refused"),
    ],
)
def test_an_unusable_keyring_says_what_to_do_and_shows_no_secret(use, backend, said):
    use(backend)
    for action in (lambda: secrets.set_secret(MQTT_PASSWORD, "hunter2"), lambda: secrets.get_secret(MQTT_PASSWORD)):
        with pytest.raises(SecretError) as caught:
            action()
        assert said in caught.value.message
        assert caught.value.remedy
        assert "hunter2" not in caught.value.message + caught.value.remedy


@pytest.mark.parametrize("value", ["", "a\0b", "x" * (secrets.SECRET_BYTES + 1)])
def test_what_a_keyring_cannot_hold_is_refused(use, value):
    backend = use(FakeKeyring())
    with pytest.raises(SecretError):
        secrets.set_secret(MQTT_PASSWORD, value)
    assert not backend.entries


def test_an_unknown_name_is_refused(use):
    use(FakeKeyring())
    with pytest.raises(SecretError, match="no secret named"):
        secrets.set_secret("api-key", "x")


def test_every_peer_uses_the_keyrings_password_at_an_external_broker(use, tmp_path):
    use(FakeKeyring())
    secrets.set_secret(MQTT_PASSWORD, "hunter2")
    keys = load_keys(tmp_path / "keys.json")
    mqtt = MqttSettings(external=True, user="me", host="broker.example")
    assert keys.login("host", mqtt).password == "hunter2"
    credentials = keys.operator_credentials("local", mqtt)
    assert (credentials.user, credentials.password) == ("me", "hunter2")
    assert "hunter2" not in repr(credentials)
