"""Which channel serves a chat address. A channel says for itself which addresses are its own, and whether it is up.

A channel here is anything with `.owns(jid) -> bool` and `.connected: bool`; the order of the channels decides.
"""

from device.host.errors import Refused


def find_channel(channels, jid):
    """The first channel that owns the address, connected or not; None when there is none."""
    for channel in channels:
        if channel.owns(jid):
            return channel
    return None


def route_outbound(channels, jid):
    """The first connected channel that owns the address; raises Refused("unsupported") when there is none."""
    for channel in channels:
        if channel.connected and channel.owns(jid):
            return channel
    raise Refused("unsupported", "No connected channel serves %s." % jid, "Start its gateway, then send again.")
