"""One harmless call with a credential, made by the running credential broker over a lease of its own."""

import secrets
from pathlib import Path
from typing import Any

import httpx

from app.errors import ProblemError
from broker.binding import TEST_PATHS, Binding
from broker.client import BrokerClient, BrokerRefused, BrokerUnreachable, LeaseScope
from broker.egress_core import parse_url

_TIMEOUT_S = 20.0
_WHY = {
    "tls": "the server's certificate is not trusted here (a model's `ca` counts for the model's own requests only)",
    "dns": "the server's name has no address",
    "unreachable": "the server cannot be reached",
    "timeout": "the server did not answer in time",
    "denied": "the rules do not let anything go there",
    "audit_unavailable": "the audit log cannot be written",
}


async def check_credential(socket: Path, name: str, binding: Binding) -> dict[str, Any]:
    """{"ok", "status", "text"}; GET of a known path where there is one, else HEAD of /. Raises ProblemError."""
    path = TEST_PATHS.get(name)
    method = "GET" if path else "HEAD"
    host = f"[{binding.host}]" if ":" in binding.host else binding.host
    url = f"{binding.scheme}://{host}:{binding.port}{path or '/'}"
    scope = LeaseScope(
        run=f"test-{secrets.token_hex(4)}",
        group="main",
        purpose="check",
        credential=name,
        scheme=binding.scheme,
        host=binding.host,
        port=binding.port,
        methods=(method,),
        path=path or "/",
        calls=1,
        fetch_url=parse_url(url).url,
        ttl_s=60,
    )
    try:
        async with BrokerClient(socket) as broker:
            lease = await broker.open_lease(scope)
            client = httpx.AsyncClient(transport=broker.transport(lease), timeout=_TIMEOUT_S, trust_env=False)
            answer = await client.request(method, url, headers={"anthropic-version": "2023-06-01"})
            await broker.revoke(lease=lease)
    except BrokerRefused as error:
        why = _WHY.get(error.code, error.message) if error.message == error.code else error.message  # HEAD has no body
        raise ProblemError(f"{name} could not be tried: {why}", error.remedy) from None
    except BrokerUnreachable as error:
        raise ProblemError(error.message, "start everything with: barnacle up") from None
    except httpx.HTTPError as error:
        raise ProblemError(f"{binding.host} did not answer ({type(error).__name__})", "try again later") from None
    ok, text = judged(answer.status_code, binding.host, known=path is not None)
    return {"ok": ok, "status": answer.status_code, "text": text}


def judged(status: int, host: str, *, known: bool) -> tuple[bool, str]:
    """Whether that speaks for the credential, and in words. Without a `known` path it is no failure that the server has
    nothing there: it was reached, and has not looked at the credential."""
    if not known and (status in (404, 405) or 300 <= status < 400):
        return True, f"{host} can be reached ({status}); whether it takes the credential only a real request shows"
    return status < 300, _plain(status, host)


def _plain(status: int, host: str) -> str:
    if status < 300:
        return f"good: {host} accepts it ({status})"
    if status in (401, 403):
        return f"{host} refuses it ({status})"
    if status == 429:
        return f"{host} knows it, but has had enough for now (429)"
    return f"{host} answers {status}, which says nothing about the credential"
