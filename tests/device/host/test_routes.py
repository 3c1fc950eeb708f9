"""An address finds its channel."""

from device.host.errors import Refused
from device.host.routes import find_channel, route_outbound
from tests.device.portable_test import raises


class Channel:
    def __init__(self, suffix, connected=True):
        self.suffix = suffix
        self.connected = connected

    def owns(self, jid):
        return jid.endswith(self.suffix)


def test_the_first_owner_is_found_even_when_it_is_down():
    first, second = Channel("@x", connected=False), Channel("@x")
    assert find_channel([first, second], "a@x") is first
    assert find_channel([first], "a@y") is None


def test_replies_go_to_the_first_owner_that_is_up():
    first, second = Channel("@x", connected=False), Channel("@x")
    assert route_outbound([first, second], "a@x") is second
    with raises(Refused) as caught:
        route_outbound([first], "a@x")
    assert caught.error and caught.error.code == "unsupported"
