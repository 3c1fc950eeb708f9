"""Operators' requests about what the laptop lends: asks, overrides, notes, spending, rules, the broker, the models."""

from collections.abc import Awaitable, Callable
from typing import Any

from app.host.arguments import Arguments
from app.host.box_services import BoxServices
from app.host.broker_watch import DOWN, summary
from app.host.credential_broker import DOWN_REMEDY
from app.host.fact_reads import FactReads
from app.host.refusal import RequestRefused

Args = dict[str, Any]
Handler = Callable[[Args], Awaitable[Any]]


def mirror_requests(facts: FactReads) -> dict[str, Handler]:
    """Those that the mirror answers."""
    return {"asks": facts.asks, "overrides": facts.overrides, "notes": facts.notes, "spend": facts.spend}


def service_requests(services: BoxServices) -> dict[str, Handler]:
    """Those that need what lends."""

    async def policy(args: Args) -> Any:
        """{}: {"box", "broker": {"version", "rules", "problem"} or None, "same"}."""
        Arguments(args)
        on_box = await services.reads.policy()
        in_force: Any = (services.watch.state or {}).get("policy")
        same = bool(on_box and in_force and on_box.get("version") == in_force.get("version"))
        return {"box": on_box, "broker": in_force, "same": same}

    async def broker(args: Args) -> Any:
        """{}: what the credential broker says of itself, and `summary`."""
        Arguments(args)
        await services.watch.look()
        state = services.watch.state
        if state is None:
            raise RequestRefused("broker_down", DOWN, DOWN_REMEDY)
        return state | {"summary": summary(state)}

    async def models(args: Args) -> Any:
        """{}: every configured model with its state."""
        Arguments(args)
        return services.inference.models()

    async def test_model(args: Args) -> Any:
        """{name}: one tiny call."""
        return await services.inference.test(Arguments(args, "name").text("name"))

    return {"policy": policy, "broker": broker, "models": models, "model.test": test_model}
