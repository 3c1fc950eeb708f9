"""`barnacle completion SHELL`: completion of commands and options, made from the parsers themselves."""

import argparse
from collections.abc import Iterator
from typing import Any

from app.cli.command import Subparsers, command
from app.cli.context import Context

SHELLS = ("bash", "zsh", "fish")


def add(commands: Subparsers) -> None:
    """Declare the command."""
    example = (
        "source <(barnacle completion bash)   # in ~/.bashrc\n"
        "source <(barnacle completion zsh)    # in ~/.zshrc, after compinit\n"
        "barnacle completion fish | source    # in config.fish"
    )
    one = command(commands, "completion", "print a completion script for your shell", _print, example=example)
    one.add_argument("shell", choices=SHELLS)


def words(parser: argparse.ArgumentParser, path: str = "") -> Iterator[tuple[str, list[str]]]:
    """(command path, what may come next) for every command: sub-commands, then options that are not hidden."""
    children: dict[str, argparse.ArgumentParser] = {}
    offered: list[str] = []
    for action in parser._actions:  # pyright: ignore[reportPrivateUsage]  argparse offers no other way to look
        if isinstance(action, argparse._SubParsersAction):  # pyright: ignore[reportPrivateUsage]
            found: Any = action  # pyright: ignore[reportUnknownVariableType]
            children = dict(found.choices)
        elif action.help != argparse.SUPPRESS:
            offered += [option for option in action.option_strings if option.startswith("--")]
            offered += [str(choice) for choice in action.choices or ()]
    yield path, [*children, *offered]
    for name, child in children.items():
        yield from words(child, f"{path} {name}".strip())


def _print(context: Context, args: argparse.Namespace) -> int:
    from app.cli.main import build_parser

    make = {"bash": _bash, "zsh": _zsh, "fish": _fish}[args.shell]
    context.out.line(make(dict(words(build_parser()))))
    return 0


def _bash(table: dict[str, list[str]]) -> str:
    cases = "\n".join(f'    "{path}") words="{" ".join(offered)}" ;;' for path, offered in table.items())
    paths = " ".join(f'["{path}"]=1' for path in table if path)
    return f"""\
_barnacle() {{
  local -A known=({paths})
  local path="" next word words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="${{COMP_WORDS[i]}}"
    next="${{path:+$path }}$word"
    [[ -n "$word" && -n "${{known[$next]:-}}" ]] && path="$next"
  done
  case "$path" in
{cases}
  esac
  COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o default -F _barnacle barnacle"""


def _zsh(table: dict[str, list[str]]) -> str:
    return "autoload -U +X bashcompinit && bashcompinit\n" + _bash(table)


def _fish(table: dict[str, list[str]]) -> str:
    lines = ["complete -c barnacle -f"]
    for path, offered in table.items():
        parts = path.split()
        if parts:
            seen = "; and ".join(f"__fish_seen_subcommand_from {part}" for part in parts)
            deeper = [name.split()[-1] for name in table if name.startswith(path + " ")]
            condition = seen + (f"; and not __fish_seen_subcommand_from {' '.join(deeper)}" if deeper else "")
        else:
            condition = "__fish_use_subcommand"
        for word in offered:
            what = f"-l {word[2:]}" if word.startswith("--") else f"-a {word}"
            lines.append(f"complete -c barnacle -n '{condition}' {what}")
    return "\n".join(lines)
