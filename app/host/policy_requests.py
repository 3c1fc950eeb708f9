"""Operators' requests about the egress rules: what would happen to a URL, and rules added and removed.

The credential broker judges, and changes the owner's policy.toml; what changes bears the operator's name in the audit.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from app.host.arguments import Arguments
from app.host.box_services import BoxServices
from app.host.credential_broker import CredentialBroker, plain
from app.host.refusal import RequestRefused

Args = dict[str, Any]
Act = Callable[[Args, str], Awaitable[Any]]
URL_CHARS = 2048
NAME_CHARS = 64


def policy_requests(services: BoxServices, broker: CredentialBroker) -> dict[str, Act]:
    """By name; each takes the arguments and the operator's name."""

    async def test(args: Args, client: str) -> Any:
        """{url, method?, group?}: {"effect", "rule", "reason", "version", "url", "addresses", "remedy"}."""
        given = Arguments(args, "url", "method", "group")
        url, method = given.text("url", most=URL_CHARS), given.text("method", "GET", NAME_CHARS)
        return await _asked(broker.test_policy(url, method, given.text("group", "", NAME_CHARS) or None))

    async def add(args: Args, client: str) -> Any:
        """{rule, before?, version?}: {"version"} of the rules with it; `version`: of the rules that were looked at."""
        given = Arguments(args, "rule", "before", "version")
        if not isinstance(args.get("rule"), dict):
            raise RequestRefused("bad_value", "rule must be an object", "see docs/policy.md")
        body = {"rule": args["rule"]} | {name: given.text(name, "", NAME_CHARS) for name in ("before", "version")}
        return await _changed("add", body, client)

    async def remove(args: Args, client: str) -> Any:
        """{name, version?}: {"version", "rule": what was taken out}."""
        given = Arguments(args, "name", "version")
        body = {"name": given.text("name", most=NAME_CHARS), "version": given.text("version", "", NAME_CHARS)}
        return await _changed("remove", body, client)

    async def _changed(change: str, body: Args, client: str) -> Any:
        done = await _asked(broker.change_policy(change, body | {"actor": client}))
        await services.watch.look()  # box and operators hear of it at once
        return done

    return {"policy.test": test, "policy.add": add, "policy.remove": remove}


async def _asked(work: Awaitable[Any]) -> Any:
    try:
        return await work
    except Exception as error:
        raise plain(error) from None
