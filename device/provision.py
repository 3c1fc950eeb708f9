"""Who the box is, as the owner's machine wrote it into a file that only the owner may read."""

import json
import os

from device.host import limits
from device.host.errors import BarnacleError

REMEDY = "start the box with 'barnacle up', which writes it"


class ProvisionError(BarnacleError):
    """The box does not know who it is. The text says what is wrong with its provision file and what to do."""


def read(path):
    """{"device", "key" (hex), "assistant", "mqtt": {"host", "port", "user", "password", "tls": {…} or None}}; raises
    ProvisionError."""
    try:
        status = os.stat(path)
        with open(path) as file:
            facts = json.loads(file.read(limits.PROVISION_BYTES))
    except OSError as error:
        raise ProvisionError("cannot read %s (error %s): %s" % (path, error, REMEDY))
    except ValueError:
        raise ProvisionError("%s is not JSON: remove it and %s" % (path, REMEDY))
    if status[0] & 0o077:
        raise ProvisionError("%s holds keys, and others may read it: chmod 600 it" % path)
    missing = [name for name in ("device", "key", "assistant", "mqtt") if name not in facts]
    if missing:
        raise ProvisionError("%s lacks %s: remove it and %s" % (path, ", ".join(missing), REMEDY))
    return facts
