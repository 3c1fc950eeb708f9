"""The line on top: what is alarming, and for whom."""

from app.tui.app import Dashboard
from app.tui.widgets.connection_strip import ConnectionStrip
from tests.tui.fake_client import FakeClient
from tests.tui.test_dashboard import loaded, until


async def test_no_keyring_alarms_only_where_a_model_has_a_credential() -> None:
    client = FakeClient()
    app = Dashboard(lambda: client)
    async with app.run_test(size=(140, 45)) as pilot:
        await loaded(pilot)
        strip = app.query_one(ConnectionStrip)
        missing = {"state": "no_keyring", "text": "there is none", "remedy": ""}
        client.push("host.broker", missing | {"needed": True})
        await until(pilot, lambda: "✕ no keyring" in str(strip.content), "it is said")
        client.push("host.broker", missing | {"needed": False})
        await until(pilot, lambda: "no keyring" not in str(strip.content), "nobody needs one")
        client.push("host.broker", missing | {"state": "audit_unavailable", "needed": False})
        await until(pilot, lambda: "audit not writable" in str(strip.content), "what hinders everybody is said")
