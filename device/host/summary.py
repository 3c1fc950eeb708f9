"""The summary of what a group said before: made by the model when the conversation no longer fits, kept durably."""

from device.host import agent_prompt, bounded, conversation, limits, model_call, prompt, run_records
from device.host.calls import CallFailed
from device.host.plain_text import clean

_TOKENS = 700


class Summaries:
    """`keep_up` before a run; what it keeps is the `session.set` record of the group."""

    def __init__(self, store, clock, parts, spending):
        self._store = store
        self._clock = clock
        self._parts = parts
        self._spending = spending

    def text(self, folder):
        """The group's summary; "" when there is none."""
        kept = self._store.state.summaries.get(folder)
        return kept["summary"] if kept is not None else ""

    async def keep_up(self, run, lease, batch, api, until_ms):
        """Summarise what no longer fits. A model that fails at it is no reason not to answer: the conversation is cut
        then, and the next run tries again. Raises CallFailed when the connection is lost."""
        messages = conversation.to_summarise(conversation.earlier(self._store.state, run["folder"], batch))
        if not messages or self._spending.over(run["folder"], api.zone) is not None:
            return
        try:
            answer = await model_call.ask(
                self._parts.calls, self._clock, self._request(run, lease, messages), until_ms, _show_nothing
            )
        except CallFailed as failure:
            if failure.code in ("offline", "interrupted", "cancelled"):
                raise
            api.note("summary", "info", failure.code, failure.message)
            return
        self._spending.add(run["folder"], api.zone, answer.usage)
        text = prompt.strip_internal(clean(answer.text))
        if text:
            self._keep(run["folder"], text, messages[-1]["n"])
        await self._store.committed()

    def _request(self, run, lease, messages):
        told = prompt.format_messages(messages)
        before = self.text(run["folder"])
        if before:
            told = "<summary>\n%s\n</summary>\n%s" % (prompt.escape_xml(before), told)
        return {
            "run": run["id"],
            "lease": lease,
            "folder": run["folder"],
            "system": agent_prompt.SUMMARISE,
            "messages": [{"role": "user", "content": [{"t": "text", "text": told}]}],
            "tools": [],
            "max_tokens": _TOKENS,
        }

    def _keep(self, folder, text, upto):
        session = self._store.state.sessions.get(folder) or run_records.new_id("session", self._clock.now_ms())
        text = bounded.cut(text, limits.SUMMARY_BYTES, limits.SUMMARY_BYTES * 3 // 2)
        record = {"folder": folder, "session": session, "summary": text, "upto": upto}
        self._store.put("session.set", record, up=self._store.has_room(1, 2 * limits.SUMMARY_BYTES))


def _show_nothing(text):
    """A summary is nobody's to read while it grows."""
