import copy
import json
import pickle

import pytest

from broker import limits
from broker.binding import WELL_KNOWN, Binding, check_value, decode, encode, make_binding
from broker.errors import BadRequest
from broker.index import Index
from broker.secret import Secret

CANARY = "canary-7f3a9c41e2b8"


def test_a_well_known_name_belongs_to_its_service_and_to_no_other():
    assert make_binding("anthropic-api-key") == Binding("https", "api.anthropic.com", 443, "x-api-key")
    with pytest.raises(BadRequest):
        make_binding("anthropic-api-key", "evil.example")
    for name, binding in WELL_KNOWN.items():
        assert decode(name, encode(Secret(CANARY), binding)).host == binding.host


@pytest.mark.parametrize("host", ["*", "*.example.com", "", "a b", "user@x.example", "x.example/path", "0x7f.1", "x:0"])
def test_there_is_no_any_host(host):
    assert make_binding("mine", "x.example:8443", "X-Key").port == 8443
    with pytest.raises(BadRequest):
        make_binding("mine", host, "x-key")


@pytest.mark.parametrize("header", ["host", "content-length", "a b", "x:y", "", "x\r\ny"])
def test_a_header_that_frames_messages_carries_no_credential(header):
    with pytest.raises(BadRequest):
        make_binding("mine", "x.example", header)
    with pytest.raises(BadRequest):
        make_binding("mine", "x.example", "x-key", "Bearer\r\n")


@pytest.mark.parametrize("name", ["", "A", "a b", "x" * 41, "../x", "mqtt-password", "audit-key"])
def test_names_are_small_and_plain(name):
    with pytest.raises(BadRequest):
        make_binding(name, "x.example", "x-key")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "tiny",
        "canary\r\nX: 1",
        "canary\0canary",
        "canary canary",
        "canary\u00e9canary",
        "x" * (limits.SECRET_BYTES + 1),
    ],
)
def test_line_ends_controls_and_lengths_are_refused_at_store_time(value):
    check_value("mine", CANARY)
    with pytest.raises(BadRequest) as caught:
        check_value("mine", value)
    assert not value or value not in caught.value.message


def test_an_entry_that_was_changed_is_refused_and_not_quoted():
    good = encode(Secret(CANARY), WELL_KNOWN["openai-api-key"])
    assert decode("openai-api-key", good).secret.reveal() == CANARY
    fields = json.loads(good)
    bad = [
        CANARY,
        "[]",
        json.dumps(fields | {"host": "*"}),
        json.dumps(fields | {"port": "443"}),
        json.dumps(fields | {"x": 1}),
    ]
    for text in bad:
        with pytest.raises(BadRequest) as caught:
            decode("openai-api-key", text)
        assert CANARY not in str(caught.value)


def test_a_secret_shows_itself_to_reveal_only():
    secret = Secret(CANARY)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret:>40}", repr([secret]), repr({1: secret})]
    assert not any(CANARY in one for one in shown) and secret.reveal() == CANARY
    for work in (pickle.dumps, copy.copy, copy.deepcopy, hash, vars):
        with pytest.raises(TypeError):
            work(secret)
    assert secret == Secret(CANARY) and secret != Secret("another-value") and secret != CANARY


def test_the_index_holds_names_and_times_only_and_damage_empties_it(tmp_path):
    index = Index(tmp_path / "broker" / "credentials.json")
    index.put("mine", host="x.example", port=443, set_ms=5)
    index.put("mine", last_used_ms=7)
    assert index.entries() == {"mine": {"host": "x.example", "port": 443, "set_ms": 5, "last_used_ms": 7}}
    assert (tmp_path / "broker" / "credentials.json").stat().st_mode & 0o777 == 0o600
    index.remove("mine")
    assert index.entries() == {}
    (tmp_path / "broker" / "credentials.json").write_text("{")
    assert index.entries() == {}
