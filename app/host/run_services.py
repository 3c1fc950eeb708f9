"""What a run on the box may call: run.open, llm, http, run.close. Nothing of it works for a run that does not go on."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from app.host import device_core, limits
from app.host.calls import CallContext, CallServer, SendItem
from app.host.inference.service import Inference
from app.host.lending import Lending
from app.host.refusal import RequestRefused
from app.host.web_fetch import WebFetch

Body = dict[str, Any]
Approvals = Callable[[str], Awaitable[Body | None]]
"""The ask with this id, once the box has reported its end; None when there is none."""


class RunServices:
    """Registers itself with the call server. `version` is the egress policy in force, for the answer of `http`."""

    def __init__(
        self,
        server: CallServer,
        lending: Lending,
        inference: Inference,
        web: WebFetch,
        approvals: Approvals,
        version: Callable[[], str | None],
    ) -> None:
        self._lending = lending
        self._inference = inference
        self._web = web
        self._approvals = approvals
        self._version = version
        self._used: dict[str, None] = {}
        server.register("run.open", self._open)
        server.register("run.close", self._close)
        server.register("llm", self._llm)
        server.register("http", self._http)

    async def _open(self, body: Body, send_item: SendItem, context: CallContext) -> Body:
        run, folder = _named(body)
        model = self._inference.state(folder)
        token = await self._lending.open(run, folder)
        return {"lease": token, "model": model}

    async def _close(self, body: Body, send_item: SendItem, context: CallContext) -> Body:
        await self._lending.close(_named(body)[0])
        return {}

    async def _llm(self, body: Body, send_item: SendItem, context: CallContext) -> Body:
        run, folder = _named(body)
        self._lending.check(run, folder, body.get("lease"))
        return await self._inference.run(body, send_item)

    async def _http(self, body: Body, send_item: SendItem, context: CallContext) -> Body:
        run, folder = _named(body)
        self._lending.check(run, folder, body.get("lease"))
        if body.get("approval") is not None:
            await self._check_approval(body, folder)
        return await self._web.fetch(body) | {"version": self._version()}

    async def _check_approval(self, body: Body, folder: str) -> None:
        """The owner said yes to this very request, headers and body included, and it has not been used yet."""
        name: object = body["approval"]
        ask = await self._approvals(name) if isinstance(name, str) and name not in self._used else None
        digest = device_core.request_digest(
            str(body.get("method", "GET")),
            str(body.get("url")),
            _texts(body.get("headers")),
            str(body.get("body") or ""),
        )
        same = ask is not None and all(
            ask.get(key) == wanted
            for key, wanted in (
                ("state", "approved"),
                ("folder", folder),
                ("run", body["run"]),
                ("method", body.get("method", "GET")),
                ("url", body.get("url")),
                ("digest", digest),
            )
        )
        if not same or name in self._used:  # another call may have used it while this one waited
            raise RequestRefused("ask_denied", "nobody has approved this request, or it was used already", "ask again")
        self._used[str(name)] = None
        while len(self._used) > limits.APPROVALS_KEPT:
            del self._used[next(iter(self._used))]


def _named(body: Body) -> tuple[str, str]:
    run, folder = body.get("run"), body.get("folder")
    if not isinstance(run, str) or not isinstance(folder, str) or not run or len(run) > 128 or len(folder) > 128:
        raise RequestRefused("bad_value", "the request does not name its run and group")
    return run, folder


def _texts(headers: object) -> dict[str, str]:
    """What web_fetch.py refuses later cannot be what was approved: any other value will do."""
    given = cast("dict[str, object]", headers) if isinstance(headers, dict) else {}
    return {name: value if isinstance(value, str) else "" for name, value in given.items()}
