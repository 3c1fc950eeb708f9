"""How commands are declared: parsers whose errors are one line, and `command`, which insists on an example."""

import argparse
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from app.cli.context import Context

Run = Callable[["Context", argparse.Namespace], int]
Subparsers = Any  # argparse has no public name for it


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that says what is wrong in one line, with the remedy, and exits with 2.

    A family may have a command that is meant when none is named: see `family`."""

    default_command: str = ""
    named: Subparsers = None

    def parse_known_args(  # pyright: ignore[reportIncompatibleMethodOverride]  overloaded in argparse's stub
        self, args: Any = None, namespace: Any = None
    ) -> Any:
        """As argparse, with the default command put in where none is named."""
        words = list(args) if args is not None else sys.argv[1:]
        if self.default_command and not {*self.named.choices, "-h", "--help"} & set(words[:1]):
            words.insert(0, self.default_command)
        return super().parse_known_args(words, namespace)

    def error(self, message: str) -> NoReturn:
        """One line on stderr; never returns."""
        print(f"{self.prog}: {message}; see: {self.prog} --help", file=sys.stderr)
        raise SystemExit(2)


def add_globals(parser: argparse.ArgumentParser, shown: bool) -> None:
    """The options every command takes, before or after its name; only the top-level help shows them."""

    def text(words: str) -> str:
        return words if shown else argparse.SUPPRESS

    missing = None if shown else argparse.SUPPRESS
    parser.add_argument("--home", metavar="DIR", default=missing, help=text("keep settings and state in DIR"))
    parser.add_argument("--mqtt", metavar="HOST:PORT", default=missing, help=text("broker of a remote appliance"))
    parser.add_argument(
        "--credentials", metavar="FILE", default=missing, help=text("operator credential file of a remote appliance")
    )
    parser.add_argument(
        "--tls-ca", metavar="FILE", default=missing, help=text("CA certificate (PEM) of a remote broker with TLS")
    )


def command(
    parent: Subparsers, name: str, summary: str, run: Run, *, example: str, json: bool = False, more: str = ""
) -> argparse.ArgumentParser:
    """A command under `parent`; `example` is one or more lines without the prompt. With `json`, it takes --json."""
    examples = "\n".join(f"  {line}" for line in example.strip().splitlines())
    parser: argparse.ArgumentParser = parent.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + "." + (f"\n\n{more}" if more else ""),
        epilog=f"example:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_globals(parser, shown=False)
    if json:
        parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run, prog=parser.prog)
    return parser


def family(parent: Subparsers, name: str, summary: str, *, example: str, default: str = "") -> Subparsers:
    """A command that only has sub-commands; `default` is the one that is meant when none is named."""
    examples = "\n".join(f"  {line}" for line in example.strip().splitlines())
    parser: Parser = parent.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=f"example:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.default_command = default
    parser.named = parser.add_subparsers(metavar="COMMAND", required=True, dest=f"{name}_command", parser_class=Parser)
    return parser.named


def limit(text: str) -> int:
    """For `type=`: a whole number from 1 to 500."""
    if not text.isdigit() or not 1 <= int(text) <= 500:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 500")
    return int(text)
