import tomllib
from pathlib import Path

import pytest

from app.errors import SettingsError
from app.host import limits
from app.host.models_settings import Endpoint, Prices, price
from app.host.settings import Settings, parse_settings

CLAUDE = '[models.claude]\napi = "anthropic"\nurl = "https://api.anthropic.com"\nmodel = "m"\ncredential = "key"\n'
LOCAL = '[models.ollama]\napi = "openai"\nurl = "http://localhost:11434/v1"\nmodel = "qwen3"\n'


def read(text):
    return parse_settings(tomllib.loads(text), Path("config.toml")).models


def test_without_a_section_there_is_no_model():
    assert Settings().models.order("main") == ()
    assert read("").order("main") == ()


def test_models_are_asked_in_the_order_of_the_file():
    assert [model.name for model in read(CLAUDE + LOCAL).order("main")] == ["claude", "ollama"]


def test_a_group_may_ask_other_models():
    models = read(
        CLAUDE + LOCAL + '[inference]\ndefault = ["claude"]\n[inference.groups]\nfamily = ["ollama"]\nnone=[]'
    )
    assert [model.name for model in models.order("main")] == ["claude"]
    assert [model.name for model in models.order("family")] == ["ollama"]
    assert models.order("none") == ()


def test_prices_are_whole_micro_usd():
    text = CLAUDE + "input_usd_per_mtok = 3\noutput_usd_per_mtok = 15.0\ncache_read_usd_per_mtok = 0.1\n"
    assert read(text).models["claude"].prices == Prices(3_000_000, 15_000_000, 100_000, 0)
    assert price(0.15) == 150_000
    assert price(1.1) == 1_100_000


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("https://api.anthropic.com", Endpoint("https", "api.anthropic.com", 443, "")),
        ("https://api.openai.com/v1/", Endpoint("https", "api.openai.com", 443, "/v1")),
        ("http://localhost:11434/v1", Endpoint("http", "localhost", 11434, "/v1")),
        ("http://[::1]:8080/v1", Endpoint("http", "::1", 8080, "/v1")),
        ("http://192.0.2.7:1234/v1", Endpoint("http", "192.0.2.7", 1234, "/v1")),
    ],
)
def test_an_address_gives_the_scope_of_its_leases(url, endpoint):
    assert read(LOCAL.replace("http://localhost:11434/v1", url)).models["ollama"].endpoint == endpoint


@pytest.mark.parametrize(
    ("text", "named", "remedy"),
    [
        ("models = 3\n", "models must be a section", "[models.NAME]"),
        ("[models]\nclaude = 1\n", "models.claude must be a section", "[models.claude]"),
        ("[models.Claude]\n", "models.Claude", "small letters"),
        ('[models.a]\napi = "anthropic"\n', "models.a.url is missing", "https://"),
        (CLAUDE.replace('"anthropic"', '"soap"', 1), "models.claude.api", "anthropic, openai"),
        (CLAUDE + 'key = "x"\n', "unknown key in [models.claude]: key", "credential"),
        (CLAUDE + "max_tokens = 1\n", "models.claude.max_tokens", "from 16"),
        (CLAUDE + "max_tokens = true\n", "models.claude.max_tokens", "from 16"),
        (CLAUDE + "input_usd_per_mtok = -1\n", "input_usd_per_mtok", "dollars"),
        (CLAUDE + "input_usd_per_mtok = nan\n", "input_usd_per_mtok", "dollars"),
        (CLAUDE + 'thinking = "hard"\n', "models.claude.thinking", "between_tools"),
        (CLAUDE + "ca = 1\n", "models.claude.ca", "for example"),
        (CLAUDE.replace('"key"', '"sk-fake UPPER"'), "credential", "barnacle secret set"),
        (CLAUDE.replace("https://api.anthropic.com", "api.anthropic.com"), "no address", "https://"),
        (CLAUDE.replace("https://api.anthropic.com", "https://u:p@api.anthropic.com"), "no address", "https://"),
        (CLAUDE.replace("https://api.anthropic.com", "https://api.anthropic.com/?x=1"), "no address", "https://"),
        (CLAUDE.replace("https://api.anthropic.com", "https://api.anthropic.com/a/../b"), "no address", "https://"),
        (CLAUDE.replace("https://api.anthropic.com", "https://API.anthropic.com"), "no address", "https://"),
        (CLAUDE.replace("https://api.anthropic.com", "https://api.anthropic.com:0"), "no valid port", "https://"),
        (CLAUDE.replace("https://api.anthropic.com", "https://api.anthropic.com:99999"), "no valid port", "https://"),
        (CLAUDE.replace("https://api", "http://api"), "unencrypted", "https"),
        (CLAUDE + "[inference]\nfirst = []\n", "unknown key in [inference]", "default"),
        (CLAUDE + '[inference]\ndefault = "claude"\n', "inference.default must be a list", "for example"),
        (CLAUDE + '[inference]\ndefault = ["gpt"]\n', "'gpt'", "claude"),
        (CLAUDE + '[inference]\ndefault = ["claude", "claude"]\n', "twice", "once"),
        (CLAUDE + '[inference.groups]\nfamily = ["gpt"]\n', "inference.groups.family", "claude"),
        ('[inference]\ndefault = ["gpt"]\n', "'gpt'", "[models.NAME]"),
    ],
)
def test_what_cannot_be_is_refused_with_key_and_remedy(text, named, remedy):
    with pytest.raises(SettingsError) as caught:
        read(text)
    assert named in caught.value.message
    assert remedy in caught.value.remedy


def test_a_key_may_go_unencrypted_to_this_machine_only():
    assert read(CLAUDE.replace("https://api.anthropic.com", "http://127.0.0.1:9")).models["claude"].credential == "key"


def test_too_many_models_groups_and_too_long_texts_are_refused():
    allowed = "".join(LOCAL.replace("ollama", f"m{n}") for n in range(limits.MODELS))
    assert len(read(allowed).models) == limits.MODELS
    with pytest.raises(SettingsError, match="models"):
        read(allowed + LOCAL)
    groups = "\n".join(f"g{n} = []" for n in range(limits.MODEL_GROUPS))
    assert len(read(f"[inference.groups]\n{groups}\n").groups) == limits.MODEL_GROUPS
    with pytest.raises(SettingsError, match="groups"):
        read(f"[inference.groups]\n{groups}\nmore = []\n")
    with pytest.raises(SettingsError, match="short text"):
        read(CLAUDE.replace('"m"', '"' + "m" * (limits.MODEL_SETTING_CHARS + 1) + '"'))
    with pytest.raises(SettingsError, match="input_usd_per_mtok"):
        read(CLAUDE + f"input_usd_per_mtok = {limits.MODEL_PRICE_USD + 1}\n")
