"""The turns of one run as it goes on: what was said before, then what the model did and what came of it, bounded."""

from device.host import bounded, conversation, limits, portable

_GONE = "(left out: there was no more room)"
_SHORT_BYTES = 256


class Work:
    """`turns` are what the next request holds. The first ones (the conversation) are given and stay."""

    def __init__(self, turns):
        self.turns = turns
        self._first = len(turns)

    def say(self, text):
        """Add a user's text at the end."""
        conversation.add_text(self.turns, "user", text)

    def add(self, text, tools, results):
        """One round: the model's text and ToolCalls, and [(text, whether it is an error)] for each of them."""
        content = [{"t": "text", "text": text}] if text else []
        content += [{"t": "tool_use", "id": tool.id, "name": tool.name, "input": tool.args} for tool in tools]
        self.turns.append({"role": "assistant", "content": content})
        told = []
        for at, tool in enumerate(tools):
            result, error = results[at]
            told.append({"t": "tool_result", "id": tool.id, "text": result, "error": error})
        self.turns.append({"role": "user", "content": told})
        self._make_room()

    def forget_earlier(self):
        """Leave out what was said before the last user's turn of the conversation; False when nothing was there."""
        if self._first < 2:
            return False
        self.turns = self.turns[self._first - 1 :]
        self._first = 1
        return True

    def size(self):
        """Bytes that the rounds take in a request, about."""
        return sum([_weight(part) for turn in self.turns[self._first :] for part in turn["content"]])

    def _make_room(self):
        over = self.size() - limits.TOOL_WORK_BYTES
        for turn in self.turns[self._first :]:
            for at, part in enumerate(turn["content"]):
                if over <= 0:
                    return
                shorter = _shorter(part)
                over -= _weight(part) - _weight(shorter)
                turn["content"][at] = shorter


def _shorter(part):
    if part["t"] == "tool_use":
        return dict(part, input={})
    if len(part["text"].encode()) <= _SHORT_BYTES:
        return part
    if part["t"] == "tool_result":
        return dict(part, text=_GONE)
    return dict(part, text=bounded.cut(part["text"], _SHORT_BYTES, 2 * _SHORT_BYTES))


def _weight(part):
    if part["t"] == "tool_use":
        return len(portable.dumps(part["input"]).encode()) + 64
    return bounded.encoded_bytes(part["text"]) + 64
