import asyncio
import os
import signal
import socket
import stat
import sys
from pathlib import Path

import pytest

from app.errors import SupervisorError
from app.host import limits, mqtt_broker
from app.host.bridge import Bridge, Message
from app.host.mqtt_broker import MqttBroker
from app.host.mqtt_users import (
    acl_file,
    covers,
    hash_password,
    password_file,
    password_fits,
    read_password_file,
    rights,
)
from tests.app.bus_rig import DEVICE, TOPIC, USERS, BoxEnd, HostEnd, broker, free_port, until

KINDS = pytest.mark.parametrize("kind", ["mosquitto", "amqtt"])


@KINDS
async def test_start_waits_until_the_port_answers_and_stop_ends_the_process(tmp_path: Path, kind: str) -> None:
    mqtt = broker(tmp_path, kind)
    await mqtt.start()
    pid = mqtt.pid
    assert pid and mqtt.kind == kind
    _, writer = await asyncio.open_connection("127.0.0.1", mqtt.port)
    writer.close()
    await writer.wait_closed()
    await mqtt.stop()
    await mqtt.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@KINDS
async def test_a_taken_port_is_named_with_its_key(tmp_path: Path, kind: str) -> None:
    mqtt = broker(tmp_path, kind)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", mqtt.port))
        taken.listen()
        with pytest.raises(SupervisorError) as caught:
            await mqtt.start()
    assert str(mqtt.port) in caught.value.message and "mqtt.port" in caught.value.remedy


@KINDS
async def test_no_password_is_in_a_file_or_on_a_command_line_and_files_are_private(tmp_path: Path, kind: str) -> None:
    mqtt = broker(tmp_path, kind)
    await mqtt.start()
    process = _of_process(mqtt.pid)
    await mqtt.stop()
    _check_secrecy(tmp_path, process)


@KINDS
async def test_it_listens_on_loopback_only(tmp_path: Path, kind: str) -> None:
    mqtt = broker(tmp_path, kind)
    await mqtt.start()
    port = f":{mqtt.port:04X}"
    listening = [address for address in _listening() if address.endswith(port)]
    await mqtt.stop()
    assert listening == ["0100007F" + port]


@KINDS
async def test_the_broker_ends_when_its_parent_is_killed(tmp_path: Path, kind: str) -> None:
    program = (
        "import asyncio, sys; from pathlib import Path; from app.host.mqtt_broker import MqttBroker\n"
        "async def main():\n"
        "    mqtt = MqttBroker(Path(sys.argv[1]), int(sys.argv[2]), {'host': 'x'}, 'desk', kind=sys.argv[3])\n"
        "    await mqtt.start(); print(mqtt.pid, flush=True); await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, str(tmp_path), str(free_port()), kind, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout
    pid = int(await asyncio.wait_for(parent.stdout.readline(), 30))
    os.kill(parent.pid, signal.SIGKILL)
    await parent.wait()
    assert await until(lambda: _gone(pid))


def _of_process(pid: int | None) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()


def _check_secrecy(folder: Path, process: bytes) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) >= 2
    for path in files:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
        for password in USERS.values():
            assert password.encode() not in path.read_bytes() + process


def _listening() -> list[str]:
    text = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
    return [line.split()[1] for line in text.splitlines() if line.split()[3] == "0A"]


def _gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


async def test_a_broker_that_cannot_start_is_reported(tmp_path: Path) -> None:
    mqtt = broker(tmp_path, "mosquitto", tls=(tmp_path / "missing.pem", tmp_path / "missing.key"))
    with pytest.raises(SupervisorError) as caught:
        await mqtt.start()
    assert "does not answer" in caught.value.message


def test_odd_names_are_refused(tmp_path: Path) -> None:
    for device in ("", "a/b", "+", "#", "x" * 33, "a\0b", "a\nuser root"):
        with pytest.raises(ValueError, match="device id"):
            MqttBroker(tmp_path, 1883, {}, device)
    for name in ("", "a:b", "a\nb", "#", "a b"):
        with pytest.raises(ValueError, match="user name"):
            password_file({name: "x"})
        with pytest.raises(ValueError, match="user name"):
            acl_file({name: "x"}, DEVICE)


def test_without_mosquitto_it_is_amqtt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt_broker, "find_mosquitto", lambda: None)
    assert MqttBroker(tmp_path, 1883, USERS, DEVICE).kind == "amqtt"
    with pytest.raises(SupervisorError):
        MqttBroker(tmp_path, 1883, USERS, DEVICE, kind="mosquitto")


def test_password_hashes_fit_their_password_only() -> None:
    hashed = hash_password("secret")
    assert password_fits("secret", hashed) and hashed != hash_password("secret")
    for wrong in ("", "Secret", "secret "):
        assert not password_fits(wrong, hashed)
    assert not password_fits("secret", "$6$salt$hash")
    assert set(read_password_file(password_file(USERS))) == set(USERS)


def test_rights_end_at_the_own_topics() -> None:
    assert rights("stranger", DEVICE) == {"write": [], "read": []}
    assert rights("device-other", DEVICE) == {"write": [], "read": []}
    assert "barnacle/desk/op/tui/req" in rights("op-tui", DEVICE)["write"]
    own = "barnacle/desk/op/tui/res"
    for greedy in (
        "#",
        "barnacle/#",
        "barnacle/desk/op/+/res",
        "barnacle/desk/op/tui/#",
        "$SYS/#",
        "barnacle/desk/op/tui",
    ):
        assert not covers(own, greedy)
    assert covers(own, own) and covers("barnacle/desk/op/+/req", "barnacle/desk/op/tui/req")
    assert covers("a/+/b", "a/+/b") and not covers("a/+/b", "a//b")


async def test_what_waits_for_an_absent_client_is_bounded_and_the_link_makes_up_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BROKER_QUEUED", 10)
    mqtt = broker(tmp_path, "mosquitto")
    await mqtt.start()
    got: list[bytes] = []

    async def handler(message: Message) -> None:
        got.append(message.payload)

    def host() -> Bridge:
        return Bridge("127.0.0.1", mqtt.port, "host", USERS["host"], "absent", handler, [(TOPIC + "up", 1)])

    async with host() as bridge:
        assert await until(lambda: bridge.online)
    async with BoxEnd(mqtt.port) as box:
        assert await until(lambda: box.bus.client.online)
        for n in range(60):
            await box.bus.client.publish(TOPIC + "up", b"raw %d" % n, 1)
    async with host() as bridge:
        assert await until(lambda: bridge.online and got)
        async with BoxEnd(mqtt.port) as box:
            assert await until(lambda: box.bus.client.online)
            await box.bus.client.publish(TOPIC + "up", b"last", 1)
            assert await until(lambda: b"last" in got)
    assert 1 <= len([payload for payload in got if payload.startswith(b"raw")]) < 60
    await mqtt.stop()


async def test_a_packet_beyond_the_bound_ends_its_connection_and_is_delivered_to_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BROKER_PACKET_BYTES", 4096)
    mqtt = broker(tmp_path, "mosquitto")
    await mqtt.start()
    async with HostEnd(mqtt.port) as host, BoxEnd(mqtt.port) as box:
        assert await until(lambda: box.bus.online and host.link.live)
        await box.bus.publish_screen(bytes(5000))
        assert await until(lambda: box.bus.client.counters["connects"] == 2 and box.bus.online)
        await box.bus.publish_screen(bytes(3000))
        assert await until(lambda: host.screens == [bytes(3000)])
    await mqtt.stop()
