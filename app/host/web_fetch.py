"""Service `http`: one request of a run to the web, which the box has decided on and the broker decides on again.

Only text comes back, at most FETCH_TEXT_BYTES of it, and of the headers those that say what it is.
"""

import asyncio
import codecs
import json
from typing import Any, Final, cast

import httpx

from app.host import device_core, limits
from app.host.credential_broker import CredentialBroker, MakeScope, plain
from app.host.refusal import RequestRefused

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_SENT: Final = ("accept", "accept-language", "content-type", "if-none-match", "if-modified-since")
_KEPT: Final = ("content-type", "content-language", "last-modified", "etag", "location", "retry-after", "date")
_TEXTUAL: Final = ("application/json", "application/xml", "application/yaml", "application/x-ndjson")
_TEXTUAL_ENDS: Final = ("+json", "+xml", "+yaml", "json-seq", "javascript")
MARK: Final = "\n[… cut here: the answer is longer]"
Body = dict[str, Any]


class WebFetch:
    """`fetch` carries one request out over a lease of its own, for exactly this URL, once."""

    def __init__(self, broker: CredentialBroker, make_scope: MakeScope) -> None:
        self._broker = broker
        self._make_scope = make_scope

    async def fetch(self, body: Body) -> Body:
        """{run, folder, method, url, headers, body, approval} -> {status, headers, text, truncated}. Raises
        RequestRefused, and the device's TargetError for a URL that is not in its one spelling."""
        target = device_core.parse_url(_text(body, "url", device_core.URL_BYTES))
        request = _request(body, target)
        try:
            lease = await self._broker.open_lease(self._scope(body, target, request))
        except Exception as error:
            raise plain(error) from None
        try:
            async with asyncio.timeout(limits.FETCH_S):
                return await self._exchange(lease, request)
        except TimeoutError:
            raise RequestRefused("timeout", f"{target.host} did not answer in {limits.FETCH_S} s") from None
        finally:
            await self._give_back(lease)

    def _scope(self, body: Body, target: Any, request: httpx.Request) -> Any:
        return self._make_scope(
            run=body["run"],
            group=body["folder"],
            purpose="fetch",
            credential=None,
            scheme=target.scheme,
            host=target.host,
            port=target.port,
            methods=(request.method,),
            path=target.path,
            calls=1,
            bytes=limits.FETCH_BYTES,
            ttl_s=limits.FETCH_S * 2,
            approval=body.get("approval"),
            fetch_url=target.url,
        )

    async def _exchange(self, lease: str, request: httpx.Request) -> Body:
        async with httpx.AsyncClient(
            transport=self._broker.transport(lease), trust_env=False, follow_redirects=False, timeout=limits.FETCH_S
        ) as client:
            try:
                response = await client.send(request, stream=True)
                try:
                    return await _result(response)
                finally:
                    await response.aclose()
            except httpx.HTTPError as error:
                raise _as_refusal(error) from None
            except RequestRefused:
                raise
            except Exception as error:
                raise plain(error) from None

    async def _give_back(self, lease: str) -> None:
        try:
            await self._broker.revoke(lease=lease)
        except Exception as error:
            plain(error)  # it ends by itself, with its only call or its time


def _request(body: Body, target: Any) -> httpx.Request:
    method = body.get("method", "GET")
    if method not in METHODS:
        raise RequestRefused("bad_value", "the method cannot be used", "use one of " + ", ".join(METHODS))
    given: object = body.get("headers") or {}
    if not isinstance(given, dict) or len(json.dumps(given)) > limits.FETCH_HEADER_BYTES:
        raise RequestRefused("bad_value", "the headers are no object, or too long", "name fewer")
    headers: dict[str, str] = {"accept": "text/*, application/json;q=0.9", "user-agent": "Barnacle"}
    for name, value in cast("dict[str, object]", given).items():
        if name.lower() not in _SENT or not isinstance(value, str) or not value.isprintable():
            raise RequestRefused("bad_value", f"the header {name[:40]!r} cannot be sent", "use " + ", ".join(_SENT))
        headers[name.lower()] = value
    content: Any = body.get("body")
    if content is not None and not isinstance(content, str):
        raise RequestRefused("bad_value", "the body is no text")
    try:
        return httpx.Request(method, target.url, headers=headers, content=None if content is None else content.encode())
    except (UnicodeEncodeError, httpx.InvalidURL, ValueError):
        raise RequestRefused("bad_value", "the request cannot be written as HTTP", "use plain text") from None


async def _result(response: httpx.Response) -> Body:
    kind = response.headers.get("content-type", "")
    headers = {name: response.headers[name][:500] for name in _KEPT if name in response.headers}
    data, truncated = await _read(response)
    if data and not _textual(kind):
        shown = kind.partition(";")[0].strip()[:60] or "no content type"
        raise RequestRefused("unsupported", f"the answer is {shown}, not text", "fetch a page or a document of text")
    text = _decoded(data, response.charset_encoding)
    return {
        "status": response.status_code,
        "headers": headers,
        "text": text + MARK if truncated else text,
        "truncated": truncated,
    }


async def _read(response: httpx.Response) -> tuple[bytes, bool]:
    """As much as may be kept, and whether there was more; the rest is not waited for."""
    data = b""
    async for chunk in response.aiter_bytes():
        data += chunk
        if len(data) > limits.FETCH_TEXT_BYTES:
            return data[: limits.FETCH_TEXT_BYTES], True
    return data, False


def _decoded(data: bytes, charset: str | None) -> str:
    try:
        name = codecs.lookup(charset or "utf-8").name
        text = data.decode(name if name in ("utf-8", "iso8859-1", "cp1252", "ascii", "utf-16") else "utf-8", "replace")
    except (LookupError, ValueError):
        text = data.decode("utf-8", "replace")
    text = "".join(char if char.isprintable() or char in "\n\t" else " " for char in text.replace("\r\n", "\n"))
    kept = text.encode()[: limits.FETCH_TEXT_BYTES]
    return kept.decode("utf-8", "ignore")


def _textual(kind: str) -> bool:
    name = kind.partition(";")[0].strip().lower()
    return name.startswith("text/") or name in _TEXTUAL or name.endswith(_TEXTUAL_ENDS)


def _text(body: Body, name: str, most: int) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value or len(value) > most:
        raise RequestRefused("bad_value", f"{name} is missing, or too long")
    return value


def _as_refusal(error: httpx.HTTPError) -> RequestRefused:
    """Texts of libraries are left out: they may quote what was sent."""
    if isinstance(error, httpx.TimeoutException):
        return RequestRefused("timeout", "the server did not answer in time", "try again later")
    return RequestRefused("unreachable", "the server could not be reached, or its answer broke off", "try again later")
