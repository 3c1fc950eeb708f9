"""The tools that a run may use: described to the model, checked, audited before their effect, bounded in what they say.

Whatever the model asks for, it gets an answer that it can read: an unknown tool, odd arguments, a denial and a fault
are error results. Nothing here runs a program, reads a file or opens a connection.
"""

from device.host import bounded, limits
from device.host.errors import NoRoom, Refused
from device.host.plain_text import clean
from device.host.tools import asking, fetching, grouping, messaging, noting, scheduling, showing
from device.host.tools.schema import problem
from device.host.tools.tool import Use

TOOLS = (
    messaging.TOOLS + scheduling.TOOLS + grouping.TOOLS + noting.TOOLS + fetching.TOOLS + showing.TOOLS + asking.TOOLS
)
_LONG = ("text", "prompt", "body", "headers", "question")  # contents: an audit event tells their length only


class Parts:
    """What tools reach beside their run: `calls` (calls.py), `gate` (the egress decision), `asks` (the owner's
    answers), `show(text)` (the round screen), `status()` (facts of the box). A part that is not there is None."""

    def __init__(self, calls=None, gate=None, asks=None, show=None, status=None):
        self.calls = calls
        self.gate = gate
        self.asks = asks
        self.show = show
        self.status = status


class Toolbox:
    """`described` for the model, `use` for its calls."""

    def __init__(self, parts):
        self._parts = parts
        self._tools = {tool.name: tool for tool in TOOLS}

    def described(self, folder):
        """[{"name", "description", "schema"}], always in the same order."""
        return [tool.described() for tool in TOOLS if folder == "main" or not tool.main_only]

    async def use(self, call, run, lease, api):
        """Carry out a ToolCall (model_call.py): (text for the model, whether it is an error). Raises only what ends the
        run: the storage refuses, the memory is spent, the run is cancelled."""
        tool = self._tools.get(call.name)
        wrong = call.problem
        if wrong is None and tool is None:
            wrong = "There is no tool %s; there are: %s." % (call.name, ", ".join(sorted(self._tools)))
        if wrong is None and tool is not None:
            wrong = problem(tool.schema, call.args)
        detail = _summary(call.args)
        if tool is None or wrong is not None:
            api.note("tool." + call.name, "deny", "bad_call", wrong or "", detail)
            return _result(wrong or "", True)
        api.note("tool." + call.name, "info", "", "", detail)
        await api.committed()  # the record comes before the effect, whatever happens in between
        try:
            return _result(await tool.run(Use(run, lease, api, self._parts), call.args), False)
        except Refused as refusal:
            return _result("%s (%s) %s" % (refusal.message, refusal.code, refusal.remedy), True)
        except NoRoom as failure:
            return _result("This cannot be done now: %s" % failure, True)


def _result(text, error):
    text = clean(text.strip()) or "done"
    return bounded.cut(text, limits.TOOL_RESULT_BYTES, limits.TOOL_RESULT_BYTES * 5 // 4), error


def _summary(args):
    shown = []
    for key in sorted(args):
        value = args[key]
        if key in _LONG:
            value = "(%d)" % len(value) if isinstance(value, (str, dict)) else "(?)"
        elif key == "url" and isinstance(value, str):
            value = value.split("?")[0].split("#")[0]  # a query and a user name may hold what is nobody's business
            value = "(with a user name)" if "@" in value else value
        shown.append("%s=%s" % (key[:24], str(value)[:120]))
    return " ".join(shown)
