"""The box's bus in the simulator's MicroPython against a real Mosquitto, in the clear and over TLS."""

import asyncio
import datetime
import json
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.app.bus_rig import BoxEnd, HostEnd, broker, provision, until

ROOT = Path(__file__).resolve().parents[2]
COUNT = 60


class Authority:
    """A certificate authority made for one test."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self.sign(name, self.key, None)
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def sign(self, name: str, key: ec.EllipticCurvePrivateKey, host: str | None) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
        )
        identity = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = builder.add_extension(identity, critical=False).add_extension(authority, critical=False)
        if host:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def server(self, host: str) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate, key_file = self.folder / "server.pem", self.folder / "server.key"
        certificate.write_bytes(self.sign(host, key, host).public_bytes(serialization.Encoding.PEM))
        form = serialization.PrivateFormat.TraditionalOpenSSL
        key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
        return certificate, key_file


async def box(folder: Path, port: int, count: int, **mqtt: Any) -> str:
    """What the box printed."""
    path = folder / "provision.json"
    path.write_text(json.dumps(provision(port, **mqtt)))
    process = await asyncio.create_subprocess_exec(
        str(ROOT / "build" / "sim" / "micropython"),
        "-X",
        "heapsize=2m",
        "tests/device/bus_on_micropython.py",
        str(path),
        str(count),
        cwd=ROOT,
        env={"MICROPYPATH": ".frozen:.", "PATH": "/usr/bin:/bin"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        out, _ = await asyncio.wait_for(process.communicate(), 60)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return out.decode()


async def round_trip(end: HostEnd, folder: Path, port: int, **mqtt: Any) -> None:
    for n in range(COUNT):
        end.put(f"down{n}")
    out = await box(folder, port, COUNT, **mqtt)
    assert "done " + json.dumps([f"down{n}" for n in range(COUNT)]) in out, out
    assert end.applied.ids == [f"up{n}" for n in range(COUNT)]
    assert await until(lambda: end.statuses and json.loads(end.statuses[-1]) == {"online": False})


async def test_the_box_and_the_host_talk(tmp_path: Path) -> None:
    mqtt = broker(tmp_path, "mosquitto")
    await mqtt.start()
    async with HostEnd(mqtt.port) as host:
        await round_trip(host, tmp_path, mqtt.port)
    await mqtt.stop()


async def test_the_box_says_that_its_password_is_refused(tmp_path: Path) -> None:
    mqtt = broker(tmp_path, "mosquitto")
    await mqtt.start()
    out = await box(tmp_path, mqtt.port, 1, password="guessed")
    assert "state offline: refused: not authorized" in out or "state offline: refused: wrong user" in out, out
    await mqtt.stop()


async def test_box_and_host_talk_over_tls_with_a_pinned_authority(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "ours")
    mqtt = broker(tmp_path, "mosquitto", tls=authority.server("localhost"))
    await mqtt.start()
    async with HostEnd(mqtt.port, "localhost", tls_ca=str(authority.file)) as host:
        await round_trip(host, tmp_path, mqtt.port, host="localhost", tls={"ca": str(authority.file)})
    await mqtt.stop()


async def test_another_authority_or_another_name_is_refused_on_both_interpreters(tmp_path: Path) -> None:
    authority, other = Authority(tmp_path, "ours"), Authority(tmp_path, "other")
    mqtt = broker(tmp_path, "mosquitto", tls=authority.server("localhost"))
    await mqtt.start()
    for tls in ({"ca": str(other.file)}, {"ca": str(authority.file), "server_name": "elsewhere"}):
        out = await box(tmp_path, mqtt.port, 1, host="localhost", tls=tls)
        assert "state offline: " in out and "done" not in out, out
        async with BoxEnd(mqtt.port, host="localhost", tls=tls) as here:
            assert await until(lambda here=here: here.bus.client.state.startswith("offline: cannot connect"))
            assert here.bus.client.counters["connects"] == 0
    async with HostEnd(mqtt.port, "127.0.0.1", tls_ca=str(authority.file)) as host:  # a name it does not bear
        assert await until(lambda: "cannot connect" in host.bridge.state)
    await mqtt.stop()
