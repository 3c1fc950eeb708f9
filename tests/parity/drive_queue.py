"""Every case of queue.json through Dispatch.

Where none of Barnacle's repairs acts, the whole trace must be NanoClaw's. Where one acts (the player knows when), it
must be NanoClaw's up to that moment, and from there on that of NanoClaw's rules with the repairs added
(nanoclaw_queue.py, which without them must reproduce every recording). Such a case is exempt by the repair's name; a
case that is marked with an exempt quirk must show that very repair.
"""

from tests.parity import golden
from tests.parity.exemptions import EXEMPT
from tests.parity.nanoclaw_queue import NanoClawQueue, RepairedQueue
from tests.parity.queue_driver import Player

PATH = "tests/golden/queue.json"


def drive():
    """Compare traces, the most runs at a time, and files written for containers."""
    result = golden.Result()
    for case in golden.cases(PATH):
        player = _played(case)
        if not player.repairs:
            _check_whole(result, case, player)
        else:
            _check_with_repairs(result, case, player)
    return result


def drive_model():
    """The judge itself: NanoClaw's rules, unrepaired, on every case."""
    result = golden.Result()
    for case in golden.cases(PATH):
        result.check(case, _recorded(case), _seen(_played(case, NanoClawQueue)))
    return result


def _played(case, *queue):
    player = Player(case, *queue)
    player.play()
    return player


def _recorded(case):
    return case["trace"], case["max_active"], case.get("ipc_files", {})


def _seen(player):
    return player.trace, player.max_active, player.ipc_files()


def _check_whole(result, case, player):
    if golden.quirk_name(case) in EXEMPT:
        result.failed.append(case["id"] + " is marked exempt, but no repair acted")
        return
    result.check(case, _recorded(case), _seen(player))


def _check_with_repairs(result, case, player):
    until, name = player.repairs[0]
    want = [entry for entry in case["trace"] if entry["t"] < until]
    got = [entry for entry in player.trace if entry["t"] < until]
    if want != got or name not in EXEMPT or golden.quirk_name(case) not in (None, name):
        result.failed.append(
            f"{case['id']} before {name} at {until}: want {golden.brief(want)}, got {golden.brief(got)}"
        )
    elif _seen(player) != _seen(_played(case, RepairedQueue)):
        result.failed.append(case["id"] + " differs from NanoClaw's rules with the repairs, after " + name)
    else:
        result.exempt.append(case["id"] + " " + name)
