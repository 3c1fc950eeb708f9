"""`barnacle secret …`: credentials and passwords, in the system's keyring or, by choice, in an encrypted file.
Values are never arguments, never shown."""

import argparse
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app.cli import secret_backend
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
    secret_backend.add_descriptor(one)
    one = command(secret, "list", "show which secrets there are", _list, example="barnacle secret list", json=True)
    secret_backend.add_descriptor(one)
    one = command(secret, "remove", "forget a secret", _remove, example="barnacle secret remove anthropic-api-key")
    one.add_argument("name", metavar="NAME")
    secret_backend.add_descriptor(one)
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
    secret_backend.add_descriptor(one)
    secret_backend.add(secret)


def _set(context: Context, args: argparse.Namespace) -> int:
    from broker import secrets
    from broker.binding import check_value, make_binding
    from broker.change_notes import place_of

    _protect()
    if args.name in secrets.NAMES:
        _refuse_binding(args)
        secrets.set_secret(args.name, _value(args.name))
        context.out.line(f"{args.name} stored in the keyring")
        return 0
    binding = make_binding(args.name, args.host, args.header, args.prefix, args.scheme)  # before anyone types
    credentials = _credentials(context, args)
    credentials.check_keyring()
    value = _value(args.name)
    check_value(args.name, value)
    credentials.store(args.name, value, binding)
    told = _tell_broker(context, args.name, "set", place_of(binding))
    where = secret_backend.place(context)
    context.out.line(f"{args.name} stored in {where} for {_place(binding)}" + (f"; {told}" if told else ""))
    return 0


def _list(context: Context, args: argparse.Namespace) -> int:
    _protect()
    rows: list[dict[str, Any]] = [*_passwords(context)]
    credentials = _credentials(context, args)
    credentials.check_keyring()
    found = credentials.rebuild([model.credential for model in context.settings.models.models.values()])
    rows += credentials.listed()
    if args.json:
        context.out.json(rows)
        return 0
    cells = [[row["name"], "stored" if row["stored"] else "not stored", *_facts(row)] for row in rows]
    context.out.table(("secret", "", "belongs to", "set", "last used"), cells)
    for row in rows:
        if row.get("problem"):
            context.out.line(f"{row['name']}: {row['problem']}")
    if found is not None:
        named = ", ".join(found) or "none"
        context.out.line(f"the list was damaged; found again by well-known names and config.toml: {named}")
        context.out.line("any other is still kept, and is listed again once it is stored anew")
    return 0


def _passwords(context: Context) -> list[dict[str, Any]]:
    """What is in the system's keyring whichever back-end credentials have; without a keyring it may be missing only
    when credentials do not need one."""
    from broker import secrets

    blank = {"host": "", "port": 0, "scheme": "", "header": "", "set_ms": 0, "last_used_ms": 0, "problem": ""}
    try:
        return [{"name": name, "stored": stored, **blank} for name, stored in secrets.stored_names().items()]
    except secrets.SecretError as error:
        if context.settings.credentials.backend == "keyring":
            raise
        return [{"name": name, "stored": False, **blank, "problem": error.message} for name in secrets.NAMES]


def _remove(context: Context, args: argparse.Namespace) -> int:
    from app.cli.problems import RefusedError
    from broker import secrets

    _protect()
    known = args.name in secrets.NAMES
    removed = secrets.remove_secret(args.name) if known else _credentials(context, args).remove(args.name)
    where = secret_backend.place(context) if not known else "the keyring"
    if not removed:
        raise RefusedError(f"{where} holds no {args.name}", "see: barnacle secret list")
    told = "" if known else _tell_broker(context, args.name, "remove", "")
    context.out.line(f"{args.name} removed from {where}" + (f"; {told}" if told else ""))
    users = [model.name for model in context.settings.models.models.values() if model.credential == args.name]
    if users:
        context.out.line("without it these models do not answer any more: " + ", ".join(users))
    return 0


def _test(context: Context, args: argparse.Namespace) -> int:
    import asyncio

    from app.cli.problems import RefusedError
    from app.host.credential_check import check_credential

    _protect()
    found = _credentials(context, args).binding(args.name)
    if found is None:
        where = secret_backend.place(context)
        raise RefusedError(f"{where} holds no {args.name}", f"run: barnacle secret set {args.name}")
    result = asyncio.run(check_credential(context.paths.broker_socket, args.name, found))
    if args.json:
        context.out.json(result)
    else:
        context.out.line(f"{args.name}: {result['text']}")
    return 0 if result["ok"] else 1


def _credentials(context: Context, args: argparse.Namespace) -> "Credentials":
    from broker.credentials import Credentials
    from broker.index import Index

    if context.settings.credentials.backend == "file":
        secret_backend.open_file(context, args)
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


def _tell_broker(context: Context, name: str, action: str, place: str) -> str:
    """Leases with the old value end, and the audit log has the change: at once, or when the broker starts next."""
    import asyncio

    from broker.change_notes import ChangeNotes, change_event
    from broker.client import BrokerClient, BrokerRefused, BrokerUnreachable

    def note() -> None:
        ChangeNotes(context.paths.broker / "changes.jsonl").add(change_event(action, name, place))

    async def tell() -> int:
        async with BrokerClient(context.paths.broker_socket) as broker:
            return await broker.credential_changed(name, action, place)

    try:
        ended = asyncio.run(tell())
    except BrokerUnreachable:
        note()
        return ""
    except BrokerRefused as error:
        note()
        return f"the running credential broker said: {error.message}"
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
