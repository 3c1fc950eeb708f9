"""`barnacle secret …`: passwords of other systems, in the system's keyring. Values are never arguments, never shown."""

import argparse
import sys

from app.cli.command import Subparsers, command, family
from app.cli.context import Context

_MORE = "The value is asked for without echo, or read from stdin (one line) when that is no terminal."


def add(commands: Subparsers) -> None:
    """Declare the commands."""
    secret = family(
        commands, "secret", "passwords in the system's keyring", example="barnacle secret set mqtt-password"
    )
    example = "barnacle secret set mqtt-password\npass show broker | barnacle secret set mqtt-password"
    one = command(secret, "set", "store a secret", _set, example=example, more=_MORE)
    one.add_argument("name", metavar="NAME")
    command(secret, "list", "show which secrets there are", _list, example="barnacle secret list", json=True)
    one = command(secret, "remove", "forget a secret", _remove, example="barnacle secret remove mqtt-password")
    one.add_argument("name", metavar="NAME")


def _set(context: Context, args: argparse.Namespace) -> int:
    import getpass

    from app.errors import UsageError
    from broker.secrets import SECRET_BYTES, check_name, set_secret

    check_name(args.name)  # before anyone types a secret
    if sys.stdin.isatty():
        value = getpass.getpass(f"{args.name}: ")
        if getpass.getpass("again: ") != value:
            raise UsageError("the two entries differ; nothing was stored", "try again")
    else:
        value = sys.stdin.readline(SECRET_BYTES + 2).rstrip("\r\n")
    set_secret(args.name, value)
    context.out.line(f"{args.name} stored in the keyring")
    return 0


def _list(context: Context, args: argparse.Namespace) -> int:
    from broker.secrets import NAMES, stored_names

    found = stored_names()
    if args.json:
        context.out.json([{"name": name, "stored": stored} for name, stored in found.items()])
        return 0
    rows = [[name, "stored" if stored else "not stored", NAMES[name]] for name, stored in found.items()]
    context.out.table(("secret", "", "what it is"), rows)
    return 0


def _remove(context: Context, args: argparse.Namespace) -> int:
    from app.cli.problems import RefusedError
    from broker.secrets import remove_secret

    if not remove_secret(args.name):
        raise RefusedError(f"the keyring holds no {args.name}", "see: barnacle secret list")
    context.out.line(f"{args.name} removed from the keyring")
    return 0
