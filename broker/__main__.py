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

from broker.hardening import PlainRecords, Scrub, harden

ADMIN_SOCKET = "admin.sock"


def main() -> int:
    """Run until told to stop; the exit code."""
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
    parser.add_argument("--ca", type=Path, help="a certificate authority to trust besides the system's")
    args = parser.parse_args()
    harden()
    try:
        asyncio.run(_serve(args))
    except OSError as error:
        print(
            f"credentials: cannot start: {error.strerror} ({error.filename or 'no file'})", file=sys.stderr, flush=True
        )
        return 1
    return 0


async def _serve(args: argparse.Namespace) -> None:
    from broker.api import Api
    from broker.audit.keys import open_keys
    from broker.audit.log import AuditLog
    from broker.dial import Dialer
    from broker.forward import Forwarder
    from broker.http_server import serve_unix
    from broker.index import Index
    from broker.model_endpoints import read_endpoints
    from broker.policy_desk import PolicyDesk
    from broker.policy_file import Watcher
    from broker.resolve import Resolver
    from broker.service import Service
    from broker.vault import Vault

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    vault = Vault(Index(args.state / "broker" / "credentials.json"))
    _log_to_stderr(vault.scrub)
    args.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    keyring = await vault.probe_again(now=True)
    keys = await asyncio.to_thread(open_keys, args.state, keyring.ready)
    audit = await AuditLog.open(args.state / "audit", keys.current, scrub=vault.scrub, older_keys=keys.older)
    resolver, dialer = Resolver(), Dialer(args.ca)
    watcher = Watcher(args.policy, own_ports=args.port)
    endpoints = read_endpoints(args.endpoint, lambda problem: print(problem, flush=True))
    service = Service(vault, audit, Forwarder(resolver, dialer), watcher.current, keys.source, endpoints)
    desk = PolicyDesk(args.policy, watcher.current, lambda: service.overrides, resolver, audit.append)
    args.socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    server = await serve_unix(args.socket, Api(service, desk).handle)
    try:
        print(f"keyring: {keyring.state}; audit: {audit.state}", flush=True)
        print("credentials ready", flush=True)
        await stop.wait()
    finally:
        await server.close()
        dialer.close()
        resolver.close()
        await audit.close()


def _log_to_stderr(scrub: Scrub) -> None:
    handler = logging.StreamHandler()
    handler.addFilter(PlainRecords(scrub))
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


if __name__ == "__main__":
    sys.exit(main())
