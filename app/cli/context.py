"""What a command works with: paths, settings, keys, the host, and where it prints. Everything is made on first use."""

import argparse
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from app.cli.output import Output

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from app.cli.times import Times
    from app.host.keys import Keys, OperatorCredentials
    from app.host.paths import Paths
    from app.host.settings import Settings

T = TypeVar("T")


class Client(Protocol):
    """What commands need of app.host.operator_client.OperatorClient."""

    async def request(self, name: str, /, **args: Any) -> Any:
        """Ask the host; raises OperatorRefused, OperatorUnreachable."""
        ...

    def events(self) -> AsyncIterator[Any]:
        """Live events: objects with `kind` and `body`."""
        ...


Connect = Callable[["OperatorCredentials"], "AbstractAsyncContextManager[Client]"]


class Context:
    """One command's surroundings. Tests pass `connect` and `out`."""

    def __init__(self, args: argparse.Namespace, connect: Connect | None = None, out: Output | None = None) -> None:
        self._args = args
        self._connect = connect
        self.out = out or Output()

    @cached_property
    def paths(self) -> "Paths":
        """Where this installation's files are."""
        from app.host.paths import Paths

        return Paths(self._args.home)

    @cached_property
    def settings(self) -> "Settings":
        """The settings; raises SettingsError."""
        from app.host.settings import read_settings

        return read_settings(self.paths.config)

    @cached_property
    def keys(self) -> "Keys":
        """This installation's keys, made when there are none; raises KeysError."""
        from app.host.keys import load_keys

        return load_keys(self.paths.keys, self.settings.box.id)

    @property
    def remote(self) -> bool:
        """True when the user names another machine's appliance."""
        return bool(self._args.credentials or self._args.mqtt)

    @property
    def remote_options(self) -> list[str]:
        """The command-line options that name another machine's appliance, for a command that is started anew."""
        named = {"--mqtt": self._args.mqtt, "--credentials": self._args.credentials, "--tls-ca": self._args.tls_ca}
        return [part for name, value in named.items() if value for part in (name, str(value))]

    @cached_property
    def credentials(self) -> "OperatorCredentials":
        """As whom and where the host is asked; raises ProblemError."""
        from dataclasses import replace

        from app.host.keys import LOCAL, read_credentials

        if self._args.credentials:
            found = read_credentials(Path(self._args.credentials))
        elif self.remote or self.paths.keys.exists():
            found = self.keys.operator_credentials(LOCAL, self.settings.mqtt)
        else:
            from app.cli.problems import NotReachableError

            raise NotReachableError("Barnacle has never been started here", "start it with: barnacle up")
        if self._args.mqtt:
            host, port = _address(self._args.mqtt)
            found = replace(found, host=host, port=port)
        if self._args.tls_ca:
            found = replace(found, tls_ca=str(Path(self._args.tls_ca).absolute()))
        return found

    def times(self, zone: str = "") -> "Times":
        """Formats moments in `zone`, by default the settings' zone."""
        from app.cli.times import Times

        return Times(zone or self.settings.zone)

    def client(self) -> "AbstractAsyncContextManager[Client]":
        """A connection to the host, for `async with`."""
        if self._connect is not None:
            return self._connect(self.credentials)
        self.check_reachable()
        from app.host.operator_client import OperatorClient

        return OperatorClient(self.credentials)

    def ask(self, name: str, /, **args: Any) -> Any:
        """One request; its result."""
        return self.with_client(lambda client: client.request(name, **args))

    def with_client(self, work: Callable[[Client], Awaitable[T]]) -> T:
        """Run `work` with a connection and return its result."""
        import asyncio

        async def run() -> T:
            async with self.client() as client:
                return await work(client)

        return asyncio.run(run())

    def check_reachable(self) -> None:
        """Say at once, without waiting for a time-out, that nothing runs on this machine."""
        from app.host.instance import running_pid

        mqtt = self.settings.mqtt
        if not self.remote and not mqtt.external and running_pid(self.paths) is None:
            from app.cli.problems import NotReachableError

            raise NotReachableError("Barnacle is not running here", "start it with: barnacle up")


def _address(text: str) -> tuple[str, int]:
    from app.errors import UsageError

    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise UsageError(f"--mqtt {text!r} is no address", "write HOST:PORT, such as 192.0.2.7:21883")
    return host.strip("[]"), int(port)
