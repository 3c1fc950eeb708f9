"""NanoClaw's recorded requests, asked for as the agent's tools: the same effects, and the same denials."""

import asyncio
from typing import Any

from app.host.parity.judges import barnacle_ipc
from app.host.parity.judges.judge_ipc_auth import read_ms, seen
from device.host import tz
from device.host.model_call import ToolCall
from device.host.run_api import RunApi
from device.host.tools import toolbox
from device.host.tools.schema import problem
from tests.parity.recordings import document, recording

RENAMED = {"targetJid": "target_group_jid", "taskId": "task_id"}
TOOLS = {tool.name: tool for tool in toolbox.TOOLS}
CHANGING = ("schedule_task", "pause_task", "resume_task", "cancel_task", "register_group")


class Store(barnacle_ipc.BareStore):
    """Room for everything, and nothing to wait for."""

    def put(self, kind, body, up=True):
        super().put(kind, body)

    def has_room(self, records, size):
        return True

    async def committed(self):
        """At once."""


class Tools(barnacle_ipc.BarnacleIpc):
    """As BarnacleIpc, but a run asks by calling a tool."""

    def __init__(self, *args):
        super().__init__(*args)
        bare, self.store = self.store, Store()
        self.store.state = bare.state
        self.commands._store = self.store
        self.failed = False

    def request(self, data, source, is_main):
        name, args = data["type"], arguments(data)
        run = {"id": "run-1", "folder": source, "kind": "messages", "task": None}
        api = RunApi(self.store, self.commands._clock, self.commands, run, lambda run, text: None)
        box = toolbox.Toolbox(toolbox.Parts())
        before = dict(self.store.state.groups)
        _, self.failed = asyncio.run(box.use(ToolCall("t", name, args), run, "", api))
        added = [group for group in self.store.state.groups.values() if before.get(group["folder"]) != group]
        if name == "register_group" and not self.failed:
            for group in added:
                if group["jid"] == args["jid"]:
                    row = dict(group, added_at=barnacle_ipc.iso_ms(group["added_ms"]))
                    self.registered.append([row[key] for key in barnacle_ipc.REGISTERED])


def arguments(data: dict[str, Any]) -> dict[str, Any]:
    """What a model would give the tool to ask for the same."""
    known = TOOLS[data["type"]].schema["properties"]
    args = {RENAMED.get(key, key): value for key, value in data.items() if RENAMED.get(key, key) in known}
    if data["type"] == "schedule_task" and args.get("context_mode") not in ("group", "isolated"):
        args["context_mode"] = "isolated"  # the recorded host's default; the tool's is the conversation
    return args


def cases():
    for case in recording("ipc_auth").cases:
        data = case.get("data")
        if case["via"] != "processTaskIpc" or not isinstance(data, dict) or data.get("type") not in CHANGING:
            continue
        runs = case["source_group"] in ("main", "other-group", "third-group")  # others have no runs
        honest = case["is_main"] == (case["source_group"] == "main")
        named = data["type"] != "schedule_task" or "targetJid" in data
        if runs and honest and named and problem(TOOLS[data["type"]].schema, arguments(data)) is None:
            yield case


def differing(tools) -> tuple[list[str], dict[bool, int]]:
    """The cases in which the tools do something else, and how many changed something or nothing."""
    whole, found, counted = document("ipc_auth"), [], {True: 0, False: 0}
    for case in cases():
        given = (whole, case, read_ms(case["now"]), tz.Zone(whole["zone_rules"][case["tz"]]), read_ms)
        before = seen(barnacle_ipc.BarnacleIpc(*given))
        made = [barnacle_ipc.BarnacleIpc(*given), tools(*given)]
        for player in made:
            player.request(case["data"], case["source_group"], case["is_main"])
        by_request, by_tool = (seen(player) for player in made)
        if by_tool != by_request:
            found.append(case["id"])
        counted[by_request != before] += 1
    return found, counted


def test_the_tools_do_what_the_recorded_requests_did_and_deny_what_they_denied():
    found, counted = differing(Tools)
    assert found == []
    assert counted[True] >= 35 and counted[False] >= 35, counted


def test_tools_that_act_as_main_for_everybody_would_be_found():
    class Planted(Tools):
        def request(self, data, source, is_main):
            super().request(data, "main", True)

    assert len(differing(Planted)[0]) >= 10
