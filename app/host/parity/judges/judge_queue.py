"""Cases of queue.json through device/host/dispatch.py.

Where none of Barnacle's repairs acts, the whole timeline must be NanoClaw's. Where one acts (the player knows when), it
must be NanoClaw's up to that moment, and from there on that of NanoClaw's rules with the repairs added
(nanoclaw_queue.py, which without them must lead to the recording). A case that is marked with an exempt quirk must
show that very repair; a quirk that is not exempt excuses nothing.
"""

# pyright: standard

from app.host.parity.judges.exemptions import EXEMPT
from app.host.parity.judges.nanoclaw_queue import NanoClawQueue, RepairedQueue
from app.host.parity.judges.outcome import Difference, difference, quirk_name
from app.host.parity.judges.queue_player import Player

NEEDS = ("ops", "max_concurrent", "end_ms", "trace", "max_active")
KNOWS_REPAIRS = True


def judge(case, context):
    """Compare traces, the most runs at a time, and files written for containers."""
    player = _played(case)
    marked = quirk_name(case)
    if not player.repairs:
        if marked in EXEMPT:
            return Difference("the repair of " + marked, "no repair acted")
        return difference(_recorded(case), seen(player))
    until, name = player.repairs[0]
    context.repaired(name)
    return (
        difference(_before(case["trace"], until), _before(player.trace, until))
        or difference(_recorded(case), seen(_played(case, NanoClawQueue)))
        or difference(seen(_played(case, RepairedQueue)), seen(player))
    )


def seen(player):
    """What a case records, of what was played."""
    return {"trace": player.trace, "max_active": player.max_active, "ipc_files": player.ipc_files()}


def _played(case, *queue):
    player = Player(case, *queue)
    player.play()
    return player


def _recorded(case):
    return {"trace": case["trace"], "max_active": case["max_active"], "ipc_files": case.get("ipc_files", {})}


def _before(trace, until):
    return [entry for entry in trace if entry["t"] < until]
