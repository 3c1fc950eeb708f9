"""Sections [models.NAME] for well-known servers: what `barnacle models add` writes. Prices as of November 2026."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Preset:
    """`lines` are the section's keys in TOML. `needs` is the credential's name, "" for none; `note`: what to check."""

    name: str
    what: str
    lines: tuple[str, ...]
    needs: str = ""
    note: str = ""

    def setting(self, key: str) -> str:
        """The text of one of its keys; "" when it sets none."""
        found = [line.partition(" = ")[2].strip('"') for line in self.lines if line.startswith(f"{key} = ")]
        return found[0] if found else ""

    def section(self, name: str = "", model: str = "", url: str = "") -> str:
        """The TOML text; `name`, `model` and `url` replace the preset's."""
        given = {"model": model, "url": url}
        lines = [f"[models.{name or self.name}]"]
        for line in self.lines:
            key = line.partition(" ")[0]
            lines.append(f"{key} = {_quoted(given[key])}" if given.get(key) else line)
        return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return '"' + "".join(c for c in text if c.isprintable() and c not in '"\\') + '"'


_FREE: Final = 'credential = ""'
_SLOW: Final = ("context = 16384", "first_token_s = 300")

PRESETS: Final[dict[str, Preset]] = {
    "anthropic": Preset(
        "claude",
        "Anthropic's Claude",
        (
            'api = "anthropic"',
            'url = "https://api.anthropic.com"',
            'model = "claude-sonnet-5"',
            'credential = "anthropic-api-key"',
            'thinking = "disabled"',
            "context = 200000",
            "input_usd_per_mtok = 2.0",
            "output_usd_per_mtok = 10.0",
            "cache_read_usd_per_mtok = 0.2",
            "cache_write_usd_per_mtok = 2.5",
        ),
        "anthropic-api-key",
    ),
    "openai": Preset(
        "gpt",
        "OpenAI's models",
        (
            'api = "openai"',
            'url = "https://api.openai.com/v1"',
            'model = "gpt-6-luna"',
            'credential = "openai-api-key"',
            "context = 200000",
            "input_usd_per_mtok = 0.1",
            "output_usd_per_mtok = 0.5",
            "cache_read_usd_per_mtok = 0.01",
        ),
        "openai-api-key",
    ),
    "openrouter": Preset(
        "openrouter",
        "any model that openrouter.ai offers",
        (
            'api = "openai"',
            'url = "https://openrouter.ai/api/v1"',
            'model = "openai/gpt-6-luna"',
            'credential = "openrouter-api-key"',
            "context = 200000",
            "input_usd_per_mtok = 0.1",
            "output_usd_per_mtok = 0.5",
        ),
        "openrouter-api-key",
    ),
    "ollama": Preset(
        "ollama",
        "Ollama on this machine",
        ('api = "openai"', 'url = "http://localhost:11434/v1"', 'model = "qwen3:8b"', _FREE, *_SLOW),
        note="pull the model first (ollama pull qwen3:8b) and give it room: OLLAMA_CONTEXT_LENGTH=16384",
    ),
    "llamacpp": Preset(
        "llamacpp",
        "llama.cpp's server on this machine",
        ('api = "openai"', 'url = "http://localhost:8080/v1"', 'model = "default"', _FREE, *_SLOW),
        note="start it with tools and room: llama-server --jinja -c 16384 -m MODEL.gguf",
    ),
    "lmstudio": Preset(
        "lmstudio",
        "LM Studio, here or on the local network",
        ('api = "openai"', 'url = "http://localhost:1234/v1"', 'model = "qwen/qwen3-8b"', _FREE, *_SLOW),
        note="for another machine: --url http://192.168.1.20:1234/v1, and let LM Studio serve on the local network",
    ),
}
