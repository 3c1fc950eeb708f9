"""The agent: a language model that answers a group's messages and tasks, and acts through tools on the box.

    run.open -> (summary) -> llm -> tools -> llm -> … -> reply          run.close always, whatever happens

What becomes of a failure: one that passes by itself (the connection, the provider) fails the run, and dispatch tries
again; but once a tool has changed something for good nothing is tried again, the group is told in words instead. One
that does not pass (no key, no budget) is told at once. A cancelled run ends where it stands.
"""

from device.host import agent_prompt, conversation, limits, model_call, portable
from device.host.agent_work import Work
from device.host.calls import CallFailed
from device.host.errors import BarnacleError
from device.host.model_state import READY
from device.host.plain_text import clean
from device.host.spending import Spending
from device.host.summary import Summaries
from device.host.tools.toolbox import Toolbox

PASSING = ("offline", "interrupted", "model_offline", "timeout", "busy", "no_memory")
TOO_MUCH = ("too_long", "too_large")
UNFINISHED = "(I stopped here: this took too many steps.)"
DECLINED = "(The language model declined to answer this.)"
_CLOSE_MS = 10000


class ModelUnusable(BarnacleError):  # noqa: N818 - a state, told to people
    """There is no model to answer with at present; the message says why, and what to do. Nothing was done yet."""


class Agent:
    """A responder (runs.py). `parts` are those of the toolbox (tools/toolbox.py); its `calls` are the laptop's."""

    def __init__(self, store, clock, parts):
        self._store = store
        self._clock = clock
        self._parts = parts
        self._toolbox = Toolbox(parts)
        self._spending = Spending(store, clock)
        self._summaries = Summaries(store, clock, parts, self._spending)

    async def respond(self, run, prompt, messages, api):
        """The reply; raises ModelUnusable, CallFailed (the run fails and may be tried again)."""
        over = self._spending.over(run["folder"], api.zone)
        if over is not None:
            raise ModelUnusable(over)
        try:
            lease = await self._open(run)
            return await _Conversation(self, run, lease, api).hold(prompt, messages)
        except CallFailed as failure:
            if api.output is not None:
                why = clean(failure.message).rstrip(".")
                return "I could not finish: %s. What I had done so far (%s) stays." % (why, api.output)
            if failure.code in PASSING:
                raise
            raise ModelUnusable(_in_words(failure))
        except MemoryError:
            if api.output is None:
                raise
            return "I could not finish: the box ran out of memory. What I had done so far (%s) stays." % api.output
        finally:
            portable.spawn(self._close(run), "run-close")  # not waited for: it must not hold up an end

    async def _open(self, run):
        body = {"run": run["id"], "folder": run["folder"], "kind": run["kind"]}
        result = await self._call("run.open", body)
        model = result.get("model")
        if isinstance(model, dict) and model.get("state", READY) != READY:
            text = model.get("text")
            raise ModelUnusable(
                clean(text) if isinstance(text, str) and text else "The language model cannot be used now."
            )
        lease = result.get("lease")
        return lease if isinstance(lease, str) else ""

    async def _close(self, run):
        try:
            await self._call("run.close", {"run": run["id"], "folder": run["folder"]})
        except CallFailed as failure:  # the laptop ends the leases of runs that are over by itself as well
            if failure.code not in PASSING:
                print("barnacle: run.close failed: %s" % failure)

    async def _call(self, service, body):
        call = self._parts.calls.open(service, body, _CLOSE_MS)
        try:
            while await call.next() is not None:
                pass  # neither service has items
            return call.result
        finally:
            call.cancel()


class _Conversation:
    """One run's rounds."""

    def __init__(self, agent, run, lease, api):
        self._agent = agent
        self._run = run
        self._lease = lease
        self._api = api
        self._clock = agent._clock
        self._until_ms = self._clock.ticks_ms() + limits.AGENT_MS
        self._said = ""

    async def hold(self, prompt, messages):
        """The reply."""
        work = Work(await self._begin(prompt, messages))
        work.say(agent_prompt.now(self._api.now_ms, self._api.zone))
        for number in range(limits.AGENT_ROUNDS + 1):
            last = number == limits.AGENT_ROUNDS or self._clock.ticks_ms() >= self._until_ms
            if last:
                work.say(agent_prompt.FINISH)
            over = self._agent._spending.over(self._run["folder"], self._api.zone)
            if over is not None:
                return self._unfinished(over)
            answer = await self._ask(work, last)
            self._said = model_call.said(answer) or self._said
            if not answer.tools:
                return self._reply(answer)
            if last:
                break
            results = []
            for tool in answer.tools:
                results.append(await self._agent._toolbox.use(tool, self._run, self._lease, self._api))
            work.add(answer.text, answer.tools, results)
        return self._unfinished(UNFINISHED)

    async def _begin(self, prompt, messages):
        state, folder = self._agent._store.state, self._run["folder"]
        if messages is None and not self._remembers(state):
            turns = []
        else:
            summaries = self._agent._summaries
            await summaries.keep_up(self._run, self._lease, messages, self._api, self._until_ms)
            before = conversation.earlier(state, folder, messages)
            turns = conversation.turns(before, messages, summaries.text(folder))
        if messages is None:
            conversation.add_text(turns, "user", agent_prompt.task(self._run, prompt))
        return turns

    def _remembers(self, state):
        task = state.tasks.get(self._run["task"])
        return task is not None and task["context"] == "group"

    async def _ask(self, work, last):
        try:
            answer = await self._ask_once(work, last)
        except CallFailed as failure:
            if failure.code not in TOO_MUCH or not work.forget_earlier():
                raise
            answer = await self._ask_once(work, last)
        self._agent._spending.add(self._run["folder"], self._api.zone, answer.usage)
        await self._agent._store.committed()
        return answer

    async def _ask_once(self, work, last):
        state = self._agent._store.state
        group = state.groups.get(self._run["folder"])
        if group is None:
            raise CallFailed("cancelled", "the group was removed")
        request = {
            "run": self._run["id"],
            "lease": self._lease,
            "folder": self._run["folder"],
            "system": agent_prompt.system(state.settings, group, state.notes),
            "messages": work.turns,
            "tools": self._agent._toolbox.described(group["folder"]),
            "max_tokens": limits.AGENT_TOKENS,
        }
        until_ms = self._until_ms + (limits.AGENT_CALL_MS if last else 0)
        return await model_call.ask(self._agent._parts.calls, self._clock, request, until_ms, self._api.say)

    def _reply(self, answer):
        if answer.stop == "refusal" and not model_call.said(answer):
            return DECLINED
        return "" if self._api.output is not None and not answer.text else self._said

    def _unfinished(self, why):
        return "%s\n\n%s" % (self._said, why) if self._said else why


def _in_words(failure):
    said = "I cannot answer now: %s." % failure.message.rstrip(".")
    return clean("%s To do: %s." % (said, failure.remedy.rstrip(".")) if failure.remedy else said)
