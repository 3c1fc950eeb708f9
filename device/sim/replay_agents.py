"""Agents that follow a script instead of thinking: the responder of a replayed box.

A timeline's `agents` (docs/replay.md): {"scripts": {key: [script, …]}, "default": script, "timeout_ms", "said_ms"?,
"idle_ms", "sessions": {folder: id}}. The key of a run of messages is its folder, of a task "task:<folder>"; the i-th
start of a key plays script min(i, last). A script is {"steps": [{"after", "output" | "raw" | "stderr" | "ipc"}],
"exit", "code"} (exit None: it hangs; "{folder}" in a session is the run's) or {"chat": true, "think", "replies",
"session"}: an agent that stays after its answer, and answers the group's next run too, until nobody has spoken to it
for `idle_ms`.
"""

import json

from device.host import portable
from device.host.errors import BarnacleError
from device.host.prompt import strip_internal

START, END = "---NANOCLAW_OUTPUT_START---", "---NANOCLAW_OUTPUT_END---"
KILL_MS = 5  # a container that is stopped takes so long to end
STDERR_CHARS = 200


class AgentFailed(BarnacleError):  # noqa: N818 - says what happened
    """The script's agent ended with an error."""


class ScriptedAgents:
    """A responder (see runs.py). `note(fields)` takes each start into the trace; `post(item)` takes an `ipc` step."""

    def __init__(self, clock, agents, sessions, note, post):
        self._clock = clock
        self._scripts = agents.get("scripts") or {}
        self._default = agents["default"]
        self._timeout_ms = agents["timeout_ms"]
        self._idle_ms = agents["idle_ms"]
        self.said_ms = agents.get("said_ms", self._timeout_ms)  # what a time-out's text says
        self._sessions = sessions
        sessions.update(agents.get("sessions") or {})
        self._note = note
        self._post = post
        self._starts = {}
        self._staying = {}  # folder -> [script, answers given, stays until]

    async def respond(self, run, prompt, messages, api):
        """Play the script; every answer is sent at once, so nothing is returned."""
        folder = run["folder"]
        key = folder if messages is not None else "task:" + folder
        session = self._session(run, messages, api)
        staying, number = self._staying.pop(key, None), None
        if staying is None or self._clock.now_ms() >= staying[2]:
            script, number = self._next(key)
            staying = [script, 0, 0]
        script = staying[0]
        self._note(run, prompt, messages, key, number, session)
        if script.get("chat"):
            return await self._chat(key, staying, run, api)
        return await _Container(self, script, run, api).play()

    def keep_session(self, run, session):
        """A run of messages leaves its session to the group."""
        if session and run["kind"] == "messages":
            self._sessions[run["folder"]] = session.replace("{folder}", run["folder"])

    def post(self, item):
        """An agent wrote an IPC file."""
        self._post(item)

    @property
    def clock(self):
        """The replay's clock."""
        return self._clock

    @property
    def timeout_ms(self):
        """How long an agent may go without output."""
        return self._timeout_ms

    def _next(self, key):
        number = self._starts.get(key, 0)
        self._starts[key] = number + 1
        scripts = self._scripts.get(key)
        return (scripts[min(number, len(scripts) - 1)] if scripts else self._default), number

    def _session(self, run, messages, api):
        if messages is None:
            task = api.view.tasks.get(run["task"])
            if task is None or task["context"] != "group":
                return None
        return self._sessions.get(run["folder"])

    async def _chat(self, key, staying, run, api):
        script, given = staying[0], staying[1]
        await self._clock.sleep_ms(script.get("think", 1000))
        replies = script.get("replies") or []
        text = replies[given] if given < len(replies) else "reply %d" % given
        self.keep_session(run, script.get("session") or "sess-" + run["folder"])
        staying[1] = given + 1
        staying[2] = self._clock.now_ms() + self._idle_ms
        self._staying[key] = staying
        await api.send(text)
        return ""


class _Container:
    """One start of a script with steps."""

    def __init__(self, agents, script, run, api):
        self._agents = agents
        self._script = script
        self._run = run
        self._api = api
        self._begun_ms = self._heard_ms = agents.clock.now_ms()
        self._error = None
        self._stderr = ""
        self._spoke = False

    async def play(self):
        for step in self._script.get("steps") or []:
            if not await self._until(step["after"]):
                return self._stopped()
            await self._do(step)
        end = self._script.get("exit")
        if end is None or not await self._until(end):
            if end is None:
                await self._sleep_until(self._heard_ms + self._agents.timeout_ms + KILL_MS)
            return self._stopped()
        code = self._script.get("code") or 0
        if code:
            raise AgentFailed("Container exited with code %d: %s" % (code, self._stderr[-STDERR_CHARS:]))
        if self._error is not None:
            raise AgentFailed(self._error)
        return ""

    async def _until(self, after_ms):
        """Wait for that moment of the script; False when the agent is stopped before it."""
        wanted_ms = self._begun_ms + after_ms
        stop_ms = self._heard_ms + self._agents.timeout_ms
        await self._sleep_until(min(wanted_ms, stop_ms + KILL_MS))
        return wanted_ms <= stop_ms

    async def _sleep_until(self, at_ms):
        wait_ms = at_ms - self._agents.clock.now_ms()
        if wait_ms > 0:
            await self._agents.clock.sleep_ms(wait_ms)

    def _stopped(self):
        if not self._spoke:
            raise AgentFailed("Container timed out after %dms" % self._agents.said_ms)
        if self._error is not None:
            raise AgentFailed(self._error)
        return ""

    async def _do(self, step):
        if "output" in step:
            await self._output(step["output"])
        elif "raw" in step:
            for output in _outputs(step["raw"]):
                await self._output(output)
        elif "stderr" in step:
            self._stderr += step["stderr"]
        elif "ipc" in step:
            self._agents.post(step["ipc"])

    async def _output(self, output):
        self._heard_ms = self._agents.clock.now_ms()
        self._spoke = True
        self._agents.keep_session(self._run, output.get("newSessionId"))
        result = output.get("result")
        if result:
            text = result if isinstance(result, str) else portable.dumps(result)
            if strip_internal(text):
                await self._api.send(text)
        if output.get("status") == "error":
            self._error = output.get("error") or "Unknown error"


def _outputs(raw):
    """The complete outputs between markers in a piece of text; anything else is noise."""
    found = []
    at = raw.find(START)
    while at >= 0:
        end = raw.find(END, at)
        if end < 0:
            break
        try:
            output = json.loads(raw[at + len(START) : end].strip())
            if isinstance(output, dict):
                found.append(output)
        except ValueError:
            pass
        at = raw.find(START, end)
    return found
