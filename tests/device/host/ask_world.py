"""A box with an egress policy, and a run of a group that wants to send something."""

# pyright: reportOptionalMemberAccess=false, reportOptionalSubscript=false, reportArgumentType=false
import asyncio

from device.host.errors import Refused
from tests.device.host.box import Box

RULES = [
    {"name": "weather", "effect": "allow", "host": "api.weather.example"},
    {"name": "shop", "effect": "ask", "host": "shop.example"},
    {"name": "bad", "effect": "deny", "suffix": "bad.example"},
]
URL = "https://shop.example/cart?item=1"


async def world(contents=None, rules=RULES, **options):
    """A running box whose policy is `rules` (None: it never had one), with the group `home`."""
    box = await Box(contents, **options).start()
    if "home" not in box.state.groups:
        await box.group("home")
    if rules is not None:
        await set_policy(box, {"version": "v1", "rules": rules, "problem": None})
    return box


async def set_policy(box, args, client="host"):
    """The answer to the host's policy.set."""
    box._ids += 1
    id_ = "p%d" % box._ids
    await box.down("cmd", {"id": id_, "client": client, "name": "policy.set", "args": args})
    return box.state.result(id_)


def run(folder="home", id_="run-1"):
    return {"id": id_, "folder": folder, "kind": "messages"}


class Request:
    """One `gate.check` under way: `.permit` or `.refused` when it is over."""

    def __init__(self, box, url=URL, method="GET", who=None, body=""):
        self.permit = self.refused = None
        self._box = box
        self.task = asyncio.create_task(self._go(url, method, who or run(), body))

    async def _go(self, url, method, who, body):
        try:
            self.permit = await self._box.host.gate.check(who, "http_fetch", method, url, {}, body)
        except Refused as refusal:
            self.refused = refusal.code
        return self

    async def settle(self):
        await self._box.clock.settle()
        return self


async def asked(box, **options):
    """A request that waits for the owner, and its ask."""
    request = await Request(box, **options).settle()
    return request, box.state.open_asks()[-1]


def decisions(box, what="egress"):
    """(decision, rule) of every audit record of this kind."""
    return [(a["decision"], a["rule"]) for a in box.audits(what)]
