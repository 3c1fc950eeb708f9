"""`python -m broker --state DIR --policy FILE`: the credential broker's process. Prints "credentials ready".

It starts, and says what is wrong in its state, when there is no keyring, no policy or no audit log that can be written.
Exit code 0 after SIGTERM or SIGINT, 1 with one line on stderr when it cannot listen.
"""

import argparse
import asyncio
import logging
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from broker.audit.errors import AuditUnavailable
from broker.hardening import PlainRecords, Scrub, harden, undumpable
from broker.secret import Secret

if TYPE_CHECKING:
    from broker.audit.log import AuditLog
    from broker.change_notes import ChangeNotes
    from broker.sealed_keyring import SealedKeyring

ADMIN_SOCKET = "admin.sock"


def main() -> int:
    """Run until told to stop; the exit code."""
    undumpable()
    parser = argparse.ArgumentParser(prog="python -m broker", description="Barnacle's credential broker")
    parser.add_argument("--state", required=True, type=Path, help="folder of the installation's state")
    parser.add_argument("--policy", required=True, type=Path, help="the owner's policy.toml")
    parser.add_argument("--socket", required=True, type=Path, help="where the host reaches it")
    parser.add_argument("--port", type=int, action="append", default=[], help="a port of Barnacle's own: never opened")
    parser.add_argument(
        "--endpoint",
        nargs=2,
        action="append",
        default=[],
        metavar=("URL", "CA"),
        help='a language model that the owner named, and the authority of its certificate ("" for the system\'s)',
    )
    parser.add_argument("--backend", choices=("keyring", "file"), default="keyring", help="where credentials are kept")
    parser.add_argument("--passphrase-fd", type=int, metavar="N", help="descriptor to read the file's passphrase from")
    parser.add_argument("--ca", type=Path, help="a certificate authority to trust besides the system's")
    args = parser.parse_args()
    harden(() if args.passphrase_fd is None else (args.passphrase_fd,))
    try:
        handed_over = asyncio.run(_serve(args))
    except OSError as error:
        print(
            f"credentials: cannot start: {error.strerror} ({error.filename or 'no file'})", file=sys.stderr, flush=True
        )
        return 1
    if handed_over is not None:
        from broker.unlocking import start_again

        start_again(handed_over, sys.argv[1:])
    return 0


async def _serve(args: argparse.Namespace) -> Secret | None:
    """Serve until told to stop; a passphrase when the process is to start again with it."""
    from broker.api import Api
    from broker.audit.keys import open_keys
    from broker.audit.log import AuditLog
    from broker.change_notes import ChangeNotes
    from broker.dial import Dialer
    from broker.forward import Forwarder
    from broker.http_server import serve_unix
    from broker.index import Index
    from broker.model_endpoints import read_endpoints
    from broker.own_addresses import own_addresses
    from broker.policy_desk import PolicyDesk
    from broker.policy_file import Watcher
    from broker.resolve import Resolver
    from broker.run_proxies import RunProxies
    from broker.service import Service
    from broker.unlocking import Unlocking
    from broker.vault import Vault

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    vault = Vault(Index(args.state / "broker" / "credentials.json"))
    _log_to_stderr(vault.scrub)
    args.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    backend = _backend(args)
    keyring = await vault.probe_again(now=True)
    keys = await asyncio.to_thread(open_keys, args.state, keyring.ready)
    audit = await AuditLog.open(args.state / "audit", keys.current, scrub=vault.scrub, older_keys=keys.older)
    resolver, dialer = Resolver(), Dialer(args.ca)
    watcher = Watcher(args.policy, args.port, own_addresses)
    endpoints = read_endpoints(args.endpoint, lambda problem: print(problem, flush=True))
    forwarder = Forwarder(resolver, dialer)
    service = Service(vault, audit, forwarder, watcher.current, keys.source, endpoints)
    proxies = RunProxies(args.socket.parent / "runs", service.leases, service.judge, forwarder, dialer)
    desk = PolicyDesk(args.policy, watcher.current, lambda: service.overrides, resolver, audit.append)
    unlocking = Unlocking(backend, audit.append, stop)
    await _tell_changes(ChangeNotes(args.state / "broker" / "changes.jsonl"), audit)
    args.socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    server = await serve_unix(args.socket, Api(service, desk, unlocking, proxies).handle)
    try:
        print(f"keyring: {keyring.state}; audit: {audit.state}", flush=True)
        print("credentials ready", flush=True)
        await stop.wait()
    finally:
        await proxies.close()
        await server.close()
        dialer.close()
        resolver.close()
        await audit.close()
    return unlocking.handed_over


def _backend(args: argparse.Namespace) -> "SealedKeyring | None":
    """The encrypted file, unlocked if its passphrase was handed over; None for the system's keyring."""
    from broker.passphrase import read_passphrase
    from broker.sealed_file import SealedError
    from broker.sealed_keyring import FILE, use_file

    passphrase = None if args.passphrase_fd is None else read_passphrase(args.passphrase_fd)
    if args.backend == "keyring":
        return None
    backend = use_file(args.state / "broker" / FILE)
    if passphrase is not None:
        try:
            backend.unlock(passphrase)
        except SealedError as error:
            print(f"credentials: {error.message}", file=sys.stderr, flush=True)
    return backend


async def _tell_changes(notes: "ChangeNotes", audit: "AuditLog") -> None:
    """What the command line changed while no broker ran becomes part of the log; it stays noted until it is."""
    try:
        events, lines = notes.waiting()
        if events:
            await audit.append_all(events)
            notes.clear(lines)
    except (OSError, AuditUnavailable) as error:
        logging.getLogger("barnacle.credentials").warning("notes of changes wait: %s", type(error).__name__)


def _log_to_stderr(scrub: Scrub) -> None:
    handler = logging.StreamHandler()
    handler.addFilter(PlainRecords(scrub))
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


if __name__ == "__main__":
    sys.exit(main())
