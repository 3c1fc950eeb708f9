"""Every status and error of the providers: which code the box gets, how often it is tried, what the state says."""

import pytest

from app.host import limits
from app.host.inference import failures
from app.host.inference.errors import CODES, ModelError
from app.host.inference.retry import retry_after_ms
from tests.app.inference.rig import KEY, NOW_MS, Rig
from tests.imitation.anthropic import AnthropicImitation
from tests.imitation.openai import OpenAiImitation
from tests.imitation.script import Fault, Reply

ANTHROPIC = [
    # fault, code, calls, state
    (Fault(400, message="max_tokens: too large"), "model_error", 1, "ready"),
    (Fault(400, message="prompt is too long: 210000 tokens > 200000 maximum"), "too_long", 1, "ready"),
    (Fault(400, message="Your credit balance is too low to access the API"), "over_budget", 1, "over_budget"),
    (Fault(401, message="invalid x-api-key"), "refused_key", 1, "refused_key"),
    (Fault(402), "over_budget", 1, "over_budget"),
    (Fault(403), "refused_key", 1, "refused_key"),
    (Fault(404), "model_offline", 1, "offline"),
    (Fault(405), "model_error", 1, "ready"),
    (Fault(409, "conflict_error"), "model_offline", 3, "offline"),
    (Fault(413), "too_long", 1, "ready"),
    (Fault(429), "rate_limited", 3, "rate_limited"),
    (Fault(429, code="enforced_spend_limit_reached"), "over_budget", 1, "over_budget"),
    (Fault(500), "model_offline", 3, "offline"),
    (Fault(502, body=b"<html>bad gateway</html>"), "model_offline", 3, "offline"),
    (Fault(503), "model_offline", 3, "offline"),
    (Fault(504), "model_offline", 3, "offline"),
    (Fault(529), "model_offline", 3, "offline"),
    (Fault(302, headers=[("location", "https://evil.example/")]), "model_error", 1, "ready"),
    (Fault(418, body=b""), "model_error", 1, "ready"),
    (Fault(200), "model_offline", 3, "offline"),  # an error that came with 200
]
OPENAI = [
    (Fault(400, code="context_length_exceeded"), "too_long", 1, "ready"),
    (Fault(400, message="the request exceeds the available context size"), "too_long", 1, "ready"),
    (Fault(401, code="invalid_api_key"), "refused_key", 1, "refused_key"),
    (Fault(402), "over_budget", 1, "over_budget"),
    (Fault(404, code="model_not_found"), "model_offline", 1, "offline"),
    (Fault(429, "insufficient_quota", code="insufficient_quota"), "over_budget", 1, "over_budget"),
    (Fault(429, code="rate_limit_exceeded"), "rate_limited", 3, "rate_limited"),
    (Fault(500), "model_offline", 3, "offline"),
    (Fault(503), "model_offline", 3, "offline"),
    (Fault(400, body=b'{"error":"model is loading"}'), "model_error", 1, "ready"),
]
CASES = [(AnthropicImitation, *case) for case in ANTHROPIC] + [(OpenAiImitation, *case) for case in OPENAI]


@pytest.mark.parametrize(("kind", "fault", "code", "calls", "state"), CASES)
async def test_a_status_becomes_a_code_and_a_state(kind, fault, code, calls, state):
    async with kind(KEY, [fault] * 3) as server, Rig({"m": server}) as rig:
        with pytest.raises(ModelError) as caught:
            await rig.ask()
        known = rig.inference.state("main")
    assert caught.value.code == code
    assert code in CODES
    assert caught.value.message
    assert caught.value.remedy
    assert len(server.requests) == calls
    assert known["state"] == state
    assert not caught.value.partial
    if state != "ready":
        assert known["text"].startswith("m: ")
        assert rig.changes[-1]["state"] == state


async def test_a_refused_key_says_which_command_stores_another():
    async with AnthropicImitation("sk-fake-other") as server, Rig({"m": server}) as rig:
        server.key = "changed"
        with pytest.raises(ModelError):
            await rig.ask()
        assert rig.inference.state("main")["text"].endswith("run: barnacle secret set m-key")


async def test_words_of_the_server_are_shortened_and_made_printable():
    words = "bad\x1b[2J\r\nthing " + "x" * 1000
    async with AnthropicImitation(KEY, [Fault(400, message=words)]) as server, Rig({"m": server}) as rig:
        with pytest.raises(ModelError) as caught:
            await rig.ask()
    assert "bad [2J thing xxx" in caught.value.message
    assert "\x1b" not in caught.value.message
    assert len(caught.value.message) < limits.MODEL_SAYS_CHARS + 60


@pytest.mark.parametrize(
    ("value", "wait_ms"),
    [
        ("0", 0),
        ("7", 7000),
        (" 7 ", 7000),
        ("Wed, 18 Nov 2026 11:46:45 GMT", 5000),
        ("Wed, 18 Nov 2026 11:46:40 GMT", 0),
        ("Mon, 01 Jan 1990 00:00:00 GMT", 0),
        ("9" * 30, limits.MODEL_LIMITED_MAX_MS),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("Wed, 99 Nov 2026 11:46:45 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value, wait_ms):
    assert NOW_MS == 1_795_000_000_000  # Wed, 18 Nov 2026 11:06:40 GMT
    now_ms = NOW_MS + 40 * 60 * 1000
    assert retry_after_ms(value, now_ms) == wait_ms


async def test_waits_grow_and_are_a_random_part():
    script = [Fault(529), Fault(500), Reply("well")]
    async with AnthropicImitation(KEY, script) as server, Rig({"m": server}) as rig:
        await rig.ask()
    assert rig.text == "well"
    assert rig.clock.slept == [250, 500]  # half of 500 and of 1000
    assert rig.inference.state("main")["state"] == "ready"


async def test_a_server_is_never_asked_sooner_than_it_says():
    script = [Fault(429, headers=[("retry-after", "7")]), Reply("well")]
    async with AnthropicImitation(KEY, script) as server, Rig({"m": server}) as rig:
        await rig.ask()
    assert rig.clock.slept == [7250]


async def test_a_wait_beyond_the_cap_is_a_state_with_its_end():
    script = [Fault(429, headers=[("retry-after", "120")]), Reply("well")]
    async with AnthropicImitation(KEY, script) as server, Rig({"m": server}) as rig:
        with pytest.raises(ModelError) as caught:
            await rig.ask()
        assert caught.value.code == "rate_limited"
        assert rig.clock.slept == []
        assert rig.inference.state("main")["state"] == "rate_limited"
        rig.clock.at_ms += 119_999
        assert rig.inference.state("main")["state"] == "rate_limited"
        rig.clock.at_ms += 1
        assert rig.inference.state("main")["state"] == "ready"
        await rig.ask()
    assert rig.text == "well"


@pytest.mark.parametrize(
    ("code", "becomes", "state"),
    [
        ("no_credential", "no_key", "no_key"),
        ("bad_binding", "no_key", "no_key"),
        ("keyring_unavailable", "no_key", "no_key"),
        ("audit_unavailable", "audit_unavailable", "broker_down"),
        ("broker_down", "broker_down", "broker_down"),
        ("lease_unknown", "broker_down", "broker_down"),
        ("limited", "broker_down", "broker_down"),
        ("dns", "model_offline", "offline"),
        ("unreachable", "model_offline", "offline"),
        ("tls", "model_offline", "offline"),
        ("timeout", "model_offline", "offline"),
        ("outcome_unknown", "model_offline", "offline"),
        ("denied", "model_error", "ready"),
        ("out_of_scope", "model_error", "ready"),
        ("too_large", "model_error", "ready"),
        ("bad_encoding", "model_error", "ready"),
        ("new_code", "model_error", "ready"),
    ],
)
async def test_what_the_broker_refuses_reaches_the_box(code, becomes, state):
    class RefusedByBrokerError(Exception):
        message, remedy = "the broker says no", "do this"

    refusal = RefusedByBrokerError()
    refusal.code = code  # type: ignore[attr-defined]
    async with AnthropicImitation(KEY) as server, Rig({"m": server}) as rig:
        rig.refuse["m"] = refusal
        with pytest.raises(ModelError) as caught:
            await rig.ask()
        assert (caught.value.code, caught.value.message) == (becomes, "the broker says no")
        assert rig.inference.state("main")["state"] == state
    assert server.requests == []


async def test_a_fault_of_our_own_is_no_models_failure():
    async with AnthropicImitation(KEY) as server, Rig({"m": server}) as rig:
        rig.refuse["m"] = KeyError("a bug")
        with pytest.raises(KeyError):
            await rig.ask()


async def test_a_server_that_is_not_there_is_offline():
    async with AnthropicImitation(KEY) as server:
        url = server.url
    server.url_was = url  # type: ignore[attr-defined]
    async with Rig({"m": server}) as rig:
        with pytest.raises(ModelError) as caught:
            await rig.ask()
    assert caught.value.code == "model_offline"
    assert "cannot be reached" in caught.value.message
    assert len(rig.lent) == limits.MODEL_TRIES


def test_every_kind_of_failure_has_a_known_code():
    for status in range(100, 600):
        assert failures.refused(status, failures.httpx.Headers(), b"", NOW_MS).code in CODES


@pytest.mark.parametrize(
    ("fault", "rest_ms"),
    [
        (Fault(401), limits.MODEL_REFUSED_REST_MS),
        (Fault(402), limits.MODEL_REFUSED_REST_MS),
        (Fault(404), limits.MODEL_REST_MS),
        (Fault(429), limits.MODEL_LIMITED_MS),
        (Fault(429, headers=[("retry-after", "9" * 9)]), limits.MODEL_LIMITED_MAX_MS),
    ],
)
async def test_a_model_is_left_alone_for_a_while_and_no_longer(fault, rest_ms):
    async with AnthropicImitation(KEY, [fault] * 3) as server, Rig({"m": server}) as rig:
        with pytest.raises(ModelError):
            await rig.ask()
        rig.clock.at_ms += rest_ms - 1
        assert rig.inference.state("main")["state"] != "ready"
        rig.clock.at_ms += 1
        assert rig.inference.state("main")["state"] == "ready"
