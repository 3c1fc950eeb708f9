"""`barnacle up`, `down`, `tui` and `version`: start, stop and look at the appliance."""

import argparse
import gc
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from app.cli.command import Subparsers, command
from app.cli.context import Context
from app.cli.secret_backend import add_descriptor

if TYPE_CHECKING:
    from app.host.instance import AlreadyRunningError
    from broker.secret import Secret

STOP_TIMEOUT_S = 15.0
SERVE_PORT = 21884
_TUI = (
    "It opens whatever runs: with nothing running it says so, and Ctrl+O starts the appliance in the background.\n"
    "For another machine's, name a credential file (barnacle operator add … there). --serve prints an address that\n"
    "opens the dashboard in one browser on this machine; from elsewhere, reach it through: ssh -L."
)
_TUI_EXAMPLES = (
    "barnacle tui\nbarnacle tui --credentials kitchen.json\n"
    "barnacle tui --mqtt 192.0.2.7:21883 --credentials kitchen.json\nbarnacle tui --serve\n"
    "NO_COLOR=1 barnacle tui"
)


def add(commands: Subparsers) -> None:
    """Declare the commands."""
    one = command(
        commands,
        "up",
        "start everything, with the dashboard in front",
        _up,
        example="barnacle up\nbarnacle up --headless\nbarnacle up --desktop",
        more="Without a terminal, or with --headless, it serves until Ctrl-C or `barnacle down`.",
    )
    one.add_argument("--headless", action="store_true", help="no dashboard")
    one.add_argument(
        "--desktop", action="store_true", help="the desktop host: a box without screen, nothing to compile"
    )
    add_descriptor(one)
    command(commands, "down", "stop what `barnacle up` started", _down, example="barnacle down")
    one = command(commands, "tui", "open the dashboard", _tui, example=_TUI_EXAMPLES, more=_TUI)
    one.add_argument("--serve", action="store_true", help="offer it to a browser instead")
    one.add_argument("--host", metavar="ADDRESS", default="127.0.0.1", help="with --serve: where to listen")
    one.add_argument("--port", metavar="N", type=_port, default=SERVE_PORT, help=f"with --serve: {SERVE_PORT}")
    one.add_argument("--yes", action="store_true", help="with --serve: other machines may reach it, unencrypted")
    command(commands, "version", "show the version", _version, example="barnacle version", json=True)


def _up(context: Context, args: argparse.Namespace) -> int:
    import asyncio

    from app.cli.main import BEGAN
    from app.host.appliance import make_supervisor
    from app.host.instance import AlreadyRunningError, InstanceLock
    from app.host.settings import write_template

    os.umask(0o077)  # whatever a part writes is the owner's only
    interactive = not args.headless and sys.stdin.isatty() and sys.stdout.isatty()
    context.paths.make_folders()
    write_template(context.paths.config)
    try:
        with InstanceLock(context.paths.lock):  # before anything is written or looked at that a running one owns
            settings = context.settings
    except AlreadyRunningError as running:
        return _attach(context, args, interactive, running)
    if args.desktop:
        settings = replace(settings, box=replace(settings.box, kind="desktop"))
    passphrase = _passphrase(settings.credentials.backend, context, args)
    supervisor = make_supervisor(
        context.paths,
        settings,
        dashboard=_dashboard(context) if interactive else None,
        say=context.out.line,
        began=BEGAN,
        passphrase=passphrase,
    )
    if not interactive:
        return asyncio.run(supervisor.run())
    from app.host.terminal import terminal_kept

    with terminal_kept():
        return asyncio.run(supervisor.run())


def _passphrase(backend: str, context: Context, args: argparse.Namespace) -> "Secret | None":
    """What opens the encrypted file of credentials, tried; None with a keyring, and without a terminal: then the file
    stays locked until `barnacle secret unlock`. From here on nobody else of this user may look into this process."""
    if backend != "file" or (args.passphrase_fd is None and (args.headless or not sys.stdin.isatty())):
        return None
    from app.cli.passphrase import ask_passphrase
    from broker.hardening import undumpable
    from broker.sealed_file import NO_FILE, SealedError, SealedFile
    from broker.sealed_keyring import FILE

    undumpable()
    file = SealedFile(context.paths.broker / FILE)
    if not file.exists():
        raise SealedError(*NO_FILE)
    passphrase = ask_passphrase(args)
    file.unlock(passphrase)
    return passphrase


def _attach(context: Context, args: argparse.Namespace, interactive: bool, running: "AlreadyRunningError") -> int:
    if not interactive:
        raise running
    return _tui(context, args)


def _dashboard(context: Context) -> list[str]:
    return [*_this_command(context), "tui"]


def _down(context: Context, args: argparse.Namespace) -> int:
    from app.host.instance import stop_running

    pid = stop_running(context.paths, STOP_TIMEOUT_S)
    context.out.line(f"stopped (pid {pid})")
    return 0


def _tui(context: Context, args: argparse.Namespace) -> int:
    from app.cli.problems import RefusedError

    if args.serve:
        return _serve(context, args)
    in_browser = os.environ.get("TEXTUAL_DRIVER", "").endswith(":WebDriver")
    if not in_browser and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise RefusedError("the dashboard needs a terminal", "use: barnacle status, or barnacle watch")
    remote = context.credentials if context.remote else None
    gc.disable()  # nothing of what is imported is garbage; the dashboard enables it again
    try:
        from app.tui.app import run

        return run(context.paths, remote)
    finally:
        gc.enable()


def _serve(context: Context, args: argparse.Namespace) -> int:
    from app.cli.problems import RefusedError
    from app.tui.serve import is_loopback, serve

    if context.remote:
        _ = context.credentials  # a wrong file is told here, not in a browser
    if not is_loopback(args.host):
        if not args.yes:
            raise RefusedError(
                f"at {args.host} other machines reach the dashboard, and everything goes there unencrypted",
                "keep to 127.0.0.1 and use ssh -L, or say --yes",
            )
        context.out.line("WARNING: unencrypted. Whoever can listen on this network sees the dashboard, and can take")
        context.out.line("it over with everything that you may do. Better: ssh -L 21884:127.0.0.1:21884")

    def say(address: str) -> None:
        context.out.line(f"dashboard: {address}  (opens once; then another one is printed here)")

    return serve([*_this_command(context), "tui"], args.host, args.port, say)


def _this_command(context: Context) -> list[str]:
    """This program with its global options."""
    home = ["--home", str(context.paths.home)] if context.paths.home else []
    return [sys.executable, "-m", "app.cli.main", *home, *context.remote_options]


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port")
    return int(text)


def _version(context: Context, args: argparse.Namespace) -> int:
    from importlib.metadata import version

    if args.json:
        context.out.json({"version": version("barnacle")})
    else:
        context.out.line(f"barnacle {version('barnacle')}")
    return 0
