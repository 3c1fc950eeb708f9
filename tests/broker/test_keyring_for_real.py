"""A real Secret Service: unlocked, locked, with nothing behind it, and no session bus at all."""

import json
import os
import subprocess
import sys

import pytest

from tests.broker.broker_process import REPOSITORY

CANARY = "canary-7f3a9c41e2b8d605"
PROBE = "import json; from broker.keyring_probe import probe; print(json.dumps(probe()))"
UNLOCKED = "printf 'pass phrase' | gnome-keyring-daemon --unlock --components=secrets > /dev/null 2>&1\n"
LOCKED = (
    UNLOCKED
    + "printf x | {python} -c \"import keyring; keyring.set_password('a', 'b', 'c')\"\n"
    + "dbus-send --session --print-reply --dest=org.freedesktop.secrets /org/freedesktop/secrets"
    + " org.freedesktop.Secret.Service.Lock array:objpath:/org/freedesktop/secrets/collection/login > /dev/null\n"
)
SESSION = """\
set -eu
barnacle() {{ {python} -m app.cli.main "$@"; }}
printf '%s\\n' {canary} | barnacle secret set my-server --host 127.0.0.1:9 --scheme http --header x-key
barnacle secret list
barnacle secret list --json
{python} -c "{probe}"
barnacle secret remove my-server
if barnacle secret remove my-server; then exit 9; fi
"""


def in_session(script, tmp_path, session=True):
    wrapped = ["dbus-run-session", "--"] if session else []
    environment = {"HOME": str(tmp_path), "BARNACLE_HOME": str(tmp_path / "home"), "LANG": "C.UTF-8"}
    environment["PATH"] = "/usr/local/bin:/usr/bin:/bin"
    return subprocess.run(
        [*wrapped, "bash", "-c", script],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=100,
        env=environment,
    )


def state(script, tmp_path, session=True):
    done = in_session(script + f'{sys.executable} -c "{PROBE}"', tmp_path, session)
    assert done.returncode == 0, done.stderr
    found, message, remedy = json.loads(done.stdout.splitlines()[-1])
    assert message and (remedy or found == "ready")
    return found


def test_credentials_live_in_a_real_secret_service_and_in_no_file(tmp_path):
    script = SESSION.format(python=sys.executable, canary=CANARY, probe=PROBE)
    done = in_session(UNLOCKED + script, tmp_path)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "my-server stored in the keyring for http://127.0.0.1:9" in said and '["ready"' in said
    assert '"stored": true' in said and "the keyring holds no my-server" in said
    assert CANARY not in said
    held = [path for path in tmp_path.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
    assert held == []


@pytest.mark.parametrize(
    ("script", "session", "found"),
    [
        (UNLOCKED, True, {"ready"}),
        (LOCKED, True, {"locked"}),
        ("", False, {"no_bus"}),
        ("", True, {"none", "promptless", "locked"}),
    ],
    ids=["unlocked", "locked", "no session bus", "nothing unlocked"],
)
def test_the_probe_tells_how_the_keyring_is(script, session, found, tmp_path):
    assert state(script.format(python=sys.executable), tmp_path, session) in found


def test_a_secret_on_the_command_line_is_refused(tmp_path):
    argv = [sys.executable, "-m", "app.cli.main", "secret", "set", "my-server", CANARY, "--host", "x.example"]
    done = subprocess.run(argv, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, env=dict(os.environ))
    assert done.returncode == 2


def test_a_credential_is_injected_at_its_own_host_only_redacted_in_answers_and_void_when_rotated(tmp_path):
    script = UNLOCKED + f"{sys.executable} -m tests.broker.credential_session {tmp_path / 'home'}"
    done = in_session(script, tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["ready"] and result["injected"] and result["stopped"] == 0
    assert result["echoed"] == "I know [redacted]"
    assert result["tested"].startswith("my-server: good")
    assert result["after"].startswith("lease_expired") and "changed" in result["after"]
    assert result["elsewhere"] == "bad_binding"
    records = "".join(path.read_text() for path in (tmp_path / "home" / "audit").glob("audit-*.log"))
    assert (
        records.count('"secret.set"') == 2 and records.count("noted before this start") == 1
    )  # then, and while it ran
    assert '"purpose":"check"' in records
    assert CANARY not in done.stdout + done.stderr
    held = [path for path in tmp_path.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
    assert held == []
