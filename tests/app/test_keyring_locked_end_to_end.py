"""A keyring that is locked while everything runs, with a real Secret Service and a model that needs a credential."""

import json
import sys
from pathlib import Path

from tests.broker.test_keyring_for_real import UNLOCKED, in_session


def test_a_keyring_locked_in_mid_run_is_told_in_the_chat_and_the_model_is_back_once_there_is_an_unlocked_one(
    tmp_path: Path,
) -> None:
    script = UNLOCKED + f"{sys.executable} -m tests.app.keyring_session {tmp_path / 'home'}"
    done = in_session(script, tmp_path)
    assert done.returncode == 0, done.stderr
    story = json.loads(done.stdout.splitlines()[-1])
    assert story["asked"] == 2, "nothing went out while it was locked"
    assert "locked" in story["locked"]
    assert "keyring" in story["status"] and "locked" in story["status"]
