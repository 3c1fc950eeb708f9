"""One call of the language model: what it says and which tools it asks for, whatever it sends, within bounds.

The request is the body of the `llm` service, the items are those of its stream; both are in docs/agent.md.
"""

from device.host import bounded, limits, portable
from device.host.calls import CallFailed
from device.host.plain_text import clean, preview

STOPS = ("end", "tool_use", "max_tokens", "refusal")
_ID_CHARS = 64
_MARK_BYTES = len(bounded.MARK.encode())


class ToolCall:
    """`id`, `name` and `args` as they are told back to the model; `problem` None, or why it cannot be carried out."""

    def __init__(self, id_, name, args, problem=None):
        self.id = id_
        self.name = name
        self.args = args
        self.problem = problem


class Answer:
    """`text`, `tools` (ToolCalls, at most 2 * TOOL_CALLS), `stop` (one of STOPS), `usage` (a dict), `cut` (bool)."""

    def __init__(self):
        self.tools = []
        self.stop = "end"
        self.usage = {}
        self.cut = False
        self._pieces = []
        self._text_bytes = 0
        self._args_bytes = 0

    @property
    def text(self):
        """What it has said so far."""
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    def take(self, item):
        """One item of the stream; what cannot be read is passed over. True when there is more text."""
        kind = item.get("t")
        if kind == "text" and isinstance(item.get("text"), str):
            return self._add_text(item["text"])
        if kind == "tool" and len(self.tools) < 2 * limits.TOOL_CALLS:
            self.tools.append(self._tool(item))
        return False

    def end(self, result):
        """The call's final body."""
        stop = result.get("stop")
        self.stop = stop if stop in STOPS else "end"
        self.usage = result.get("usage")

    def _add_text(self, text):
        room = limits.AGENT_TEXT_BYTES - self._text_bytes - _MARK_BYTES
        if self.cut or not text:
            return False
        if len(text.encode()) > room:
            text = bounded.cut(text, room + _MARK_BYTES, 2 * limits.AGENT_TEXT_BYTES)
            self.cut = True
        self._text_bytes += len(text.encode())
        self._pieces.append(text)
        return True

    def _tool(self, item):
        id_, name, args = item.get("id"), item.get("name"), item.get("input")
        problem = None
        if not isinstance(args, dict):
            args, problem = {}, "The arguments are no object."
        else:
            args, problem = self._bounded(args)
        if not isinstance(name, str) or not _is_name(name):
            name, problem = "unknown", "There is no tool of that name."
        if not isinstance(id_, str) or not _is_name(id_):
            id_, problem = "call-%d" % len(self.tools), problem or "The call had no id that can be used."
        if id_ in [tool.id for tool in self.tools]:
            id_, problem = "%s-%d" % (id_[:40], len(self.tools)), "Another call has the same id."
        if len(self.tools) >= limits.TOOL_CALLS:
            problem = "At most %d tools can be called at a time: call it again if it is needed." % limits.TOOL_CALLS
        return ToolCall(id_, name, args, problem)

    def _bounded(self, args):
        if not _is_flat(args, limits.TOOL_DEPTH):
            return {}, "The arguments are nested too deeply."
        size = len(portable.dumps(args).encode())
        self._args_bytes += size
        if size > limits.TOOL_ARGS_BYTES or self._args_bytes > 2 * limits.TOOL_ARGS_BYTES:
            return {}, "The arguments are too large."
        return args, None


async def ask(calls, clock, request, until_ms, show):
    """The model's Answer to a request; raises CallFailed. `show(text)` is given the growing text; by `until_ms` (ticks)
    it must be over. However this ends (a cancelled run included), the laptop is told when no more is wanted."""
    call = calls.open("llm", request, limits.AGENT_CALL_MS)
    answer = Answer()
    shown_at = clock.ticks_ms() - limits.TEXT_NEWS_MS
    try:
        while True:
            item = await call.next()
            if item is None:
                break
            now = clock.ticks_ms()
            if now >= until_ms:
                raise CallFailed("timeout", "the language model took too long", "ask again, or ask for less at a time")
            if answer.take(item) and now - shown_at >= limits.TEXT_NEWS_MS:
                shown_at = now
                show(preview(answer.text))
    finally:
        call.cancel()
    answer.end(call.result)
    if answer.text:
        show(preview(answer.text))
    return answer


def said(answer):
    """The answer's text as it may be sent; what was cut off says so."""
    text = clean(answer.text)
    if text and (answer.cut or answer.stop == "max_tokens") and not text.endswith(bounded.MARK):
        text += bounded.MARK
    return text


def _is_name(text):
    if not 0 < len(text) <= _ID_CHARS:
        return False
    return all([char.isalpha() or char.isdigit() or char in "_-.:" for char in text]) and len(text.encode()) == len(
        text
    )


def _is_flat(value, depth):
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return True
    return depth > 0 and all([_is_flat(each, depth - 1) for each in value])
