import pytest

from app.host.box_state import BoxState
from app.host.device_core import system_clock


def test_the_status_message_of_a_box_that_is_gone_ends_being_online() -> None:
    box = BoxState(system_clock())
    box.live = True
    assert box.status(b'{"online": false}') and not box.online
    assert box.status(b'{"online": true}') and box.online


@pytest.mark.parametrize("payload", [b"", b"\xff", b"7", b"[]", b"{}", b"[" * 8000, b"x" * 9000])
def test_a_status_message_that_makes_no_sense_changes_nothing(payload: bytes) -> None:
    box = BoxState(system_clock())
    box.live = True
    assert not box.status(payload)  # raising would bring the retained message again and again
    assert box.online
