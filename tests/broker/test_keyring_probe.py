"""Every way a keyring can be, with back-ends that are so; the real ones are in test_keyring_for_real.py."""

import threading

import keyring
import pytest
from keyring.backends.chainer import ChainerBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.backends.null import Keyring as NullKeyring
from keyring.errors import KeyringLocked, PasswordDeleteError, PasswordSetError

from broker import keyring_probe, limits
from broker.index import Index
from broker.keyring_probe import TooSlowError, probe, within
from broker.sealed_file import SealedFile, Strength
from broker.sealed_keyring import SealedKeyring, use_file
from broker.secret import Secret
from broker.vault import Vault
from tests.broker.test_secrets import FakeKeyring

GOOD = Secret("correct horse battery")


@pytest.fixture
def use(monkeypatch):
    """Puts a back-end in the keyring's place; without a bus nothing else comes up by itself."""
    monkeypatch.setattr(keyring_probe, "_look_again", lambda: None)
    before = keyring.get_keyring()
    yield lambda backend: keyring.set_keyring(backend) or backend
    keyring.set_keyring(before)


class PlaintextKeyring(FakeKeyring):
    """As keyrings.alt.file.PlaintextKeyring is called."""


class AltKeyring(FakeKeyring):
    """Some back-end of keyrings.alt."""


AltKeyring.__module__ = "keyrings.alt.file"


class Forgetful(FakeKeyring):
    def get_password(self, service, username):
        return None


class Wrong(FakeKeyring):
    def get_password(self, service, username):
        return "another value"


class Undeletable(FakeKeyring):
    def delete_password(self, service, username):
        raise PasswordDeleteError("canary-7f3a9c41e2b8d605")


class Silent(FakeKeyring):
    """Waits for a prompt that nobody sees."""

    def __init__(self):
        super().__init__()
        self.answer = threading.Event()

    def set_password(self, service, username, password):
        self.answer.wait(60)


def chained(*members):
    chain = ChainerBackend.__new__(ChainerBackend)
    object.__setattr__(chain, "_members", members)
    return chain


@pytest.fixture
def chain(monkeypatch):
    """A chainer with these members, as keyring makes one when there are several back-ends."""
    monkeypatch.setattr(ChainerBackend, "backends", property(lambda self: list(self._members)), raising=True)
    return chained


@pytest.mark.parametrize(
    ("backend", "found"),
    [
        (FakeKeyring(), "ready"),
        (NullKeyring(), "null"),
        (PlaintextKeyring(), "plain"),
        (AltKeyring(), "plain"),
        (Forgetful(), "null"),
        (Wrong(), "null"),
        (FakeKeyring(KeyringLocked("canary-7f3a9c41e2b8d605")), "refused"),
        (FakeKeyring(PasswordSetError("canary-7f3a9c41e2b8d605")), "refused"),
        (FakeKeyring(RuntimeError("canary-7f3a9c41e2b8d605")), "refused"),
        (Undeletable(), "refused"),
    ],
    ids=["ready", "null", "plain", "keyrings.alt", "forgets", "lies", "locked", "refuses", "breaks", "undeletable"],
)
def test_a_keyring_is_told_by_what_it_does(use, backend, found):
    use(backend)
    state = probe()
    assert state.state == found and state.ready == (found == "ready")
    assert state.message and (state.remedy or state.ready)
    assert "canary" not in state.message + state.remedy


def test_the_probe_leaves_nothing_behind(use):
    backend = use(FakeKeyring())
    assert probe().ready and backend.entries == {}


@pytest.mark.parametrize(("bus", "found"), [("", "no_bus"), ("unix:path=/nowhere", "none")])
def test_no_keyring_at_all_says_whether_there_is_a_bus(use, monkeypatch, bus, found):
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus)
    use(NoKeyring())
    assert probe().state == found


@pytest.mark.parametrize(
    ("member", "found"), [(NullKeyring(), "null"), (PlaintextKeyring(), "plain"), (AltKeyring(), "plain")]
)
def test_a_chain_with_an_unfit_member_is_unfit(use, chain, member, found):
    use(chain(FakeKeyring(), member))
    assert probe().state == found
    use(chain(FakeKeyring(), FakeKeyring()))
    assert keyring_probe._unfit(keyring.get_keyring()) is None


def test_a_service_that_never_answers_costs_only_the_time_out(use):
    backend = use(Silent())
    try:
        state = probe(timeout_ms=50)
    finally:
        backend.answer.set()
    assert state.state == "silent" and "does not answer" in state.message and not state.ready
    assert limits.KEYRING_TIMEOUT_MS <= 5_000


def test_work_that_takes_too_long_is_left_and_other_errors_come_through():
    hold = threading.Event()
    with pytest.raises(TooSlowError):
        within(lambda: hold.wait(60), 20)
    hold.set()
    with pytest.raises(ZeroDivisionError):
        within(lambda: 1 // 0)
    assert within(lambda: None) is None


async def test_a_keyring_that_was_unlocked_meanwhile_is_found_at_a_bounded_pace(use, tmp_path, monkeypatch):
    backend = use(FakeKeyring(KeyringLocked("no")))
    vault = Vault(Index(tmp_path / "credentials.json"))
    assert not (await vault.probe_again(now=True)).ready
    backend.failure = None
    assert not (await vault.probe_again()).ready  # not so soon again
    monkeypatch.setattr(limits, "KEYRING_AGAIN_MS", 0)
    assert (await vault.probe_again()).ready


def test_the_encrypted_file_is_missing_locked_open_or_damaged(use, tmp_path):
    use(FakeKeyring())
    backend = use_file(tmp_path / "secrets.enc")
    assert probe().state == "no_file" and "secret backend file" in probe().remedy
    backend.create(GOOD)
    assert probe().ready
    again = use_file(tmp_path / "secrets.enc")
    assert probe().state == "locked_file" and "secret unlock" in probe().remedy
    again.unlock(GOOD)
    assert probe().ready and again.names() == []
    (tmp_path / "secrets.enc").write_bytes(b"x" * 100)
    assert probe().state == "damaged_file"


def test_the_encrypted_file_is_never_found_by_looking_around():
    assert not SealedKeyring.viable
    assert FakeKeyring.viable


def test_the_encrypted_file_keeps_entries_of_barnacle_only(tmp_path):
    backend = SealedKeyring(SealedFile(tmp_path / "secrets.enc", Strength(14, 8, 1)))
    backend.create(GOOD)
    backend.set_password("barnacle", "a", "1")
    assert backend.get_password("barnacle", "a") == "1" and backend.get_password("other", "a") is None
    with pytest.raises(Exception, match="Barnacle's entries only"):
        backend.set_password("other", "a", "2")
    backend.delete_password("barnacle", "a")
    with pytest.raises(PasswordDeleteError):
        backend.delete_password("barnacle", "a")
