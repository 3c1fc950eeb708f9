"""Errors carry data that travels, and say what to do."""

from device.host.errors import CODES, BarnacleError, Refused
from tests.device.portable_test import raises


def test_a_refusal_carries_code_message_and_remedy():
    with raises(BarnacleError) as caught:
        raise Refused("unknown_group", "There is no group 'x'.", "List them with `barnacle groups`.")
    assert caught.error.code == "unknown_group"
    assert str(caught.error) == caught.error.message == "There is no group 'x'."
    assert caught.error.as_dict() == {
        "code": "unknown_group",
        "message": "There is no group 'x'.",
        "remedy": "List them with `barnacle groups`.",
    }


def test_the_remedy_may_be_left_out_and_codes_are_unique():
    assert Refused("full", "No room.").remedy == ""
    assert len(set(CODES)) == len(CODES)
