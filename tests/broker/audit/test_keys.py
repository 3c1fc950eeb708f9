"""Where the audit key is, and that the chain survives its move into the keyring."""

from pathlib import Path

import pytest
from keyring.errors import KeyringLocked

from broker.audit import keys
from broker.audit.folder import UnsafePathError
from broker.audit.record import key_id
from broker.audit.verify import verify_folder
from broker.audit.writer import ChainWriter


class Ring:
    def __init__(self) -> None:
        self.held: str | None = None

    def read(self) -> str | None:
        return self.held

    def write(self, text: str) -> None:
        self.held = text


def test_without_a_keyring_the_key_is_a_private_file_made_once(tmp_path: Path) -> None:
    made = keys.open_keys(tmp_path, usable=False)
    assert made.source == "file" and len(made.current) == 32
    assert (tmp_path / keys.FILE).stat().st_mode & 0o777 == 0o600
    assert keys.open_keys(tmp_path, usable=False) == made
    assert made.current.hex() not in repr(made)


def test_with_a_keyring_the_key_is_there_and_in_no_file(tmp_path: Path) -> None:
    ring = Ring()
    made = keys.open_keys(tmp_path, True, ring.read, ring.write)
    assert made.source == "keyring" and ring.held == made.current.hex()
    assert keys.open_keys(tmp_path, True, ring.read, ring.write) == made
    assert list(tmp_path.iterdir()) == []
    assert keys.keys_at_hand(tmp_path, ring.read) == {key_id(made.current): made.current}


def test_a_keyring_that_is_locked_after_all_is_not_written_over(tmp_path: Path) -> None:
    def locked() -> str | None:
        raise KeyringLocked

    written: list[str] = []
    made = keys.open_keys(tmp_path, True, locked, written.append)
    assert made.source == "file" and written == []


def test_a_chain_begun_with_the_file_goes_on_with_the_keyring_and_is_whole(tmp_path: Path) -> None:
    ring = Ring()
    before = keys.open_keys(tmp_path, usable=False)
    after = keys.open_keys(tmp_path, True, ring.read, ring.write)
    assert after.older == (before.current,)
    for made in (before, after):
        writer = ChainWriter(tmp_path / "audit", made.current, older_keys=made.older)
        writer.open()
        writer.append([{"what": made.source}])
        writer.close()
    report = verify_folder(tmp_path / "audit", keys.keys_at_hand(tmp_path, ring.read))
    assert report.ok and report.keyed == "all" and report.files == 2


@pytest.mark.parametrize("how", ["open", "link", "damaged"])
def test_a_key_file_that_others_may_touch_or_that_holds_none_is_refused(tmp_path: Path, how: str) -> None:
    keys.open_keys(tmp_path, usable=False)
    path = tmp_path / keys.FILE
    if how == "open":
        path.chmod(0o644)
    elif how == "link":
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
    else:
        path.write_text("x")
    with pytest.raises(UnsafePathError):
        keys.open_keys(tmp_path, usable=False)
