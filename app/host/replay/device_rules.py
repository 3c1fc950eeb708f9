"""The box's own rules that a comparison needs, with types."""

# pyright: standard

from typing import Any

from device.host import groups, prompt, trigger
from device.host.cron_fields import leading_number
from device.host.errors import BarnacleError


def wakes(group: dict[str, Any], text: str) -> bool:
    """Whether a message hands the group's backlog to the agent."""
    return bool(trigger.wakes(group, text))


def trigger_matches(name: str, text: str) -> bool:
    """Whether the text begins with the trigger."""
    return bool(trigger.matches(name, text))


def trigger_name(name: str) -> str:
    """The trigger as it must appear in a message."""
    return str(trigger.name_of(name))


def is_interval(value: str) -> bool:
    """Whether a stored interval has a number."""
    return leading_number(value) is not None


def is_folder(name: object) -> bool:
    """Whether a new group may have this folder."""
    try:
        groups.check_folder(name)
    except BarnacleError:
        return False
    return True


def strip_internal(text: str) -> str:
    """The text as it leaves."""
    return str(prompt.strip_internal(text))
