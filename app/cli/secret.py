"""`barnacle secret …`: credentials and passwords, in the system's keyring. Values are never arguments, never shown."""

import argparse
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app.cli.command import Subparsers, command, family
from app.cli.context import Context

if TYPE_CHECKING:
    from broker.binding import Binding
    from broker.credentials import Credentials

_MORE = (
    "The value is asked for without echo, or read from stdin (one line) when that is no terminal. A well-known name\n"
    "(anthropic-api-key, openai-api-key, …) belongs to its service; any other needs --host and --header, and is\n"
    "sent nowhere else."
)


def add(commands: Subparsers) -> None:
    """Declare the commands."""
    secret = family(
        commands, "secret", "credentials in the system's keyring", example="barnacle secret set anthropic-api-key"
    )
    example = (
        "barnacle secret set anthropic-api-key\npass show claude | barnacle secret set anthropic-api-key\n"
        'barnacle secret set my-server --host llm.example:8443 --header authorization --prefix "Bearer "'
    )
    one = command(secret, "set", "store a secret", _set, example=example, more=_MORE)
    one.add_argument("name", metavar="NAME")
    one.add_argument("--host", metavar="HOST[:PORT]", help="the one host that may get it")
    one.add_argument("--header", metavar="NAME", help="the header that carries it")
    one.add_argument("--prefix", metavar="TEXT", help='what stands before it, such as "Bearer "')
    one.add_argument("--scheme", choices=("https", "http"), help="https unless you say http")
    command(secret, "list", "show which secrets there are", _list, example="barnacle secret list", json=True)
    one = command(secret, "remove", "forget a secret", _remove, example="barnacle secret remove anthropic-api-key")
    one.add_argument("name", metavar="NAME")
    one = command(
        secret,
        "test",
        "make one harmless call with a credential",
        _test,
        example="barnacle secret test anthropic-api-key",
        more="The running credential broker makes it, over a lease of its own; the audit log has it.",
        json=True,
    )
    one.add_argument("name", metavar="NAME")


def _set(context: Context, args: argparse.Namespace) -> int:
    from broker import secrets
    from broker.binding import check_value, make_binding

    _protect()
    if args.name in secrets.NAMES:
        _refuse_binding(args)
        secrets.set_secret(args.name, _value(args.name))
        context.out.line(f"{args.name} stored in the keyring")
        return 0
    binding = make_binding(args.name, args.host, args.header, args.prefix, args.scheme)  # before anyone types
    credentials = _credentials(context)
    credentials.check_keyring()
    value = _value(args.name)
    check_value(args.name, value)
    credentials.store(args.name, value, binding)
    told = _tell_broker(context, args.name)
    context.out.line(f"{args.name} stored in the keyring for {_place(binding)}" + (f"; {told}" if told else ""))
    return 0


def _list(context: Context, args: argparse.Namespace) -> int:
    from broker import secrets

    _protect()
    rows: list[dict[str, Any]] = [
        {"name": name, "stored": stored} for name, stored in secrets.stored_names().items()
    ] + _credentials(context).listed()
    if args.json:
        context.out.json(rows)
        return 0
    cells = [[row["name"], "stored" if row["stored"] else "not stored", *_facts(row)] for row in rows]
    context.out.table(("secret", "", "belongs to", "set", "last used"), cells)
    for row in rows:
        if row.get("problem"):
            context.out.line(f"{row['name']}: {row['problem']}")
    return 0


def _remove(context: Context, args: argparse.Namespace) -> int:
    from app.cli.problems import RefusedError
    from broker import secrets

    _protect()
    known = args.name in secrets.NAMES
    removed = secrets.remove_secret(args.name) if known else _credentials(context).remove(args.name)
    if not removed:
        raise RefusedError(f"the keyring holds no {args.name}", "see: barnacle secret list")
    told = "" if known else _tell_broker(context, args.name)
    context.out.line(f"{args.name} removed from the keyring" + (f"; {told}" if told else ""))
    users = [model.name for model in context.settings.models.models.values() if model.credential == args.name]
    if users:
        context.out.line("without it these models do not answer any more: " + ", ".join(users))
    return 0


def _test(context: Context, args: argparse.Namespace) -> int:
    import asyncio

    from app.cli.problems import RefusedError
    from app.host.credential_check import check_credential

    _protect()
    found = _credentials(context).binding(args.name)
    if found is None:
        raise RefusedError(f"the keyring holds no {args.name}", f"run: barnacle secret set {args.name}")
    result = asyncio.run(check_credential(context.paths.broker_socket, args.name, found))
    if args.json:
        context.out.json(result)
    else:
        context.out.line(f"{args.name}: {result['text']}")
    return 0 if result["ok"] else 1


def _credentials(context: Context) -> "Credentials":
    from broker.credentials import Credentials
    from broker.index import Index

    return Credentials(Index(context.paths.broker / "credentials.json"))


def _value(name: str) -> str:
    import getpass

    from app.errors import UsageError
    from broker.secrets import SECRET_BYTES

    if not sys.stdin.isatty():
        return sys.stdin.readline(SECRET_BYTES + 2).rstrip("\r\n")
    value = getpass.getpass(f"{name}: ")
    if getpass.getpass("again: ") != value:
        raise UsageError("the two entries differ; nothing was stored", "try again")
    return value


def _tell_broker(context: Context, name: str) -> str:
    """Leases with the old value end; a broker that is not running has none."""
    import asyncio

    from broker.client import BrokerClient, BrokerUnreachable

    async def tell() -> int:
        async with BrokerClient(context.paths.broker_socket) as broker:
            return await broker.credential_changed(name)

    try:
        ended = asyncio.run(tell())
    except BrokerUnreachable:
        return ""
    return f"{ended} leases with the old one ended" if ended else ""


def _refuse_binding(args: argparse.Namespace) -> None:
    from app.errors import UsageError

    if any(value is not None for value in (args.host, args.header, args.prefix, args.scheme)):
        raise UsageError(f"{args.name} takes no --host, --header, --prefix or --scheme", "leave them out")


def _facts(row: dict[str, Any]) -> list[str]:
    place = f"{row['scheme']}://{row['host']}:{row['port']}" if row.get("host") else "-"
    if row["name"] == "mqtt-password":
        place = "your own MQTT broker"
    return [place, _day(row.get("set_ms")), _day(row.get("last_used_ms"))]


def _day(ms: Any) -> str:
    if not isinstance(ms, int) or ms <= 0:
        return "-"
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone().strftime("%Y-%m-%d %H:%M")


def _place(binding: "Binding") -> str:
    return f"{binding.scheme}://{binding.host}:{binding.port}"


def _protect() -> None:
    """No other process of this user may look into this one from now on."""
    from broker.hardening import undumpable

    undumpable()
