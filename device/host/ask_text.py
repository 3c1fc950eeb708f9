"""What an ask shows of a request, and the digest that binds the owner's yes to exactly that request.

The glass has room for a few words, so the digest covers what it cannot show: method, URL, headers and body. Whoever
carries the request out compares it with what is to be sent (app/host/run_services.py).
"""

from hashlib import sha256

from device.host import portable
from device.host.plain_text import visible

_PATH_CHARS = 100
_BODY_CHARS = 120
_MARK_CHARS = 8  # of the digest, as it is shown


def digest(method, url, headers, body):
    """SHA-256 in hex over a request: `headers` {name: text} without regard to order or case, `body` a text."""
    parts = [method, url]
    for name, value in sorted([(name.lower(), value) for name, value in headers.items()]):
        parts += [name, value]
    parts += ["", body]
    sized = ["%d:%s" % (len(part.encode("utf-8")), part) for part in parts]  # no part can pass for two
    return portable.hexlify(sha256("".join(sized).encode("utf-8")).digest())


def shown(target, headers, body, whole):
    """The request in few words. What does not fit is told by its size and the beginning of the digest `whole`, which
    come first: a cut never hides that there is more."""
    path = target.url[len(target.origin) :]
    notes = []
    if body:
        notes.append("sends %d B" % len(body.encode("utf-8")))
    if headers:
        notes.append("%d headers" % len(headers))
    if len(path) > _PATH_CHARS:
        notes.append("path of %d" % len(path))
        path = path[: _PATH_CHARS - 20] + "…" + path[-19:]
    if notes:
        path = "[%s #%s] %s" % (", ".join(notes), whole[:_MARK_CHARS], path)
    for name in sorted(headers):
        path += " | %s: %s" % (name[:24], headers[name][:40])
    return visible(path + " | " + body[:_BODY_CHARS] if body else path)
