"""A short run of every fuzzer finds nothing; a planted bug in what it judges is found."""

import ipaddress
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import fuzz
from bench.fuzzers import judged
from device.host import addresses, egress, envelope, url

COUNT = 2000


@pytest.mark.parametrize("name", sorted(judged.load()))
def test_a_short_run_finds_no_wrong_verdict_and_no_crash(name: str) -> None:
    found = fuzz.run(name, COUNT, "ci")
    assert (found["inputs"], found["wrong"], found["crashes"]) == (COUNT, 0, 0), found["examples"]


def test_the_same_seed_makes_the_same_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    def inputs(seed: str) -> list[str]:
        seen: list[str] = []
        with monkeypatch.context() as patched:
            patched.setattr(url, "parse", lambda text: seen.append(text) or refuse())
            fuzz.run("url", 50, seed)
        return seen

    def refuse() -> None:
        raise url.TargetError("bad_url", "planted")

    assert inputs("a") == inputs("a") != inputs("b")


def wrong(name: str) -> int:
    return fuzz.run(name, COUNT, "planted")["wrong"]


def test_a_planted_parser_that_takes_userinfo_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    real = url.parse
    monkeypatch.setattr(url, "parse", lambda text: real(text.split("@")[0] if text.count("@") == 1 else text))
    assert wrong("url") > 0


def test_a_planted_parser_that_takes_dots_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(url, "check_path", lambda path: None)
    assert wrong("url") > 0


def test_a_planted_parser_that_takes_short_addresses_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(url, "_ends_in_number", lambda host: False)
    assert wrong("url") > 0


def test_a_planted_table_without_loopback_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "_TABLE_4", tuple(row for row in addresses._TABLE_4 if row[2] != "loopback"))
    assert wrong("address") > 0


def test_a_planted_order_that_tries_overrides_first_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(egress, "_never", lambda target, method, rules: None)
    monkeypatch.setattr(egress, "_NEVER", ())
    assert wrong("policy") > 0


def test_a_planted_judge_that_forgets_groups_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    real = egress.decide
    monkeypatch.setattr(egress, "decide", lambda asked, *rest: real({**asked, "group": "main"}, *rest))
    assert wrong("policy") > 0


def test_a_planted_envelope_without_its_signature_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envelope, "_same", lambda expected, given: True)
    assert wrong("envelope") > 0


def test_a_planted_crash_is_counted_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "text", lambda address: 1 // 0)
    found = fuzz.run("address", 20, "planted")
    assert (found["crashes"], found["wrong"]) == (20, 0) and len(found["examples"]) == fuzz.EXAMPLES


def test_the_command_prints_its_sums(capsys: pytest.CaptureFixture[str]) -> None:
    assert fuzz.main(["--count", "200", "--only", "address", "--seed", "x"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["inputs"], figures["wrong"], figures["crashes"], figures["seed"]) == (200, 0, 0, "x")
    assert set(figures["fuzzers"]) == {"address"} and figures["inputs_per_s"] > 0


@given(st.text() | st.from_regex(r"https?://[^/?#]*(/[^?#]*)?(\?[^#]*)?", fullmatch=True))
def test_any_text_is_refused_with_a_code_or_has_one_spelling(text: str) -> None:
    try:
        target = url.parse(text)
    except url.TargetError as error:
        assert error.code in url.CODES and error.message and error.remedy
        return
    assert url.parse(target.url) == target and url.parse(target.url).url == target.url


@given(st.binary(min_size=4, max_size=4) | st.binary(min_size=16, max_size=16))
def test_any_address_has_one_spelling_that_others_read_alike(packed: bytes) -> None:
    spelled = addresses.text(packed)
    assert addresses.parse(spelled) == packed == ipaddress.ip_address(spelled).packed


@given(st.text(alphabet="0123456789abcdef:.%x /[]", max_size=40))
def test_any_text_is_the_address_that_the_standard_library_reads_or_none(text: str) -> None:
    expected = None
    if "%" not in text:
        try:
            expected = ipaddress.ip_address(text).packed
        except ValueError:
            expected = None
    assert addresses.parse(text) == expected


@given(st.binary(min_size=4, max_size=4) | st.binary(min_size=16, max_size=16), st.sampled_from(("allow", "ask")))
def test_nothing_passes_to_an_address_that_no_rule_names(packed: bytes, effect: str) -> None:
    rule = {"name": "r", "effect": effect, "host": "a.example"}
    target = url.parse("https://a.example/")
    asked = {"target": target, "method": "GET", "group": None, "credential": None}
    decision = egress.decide(asked, egress.Rules("v", [rule]), [], 0)
    passes = egress.check_addresses(decision, target, [packed]) is None
    assert passes == (addresses.classify(packed) == "public")
