"""The box's bus in the simulator's MicroPython against a real Mosquitto, in the clear and over TLS."""

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.app.bus_rig import BoxEnd, HostEnd, broker, provision, until
from tests.app.certificates import Authority

ROOT = Path(__file__).resolve().parents[2]
COUNT = 60


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
