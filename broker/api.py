"""The admin interface over the unix socket: JSON below /v1/, and requests in absolute form that go out over a lease."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, cast

from broker import limits
from broker.change_notes import change_event
from broker.errors import BadRequest, BrokerError, Denied
from broker.http_message import BodyError, Request, Response, error_response, json_response
from broker.lease_scope import read_scope
from broker.policy_desk import PolicyDesk
from broker.run_proxies import RunProxies
from broker.service import Service
from broker.unlocking import Unlocking

Body = dict[str, Any]


class Api:
    """`handle` is what the server calls."""

    def __init__(self, service: Service, desk: PolicyDesk, unlocking: Unlocking, proxies: RunProxies) -> None:
        self._service = service
        self._routes: dict[tuple[str, str], Callable[[Body], Awaitable[Any]]] = {
            ("GET", "/v1/state"): self._state,
            ("POST", "/v1/state/next"): self._next_state,
            ("GET", "/v1/policy"): self._policy,
            ("POST", "/v1/leases"): self._open,
            ("POST", "/v1/leases/revoke"): self._revoke,
            ("POST", "/v1/credentials/changed"): self._changed,
            ("POST", "/v1/audit"): self._audit,
            ("POST", "/v1/overrides"): self._overrides,
            ("POST", "/v1/proxies"): proxies.open,
            ("POST", "/v1/unlock"): unlocking.unlock,
            ("POST", "/v1/policy/test"): desk.test,
            ("POST", "/v1/policy/add"): desk.add,
            ("POST", "/v1/policy/remove"): desk.remove,
        }

    async def handle(self, request: Request) -> Response:
        """One request; errors become answers with Barnacle-Error."""
        try:
            if request.target.startswith("/"):
                return await self._admin(request)
            return await self._service.forward(request)
        except BrokerError as error:
            return error_response(_status(error), error.code, error.message, error.remedy)

    async def _admin(self, request: Request) -> Response:
        route = self._routes.get((request.method, request.target))
        if route is None:
            return error_response(404, "bad_request", "there is no such endpoint")
        return json_response(200, await route(await _body(request)))

    async def _state(self, body: Body) -> Any:
        return await self._service.state()

    async def _next_state(self, body: Body) -> Any:
        return await self._service.next_state(_text(body, "seen") or "")

    async def _policy(self, body: Body) -> Any:
        return self._service.policy()

    async def _open(self, body: Body) -> Any:
        lease = await self._service.open_lease(read_scope(body))
        return {"lease": lease.id}

    async def _revoke(self, body: Body) -> Any:
        run, lease = _text(body, "run"), _text(body, "lease")
        if run is None and lease is None and body.get("all") is not True:
            raise BadRequest("bad_request", "say which: run, lease or all")
        return {"revoked": await self._service.leases.revoke(run=run, lease=lease)}

    async def _changed(self, body: Body) -> Any:
        name = _text(body, "name")
        if name is None:
            raise BadRequest("bad_request", "name is missing")
        action, place = _text(body, "action") or "set", _text(body, "place") or ""
        return {"revoked": await self._service.credential_changed(name, change_event(action, name, place))}

    async def _audit(self, body: Body) -> Any:
        return await self._service.append(_objects(body, "events", limits.AUDIT_EVENTS))

    async def _overrides(self, body: Body) -> Any:
        self._service.set_overrides(_objects(body, "overrides", limits.OVERRIDES))
        return {}


async def _body(request: Request) -> Body:
    try:
        data = await request.read(limits.ADMIN_BODY_BYTES)
        value: Any = json.loads(data) if data else {}
    except BodyError as error:
        raise BadRequest("too_large", error.message) from None
    except (ValueError, RecursionError):
        raise BadRequest("bad_request", "the body is no JSON") from None
    if not isinstance(value, dict):
        raise BadRequest("bad_request", "the body is no JSON object")
    return cast("Body", value)


def _text(body: Body, name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise BadRequest("bad_request", f"{name} is no text")
    return value


def _objects(body: Body, name: str, most: int) -> list[Body]:
    value = body.get(name)
    listed = cast("list[Any]", value) if isinstance(value, list) else None
    if listed is None or len(listed) > most or not all(isinstance(one, dict) for one in listed):
        raise BadRequest("bad_request", f"{name} is no list of at most {most} objects")
    return cast("list[Body]", listed)


def _status(error: BrokerError) -> int:
    if isinstance(error, BadRequest):
        return 400
    return 403 if isinstance(error, Denied) else 503
