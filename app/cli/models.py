"""`barnacle models …`: which language models there are, how they are, adding one, trying one."""

import argparse
from typing import TYPE_CHECKING, Any

from app.cli.command import Subparsers, command, family
from app.cli.context import Context
from app.cli.output import clean

if TYPE_CHECKING:
    from app.host.models_settings import ModelSettings, ModelsSettings

UNREACHABLE = 3  # exit code
_KINDS = "anthropic, openai, openrouter, ollama, llamacpp, lmstudio"
_ADD = f"KIND is one of {_KINDS}. The section goes to the end of config.toml; restart Barnacle to use it."


def add(commands: Subparsers) -> None:
    """Declare the commands."""
    models = family(commands, "models", "language models", example="barnacle models list")
    command(models, "list", "show the models and how they are", _list, example="barnacle models list", json=True)
    example = "barnacle models add anthropic\nbarnacle models add ollama --model llama3.2:3b"
    one = command(models, "add", "write a model's section to config.toml", _add, example=example, json=True, more=_ADD)
    one.add_argument("kind", metavar="KIND")
    one.add_argument("--name", default="", help="its name in config.toml; the kind's own by default")
    one.add_argument("--model", default="", help="the server's name of the model")
    one.add_argument("--url", default="", help="the server's base address")
    example = "barnacle models test claude"
    more = "One tiny call through the running host, as a run would make it; it costs what a few words cost."
    one = command(models, "test", "let a model answer one word", _test, example=example, json=True, more=more)
    one.add_argument("name", metavar="NAME", nargs="?", default="", help="the first choice by default")


def _list(context: Context, args: argparse.Namespace) -> int:
    models = context.settings.models
    states = _states(context)
    rows = [_row(models, model, states.get(model.name)) for model in models.models.values()]
    if args.json:
        context.out.json(rows)
        return 0
    if not rows:
        context.out.line("no language model is configured; the offline assistant answers")
        context.out.line("add one: barnacle models add anthropic (or: openai, openrouter, ollama, llamacpp, lmstudio)")
        return 0
    shown = [[row["name"], row["model"], row["for"], _price(row), row["state"]] for row in rows]
    context.out.table(("name", "model", "asked for", "USD per Mtok in/out", "state"), shown)
    for row in rows:
        if row["text"] and row["state"] not in ("ready", "unknown"):
            context.out.line(clean(row["text"]))
    return 0


def _add(context: Context, args: argparse.Namespace) -> int:
    from app.errors import UsageError
    from app.host.config_edit import add_model
    from app.host.model_presets import PRESETS

    if context.remote:
        raise UsageError("config.toml is on the machine that runs Barnacle", "run this command there")
    preset = PRESETS.get(args.kind)
    if preset is None:
        raise UsageError(f"there is no kind {args.kind!r}", f"use one of {_KINDS}")
    path = context.paths.config
    name = args.name or preset.name
    settings = add_model(path, preset, name, args.model, args.url)
    following = _key_wanted(preset.needs, settings.models.models[name].url)
    if args.json:
        model = settings.models.models[name]
        context.out.json({"name": name, "model": model.model, "url": model.url, "file": str(path), "next": following})
        return 0
    context.out.line(f"{name} added to {path}")
    if preset.note:
        context.out.line(preset.note)
    for line in following:
        context.out.line(f"then: {line}")
    if name not in settings.models.default:
        context.out.line(f"then: name {name} in [inference] default, or nobody asks it")
    return 0


def _key_wanted(credential: str, url: str) -> list[str]:
    """What is still to be done about a key: a well-known one belongs to its own service and is no use elsewhere."""
    from urllib.parse import urlsplit

    from broker.binding import WELL_KNOWN

    if not credential:
        return []
    known, place = WELL_KNOWN.get(credential), urlsplit(url)
    if known is None or (known.scheme, known.host, known.port) == (place.scheme, place.hostname, place.port or 443):
        return [f"barnacle secret set {credential}"]
    prefix = f' --prefix "{known.prefix}"' if known.prefix else ""
    scheme = " --scheme http" if place.scheme == "http" else ""
    own = f"barnacle secret set my-key --host {place.netloc} --header {known.header}{prefix}{scheme}"
    return [own, 'write credential = "my-key" into that section of config.toml']


def _test(context: Context, args: argparse.Namespace) -> int:
    from app.cli.problems import RefusedError
    from app.errors import UsageError

    name = args.name
    if not name:
        order = context.settings.models.default
        if not order:
            raise UsageError("no language model is configured", "add one: barnacle models add anthropic")
        name = order[0]
    result: dict[str, Any] = context.ask("model.test", name=name)
    if args.json:
        context.out.json(result)
        return 0 if result["ok"] else 1
    if not result["ok"]:
        raise RefusedError(f"{name}: {clean(result['message'])}", clean(result["remedy"]))
    usage = result["usage"]
    counted = f"{usage['input']} + {usage['output']} tokens, {usage['micro_usd'] / 1_000_000:.6f} USD"
    took = f"{result['ms']} ms (first word after {result['first_ms']} ms)"
    context.out.line(f"{name} answers {clean(result['text'])!r} in {took}; {counted}")
    return 0


def _states(context: Context) -> dict[str, dict[str, Any]]:
    """By name, as the running host sees them; empty when none runs here."""
    from app.errors import ProblemError

    if not context.settings.models.models:
        return {}
    try:
        answer: list[dict[str, Any]] | None = context.ask("models")
    except ProblemError as error:
        if error.exit_code == UNREACHABLE or getattr(error, "code", "") == "unknown_request":
            return {}
        raise
    return {one["name"]: one for one in answer or []}


def _row(models: "ModelsSettings", model: "ModelSettings", state: dict[str, Any] | None) -> dict[str, Any]:
    asked = ["all groups"] if model.name in models.default else []
    asked += [folder for folder, names in models.groups.items() if model.name in names]
    prices = {kind: getattr(model.prices, kind) for kind in ("input", "output", "cache_read", "cache_write")}
    row: dict[str, Any] = {key: getattr(model, key) for key in ("name", "api", "model", "url", "credential")}
    row |= {"for": ", ".join(asked) or "nobody", "micro_usd_per_mtok": prices}
    known = state or {"state": "unknown", "text": "no running host says how it is"}
    return row | {"state": known["state"], "text": known["text"]}


def _price(row: dict[str, Any]) -> str:
    prices = row["micro_usd_per_mtok"]
    if not prices["input"] and not prices["output"]:
        return "free"
    return f"{prices['input'] / 1_000_000:g} / {prices['output'] / 1_000_000:g}"
