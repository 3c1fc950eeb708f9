"""Every bound of the credential broker and of its audit log has a test that goes beyond it: the list, and the check
that it is whole. What no other file tests is tested here."""

import asyncio
import gzip
import socket
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from broker import limits
from broker.api import Api
from broker.binding import Binding, checked, make_binding
from broker.change_notes import ChangeNotes, change_event
from broker.credentials import Credentials
from broker.decode import decoder_for
from broker.egress_core import parse_url
from broker.errors import BadRequest, Unavailable
from broker.http_message import Request
from broker.http_server import serve_unix
from broker.index import Index
from broker.resolve import Resolver
from tests.broker.hostile import FakeGrant, Server, reply, says, some
from tests.broker.test_forward import api, asked
from tests.broker.test_leases import Rig, scope
from tests.device.test_limits import functions, names_in

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

# constant -> test that goes beyond it (file below tests/broker/, function)
BEYOND = {
    "HEAD_BYTES": "test_http_server.py::test_refused",
    "HEADER_COUNT": "test_http_server.py::test_the_most_headers_that_fit_are_served",
    "TARGET_BYTES": "test_http_server.py::test_refused",
    "BODY_BYTES": "test_http_server.py::test_endless_chunks",
    "HEAD_TIMEOUT_MS": "test_http_server.py::test_slow_header",
    "BODY_TIMEOUT_MS": "test_http_server.py::test_slow_body",
    "EXCHANGE_TIMEOUT_MS": "test_http_server.py::test_an_exchange_ends_in_time",
    "IDLE_TIMEOUT_MS": "test_http_server.py::test_an_idle_connection_ends",
    "WRITE_TIMEOUT_MS": "test_http_server.py::test_a_client_that_does_not_read_is_left",
    "CONNECTIONS": "test_races.py::test_a_hundred_answers_at_once_are_bounded_in_descriptors_and_all_end",
    "ADMIN_CONNECTIONS": "test_process.py::test_many_slow_answers_hold_no_revocation_up",
    "REQUESTS_PER_CONNECTION": "test_http_server.py::test_a_connection_serves_a_bounded_number_of_requests",
    "READ_BYTES": "test_limits.py::test_no_more_is_read_at_a_time_than_the_bound",
    "LINGER_MS": "test_limits.py::test_a_refused_client_that_goes_on_sending_is_left",
    "LINGER_BYTES": "test_limits.py::test_a_refused_client_that_goes_on_sending_is_left",
    "RESOLVE_TIMEOUT_MS": "test_resolve.py::test_a_slow_look_up_ends_in_time",
    "RESOLVE_AT_ONCE": "test_limits.py::test_no_more_names_are_looked_up_at_once_than_the_bound",
    "OWN_ADDRESSES_MS": "test_own_addresses.py::test_the_brokers_own_address",
    "ADDRESSES": "test_resolve.py::test_more_addresses_than_the_bound_are_refused",
    "DIAL_TIMEOUT_MS": "test_forward.py::test_https_is_never_spoken_in_the_clear",
    "DIALS": "test_forward.py::test_no_more_addresses_are_tried_than_the_bound",
    "POOLED": "test_forward.py::test_idle_connections_are_bounded_in_number_and_age",
    "POOLED_IDLE_MS": "test_forward.py::test_idle_connections_are_bounded_in_number_and_age",
    "ANSWER_HEAD_BYTES": "test_limits.py::test_the_head_of_an_answer_is_bounded",
    "ANSWER_HEADER_COUNT": "test_limits.py::test_the_head_of_an_answer_is_bounded",
    "ANSWER_NAME_BYTES": "test_forward.py::test_a_header_with_a_very_long_name_is_not_passed_on",
    "ANSWER_BYTES": "test_forward.py::test_an_answer_has_an_end_in_time_and_in_bytes",
    "DECODED_RATIO": "test_limits.py::test_what_decodes_to_more_than_its_ratio_is_a_bomb",
    "DECODED_FREE_BYTES": "test_forward.py::test_gzip_bomb",
    "FIRST_BYTE_TIMEOUT_MS": "test_forward.py::test_slow_response",
    "ANSWER_IDLE_TIMEOUT_MS": "test_forward.py::test_slow_response",
    "ANSWER_TIMEOUT_MS": "test_forward.py::test_an_answer_has_an_end_in_time_and_in_bytes",
    "INTERIM_ANSWERS": "test_limits.py::test_the_head_of_an_answer_is_bounded",
    "SECRET_MIN_BYTES": "test_redact.py::test_a_short_secret_is_refused",
    "PARTIAL_CHARS": "test_redact.py::test_a_stream_that_ends_within_the_secret_shows_no_part_of_it",
    "EVENT_BYTES": "test_redact_events.py::test_an_event_is_bounded_in_size_and_depth",
    "EVENT_DEPTH": "test_redact_events.py::test_an_event_is_bounded_in_size_and_depth",
    "EVENT_DIGITS": "test_redact_events.py::test_a_number_without_end_hides_no_text",
    "EVENT_LABEL_CHARS": "test_redact_events.py::test_an_added_event_repeats_only_short_texts",
    "EVENT_STREAMS": "test_redact_events.py::test_only_so_many_texts_are_held_at_a_time",
    "EVENT_NAMES": "test_redact_events.py::test_texts_with_more_names_than_the_bound_are_watched_together",
    "HELLO_BYTES": "test_proxy.py::test_a_hello_without_end_is_refused",
    "HELLO_TIMEOUT_MS": "test_proxy.py::test_a_hello_that_does_not_come_ends_the_tunnel",
    "TUNNEL_BYTES": "test_proxy.py::test_a_tunnel_has_an_end",
    "TUNNEL_TIMEOUT_MS": "test_proxy.py::test_a_tunnel_has_an_end",
    "TUNNEL_IDLE_TIMEOUT_MS": "test_proxy.py::test_a_tunnel_has_an_end",
    "TUNNELS": "test_proxy.py::test_tunnels_are_bounded_in_number",
    "PROXIES": "test_run_proxies.py::test_proxies_and_their_connections_are_bounded",
    "PROXY_CONNECTIONS": "test_run_proxies.py::test_proxies_and_their_connections_are_bounded",
    "PROXY_LOOK_MS": "test_run_proxies.py::test_the_socket_is_gone_when_the_leases_time_is_over_by_either_clock",
    "SECRET_BYTES": "test_binding.py::test_line_ends_controls_and_lengths_are_refused_at_store_time",
    "PREFIX_CHARS": "test_limits.py::test_the_prefix_before_a_secret_is_bounded",
    "CREDENTIALS": "test_limits.py::test_there_are_only_so_many_credentials",
    "KEYRING_TIMEOUT_MS": "test_keyring_probe.py::test_a_service_that_never_answers_costs_only_the_time_out",
    "KEYRING_AGAIN_MS": "test_keyring_probe.py::test_a_keyring_that_was_unlocked_meanwhile_is_found_at_a_bounded_pace",
    "STATE_WAIT_MS": "test_process.py::test_a_change_is_told_soon_to_who_waits_for_it_and_nothing_else_is",
    "STATE_LOOK_MS": "test_process.py::test_a_change_is_told_soon_to_who_waits_for_it_and_nothing_else_is",
    "LEASES": "test_leases.py::test_there_are_only_so_many_leases",
    "LEASE_CALLS": "test_leases.py::test_a_scope_that_is_not_exact_is_refused",
    "LEASE_BYTES": "test_leases.py::test_a_scope_that_is_not_exact_is_refused",
    "LEASE_TTL_S": "test_leases.py::test_a_scope_that_is_not_exact_is_refused",
    "SCOPE_TEXT_CHARS": "test_leases.py::test_a_scope_that_is_not_exact_is_refused",
    "SCOPE_METHODS": "test_leases.py::test_a_scope_that_is_not_exact_is_refused",
    "GUESSES": "test_leases.py::test_guessing_is_recorded_limited_and_alarmed",
    "GUESS_WINDOW_MS": "test_leases.py::test_guessing_is_recorded_limited_and_alarmed",
    "APPROVALS": "test_limits.py::test_only_so_many_used_approvals_are_remembered",
    "OVERRIDES": "test_limits.py::test_what_comes_in_one_request_of_the_host_is_bounded",
    "ADMIN_BODY_BYTES": "test_limits.py::test_what_comes_in_one_request_of_the_host_is_bounded",
    "AUDIT_EVENTS": "test_limits.py::test_what_comes_in_one_request_of_the_host_is_bounded",
    "MODEL_ENDPOINTS": "test_model_endpoints.py::test_what_is_no_address_is_left_out_and_told",
    "PASSPHRASE_MIN_CHARS": "test_sealed_file.py::test_a_passphrase_is_neither_too_short_nor_too_long",
    "PASSPHRASE_CHARS": "test_sealed_file.py::test_a_passphrase_is_neither_too_short_nor_too_long",
    "SEALED_FILE_BYTES": "test_sealed_file.py::test_too_large_a_file_is_neither_written_nor_read",
    "LOCK_TIMEOUT_MS": "test_sealed_file.py::test_a_lock_that_another_holds_is_waited_for_only_so_long",
    "CHANGE_NOTES": "test_limits.py::test_only_so_many_changes_wait_for_the_next_start",
}
AUDIT_BEYOND = {
    "EVENT_BYTES": "audit/test_log.py::test_events_are_bounded_and_free_of_controls",
    "TEXT_CHARS": "audit/test_log.py::test_secrets_in_nested_or_key_fields",
    "FIELDS": "audit/test_log.py::test_events_are_bounded_and_free_of_controls",
    "ITEMS": "audit/test_log.py::test_events_are_bounded_and_free_of_controls",
    "DEPTH": "audit/test_limits.py::test_what_is_nested_deeper_than_the_bound_is_cut",
    "LINE_BYTES": "audit/test_log.py::test_events_are_bounded_and_free_of_controls",
    "FILE_BYTES": "audit/test_log.py::test_files_are_closed_at_their_size_and_dropped_beyond_what_is_kept",
    "KEPT_BYTES": "audit/test_log.py::test_files_are_closed_at_their_size_and_dropped_beyond_what_is_kept",
    "RESERVE_BYTES": "audit/test_log.py::test_disk_full_stops_with_a_state_says_so_in_the_chain_and_goes_on_by_itself",
    "TOGETHER": "audit/test_log.py::test_more_appends_than_may_wait_are_refused",
    "WAITING": "audit/test_log.py::test_more_appends_than_may_wait_are_refused",
    "FEEDS": "audit/test_log.py::test_sources_are_remembered_up_to_their_bound",
    "FEED_CHARS": "audit/test_limits.py::test_a_source_is_known_by_the_beginning_of_a_longer_name",
    "RETRY_MS": "audit/test_log.py::test_while_the_disk_refuses_it_is_probed_no_more_often_than_its_bound",
}

# bounds whose test sees the effect, or takes the value from a table of cases, without naming it
BY_EFFECT = {"ADMIN_CONNECTIONS", "HEAD_BYTES", "LOCK_TIMEOUT_MS", "TARGET_BYTES"}


def constants(path: str) -> set[str]:
    """The names that a file of bounds gives a value."""
    lines = (ROOT / path).read_text().splitlines()
    return {line.split(" ")[0].rstrip(":") for line in lines if line[:1].isupper() and " = " in line}


@pytest.mark.parametrize(
    ("path", "beyond"),
    [("broker/limits.py", BEYOND), ("broker/audit/limits.py", AUDIT_BEYOND)],
    ids=["broker", "audit"],
)
def test_every_bound_has_a_test_that_goes_beyond_it(path, beyond):
    assert constants(path) - set(beyond) == set(), "bounds without a test"
    assert set(beyond) - constants(path) == set(), "tests of bounds that are gone"
    missing, unnamed = [], set()
    for name, where in beyond.items():
        file, function = where.split("::")
        found = functions(HERE / file).get(function)
        if found is None:
            missing.append(f"{name}: {where}")
        elif name not in names_in(found) and f'"{name}"' not in (HERE / file).read_text():
            unnamed.add(name)
    assert missing == []
    assert unnamed == (BY_EFFECT if beyond is BEYOND else set()), "tests that do not name their bound"


def test_a_tunnel_ends_before_the_exchange_that_it_is():
    assert limits.TUNNEL_TIMEOUT_MS < limits.EXCHANGE_TIMEOUT_MS
    descriptors = 2 * (limits.PROXIES * limits.PROXY_CONNECTIONS + limits.CONNECTIONS) + limits.POOLED
    assert descriptors < 1024 - 64  # what a process may have, and what it needs for itself


async def test_no_more_is_read_at_a_time_than_the_bound(outside, tls):
    async with Server(says(reply(b"x" * (10 * limits.READ_BYTES))), tls) as server:
        response = await outside.open(api(server), FakeGrant(api(server)))
        sizes = [len(piece) async for piece in response.body]
    assert sum(sizes) == 10 * limits.READ_BYTES and max(sizes) <= limits.READ_BYTES + 100


@pytest.mark.parametrize(("bound", "value"), [("LINGER_MS", 20), ("LINGER_BYTES", 1000)])
async def test_a_refused_client_that_goes_on_sending_is_left(tmp_path, monkeypatch, bound, value):
    for name in ("LINGER_MS", "LINGER_BYTES"):
        monkeypatch.setattr(limits, name, value if name == bound else 10**9)
    server = await serve_unix(tmp_path / "s", SimpleNamespace())  # pyright: ignore[reportArgumentType]
    reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
    writer.write(b"GET / HTTP/1.0\r\n\r\n" + b"x" * 100)
    assert b" 400 " in await reader.readuntil(b"\r\n")
    writer.write(b"x" * (2000 if bound == "LINGER_BYTES" else 1))
    async with asyncio.timeout(5):
        with pytest.raises(ConnectionError):
            while True:
                writer.write(b"x" * (0 if bound == "LINGER_BYTES" else 1))
                await writer.drain()
                await asyncio.sleep(0.005)
                if not server._tasks:
                    raise ConnectionResetError
    writer.transport.abort()
    await server.close()


async def test_no_more_names_are_looked_up_at_once_than_the_bound(monkeypatch):
    going, most, gate, lock = 0, 0, threading.Event(), threading.Lock()

    def look_up(*_: Any, **__: Any) -> Any:
        nonlocal going, most
        with lock:
            going, most = going + 1, max(most, going + 1)
            if most == limits.RESOLVE_AT_ONCE:
                gate.set()
        gate.wait(5)
        with lock:
            going -= 1
        return [(socket.AF_INET, 0, 0, "", ("192.0.2.1", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    resolver = Resolver()
    wanted = [resolver.resolve(parse_url(f"https://a{at}.test/")) for at in range(3 * limits.RESOLVE_AT_ONCE)]
    assert len(await asyncio.gather(*wanted)) == len(wanted) and most == limits.RESOLVE_AT_ONCE
    resolver.close()


HEADS = {
    "bytes": lambda more: reply(b"fine", b"X-Long: " + b"x" * (limits.ANSWER_HEAD_BYTES - 100 + 200 * more)),
    "fields": lambda more: reply(b"fine", *[b"X-A: b"] * (limits.ANSWER_HEADER_COUNT - 1 + 2 * more)),
    "interim": lambda more: b"HTTP/1.1 103 Early\r\n\r\n" * (limits.INTERIM_ANSWERS - 1 + more) + reply(),
}


@pytest.mark.parametrize("name", HEADS)
async def test_the_head_of_an_answer_is_bounded(outside, tls, name):
    assert limits.ANSWER_HEAD_BYTES and limits.ANSWER_HEADER_COUNT and limits.INTERIM_ANSWERS
    assert (await asked(outside, tls, HEADS[name](0)))[2] == b"fine"
    with pytest.raises(Unavailable) as caught:
        await asked(outside, tls, HEADS[name](1))
    assert caught.value.code == "outcome_unknown"


async def test_a_server_that_does_not_read_the_request_is_left(outside, tls, monkeypatch):
    monkeypatch.setattr(limits, "WRITE_TIMEOUT_MS", 50)
    monkeypatch.setattr(limits, "FIRST_BYTE_TIMEOUT_MS", 50)
    stopped = asyncio.Event()

    class Deaf(Server):
        async def _read_body(self, reader):
            await stopped.wait()
            return b""

    size = 60_000_000
    async with Deaf(says(reply()), tls) as server:
        headers = [("content-length", str(size))]
        async with asyncio.timeout(10):
            with pytest.raises(Unavailable) as caught:
                body = some(*[b"x" * 1_000_000] * 60)
                await outside.ask(api(server), FakeGrant(api(server)), method="POST", headers=headers, body=body)
        assert caught.value.code == "outcome_unknown"
        stopped.set()


def test_what_decodes_to_more_than_its_ratio_is_a_bomb(monkeypatch):
    monkeypatch.setattr(limits, "DECODED_FREE_BYTES", 0)
    packed = gzip.compress(b"x" * 100_000)
    monkeypatch.setattr(limits, "DECODED_RATIO", 100_000 // len(packed) + 1)
    assert len(decoder_for([b"gzip"]).feed(packed)) == 100_000
    monkeypatch.setattr(limits, "DECODED_RATIO", 100_000 // len(packed))
    with pytest.raises(Unavailable) as caught:
        decoder_for([b"gzip"]).feed(packed)
    assert caught.value.code == "too_large"


def test_the_prefix_before_a_secret_is_bounded():
    fits = Binding("https", "api.example", 443, "authorization", "x" * limits.PREFIX_CHARS)
    assert checked(fits) == fits
    with pytest.raises(BadRequest):
        checked(Binding("https", "api.example", 443, "authorization", "x" * (limits.PREFIX_CHARS + 1)))


def test_there_are_only_so_many_credentials(tmp_path, monkeypatch):
    index = Index(tmp_path / "credentials.json")
    for at in range(limits.CREDENTIALS):
        index.put(f"key-{at}", host="api.example", port=443)
    credentials = Credentials(index)
    binding = make_binding("one-more", "api.example", "x-key")
    with pytest.raises(BadRequest) as caught:
        credentials.store("one-more", "0123456789", binding)
    assert caught.value.code == "limited"
    monkeypatch.setattr(credentials, "check_keyring", lambda: None)
    monkeypatch.setattr("broker.credentials.write_entry", lambda name, text: None)
    credentials.store("key-0", "0123456789", binding)  # one that is there already


async def test_only_so_many_used_approvals_are_remembered(monkeypatch):
    monkeypatch.setattr(limits, "APPROVALS", 2)
    leases = Rig().leases
    for at in range(3):
        await leases.issue(scope(approval=f"a{at}"), None)
    assert list(leases._approvals) == ["a1", "a2"]


async def test_what_comes_in_one_request_of_the_host_is_bounded():
    taken: list[Any] = []

    async def append(events: Any) -> Any:
        taken.append(events)
        return {}

    service: Any = SimpleNamespace(append=append, set_overrides=taken.append)
    none: Any = SimpleNamespace(test=None, add=None, remove=None, unlock=None, open=None)
    handler = Api(service, none, none, none)

    async def send(path: str, name: str, count: int, filler: int = 0) -> int:
        import json

        body = json.dumps({name: [{}] * count, "filler": "x" * filler}).encode()
        return (await handler.handle(Request("POST", path, [], some(body), None))).status

    for path, name, most in (
        ("/v1/audit", "events", limits.AUDIT_EVENTS),
        ("/v1/overrides", "overrides", limits.OVERRIDES),
    ):
        assert await send(path, name, most) == 200 and await send(path, name, most + 1) == 400
        assert await send(path, name, 1, limits.ADMIN_BODY_BYTES) == 400
    assert [len(each) for each in taken] == [limits.AUDIT_EVENTS, limits.OVERRIDES]


def test_only_so_many_changes_wait_for_the_next_start(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "CHANGE_NOTES", 2)
    notes = ChangeNotes(tmp_path / "changes.jsonl")
    for at in range(3):
        notes.add(change_event("set", f"key-{at}", ""))
    assert [event["detail"] for event in notes.waiting()[0]] == ["key-0", "key-1"]


def test_a_list_that_forgets_a_bound_would_be_caught():
    short = dict(BEYOND)
    short.popitem()
    with pytest.raises(AssertionError, match="bounds without a test"):
        test_every_bound_has_a_test_that_goes_beyond_it("broker/limits.py", short)
