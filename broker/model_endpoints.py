"""The language models' endpoints that the owner named in config.toml: what a lease for a model may be for.

The supervisor hands them over when the credential broker starts, so that nobody who can only reach the broker's socket
(the host, a run in it) can name another one.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from broker import limits
from broker.egress_core import Target, TargetError, parse_url
from broker.errors import Denied
from broker.lease_scope import LeaseScope

_REMEDY = "see: barnacle models list; after a change to config.toml: barnacle down, then barnacle up"


@dataclass(frozen=True)
class ModelEndpoint:
    """One origin and the path below which its requests stay. `ca`: the certificate authority (PEM file) that is
    trusted there in place of the system's, None for the system's."""

    scheme: str
    host: str
    port: int
    path: str
    ca: Path | None = None


class ModelEndpoints:
    """All of them. With none, no lease for a model is given. Of two at one place the first counts."""

    def __init__(self, endpoints: Iterable[ModelEndpoint] = ()) -> None:
        self._by_place = {(one.scheme, one.host, one.port, one.path): one for one in reversed(list(endpoints))}

    def __len__(self) -> int:
        return len(self._by_place)

    def of(self, scope: LeaseScope) -> ModelEndpoint:
        """The endpoint that a lease for a model is for, exactly. Raises Denied("bad_endpoint")."""
        found = self._by_place.get((scope.scheme, scope.host, scope.port, scope.path))
        if found is None:
            raise Denied("bad_endpoint", f"{scope.origin}{scope.path} is no model's in config.toml", _REMEDY)
        return found


def read_endpoints(named: Sequence[tuple[str, str]], complain: Callable[[str], None]) -> ModelEndpoints:
    """From (address, CA file or "") pairs. What is not in its one spelling, or one too many, is left out and told."""
    endpoints: list[ModelEndpoint] = []
    for address, ca in named[: limits.MODEL_ENDPOINTS]:
        try:
            endpoints.append(ModelEndpoint(*_place(address), Path(ca) if ca else None))
        except ValueError as error:
            complain(str(error))
    if len(named) > limits.MODEL_ENDPOINTS:
        complain(f"{len(named)} endpoints of models: only the first {limits.MODEL_ENDPOINTS} count")
    return ModelEndpoints(endpoints)


def _place(address: str) -> tuple[str, str, int, str]:
    try:
        target: Target = parse_url(address)
    except TargetError as error:
        raise ValueError(f"{address!r} cannot be an endpoint: {error}") from None
    if target.query is not None:
        raise ValueError(f"{address!r} cannot be an endpoint: it has a query")
    return target.scheme, target.host, target.port, target.path
