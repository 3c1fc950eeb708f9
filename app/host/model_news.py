"""How the language model is, as the box is told it: in each welcome, and in the session whenever it changes."""

from typing import Any, cast

from app.host import device_core, limits

Body = dict[str, Any]


def bounded(overview: Body) -> Body:
    """A body that fits an envelope: beyond MODEL_NEWS_BYTES groups keep their state only, then none of their own."""
    groups = cast("dict[str, Body]", overview.get("groups") or {})
    whole: Body = overview | {"text": str(overview.get("text", ""))[: limits.CALL_TEXT_CHARS], "groups": groups}
    shorter = whole | {"groups": {name: {"state": one.get("state")} for name, one in groups.items()}}
    for body in (whole, shorter):
        if len(device_core.dumps(body).encode()) <= limits.MODEL_NEWS_BYTES:
            return body
    return whole | {"groups": {}}
