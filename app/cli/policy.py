"""`barnacle policy …`: the rules for requests to the outside. Works on policy.toml itself, with nothing running."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli.command import Subparsers, command, family
from app.cli.context import Context

if TYPE_CHECKING:
    from broker.egress_core import Decision, Rules, Target

_WHERE = "URL may also be a lone host, or a network such as 192.168.1.0/24."
_TEST = "Overrides in force and credentials are not looked at. Exit code 1 when it would be denied."


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
    from app.errors import UsageError

    if context.remote:
        raise UsageError("the rules are a file on the machine that runs Barnacle", "run this command there")
    return context.paths.policy


def _rules(context: Context) -> "Rules":
    from broker.policy_file import read_rules

    mqtt = context.settings.mqtt
    return read_rules(_path(context), own_ports=() if mqtt.external else (mqtt.port,))


def _show(context: Context, args: argparse.Namespace) -> int:
    rules = _rules(context)
    if args.json:
        facts = {"version": rules.version, "problem": rules.problem, "rules": rules.rules}
        context.out.json({"file": str(_path(context)), **facts})
        return 1 if rules.problem else 0
    if rules.problem:
        from app.cli.problems import RefusedError

        raise RefusedError(f"everything is denied: {rules.problem}")
    rows = [[rule["name"], rule["effect"], _whom(rule), _narrowed(rule), rule.get("note", "")] for rule in rules.rules]
    context.out.table(("rule", "", "host", "only", "note"), rows, empty="no rules: everything is denied")
    context.out.line(context.out.styled(f"version {rules.version}, {_path(context)}", "dim"))
    return 0


def _add(context: Context, args: argparse.Namespace) -> int:
    from app.errors import UsageError
    from broker.policy_edit import add_rule

    path, rules = _path(context), _rules(context)
    rule, target = _made(args)
    rule["name"] = args.name or _free_name(rule, {one["name"] for one in rules.rules})
    for key, given in (("methods", args.method), ("groups", args.group)):
        if given:
            rule[key] = [value.upper() for value in given] if key == "methods" else given
    if args.note is not None:
        rule["note"] = args.note
    if getattr(args, "private", False):
        if "host" not in rule:
            raise UsageError("--private needs one exact host", "name each host")
        rule["private"] = True
    version = add_rule(path, rule, args.before)
    other = _decided_by_another(context, rule, target)
    if args.json:
        context.out.json({"rule": rule, "version": version, "decided_by": other or rule["name"]})
        return 0
    context.out.line(f"rule {rule['name']} added, version {version}; {_in_force(context)}")
    if other:
        context.out.line(f"but {other} decides about it: see barnacle policy show")
    return 0


def _remove(context: Context, args: argparse.Namespace) -> int:
    from broker.policy_edit import remove_rule

    version = remove_rule(_path(context), args.name)
    context.out.line(f"rule {args.name} removed, version {version}; {_in_force(context)}")
    return 0


def _test(context: Context, args: argparse.Namespace) -> int:
    from broker import egress_core

    rules = _rules(context)
    try:
        target = egress_core.parse_url(args.url)
    except egress_core.TargetError as error:
        return _not_canonical(context, args, error, rules.version)
    decision = _decide(rules, target, args.method.upper(), args.group)
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
    if args.json:
        facts = {"effect": effect, "rule": rule, "reason": reason, "version": decision.version}
        context.out.json({"url": target.url, "method": args.method.upper(), **facts, "addresses": found})
        return 1 if effect == "deny" else 0
    colour = {"allow": "green", "ask": "yellow", "deny": "red"}[effect]
    context.out.line(f"{context.out.styled(effect, 'bold', colour)} by {rule}: {reason}")
    for one in found:
        verdict = "denied by " + one["denied"]["rule"] if one["denied"] else "passes"
        context.out.line(f"  {one['address']}  {one['class']}  {verdict}")
    context.out.line(context.out.styled(f"version {decision.version}, {target.url}", "dim"))
    return 1 if effect == "deny" else 0


def _not_canonical(context: Context, args: argparse.Namespace, error: Any, version: str) -> int:
    from app.cli.problems import RefusedError

    if not args.json:
        raise RefusedError(f"deny by bad_url ({error.code}): {error.message}", error.remedy)
    facts = {"effect": "deny", "rule": "bad_url", "code": error.code, "reason": error.message}
    context.out.json({"url": args.url, **facts, "remedy": error.remedy, "version": version})
    return 1


def _decide(rules: "Rules", target: "Target", method: str, group: str | None) -> "Decision":
    import time

    from broker import egress_core

    request = egress_core.Request(target=target, method=method, group=group, credential=None)
    return egress_core.decide(request, rules, [], time.time_ns() // 1_000_000)


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


def _made(args: argparse.Namespace) -> tuple[dict[str, Any], "Target | None"]:
    """The rule that URL, host or network stands for, and the target it is about."""
    from app.errors import UsageError
    from broker import egress_core

    rule: dict[str, Any] = {"name": "", "effect": args.effect}
    text: str = args.url
    if "/" in text and "://" not in text and text.rpartition("/")[2].isdigit():
        return {**rule, "network": text}, None
    lone = "://" not in text
    try:
        target = egress_core.parse_url(_as_url(text) if lone else text)
    except egress_core.TargetError as error:
        raise UsageError(f"{text}: {error.message}", error.remedy) from None
    if target.query is not None:
        raise UsageError("rules do not look at what follows the ?", "leave the ? and the rest out")
    rule["suffix" if args.subdomains else "host"] = target.host
    if not lone:
        rule["scheme"] = target.scheme
    if target.port != egress_core.PORTS[target.scheme] or (not lone and args.effect == "deny"):
        rule["ports"] = [target.port]
    if target.path != "/":
        rule["paths"] = [target.path]
    return rule, target


def _as_url(host: str) -> str:
    return f"https://[{host}]" if host.count(":") > 1 else f"https://{host}"


def _free_name(rule: dict[str, Any], taken: set[str]) -> str:
    words = str(rule.get("host") or rule.get("suffix") or rule.get("network"))
    plain = "".join(char if char.isascii() and char.isalnum() else "-" for char in words.lower()).strip("-")[:48]
    names = [plain or "rule", *(f"{plain or 'rule'}-{number}" for number in range(2, 100))]
    return next((name for name in names if name not in taken), names[0])


def _decided_by_another(context: Context, rule: dict[str, Any], target: "Target | None") -> str:
    """The name of what decides about the new rule's own target, when that is not the rule."""
    if target is None:
        return ""
    decision = _decide(_rules(context), target, rule.get("methods", ["GET"])[0], rule.get("groups", [None])[0])
    return "" if decision.rule == rule["name"] else decision.rule


def _in_force(context: Context) -> str:
    from app.host.instance import running_pid

    if running_pid(context.paths) is None:
        return "in force when Barnacle runs"
    return "in force at once"


def _whom(rule: dict[str, Any]) -> str:
    if "suffix" in rule:
        return f"{rule['suffix']} and below"
    return str(rule.get("host") or rule.get("network"))


def _narrowed(rule: dict[str, Any]) -> str:
    words = [str(rule["scheme"])] if "scheme" in rule else []
    for key in ("ports", "methods", "paths", "groups"):
        words += [str(value) for value in rule.get(key, ())]
    return " ".join(words + (["private"] if rule.get("private") else []))
