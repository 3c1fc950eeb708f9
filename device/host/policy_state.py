"""The egress rules that the box has: what the host pushed last, kept on flash. Without any, nothing may leave.

`policy.set` is the host's own command. Rules that this box cannot read do not leave the older ones in force, which may
allow more: everything is denied then, with the reason as `problem`.
"""

from device.host import bounded, egress, limits
from device.host.errors import Refused

NONE_YET = "the box has not received any rules yet"


class PolicyState:
    """The rules in force, made anew when another policy arrives."""

    def __init__(self, state):
        self._state = state
        self._body = None
        self._rules = egress.Rules("", [], NONE_YET)

    @property
    def rules(self):
        """The egress.Rules to decide by: one object, one version, for the whole of a decision."""
        body = self._state.policy
        if body is not self._body:
            self._body = body
            self._rules = _rules_of(body)
        return self._rules


def set_policy(state, args, context):
    """{version, rules, problem}: put them in force. The result says the version, and the problem if all is denied."""
    version, rules, problem = args.get("version"), args.get("rules"), args.get("problem")
    if not isinstance(version, str) or not version or len(version.encode()) > limits.NAME_BYTES:
        raise Refused("bad_value", "the policy has no version", "send the version of the file with its rules")
    if problem is not None:
        problem, rules = bounded.result(problem if isinstance(problem, str) else "the policy has a problem"), []
    else:
        try:
            rules = egress.check_rules(rules)
        except Refused as refusal:
            problem, rules = bounded.result("the box cannot read the rules: " + refusal.message), []
    body = {"version": version, "rules": rules, "problem": problem}
    return [("policy.set", body)], {"version": version, "rules": len(rules), "problem": problem}


def _rules_of(body):
    """The rules of a stored policy; one that an older or newer box stored may be unreadable: then nothing passes."""
    if body is None:
        return egress.Rules("", [], NONE_YET)
    try:
        return egress.Rules(body["version"], body["rules"], body["problem"])
    except Refused as refusal:
        return egress.Rules(body["version"], [], "the stored rules cannot be read: " + refusal.message)


PREPARERS = {"policy.set": set_policy}
