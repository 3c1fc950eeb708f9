"""The credential broker judges the shared corpus as the box does, with rules that went through policy.toml."""

from pathlib import Path
from typing import Any

import pytest

from broker.policy_edit import add_rule, write_default
from broker.policy_file import Watcher
from tests.egress_cases import CASES, OWN_PORTS, POLICIES, judge


def watcher(path: Path, rules: list[dict[str, Any]], problem: str | None) -> Watcher:
    """A Watcher of a policy.toml with these rules, written one by one as the command does."""
    write_default(path)
    for rule in rules:
        add_rule(path, rule)
    if problem:
        path.write_text(path.read_text() + "broken =\n")
    return Watcher(path, own_ports=OWN_PORTS)


@pytest.fixture(scope="module")
def watchers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Watcher]:
    folder = tmp_path_factory.mktemp("policies")
    return {name: watcher(folder / f"{name}.toml", rules, why) for name, (rules, why, _) in POLICIES.items()}


@pytest.mark.parametrize(("name", "policy", "request_", "verdict"), CASES, ids=[case[0] for case in CASES])
def test_a_case(watchers: dict[str, Watcher], name: str, policy: str, request_: Any, verdict: tuple[str, str]) -> None:
    assert judge(watchers[policy].current(), POLICIES[policy][2], request_) == verdict
