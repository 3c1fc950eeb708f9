"""`barnacle policy …`: the rules for requests to the outside. Works on policy.toml itself, with nothing running; a
remote appliance's rules are read and changed through its host."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli.command import Subparsers, command, family
from app.cli.context import Context
from app.cli.output import clean

if TYPE_CHECKING:
    from broker.egress_core import Decision, Rules, Target

_WHERE = "URL may also be a lone host, or a network such as 192.168.1.0/24."
_TEST = (
    "Overrides in force count while Barnacle runs; credentials are not looked at. Exit code 1 when it would be denied."
)


def add(commands: Subparsers) -> None:
    """Declare the commands."""
    example = "barnacle policy test https://api.open-meteo.com/v1/forecast"
    policy = family(commands, "policy", "where requests may go", example=example)
    command(policy, "show", "show the rules in order", _show, example="barnacle policy show", json=True)
    for effect, summary, target in (
        ("allow", "add a rule that allows", "https://api.open-meteo.com/v1 --method GET"),
        ("ask", "add a rule that asks the owner each time", "http://nas.lan:8080/ --private --group main"),
        ("deny", "add a rule that denies", "ads.example --subdomains"),
    ):
        _add_rule_command(policy, effect, summary, target)
    one = command(policy, "remove", "take a rule out", _remove, example="barnacle policy remove weather")
    one.add_argument("name", metavar="NAME")
    one = command(policy, "test", "say what would happen to a request", _test, example=example, json=True, more=_TEST)
    one.add_argument("url", metavar="URL")
    one.add_argument("--method", default="GET", help="GET by default")
    one.add_argument("--group", metavar="FOLDER", help="on whose behalf")
    one.add_argument("--no-resolve", action="store_true", help="do not look the name up")


def _add_rule_command(policy: Subparsers, effect: str, summary: str, target: str) -> None:
    one = command(policy, effect, summary, _add, example=f"barnacle policy {effect} {target}", json=True, more=_WHERE)
    one.set_defaults(effect=effect)
    one.add_argument("url", metavar="URL")
    one.add_argument("--name", help="of the rule; made from the host by default")
    one.add_argument("--method", action="append", metavar="METHOD", help="only this one; may be repeated")
    one.add_argument("--group", action="append", metavar="FOLDER", help="only for this one; may be repeated")
    one.add_argument("--subdomains", action="store_true", help="the host and everything below it")
    one.add_argument("--before", metavar="NAME", help="put it before this rule; at the end by default")
    one.add_argument("--note", help="words of your own")
    if effect != "deny":
        one.add_argument("--private", action="store_true", help="the host may have an address of the local network")


def _path(context: Context) -> Path:
    return context.paths.policy


def _rules(context: Context) -> "Rules":
    """As the file says; those of a remote appliance as its credential broker does."""
    from broker.policy_file import read_rules

    if context.remote:
        return _told(context)

    mqtt = context.settings.mqtt
    return read_rules(_path(context), own_ports=() if mqtt.external else (mqtt.port,))


def _told(context: Context) -> "Rules":
    from app.cli.problems import RefusedError
    from broker.egress_core import make_rules

    policy = context.ask("policy")["broker"]
    if policy is None:
        raise RefusedError("the credential broker is not running there", "see: barnacle status")
    return make_rules(policy["version"], policy["rules"], policy["problem"])


def _where(context: Context) -> str:
    return "of the appliance" if context.remote else str(_path(context))


def _show(context: Context, args: argparse.Namespace) -> int:
    rules = _rules(context)
    if args.json:
        facts = {"version": rules.version, "problem": rules.problem, "rules": rules.rules}
        context.out.json(({} if context.remote else {"file": str(_path(context))}) | facts)
        return 1 if rules.problem else 0
    if rules.problem:
        from app.cli.problems import RefusedError

        raise RefusedError(f"everything is denied: {rules.problem}")
    from app.cli.rule_words import narrowed, whom

    rows = [[rule["name"], rule["effect"], whom(rule), narrowed(rule), rule.get("note", "")] for rule in rules.rules]
    context.out.table(("rule", "", "host", "only", "note"), rows, empty="no rules: everything is denied")
    context.out.line(context.out.styled(f"version {rules.version}, {_where(context)}", "dim"))
    return 0


def _add(context: Context, args: argparse.Namespace) -> int:
    from app.cli.rule_words import free_name, made
    from app.errors import UsageError

    rules = _rules(context)
    rule, target = made(args.url, args.effect, args.subdomains)
    rule["name"] = args.name or free_name(rule, {one["name"] for one in rules.rules})
    for key, given in (("methods", args.method), ("groups", args.group)):
        if given:
            rule[key] = [value.upper() for value in given] if key == "methods" else given
    if args.note is not None:
        rule["note"] = args.note
    if getattr(args, "private", False):
        if "host" not in rule:
            raise UsageError("--private needs one exact host", "name each host")
        rule["private"] = True
    version = _put(context, rule, args.before)
    other = _decided_by_another(context, rule, target)
    if args.json:
        context.out.json({"rule": rule, "version": version, "decided_by": other or rule["name"]})
        return 0
    context.out.line(f"rule {rule['name']} added, version {version}; {_in_force(context)}")
    if other:
        context.out.line(f"but {other} decides about it: see barnacle policy show")
    return 0


def _put(context: Context, rule: dict[str, Any], before: str | None) -> str:
    from broker.policy_edit import add_rule

    if context.remote:
        return context.ask("policy.add", rule=rule, **({"before": before} if before else {}))["version"]
    return add_rule(_path(context), rule, before)


def _remove(context: Context, args: argparse.Namespace) -> int:
    from broker.policy_edit import remove_rule

    if context.remote:
        version = context.with_client(lambda client: client.request("policy.remove", name=args.name))["version"]
    else:
        version = remove_rule(_path(context), args.name)
    context.out.line(f"rule {args.name} removed, version {version}; {_in_force(context)}")
    return 0


def _test(context: Context, args: argparse.Namespace) -> int:
    from broker import egress_core

    if context.remote:
        return _test_there(context, args)
    rules = _rules(context)
    try:
        target = egress_core.parse_url(args.url)
    except egress_core.TargetError as error:
        return _not_canonical(context, args, error, rules.version)
    decision = _decide(rules, target, args.method.upper(), args.group, _exceptions(context))
    found: list[dict[str, Any]] = []
    problem = ""
    if decision.effect != "deny" and not args.no_resolve:
        found, problem = _resolved(target, decision)
        bad = next((one["denied"] for one in found if one["denied"]), None)
        effect = "deny" if bad or problem else decision.effect
        rule, reason = (bad["rule"], bad["reason"]) if bad else (decision.rule, problem or decision.reason)
        rule = "no_address" if problem else rule
    else:
        effect, rule, reason = decision.effect, decision.rule, decision.reason
    said: dict[str, Any] = {"url": target.url, "method": args.method.upper(), "effect": effect, "rule": rule}
    return _say(context, args, said | {"reason": reason, "version": decision.version, "addresses": found})


def _test_there(context: Context, args: argparse.Namespace) -> int:
    """By the credential broker of the appliance: overrides in force count there, and names are looked up there."""
    from app.errors import UsageError

    if args.no_resolve:
        raise UsageError("--no-resolve is for the machine that runs Barnacle", "leave it out")
    asked = {"url": args.url, "method": args.method.upper()} | ({"group": args.group} if args.group else {})
    said: dict[str, Any] = context.ask("policy.test", **asked)
    return _say(context, args, {"method": args.method.upper()} | said)


def _say(context: Context, args: argparse.Namespace, said: dict[str, Any]) -> int:
    effect = said["effect"]
    if args.json:
        context.out.json(said)
        return 1 if effect == "deny" else 0
    colour = {"allow": "green", "ask": "yellow"}.get(effect, "red")
    shown = context.out.styled(clean(effect), "bold", colour)
    context.out.line(f"{shown} by {clean(said['rule'])}: {clean(said['reason'])}")
    for one in said["addresses"]:
        verdict = "denied by " + one["denied"]["rule"] if one["denied"] else "passes"
        context.out.line("  " + "  ".join(clean(word) for word in (one["address"], one["class"], verdict)))
    context.out.line(context.out.styled(f"version {clean(said['version'])}, {clean(said['url'])}", "dim"))
    return 1 if effect == "deny" else 0


def _not_canonical(context: Context, args: argparse.Namespace, error: Any, version: str) -> int:
    from app.cli.problems import RefusedError

    if not args.json:
        raise RefusedError(f"deny by bad_url ({error.code}): {error.message}", error.remedy)
    facts = {"effect": "deny", "rule": "bad_url", "code": error.code, "reason": error.message}
    context.out.json({"url": args.url, **facts, "remedy": error.remedy, "version": version})
    return 1


def _exceptions(context: Context) -> list[dict[str, Any]]:
    """The overrides in force; none while nothing runs."""
    from app.host.instance import running_pid

    return [] if running_pid(context.paths) is None else context.ask("overrides")


def _decide(
    rules: "Rules", target: "Target", method: str, group: str | None, overrides: Sequence[dict[str, Any]] = ()
) -> "Decision":
    import time

    from broker import egress_core

    request = egress_core.Request(target=target, method=method, group=group, credential=None)
    return egress_core.decide(request, rules, overrides, time.time_ns() // 1_000_000)


def _resolved(target: "Target", decision: "Decision") -> tuple[list[dict[str, Any]], str]:
    """What the name resolves to now with the verdict on each address, and why it does not resolve."""
    import socket

    from broker import egress_core

    try:
        answers = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except OSError as error:
        return [], f"{target.host} does not resolve: {error.strerror or error}"
    texts = dict.fromkeys(str(answer[4][0]).partition("%")[0] for answer in answers)
    found: list[dict[str, Any]] = []
    for text in texts:
        address = egress_core.parse_address(text) or b""
        denial = egress_core.check_addresses(decision, target, [address])
        said = {"rule": denial.rule, "reason": denial.reason} if denial else None
        found.append({"address": text, "class": egress_core.address_class(address), "denied": said})
    return found, "" if found else f"{target.host} has no address"


def _decided_by_another(context: Context, rule: dict[str, Any], target: "Target | None") -> str:
    """The name of what decides about the new rule's own target, when that is not the rule."""
    if target is None:
        return ""
    decision = _decide(_rules(context), target, rule.get("methods", ["GET"])[0], rule.get("groups", [None])[0])
    return "" if decision.rule == rule["name"] else decision.rule


def _in_force(context: Context) -> str:
    from app.host.instance import running_pid

    if not context.remote and running_pid(context.paths) is None:
        return "in force when Barnacle runs"
    return "in force at once"
