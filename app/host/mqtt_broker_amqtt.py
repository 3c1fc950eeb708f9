# pyright: reportMissingTypeStubs=false, reportIncompatibleVariableOverride=false
"""amqtt as a process: python -m app.host.mqtt_broker_amqtt CONFIG. Used where Mosquitto is not installed.

Its sessions live in memory: a restart loses queued messages, which the link sends again.
"""

import asyncio
import json
import logging
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amqtt.broker import Broker
from amqtt.contexts import Action, BaseContext
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session

from app.host.mqtt_users import covers, password_fits, read_password_file


class PasswordPlugin(BaseAuthPlugin):
    """Lets in whom the password file knows; nobody else."""

    @dataclass
    class Config:
        """{name: hash}"""

        users: dict[str, str] = field(default_factory=dict[str, str])

    def __init__(self, context: BaseContext) -> None:
        super().__init__(context)
        self._users: dict[str, str] = self._get_config_option("users", {})

    async def authenticate(self, *, session: Session) -> bool:
        """True for a known user with the right password."""
        hashed = self._users.get(session.username or "")
        return bool(hashed) and password_fits(session.password or "", hashed or "")


class RightsPlugin(BaseTopicPlugin):
    """Lets a user publish, subscribe and receive within its rights only."""

    @dataclass
    class Config:
        """{name: {"write": […], "read": […]}}"""

        rights: dict[str, dict[str, list[str]]] = field(default_factory=dict[str, dict[str, list[str]]])

    def __init__(self, context: BaseContext) -> None:
        super().__init__(context)
        self._rights: dict[str, dict[str, list[str]]] = self._get_config_option("rights", {})

    async def topic_filtering(
        self, *, session: Session | None = None, topic: str | None = None, action: Action | None = None
    ) -> bool:
        """True if the user may do this with the topic (a filter when subscribing)."""
        mine = self._rights.get((session.username if session else None) or "", {})
        patterns = mine.get("write" if action == Action.PUBLISH else "read", [])
        return bool(topic) and any(covers(pattern, topic or "") for pattern in patterns)


async def serve(config: dict[str, Any]) -> None:
    """Run the broker until SIGTERM or SIGINT."""
    here = PasswordPlugin.__module__
    broker = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": config["bind"]}},
            "plugins": {
                f"{here}.PasswordPlugin": {"users": read_password_file(config["passwords"])},
                f"{here}.RightsPlugin": {"rights": config["rights"]},
            },
        }
    )
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await broker.start()
    print("ready", flush=True)
    await stop.wait()
    await broker.shutdown()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    from app.host import mqtt_broker_amqtt

    asyncio.run(mqtt_broker_amqtt.serve(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
