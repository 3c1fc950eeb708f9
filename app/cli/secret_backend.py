"""`barnacle secret backend` and `unlock`: where credentials are kept, and opening the encrypted file."""

import argparse
from typing import TYPE_CHECKING

from app.cli.command import Subparsers, command
from app.cli.context import Context

if TYPE_CHECKING:
    from pathlib import Path

    from broker.sealed_keyring import SealedKeyring

_MORE = (
    "Without an argument it shows where credentials are kept. `file` is for a machine that has no keyring: one file,\n"
    "encrypted with a passphrase that `barnacle up` asks for. Switching moves nothing: store credentials again."
)


def add(secret: Subparsers) -> None:
    """Declare the commands."""
    example = "barnacle secret backend\nbarnacle secret backend file\nbarnacle secret backend keyring"
    one = command(secret, "backend", "show or choose where credentials are kept", _backend, example=example, more=_MORE)
    one.add_argument("backend", metavar="keyring|file", nargs="?", choices=("keyring", "file"))
    add_descriptor(one)
    example = "barnacle secret unlock\nbarnacle secret unlock --passphrase-fd 3"
    more = "For a Barnacle that was started without a terminal: the passphrase goes to the running credential broker."
    add_descriptor(command(secret, "unlock", "open the encrypted file", _unlock, example=example, more=more))


def add_descriptor(parser: argparse.ArgumentParser) -> None:
    """Declare --passphrase-fd."""
    parser.add_argument(
        "--passphrase-fd", type=int, metavar="N", help="read the encrypted file's passphrase from this descriptor"
    )


def open_file(context: Context, args: argparse.Namespace) -> "SealedKeyring":
    """The encrypted file in the keyring's place, open. Raises UsageError, SealedError."""
    from app.cli.passphrase import ask_passphrase
    from broker.sealed_file import NO_FILE, SealedError
    from broker.sealed_keyring import use_file

    backend = use_file(_file(context))
    if not backend.file.exists():
        raise SealedError(*NO_FILE)
    backend.unlock(ask_passphrase(args))
    return backend


def place(context: Context) -> str:
    """Where credentials are kept, for texts."""
    return "the encrypted file" if context.settings.credentials.backend == "file" else "the keyring"


def _backend(context: Context, args: argparse.Namespace) -> int:
    if args.backend is None:
        return _show(context)
    from app.host.config_edit import set_credentials_backend

    before = context.settings.credentials.backend
    context.paths.make_folders()
    if args.backend == "file":
        _make_or_try(context, args)
    set_credentials_backend(context.paths.config, args.backend)
    chosen = "the encrypted file" if args.backend == "file" else "the system's keyring"
    context.out.line(f"credentials are kept in {chosen} from the next start on: barnacle down, then barnacle up")
    if args.backend != before:
        _tell_left(context, before)
    return 0


def _show(context: Context) -> int:
    from broker.keyring_probe import probe

    if context.settings.credentials.backend == "file":
        path = _file(context)
        context.out.line(f"credentials are kept in the encrypted file {path}")
        if not path.exists():
            context.out.line("there is none yet; run: barnacle secret backend file")
        return 0
    state = probe()
    context.out.line(f"credentials are kept in the system's keyring: {state.message}")
    if not state.ready:
        context.out.line(state.remedy)
        context.out.line("on a machine that cannot have one: barnacle secret backend file")
    if _file(context).exists():
        context.out.line(f"the encrypted file {_file(context)} is there too, and is not used")
    return 0


def _make_or_try(context: Context, args: argparse.Namespace) -> None:
    """Whoever switches to the file knows its passphrase: an existing one is opened, a missing one made."""
    from app.cli.passphrase import ask_passphrase
    from broker.hardening import undumpable
    from broker.sealed_keyring import use_file

    undumpable()
    path = _file(context)
    backend = use_file(path)
    if backend.file.exists():
        backend.unlock(ask_passphrase(args))
        context.out.line(f"{path} is there already, with {_count(backend)}")
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    backend.create(ask_passphrase(args, new=True))
    context.out.line(f"{path} made; nobody can open it without the passphrase, so keep that somewhere else too")


def _count(backend: "SealedKeyring") -> str:
    count = sum(name.startswith("credential:") for name in backend.names())
    return "1 credential" if count == 1 else f"{count} credentials"


def _tell_left(context: Context, before: str) -> None:
    from broker.index import Index

    names = sorted(Index(context.paths.broker / "credentials.json").entries())
    where = "the encrypted file" if before == "file" else "the keyring"
    if names:
        context.out.line(f"nothing was moved: what was stored in {where} stays there ({', '.join(names)})")
        context.out.line("store each again with `barnacle secret set`, or go back and remove it there")


def _unlock(context: Context, args: argparse.Namespace) -> int:
    import asyncio

    from app.cli.passphrase import ask_passphrase
    from app.cli.problems import NotReachableError
    from broker.client import BrokerClient, BrokerUnreachable
    from broker.hardening import undumpable

    undumpable()
    passphrase = ask_passphrase(args)

    async def unlock() -> str:
        async with BrokerClient(context.paths.broker_socket) as broker:
            return await broker.unlock(passphrase)

    try:
        state = asyncio.run(unlock())
    except BrokerUnreachable as error:
        raise NotReachableError(
            error.message, "start everything with: barnacle up (it asks for the passphrase)"
        ) from None
    context.out.line("it was open already" if state == "open" else "the encrypted file of credentials is open")
    return 0


def _file(context: Context) -> "Path":
    from broker.sealed_keyring import FILE

    return context.paths.broker / FILE
