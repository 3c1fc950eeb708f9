"""http_fetch: one request to the world, if the rules allow it; the laptop carries it out without telling any secret."""

from device.host.errors import Refused
from device.host.tools.tool import Tool, choice, schema, text

_SILENCE_MS = 60000
_HEADERS = 8
_BODY_CHARS = 6000


async def _fetch(use, args):
    parts = use.parts
    if parts.gate is None or parts.calls is None:
        raise Refused("unsupported", "this box reaches nothing")
    method, url, headers = args.get("method", "GET"), args["url"], args.get("headers", {})
    if len(headers) > _HEADERS:
        raise Refused("too_large", "at most %d headers can be given" % _HEADERS)
    if method == "GET" and args.get("body"):
        raise Refused("bad_value", "a GET has no body")
    body = args.get("body", "")
    permit = await parts.gate.check(use.run, "http_fetch", method, url, headers, body)
    if method != "GET":
        use.api.had_effect("used http_fetch (%s)" % method)
    await use.api.committed()
    request = {
        "run": use.run["id"],
        "lease": use.lease,
        "folder": use.folder,
        "method": method,
        "url": permit.target.url,
        "headers": headers,
        "body": body,
        "approval": permit.approval,
    }
    return _told(await _call(parts.calls, request))


async def _call(calls, request):
    call = calls.open("http", request, _SILENCE_MS)
    try:
        while await call.next() is not None:
            pass  # the service has no items
        return call.result
    finally:
        call.cancel()


def _told(result):
    said = result.get("text")
    lines = ["Status %s" % result.get("status")]
    headers = result.get("headers")
    if isinstance(headers, dict):
        lines += ["%s: %s" % (name, headers[name]) for name in sorted(headers)][:_HEADERS]
    lines += ["", said if isinstance(said, str) else "(no text)"]
    if result.get("truncated"):
        lines.append("… (cut)")
    return "\n".join(lines)


TOOLS = (
    Tool(
        "http_fetch",
        "Fetch a web address. The owner's rules decide which; some ask the owner first, which may take two minutes.",
        schema(
            ["url"],
            url=text("The whole address, https://…", 2048),
            method=choice("GET (the default) or POST", "GET", "POST"),
            headers={"type": "object", "description": "Request headers", "additionalProperties": {"type": "string"}},
            body=text("What a POST sends", _BODY_CHARS, 0),
        ),
        _fetch,
    ),
)
