"""Cases of ipc_auth.json: what an agent asks for, where it arrives, and what then is sent, stored, left or set aside.

Barnacle must do what is recorded; or one of NanoClaw's defects acts in the case (nanoclaw_ipc.py knows when), and then
it must do what NanoClaw's rules with that repair lead to. In a case that is not marked with an exempt quirk, the rules
without the repair must lead to the recording, or the case is not excused.

Reading a container's JSON file is the laptop's part; to MicroPython, whose reader lets ill-formed texts pass, it is
given as `read` {name: [its meaning] or []}.
"""

# pyright: standard

import json

from app.host.parity.judges.barnacle_ipc import BarnacleIpc
from app.host.parity.judges.exemptions import EXEMPT
from app.host.parity.judges.ipc_tables import recorded
from app.host.parity.judges.nanoclaw_ipc import NanoClawIpc
from app.host.parity.judges.outcome import difference, quirk_name
from device.host import date_text, tz

NEEDS = ("via", "source_group", "is_main", "seed_tasks", "effects", "tables", "throws", "now", "tz")
KNOWS_REPAIRS = True
UTC = tz.Zone("UTC0")


def judge(case, context):
    """Compare what was sent, registered and refreshed, the tasks and groups after, and the files left and set aside."""
    now_ms, zone = read_ms(case["now"]), tz.Zone(context.document["zone_rules"][case["tz"]])
    ours = played(case, BarnacleIpc(context.document, case, now_ms, zone, read_ms))
    found = difference(recorded(case), seen(ours))
    if found is None:
        return None
    repaired = played(case, NanoClawIpc(context.document, case, now_ms, zone, True))
    if not repaired.defects:
        return found
    for name in repaired.defects:
        context.repaired(name)
    if quirk_name(case) not in EXEMPT:
        theirs = played(case, NanoClawIpc(context.document, case, now_ms, zone, False))
        if difference(recorded(case), seen(theirs)) is not None:
            return found
    return difference(seen(repaired), seen(ours))


def seen(player):
    """What a case records, of what was played."""
    return {
        "sent": player.sent,
        "registered": player.registered,
        "refreshed": player.refreshed,
        "threw": player.threw,
        "tasks": player.tasks,
        "groups": player.groups,
        "left": sorted(player.left),
        "set_aside": sorted(player.set_aside),
    }


def read_ms(text):
    """A recorded time as utc_ms; None stays None."""
    return None if text is None else date_text.utc_ms(text, UTC)


def played(case, player):
    """The player, after the case."""
    if case["via"] == "watcher":
        player.watch(case["source_group"], case["dir"].split("/")[-1], _contents(case))
    else:
        player.request(case["data"], case["source_group"], case["is_main"])
    return player


def _contents(case):
    """[(name, [meaning] or [])] in order of name."""
    read, files = case.get("read", {}), case["files"]
    return [(name, _meaning(files[name], read.get(name))) for name in sorted(files)]


def _meaning(content, read):
    if not isinstance(content, str):
        return [content]
    if read is not None:
        return read
    try:
        return [json.loads(content)]
    except ValueError:
        return []
