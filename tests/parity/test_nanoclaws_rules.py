"""The judges of repaired cases: NanoClaw's rules as written down here lead, unrepaired, to every recording."""

import pytest

from app.host.parity.judges import judge_ipc_auth, judge_queue
from app.host.parity.judges.ipc_tables import recorded
from app.host.parity.judges.judge_ipc_auth import read_ms, seen
from app.host.parity.judges.nanoclaw_ipc import NanoClawIpc
from app.host.parity.judges.nanoclaw_queue import NanoClawQueue
from app.host.parity.judges.outcome import difference, quirk_name
from app.host.parity.judges.queue_player import Player
from device.host.tz import Zone
from tests.parity.recordings import document, recording


@pytest.mark.parametrize("case", recording("queue").cases, ids=lambda case: case["id"])
def test_the_queues_rules_lead_to_the_recording(case) -> None:
    player = Player(case, NanoClawQueue)
    player.play()
    assert judge_queue.seen(player) == {
        "trace": case["trace"],
        "max_active": case["max_active"],
        "ipc_files": case.get("ipc_files", {}),
    }


@pytest.mark.parametrize("case", recording("ipc_auth").cases, ids=lambda case: case["id"])
def test_the_rules_of_authorization_lead_to_the_recording(case) -> None:
    found = difference(recorded(case), seen(played(case, repaired=False)))
    assert found is None, (found.where, found.expected, found.got)


@pytest.mark.parametrize("case", recording("ipc_auth").cases, ids=lambda case: case["id"])
def test_the_repairs_change_nothing_but_what_a_defect_changed(case) -> None:
    rules = played(case, repaired=True)
    assert rules.defects or seen(rules) == recorded(case)
    assert quirk_name(case) in [None, *rules.defects] or seen(rules) == recorded(case)


def played(case: dict, repaired: bool) -> NanoClawIpc:
    document_ = document("ipc_auth")
    zone = Zone(document_["zone_rules"][case["tz"]])
    rules = NanoClawIpc(document_, case, read_ms(case["now"]), zone, repaired)
    return judge_ipc_auth.played(case, rules)
