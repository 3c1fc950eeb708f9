"""A model's key goes into the keyring, bound to its service, and into nothing that anybody reads."""

import keyring
import pytest

from app.errors import ProblemError
from app.host.key_entry import keep_key
from app.host.local_appliance import LocalAppliance
from app.host.paths import Paths
from tests.broker.test_secrets import FakeKeyring

VALUE = "sk-not-a-real-key-0123456789"  # obviously fake


@pytest.fixture
def ring():
    before = keyring.get_keyring()
    backend = FakeKeyring()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


def everything_in(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_a_key_is_in_the_keyring_with_its_service_and_in_no_file(tmp_path, ring):
    appliance = LocalAppliance(Paths(tmp_path))
    await appliance.set_up("desktop", "anthropic", "", VALUE)
    (entry,) = (text for (_, name), text in ring.entries.items() if name.endswith("anthropic-api-key"))
    assert VALUE in entry and "api.anthropic.com" in entry
    assert VALUE.encode() not in everything_in(tmp_path)
    assert b"[models.claude]" in everything_in(tmp_path)


@pytest.mark.parametrize("value", ["", "two\nlines", "x" * 5000])
async def test_what_cannot_be_a_key_is_refused_without_being_quoted(tmp_path, ring, value):
    with pytest.raises(ProblemError) as refused:
        await keep_key(Paths(tmp_path), "openai-api-key", value)
    assert not value or value not in refused.value.message + refused.value.remedy
    assert not ring.entries


async def test_without_a_keyring_nothing_is_written_and_the_reason_is_told(tmp_path, ring):
    ring.failure = RuntimeError(VALUE)
    appliance = LocalAppliance(Paths(tmp_path))
    with pytest.raises(ProblemError) as refused:
        await appliance.set_up("desktop", "anthropic", "", VALUE)
    assert VALUE not in refused.value.message + refused.value.remedy
    assert appliance.is_new
