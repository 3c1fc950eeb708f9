"""The real process: its interface through the real client, what it survives, and who may not look into it."""

import asyncio
import os
import signal
import subprocess
import sys
import time

import httpx
import pytest

from broker import limits
from broker.client import BrokerClient, BrokerRefused, BrokerUnreachable, proxy_scope
from broker.egress_core import address_class, address_text
from broker.limits import CONNECTIONS
from broker.own_addresses import own_addresses
from tests.broker.broker_process import REPOSITORY, BrokerProcess, local_server, scope_for

CANARY = "canary-7f3a9c41e2b8d605"
NOBODY = 65534


@pytest.fixture
def broker(tmp_path, server):
    process = BrokerProcess(tmp_path / "state", server)
    yield process
    process.clear()


@pytest.fixture
def server():
    with local_server() as one:
        yield one


def url(server, path="/x"):
    return f"http://127.0.0.1:{server.server_port}{path}"


async def refused(work):
    with pytest.raises(BrokerRefused) as caught:
        await work
    return caught.value.code


async def test_a_request_goes_out_over_a_lease_and_every_step_is_recorded(broker, server):
    async with BrokerClient(broker.socket) as client:
        state = await client.state()
        assert state["audit"]["state"] == "ok" and state["policy"]["problem"] and not state["ready"]
        http = httpx.AsyncClient(transport=client.transport(await client.open_lease(scope_for(server))))
        answer = await http.post(url(server), content=b"a body")
        assert (answer.status_code, answer.content) == (200, b"a body")
        assert "barnacle-lease" not in {name.lower() for name in server.seen[0][1]}
        assert await refused(http.get("http://127.0.0.1:9/x")) == "out_of_scope"
        assert await refused(client.open_lease(scope_for(server, credential="none"))) == "keyring_unavailable"
        assert await client.revoke(run="r1") == 1
        assert await refused(http.get(url(server))) == "lease_expired"
    assert broker.stop() == 0
    log = "".join(path.read_text() for path in (broker.folder / "audit").glob("*") if path.suffix)
    assert all(what in log for what in ("lease.issue", "lease.use", "lease.deny", "lease.revoke"))


async def test_without_a_policy_a_fetch_is_denied_and_with_a_rule_it_passes(broker, server):
    policy = broker.folder / "policy.toml"
    scope = scope_for(server, purpose="fetch", calls=1)
    async with BrokerClient(broker.socket) as client:
        lease = await client.open_lease(scope)
        assert await refused(httpx.AsyncClient(transport=client.transport(lease)).get(url(server))) == "denied"
        policy.write_text(
            '[[rule]]\nname = "own"\neffect = "allow"\nhost = "127.0.0.1"\nscheme = "http"\n'
            f"ports = [{server.server_port}]\n"
            "private = true\n"
        )
        policy.chmod(0o600)
        lease = await client.open_lease(scope)
        answer = await httpx.AsyncClient(transport=client.transport(lease)).get(url(server))
    assert answer.status_code == 200 and len(server.seen) == 1


async def test_a_change_is_told_soon_to_who_waits_for_it_and_nothing_else_is(broker, server):
    async with BrokerClient(broker.socket) as client:
        seen = await client.state()
        waits = asyncio.create_task(client.next_state(seen["mark"]))
        await client.open_lease(scope_for(server))  # counts are no news
        (broker.folder / "policy.toml").touch(mode=0o600)
        async with asyncio.timeout(3 * limits.STATE_LOOK_MS / 1000):
            told = await waits
        assert told["policy"]["version"] != seen["policy"]["version"] and told["mark"] != seen["mark"]
        assert (await client.next_state(seen["mark"]))["mark"] == told["mark"]  # who comes late need not wait
        await client.append_audit([{"what": "x"}])
        before = time.monotonic()
        unchanged = await client.next_state(told["mark"])
        assert unchanged["mark"] == told["mark"] and unchanged["audit"]["n"] > told["audit"]["n"]
        assert time.monotonic() - before > limits.STATE_WAIT_MS / 1000 - 0.1


async def test_rules_are_tried_and_changed_through_the_admin_socket(broker):
    rule = {"name": "metadata", "effect": "allow", "network": "169.254.0.0/16"}
    async with BrokerClient(broker.socket) as client:
        assert (await client.test_policy("https://192.0.2.7/"))["rule"] == "policy_unreadable"
        for name, address in (("doc", "192.0.2.7"), ("own", "1.1.1.1")):
            added = await client.change_policy(
                "add", {"rule": {"name": name, "effect": "allow", "host": address}, "actor": "op"}
            )
        assert (await client.state())["policy"]["version"] == added["version"]
        assert (await client.test_policy("https://1.1.1.1/", "POST", "main"))["effect"] == "allow"
        await client.change_policy("add", {"rule": rule, "actor": "op"})
        assert (await client.test_policy("https://169.254.169.254/"))["rule"] == "never"  # which nothing opens
        await client.change_policy("remove", {"name": "own", "version": (await client.state())["policy"]["version"]})
        assert (await client.test_policy("https://1.1.1.1/"))["rule"] == "default_deny"
        assert await refused(client.change_policy("remove", {"name": "own"})) == "unknown_rule"
        assert await refused(client.change_policy("rename", {"name": "doc"})) == "bad_request"
    assert broker.stop() == 0
    log = "".join(path.read_text() for path in (broker.folder / "audit").glob("*") if path.suffix)
    assert log.count("policy.add") == 3 and log.count("policy.remove") == 1


async def test_a_revoked_run_is_cut_off_within_a_second(broker, server):
    async with BrokerClient(broker.socket) as client:
        http = httpx.AsyncClient(transport=client.transport(await client.open_lease(scope_for(server))), timeout=30)
        call = asyncio.create_task(refused(http.get(url(server, "/slow"))))
        await asyncio.to_thread(server.arrived.wait, 10)
        began = time.monotonic()
        assert await client.revoke(run="r1") == 1
        assert await call == "outcome_unknown"
        assert time.monotonic() - began < 1


async def test_killed_between_consume_and_send_the_call_is_spent_and_the_outcome_unknown(broker, server):
    async with BrokerClient(broker.socket) as client:
        lease = await client.open_lease(scope_for(server))
        http = httpx.AsyncClient(transport=client.transport(lease), timeout=30)
        call = asyncio.create_task(refused(http.get(url(server, "/slow"))))
        await asyncio.to_thread(server.arrived.wait, 10)
        os.kill(broker.pid, signal.SIGKILL)
        assert await call == "outcome_unknown"
        with pytest.raises(BrokerUnreachable):
            await client.state()
    broker.process.communicate()
    again = BrokerProcess(broker.folder, server)
    try:
        async with BrokerClient(again.socket) as client:
            http = httpx.AsyncClient(transport=client.transport(lease))
            assert await refused(http.get(url(server))) == "lease_unknown"  # void after the restart
    finally:
        again.clear()
    log = "".join(path.read_text() for path in (broker.folder / "audit").glob("*") if path.suffix)
    assert "lease.use" in log and len(server.seen) == 1


async def test_a_token_in_a_url_is_no_lease(broker, server):
    async with BrokerClient(broker.socket) as client:
        lease = await client.open_lease(scope_for(server))
        transport = httpx.AsyncHTTPTransport(uds=str(broker.socket))
        async with httpx.AsyncClient(transport=transport) as plain:
            wire = {"target": f"{url(server)}?lease={lease}".encode()}
            answer = await plain.get(url(server), extensions=wire)
        assert answer.headers["barnacle-error"] == "bad_request" and server.seen == []


# ------------------------------------------------------------------------------------------ who may look into it

SPY = """
import sys
found = []
for line in open(f"/proc/{sys.argv[1]}/maps"):
    span, rights = line.split()[:2]
    if "r" not in rights or "[v" in line:
        continue
    start, end = (int(part, 16) for part in span.split("-"))
    with open(f"/proc/{sys.argv[1]}/mem", "rb") as memory:
        memory.seek(start)
        try:
            found.append(sys.argv[2][::-1].encode() in memory.read(end - start))
        except OSError:
            continue
print("found" if any(found) else "clean")
"""
HOLDER = """
import ctypes, os, sys, time
import broker.hardening
if sys.argv[1] == "as nobody":
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
secret = os.read(0, 100).decode().strip()
if sys.argv[2] == "protected":
    broker.hardening.undumpable()
elif sys.argv[1] == "as nobody":
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
print("holding", flush=True)
time.sleep(60)
"""


def hold(protection):
    who = "as nobody" if os.geteuid() == 0 else "as is"
    argv = [sys.executable, "-c", HOLDER, who, protection]
    process = subprocess.Popen(argv, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(CANARY + "\n")
    process.stdin.close()
    return process


def as_nobody():
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def environment_of(pid):
    """What another process of the same user reads of it."""
    code = f"print(open('/proc/{pid}/environ').read()[:0] + 'read')"
    return _as_other(code)


def _as_other(code, *args):
    argv = ["/usr/bin/python3", "-I", "-c", code, *args]
    return subprocess.run(argv, capture_output=True, text=True, preexec_fn=as_nobody, timeout=60, cwd="/")


def test_the_broker_itself_is_undumpable_bare_and_without_inherited_descriptors(tmp_path):
    secret_file = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(secret_file, True)
    environment = {**os.environ, "BARNACLE_TEST_SECRET": CANARY}
    process = BrokerProcess(tmp_path / "state", env=environment, close_fds=False)
    try:
        proc = f"/proc/{process.pid}"
        assert os.stat(f"{proc}/environ").st_uid == 0  # the mark of a process that is not dumpable
        with open(f"{proc}/limits") as limits:
            assert next(line for line in limits if line.startswith("Max core file size")).split()[4:6] == ["0", "0"]
        with open(f"{proc}/cmdline") as cmdline:
            assert CANARY not in cmdline.read()
        if os.geteuid() == 0:
            held = {os.readlink(f"{proc}/fd/{one}") for one in os.listdir(f"{proc}/fd")}
            assert str(tmp_path) not in held and any("admin" in one or "socket" in one for one in held)
        socket_mode = os.stat(process.socket).st_mode & 0o777
        assert socket_mode == 0o600
    finally:
        os.close(secret_file)
        process.clear()
    assert CANARY not in "".join(process.lines)


def test_abort_leaves_no_core(tmp_path):
    process = BrokerProcess(tmp_path / "state")
    os.kill(process.pid, signal.SIGABRT)
    process.process.communicate(timeout=20)
    assert process.process.returncode == -signal.SIGABRT
    assert not [one for one in REPOSITORY.glob("core*") if one.is_file()]


async def test_the_admin_interface_from_another_user_is_refused(broker):
    async with BrokerClient(broker.socket) as client:
        assert (await client.state())["leases"] == 0
    if os.geteuid() != 0:
        assert os.stat(broker.socket).st_mode & 0o077 == 0
        return
    for folder in (broker.folder, broker.folder / "broker", *broker.folder.parents[:3]):
        folder.chmod(0o755)
    broker.socket.chmod(0o666)  # even when its mode is wrong: the kernel says who asks
    code = (
        "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
        "s.sendall(b'GET /v1/state HTTP/1.1\\r\\nHost: credentials\\r\\n\\r\\n'); print(len(s.recv(100)))"
    )
    run = _as_other(code, str(broker.socket))
    assert run.stdout.strip() in ("", "0") and ("Error" in run.stderr or run.stdout.strip() == "0")


@pytest.mark.parametrize(("protection", "seen"), [("open", "found"), ("protected", "")])
def test_another_process_of_the_same_user_reads_memory_only_of_an_unprotected_one(protection, seen):
    process = hold(protection)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "holding\n"
        spied = _as_other(SPY, str(process.pid), CANARY[::-1])
        assert spied.stdout.strip() == seen, spied.stderr
        assert seen or "Permission" in spied.stderr
        told = environment_of(process.pid)
        assert told.stdout.strip() == ("read" if seen else "")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


async def test_a_runs_proxy_is_a_socket_of_its_own_that_ends_with_the_run(broker, server):
    policy = broker.folder / "policy.toml"
    rule = '[[rule]]\nname = "own"\neffect = "allow"\nhost = "127.0.0.1"\nscheme = "http"\nprivate = true\n'
    policy.write_text(f"{rule}ports = [{server.server_port}]\n")
    policy.chmod(0o600)
    async with BrokerClient(broker.socket) as client:
        path = await client.open_proxy(proxy_scope("r1", "main"))
        assert os.stat(path).st_mode & 0o777 == 0o600
        for port, expected in ((server.server_port, b"200"), (9, b"403")):
            reader, writer = await asyncio.open_unix_connection(path)
            place = f"127.0.0.1:{port}"
            writer.write(f"GET http://{place}/x HTTP/1.1\r\nHost: {place}\r\n\r\n".encode())
            assert (await reader.readuntil(b"\r\n")).split()[1] == expected
            writer.transport.abort()
        assert await client.revoke(run="r1") == 1
        with pytest.raises((FileNotFoundError, ConnectionRefusedError)):
            for _ in range(200):
                _, writer = await asyncio.open_unix_connection(path)
                writer.transport.abort()
                await client.state()
    assert len(server.seen) == 1


async def test_barnacles_own_port_is_closed_under_every_address_of_this_machine(broker, server, tmp_path):
    own = next((one for one in own_addresses() if len(one) == 4 and address_class(one) != "loopback"), None)
    host = address_text(own or bytes([127, 0, 0, 1]))
    broker.stop()
    again = BrokerProcess(broker.folder, server, arguments=["--port", str(server.server_port)])
    rule = f'[[rule]]\nname = "own"\neffect = "allow"\nhost = "{host}"\nscheme = "http"\nprivate = true\n'
    (again.folder / "policy.toml").write_text(
        f"{rule}ports = [{server.server_port}, {server.server_port % 65535 + 1}]\n"
    )
    (again.folder / "policy.toml").chmod(0o600)
    try:
        async with BrokerClient(again.socket) as client:
            codes = []
            for port in (server.server_port, server.server_port % 65535 + 1):
                lease = await client.open_lease(scope_for(server, purpose="fetch", host=host, port=port))
                http = httpx.AsyncClient(transport=client.transport(lease))
                codes.append(await refused(http.get(f"http://{host}:{port}/")))
        assert codes == ["denied", "unreachable"] and server.seen == []  # the other port is only not listened on
    finally:
        again.clear()


async def test_many_slow_answers_hold_no_revocation_up(broker, server):
    async with BrokerClient(broker.socket) as client:
        lease = await client.open_lease(scope_for(server, calls=CONNECTIONS))
        http = httpx.AsyncClient(transport=client.transport(lease), timeout=httpx.Timeout(30, pool=30))
        calls = [asyncio.create_task(refused(http.get(url(server, "/slow")))) for _ in range(CONNECTIONS)]
        await asyncio.to_thread(server.arrived.wait, 10)
        async with asyncio.timeout(5):
            assert await client.revoke(run="r1") == 1
        assert set(await asyncio.gather(*calls)) <= {"outcome_unknown", "lease_expired"}
