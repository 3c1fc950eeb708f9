"""Leases for models: only for what the owner named, with that server's authority, never for Barnacle's own ports."""

import ssl
import tomllib
from typing import Any

import httpx
import pytest

from app.host.appliance import credentials_plan
from app.host.paths import Paths
from app.host.settings import parse_settings
from broker import limits
from broker.audit.log import AuditLog
from broker.client import BrokerClient, BrokerRefused
from broker.egress_core import make_rules
from broker.errors import Denied
from broker.forward import Forwarder
from broker.http_message import Request
from broker.index import Index
from broker.lease_scope import LeaseScope
from broker.model_endpoints import ModelEndpoints, read_endpoints
from broker.service import Service
from broker.vault import Vault
from tests.app.certificates import Authority as ImitationAuthority
from tests.broker.broker_process import BrokerProcess, local_server, scope_for
from tests.broker.hostile import Outside
from tests.imitation.openai import OpenAiImitation

PLACE = {"scheme": "https", "host": "api.test", "port": 443, "path": "/v1"}


def named(*pairs):
    problems = []
    return read_endpoints(pairs, problems.append), problems


def scope(**changes):
    facts = {"run": "r1", "group": "main", "purpose": "model", "methods": ("POST",)} | PLACE
    return LeaseScope(**(facts | changes))


@pytest.mark.parametrize(
    "changes",
    [{"scheme": "http"}, {"host": "api.test.evil"}, {"port": 444}, {"path": "/"}, {"path": "/v1/x"}, {"path": "/v"}],
)
def test_an_endpoint_that_the_owner_did_not_name(changes):
    endpoints, _ = named(("https://api.test:443/v1", ""))
    assert endpoints.of(scope()).ca is None
    with pytest.raises(Denied) as caught:
        endpoints.of(scope(**changes))
    assert caught.value.code == "bad_endpoint" and "config.toml" in caught.value.message


def test_what_is_no_address_is_left_out_and_told():
    endpoints, problems = named(("https://a@b/", ""), ("https://api.test/v1?x=1", ""), ("https://api.test/v1", ""))
    assert len(endpoints) == 1 and len(problems) == 2
    many = [(f"https://m{number}.test/", "") for number in range(limits.MODEL_ENDPOINTS + 1)]
    endpoints, problems = named(*many)
    assert len(endpoints) == limits.MODEL_ENDPOINTS and len(problems) == 1
    assert len(ModelEndpoints()) == 0


def test_the_appliance_names_every_model_as_the_host_asks_for_it(tmp_path):
    text = "".join(
        f'[models.{name}]\napi = "openai"\nurl = "{url}"\nmodel = "m"\nca = "{ca}"\n'
        for name, url, ca in (
            ("a", "https://api.test/v1", ""),
            ("b", "https://api.test/v1", ""),
            ("c", "http://localhost:11434/v1", ""),
            ("d", "https://[::1]:8443", "own.pem"),
            ("e", "https://llm.test", "/etc/ca.pem"),
        )
    )
    paths, settings = Paths(tmp_path), parse_settings(tomllib.loads(text), tmp_path / "config.toml")
    argv = list(credentials_plan(paths, settings).argv)
    found = [(argv[at + 1], argv[at + 2]) for at, one in enumerate(argv) if one == "--endpoint"]
    assert found == [
        ("http://localhost:11434/v1", ""),
        ("https://[::1]:8443/", str(tmp_path / "own.pem")),
        ("https://api.test:443/v1", ""),
        ("https://llm.test:443/", "/etc/ca.pem"),
    ]
    endpoints, problems = named(*found)
    assert problems == []
    for model in settings.models.models.values():
        scheme, host, port, path = model.endpoint
        assert endpoints.of(scope(scheme=scheme, host=host, port=port, path=path or "/"))


async def no_body():
    for piece in ():
        yield piece


class Rig:
    """A service in this process, resolving every name to the local machine."""

    def __init__(self, folder, outside, endpoints, own_ports=()):
        self.vault = Vault(Index(folder / "credentials.json"))
        self.folder, self.endpoints, self.outside = folder, endpoints, outside
        self.rules = make_rules("v1", [], own_ports=own_ports)

    async def __aenter__(self):
        self.audit = await AuditLog.open(self.folder / "audit", bytes(32))
        forwarder = Forwarder(self.outside.resolver, self.outside.dialer)
        self.service = Service(self.vault, self.audit, forwarder, lambda: self.rules, "file", self.endpoints)
        return self

    async def __aexit__(self, *_):
        await self.audit.close()

    async def ask(self, url, **changes):
        lease = await self.service.open_lease(scope(methods=("GET",), **changes))
        host = url.split("/")[2]
        headers = [("host", host), ("barnacle-lease", lease.id), ("barnacle-call", "1")]
        return await self.service.forward(Request("GET", url, headers, no_body(), None))


async def refused(work):
    with pytest.raises((BrokerRefused, Denied)) as caught:
        await work
    return caught.value.code


async def test_barnacles_own_ports_are_no_models_endpoint(tmp_path, authority):
    outside = Outside(authority.file)
    with local_server() as server:
        port = server.server_port
        urls = [f"http://{host}:{port}/" for host in ("127.0.0.1", "localhost", "mine.test")]
        endpoints, _ = named(*((url, "") for url in urls))
        for own_ports, expected in (((port,), ["denied"] * 3), ((), [200, 200, "denied"])):
            async with Rig(tmp_path / str(len(own_ports)), outside, endpoints, own_ports) as rig:
                found = []
                for url, host in zip(urls, ("127.0.0.1", "localhost", "mine.test"), strict=True):
                    try:
                        answer = await rig.ask(url, scheme="http", host=host, port=port, path="/")
                        found.append(answer.status)
                        assert not isinstance(answer.body, bytes)
                        assert [piece async for piece in answer.body] == []
                    except Denied as denial:
                        found.append(denial.code)
                assert found == expected
        assert len(server.seen) == 2
    outside.dialer.close()


async def test_the_owners_authority_counts_at_its_endpoint_and_nowhere_else(tmp_path):
    own, other = ImitationAuthority(tmp_path, "own"), ImitationAuthority(tmp_path, "other")
    certificate, key = own.server("localhost")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    async with OpenAiImitation(tls=tls) as server:
        address = server.url.replace("/v1", "")
        wrong_name = address.replace("localhost", "127.0.0.1")
        endpoints = [(f"{address}/v1", own.file), (f"{address}/other", other.file), (f"{address}/none", "")]
        endpoints += [(f"{address}/lost", tmp_path / "lost.pem"), (f"{wrong_name}/v1", own.file)]
        process = BrokerProcess(tmp_path / "state", endpoints=endpoints)
        try:
            async with BrokerClient(process.socket) as broker:
                port = int(address.rpartition(":")[2])

                async def get(path, **more):
                    facts: dict[str, Any] = {"scheme": "https", "host": "localhost", "port": port, "path": path}
                    facts |= {"run": "r1", "group": "main", "purpose": "model", "methods": ("GET",)}
                    lease = await broker.open_lease(LeaseScope(**(facts | more)))
                    http = httpx.AsyncClient(transport=broker.transport(lease))
                    host = more.get("host", "localhost")
                    return (await http.get(f"https://{host}:{port}{path}/models")).status_code

                assert await get("/v1") == 200
                assert await refused(get("/other")) == "tls"
                assert await refused(get("/none")) == "tls"
                assert await refused(get("/lost")) == "tls"
                assert await refused(get("/v1", host="127.0.0.1")) == "tls"
                policy = process.folder / "policy.toml"
                policy.write_text(
                    f'[[rule]]\nname = "own"\neffect = "allow"\nhost = "localhost"\nports = [{port}]\nprivate = true\n'
                )
                policy.chmod(0o600)
                assert await refused(get("/v1", purpose="fetch")) == "tls"  # the authority is the model's alone
        finally:
            process.clear()


async def test_a_check_goes_only_to_where_the_credential_belongs_and_asks_for_one_thing(tmp_path):
    with local_server() as server:
        process = BrokerProcess(tmp_path / "state", server)
        try:
            async with BrokerClient(process.socket) as broker:
                facts = {"purpose": "check", "credential": "k", "calls": 1, "methods": ("GET",)}
                url = f"http://127.0.0.1:{server.server_port}/"
                good = scope_for(server, fetch_url=url, **facts)
                assert await refused(broker.open_lease(good)) == "keyring_unavailable"  # nothing else is wrong with it
                for changes in ({"methods": ("POST",)}, {"calls": 2}, {"credential": None}, {"fetch_url": None}):
                    wrong = scope_for(server, **({"fetch_url": url} | facts | changes))
                    assert await refused(broker.open_lease(wrong)) == "bad_request"
                wrong = scope_for(server, path="/files", fetch_url=url + "files", **facts)
                assert await refused(broker.open_lease(wrong)) == "out_of_scope"
        finally:
            process.clear()
