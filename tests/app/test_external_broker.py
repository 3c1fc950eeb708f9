"""A broker of the user's own: TLS with their CA, the password in a real Secret Service, no broker of ours started."""

import base64
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.host.mqtt_users import password_file
from app.host.paths import REPOSITORY
from tests.app.bus_rig import free_port
from tests.app.certificates import Authority

PASSWORD = "canary-7f3a9c41e2b8"
MOSQUITTO = """\
listener {port} 127.0.0.1
cafile {ca}
certfile {server}
keyfile {key}
allow_anonymous false
password_file {passwords}
user {user}
"""
SESSION = """\
set -eu
printf 'pass phrase of the test' | gnome-keyring-daemon --unlock --components=secrets > /dev/null 2>&1
barnacle() {{ {python} -m app.cli.main "$@"; }}
if barnacle up --headless; then echo "started without a password"; exit 1; fi
printf '%s\\n' {password} | barnacle secret set mqtt-password
barnacle secret list
barnacle up --headless > {home}/up.log 2>&1 &
up=$!
trap 'barnacle down; wait $up' EXIT
for _ in $(seq 200); do grep -q '^ready in' {home}/up.log && break; kill -0 $up; sleep 0.1; done
barnacle send main 'what time is it?' --wait 10
barnacle status
"""


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """Mosquitto with TLS and one user, as a user would run it; (port, CA file)."""
    mosquitto = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    authority, port = Authority(tmp_path, "own"), free_port()
    certificate, key = authority.server("localhost")
    passwords = tmp_path / "passwords"
    passwords.write_text(password_file({"home": PASSWORD}))
    passwords.chmod(0o600)
    user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    config = tmp_path / "mosquitto.conf"
    config.write_text(
        MOSQUITTO.format(port=port, ca=authority.file, server=certificate, key=key, passwords=passwords, user=user)
    )
    process = subprocess.Popen([mosquitto, "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port, process)
        yield port, authority.file
    finally:
        process.terminate()
        process.wait(10)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError("Mosquitto did not start")


def test_password_from_the_secret_service_and_pinned_ca_reach_the_users_own_broker(
    tmp_path: Path, own_broker: tuple[int, Path]
) -> None:
    port, ca = own_broker
    home = tmp_path / "home"
    home.mkdir()
    (home / "config.toml").write_text(
        f'[mqtt]\nexternal = true\nhost = "localhost"\nport = {port}\nuser = "home"\ntls_ca = "{ca}"\n'
    )
    script = SESSION.format(python=sys.executable, home=home, password=PASSWORD)
    done = subprocess.run(
        ["dbus-run-session", "--", "bash", "-c", script],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=100,
        env={
            "BARNACLE_HOME": str(home),
            "HOME": str(tmp_path),
            "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin",
            "LANG": "C.UTF-8",
        },
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "run: barnacle secret set mqtt-password" in done.stderr  # the first start, without a password
    assert "mqtt-password  stored" in done.stdout
    assert "It is " in done.stdout
    assert f"external at localhost:{port}" in done.stdout
    assert PASSWORD not in said
    assert files_that_hold(PASSWORD, tmp_path) == {"provision.json"}  # what the simulated box needs to connect


def files_that_hold(secret: str, folder: Path) -> set[str]:
    """Names of the files in which the secret stands plainly, in base64 or in hex."""
    forms = [secret.encode(), base64.b64encode(secret.encode()).rstrip(b"="), secret.encode().hex().encode()]
    return {
        path.name for path in folder.rglob("*") if path.is_file() and any(form in path.read_bytes() for form in forms)
    }
