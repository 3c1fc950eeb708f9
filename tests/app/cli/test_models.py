import json

import pytest

from app.host.model_presets import PRESETS
from app.host.operator_client import OperatorRefused, OperatorUnreachable
from app.host.settings import read_settings
from tests.app.cli.fake_host import FakeHost

STATES = [
    {"name": "claude", "state": "no_key", "text": "claude has no key; run: barnacle secret set anthropic-api-key"},
    {"name": "ollama", "state": "ready", "text": "ollama answers"},
]
GOOD = {"name": "claude", "ok": True, "ms": 820, "first_ms": 310, "text": "ready", "model": "claude", "stop": "end"}
GOOD |= {"usage": {"input": 14, "output": 4, "cache_read": 0, "cache_write": 0, "micro_usd": 68}}


def settings_of(barnacle):
    return read_settings(barnacle.home / "config.toml").models


@pytest.mark.parametrize("kind", sorted(PRESETS))
def test_every_preset_can_be_added_and_says_what_comes_next(barnacle, kind):
    code, out, _ = barnacle("models", "add", kind)
    assert code == 0
    preset = PRESETS[kind]
    assert settings_of(barnacle).models[preset.name].credential == preset.needs
    assert ("barnacle secret set" in out) == bool(preset.needs)
    assert preset.note in out


def test_two_commands_make_a_model_that_all_groups_ask(barnacle):
    barnacle("models", "add", "anthropic")
    assert [model.name for model in settings_of(barnacle).order("main")] == ["claude"]
    assert read_settings(barnacle.home / "config.toml").time.zone == "Europe/Berlin"  # what was there stays


def test_a_model_can_be_named_and_be_elsewhere(barnacle):
    url = "http://192.168.1.20:1234/v1"
    code, out, _ = barnacle("models", "add", "lmstudio", "--name", "big", "--model", "qwen3", "--url", url, "--json")
    assert code == 0
    assert json.loads(out)["next"] == []
    assert (settings_of(barnacle).models["big"].url, settings_of(barnacle).models["big"].model) == (url, "qwen3")


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (["soap"], 2, "use one of anthropic"),
        (["anthropic", "--name", "No Name"], 2, "small letters"),
        (["anthropic", "--url", "http://api.anthropic.com"], 1, "unencrypted"),
        (["anthropic", "--name", "a]\nb"], 2, "small letters"),
    ],
)
def test_what_cannot_be_added_leaves_the_file_as_it_was(barnacle, argv, code, words):
    before = (barnacle.home / "config.toml").read_text()
    got, _, errors = barnacle("models", "add", *argv)
    assert got == code
    assert words in errors
    assert (barnacle.home / "config.toml").read_text() == before


def test_a_name_is_not_given_twice(barnacle):
    assert barnacle("models", "add", "ollama")[0] == 0
    code, _, errors = barnacle("models", "add", "ollama")
    assert code == 2
    assert "--name" in errors


def test_an_order_that_leaves_the_new_model_out_is_pointed_out(barnacle):
    barnacle("models", "add", "anthropic")
    with (barnacle.home / "config.toml").open("a") as file:
        file.write('\n[inference]\ndefault = ["claude"]\n')
    assert "nobody asks it" in barnacle("models", "add", "ollama")[1]


def test_the_list_shows_price_and_state_and_what_to_do(barnacle):
    barnacle("models", "add", "anthropic")
    barnacle("models", "add", "ollama")
    code, out, _ = barnacle("models", "list", host=FakeHost({"models": STATES}))
    assert code == 0
    assert "2 / 10" in out
    assert "free" in out
    assert "run: barnacle secret set anthropic-api-key" in out
    rows = json.loads(barnacle("models", "list", "--json", host=FakeHost({"models": STATES}))[1])
    assert [(row["name"], row["state"], row["for"]) for row in rows] == [
        ("claude", "no_key", "all groups"),
        ("ollama", "ready", "all groups"),
    ]


def test_the_list_works_while_nothing_runs(barnacle):
    assert "barnacle models add anthropic" in barnacle("models", "list")[1]
    barnacle("models", "add", "ollama")
    silent = FakeHost({"models": OperatorUnreachable("no answer", "barnacle up")})
    code, out, _ = barnacle("models", "list", host=silent)
    assert code == 0
    assert "unknown" in out


def test_a_test_says_how_long_it_took_and_what_it_cost(barnacle):
    barnacle("models", "add", "anthropic")
    host = FakeHost({"model.test": GOOD})
    code, out, _ = barnacle("models", "test", host=host)
    assert code == 0
    assert host.asked == [("model.test", {"name": "claude"})]
    assert out == "claude answers 'ready' in 820 ms (first word after 310 ms); 14 + 4 tokens, 0.000068 USD\n"
    assert json.loads(barnacle("models", "test", "claude", "--json", host=host)[1])["ok"]


def test_a_test_that_fails_says_why_and_what_to_do(barnacle):
    barnacle("models", "add", "anthropic")
    bad = {
        "name": "claude",
        "ok": False,
        "ms": 9,
        "code": "refused_key",
        "message": "refuses\x1b[2J",
        "remedy": "store it",
    }
    code, _, errors = barnacle("models", "test", "claude", host=FakeHost({"model.test": bad}))
    assert code == 1
    assert "refuses" in errors
    assert "store it" in errors
    assert "\x1b" not in errors
    assert barnacle("models", "test", "claude", "--json", host=FakeHost({"model.test": bad}))[0] == 1
    refused = FakeHost({"model.test": OperatorRefused("no_model", "there is no model named 'x'", "known are claude")})
    assert barnacle("models", "test", "x", host=refused)[0] == 1


def test_a_test_without_any_model_is_wrong_usage(barnacle):
    code, _, errors = barnacle("models", "test")
    assert code == 2
    assert "barnacle models add" in errors
