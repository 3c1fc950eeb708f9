"""policy.toml: what cannot be read denies everything and says why; a change by command keeps the owner's words."""

import os
from pathlib import Path
from typing import Any

import pytest

from broker import egress_core
from broker.egress_core import Rules
from broker.policy_edit import TEMPLATE, add_rule, remove_rule, write_default
from broker.policy_file import FILE_BYTES, PolicyFileError, Watcher, read_content, read_rules

API = """\
# mine
[[rule]]  # the api
name = "api"
effect = "allow"
host = "api.example"
"""
NAS: dict[str, Any] = {"name": "nas", "effect": "ask", "host": "nas.lan", "ports": [8443], "private": True}
URL = "https://api.example/v1"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "policy.toml"


def write(path: Path, text: str | bytes, mode: int = 0o600) -> None:
    """As an owner's editor does: another file in its place."""
    fresh = path.with_suffix(".new")
    fresh.write_bytes(text.encode() if isinstance(text, str) else text)
    fresh.chmod(mode)
    fresh.replace(path)


def verdict(rules: Rules, url: str = URL) -> tuple[str, str]:
    request = egress_core.Request(target=egress_core.parse_url(url), method="GET", group="main", credential=None)
    decision = egress_core.decide(request, rules, [], 0)
    return decision.effect, decision.rule


def problem(path: Path) -> str:
    """Why everything is denied; fails when it is not."""
    rules = read_rules(path)
    assert verdict(rules) == ("deny", "policy_unreadable")
    assert rules.problem is not None and str(path) in rules.problem
    return rules.problem


def test_a_readable_file_decides_and_its_version_names_its_bytes(path: Path) -> None:
    write(path, API)
    rules = read_rules(path)
    assert verdict(rules) == ("allow", "api") and rules.problem is None
    assert len(rules.version) == 12 and read_rules(path).version == rules.version
    write(path, API + "\n")
    assert read_rules(path).version != rules.version


def test_a_missing_policy_denies_all_and_says_so(path: Path) -> None:
    assert "is missing" in problem(path) and read_rules(path).version == "missing"


def test_an_empty_policy_denies_all_and_says_so(path: Path) -> None:
    for text in ("", "# nothing yet\n", TEMPLATE):
        write(path, text)
        rules = read_rules(path)
        assert rules.problem is None and verdict(rules) == ("deny", "default_deny")
    request = egress_core.Request(target=egress_core.parse_url(URL), method="GET", group=None, credential=None)
    assert "no rules at all" in egress_core.decide(request, read_rules(path), [], 0).reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (API + "x = \n", "at line 6"),
        (API + "hots = 1\n", "rule api: hots is no key"),
        (API.replace("allow", "Allow"), "rule api: effect is none of"),
        (API + API, "two rules are named api"),
        ("[rule]\nname = 'api'\n", "rule is no list of tables"),
        ("rule = 7\n", "rule is no list of tables"),
        ("rule = [7]\n", "rule 1 is no table"),
        ("version = 1\n" + API, "unknown key version"),
        (API.replace("api.example", "*.example"), "rule api: host is no host"),
        (b"\xff\xfe" + API.encode(), "no UTF-8"),
        (API.encode() + b"# \xff\n", "no UTF-8"),
        (API + "note = 2026-01-01\n", "rule api: note"),
        (API + "ports = [1e2]\n", "rule api: ports"),
        ("x = " + "[" * 20000, "nested too deep"),
        (API + "\0", "Invalid"),
    ],
)
def test_a_malformed_policy_denies_all_and_says_so(path: Path, text: str | bytes, expected: str) -> None:
    write(path, text)
    assert expected in problem(path)
    assert len(read_rules(path).version) == 12, "a refused file has a version of its own"


def test_a_policy_beyond_its_size_denies_all(path: Path) -> None:
    write(path, API + "#" * (FILE_BYTES - len(API)))
    assert verdict(read_rules(path)) == ("allow", "api")
    write(path, API + "#" * (FILE_BYTES - len(API) + 1))
    assert "larger than" in problem(path)


def test_a_symlinked_policy_denies_all(path: Path) -> None:
    elsewhere = path.with_name("elsewhere.toml")
    write(elsewhere, API)
    path.symlink_to(elsewhere)
    assert "symbolic link" in problem(path)
    assert verdict(read_rules(elsewhere)) == ("allow", "api")


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_policy_that_others_can_write_denies_all(path: Path, mode: int) -> None:
    write(path, API, 0o644)
    assert verdict(read_rules(path)) == ("allow", "api")
    write(path, API, mode)
    assert "written by others" in problem(path)


def test_a_folder_or_a_pipe_in_place_of_the_policy_denies_all(path: Path) -> None:
    path.mkdir()
    assert "no plain file" in problem(path)
    path.rmdir()
    os.mkfifo(path, 0o600)
    assert "no plain file" in problem(path)


def test_a_change_is_in_force_at_the_next_decision(path: Path) -> None:
    watcher = Watcher(path)
    assert verdict(watcher.current()) == ("deny", "policy_unreadable")
    for text, expected in (
        (API, ("allow", "api")),
        (API.replace("allow", "deny "), ("deny", "policy_unreadable")),
        (API.replace('"allow"', '"deny" '), ("deny", "api")),
        ("", ("deny", "default_deny")),
        (API, ("allow", "api")),
    ):
        write(path, text)
        assert verdict(watcher.current()) == expected
    path.unlink()
    assert verdict(watcher.current()) == ("deny", "policy_unreadable")


def test_a_change_in_place_of_the_same_size_and_time_is_seen(path: Path) -> None:
    write(path, API)
    watcher = Watcher(path)
    assert verdict(watcher.current()) == ("allow", "api")
    facts = path.stat()
    path.write_text(API.replace('"allow"', '"deny" '))
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert verdict(watcher.current()) == ("deny", "api")


def test_one_version_decides_while_another_takes_its_place(path: Path) -> None:
    write(path, API)
    watcher = Watcher(path)
    first = watcher.current()
    write(path, "")
    assert verdict(first) == ("allow", "api"), "a decision that has begun keeps its version"
    assert watcher.current().version != first.version


def test_an_unchanged_file_is_not_read_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(path, API)
    os.utime(path, ns=(1, 1))
    monkeypatch.setattr("broker.policy_file.SETTLED_NS", 0)
    watcher = Watcher(path)
    first = watcher.current()
    monkeypatch.setattr("broker.policy_file.read_rules", lambda *_: pytest.fail("read again"))
    assert watcher.current() is first


def test_barnacles_own_ports_stay_closed_whatever_the_file_says(path: Path) -> None:
    write(path, API.replace("api.example", "127.0.0.1") + 'scheme = "http"\nports = [21883, 8080]\n')
    rules = Watcher(path, own_ports=[21883]).current()
    assert verdict(rules, "http://127.0.0.1:21883/") == ("deny", "never")
    assert verdict(rules, "http://127.0.0.1:8080/") == ("allow", "api")


def test_the_default_file_allows_nothing_and_replaces_nothing(path: Path) -> None:
    assert write_default(path) and path.stat().st_mode & 0o777 == 0o600
    assert read_content(path).rules == []
    write(path, API)
    assert not write_default(path) and path.read_text() == API


def test_the_example_in_the_default_file_is_a_rule(path: Path) -> None:
    example = [line[2:] for line in TEMPLATE.splitlines()]
    example = example[example.index("[[rule]]") :]
    write(path, "\n".join(example))
    assert verdict(read_rules(path), "https://api.open-meteo.com/v1/forecast") == ("allow", "weather")


def test_the_examples_in_the_document_are_rules(path: Path) -> None:
    document = (Path(__file__).resolve().parents[2] / "docs" / "policy.md").read_text()
    write(path, document.split("```toml\n")[1].split("```")[0])
    assert [rule["name"] for rule in read_content(path).rules] == ["weather", "home-assistant", "wiki", "ads"]
    for url, expected in (
        ("https://api.open-meteo.com/v1/forecast", ("allow", "weather")),
        ("https://api.open-meteo.com/v2", ("deny", "default_deny")),
        ("http://ha.lan:8123/", ("allow", "home-assistant")),
        ("https://de.wikipedia.org/", ("ask", "wiki")),
        ("https://x.ads.example/", ("deny", "ads")),
    ):
        assert verdict(read_rules(path), url) == expected


def test_a_rule_is_added_at_the_end_and_every_line_stays(path: Path) -> None:
    write(path, API + "# last words")
    version = add_rule(path, NAS)
    assert path.read_text().startswith(API + "# last words\n\n[[rule]]\n")
    assert [rule["name"] for rule in read_content(path).rules] == ["api", "nas"]
    assert read_content(path).rules[1] == NAS and read_rules(path).version == version
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_rule_is_added_before_another_and_above_its_comment(path: Path) -> None:
    write(path, "# header\n\n# about the api\n" + API)
    add_rule(path, NAS, before="api")
    text = path.read_text()
    assert [rule["name"] for rule in read_content(path).rules] == ["nas", "api"]
    assert text.index('"nas"') < text.index("# about the api") < text.index('"api"')
    assert text.startswith("# header\n\n[[rule]]\n")


def test_the_first_rule_is_added_to_a_file_that_was_not_there(path: Path) -> None:
    add_rule(path, NAS)
    assert path.read_text().startswith(TEMPLATE.splitlines()[0])
    assert read_content(path).rules == [NAS]


def test_a_rule_is_removed_and_comments_outside_it_stay(path: Path) -> None:
    write(path, "# top\n" + API)
    add_rule(path, NAS)
    write(
        path,
        path.read_text() + "\n# about the last\n[[rule]]\nname = 'last'\neffect = 'deny'\nsuffix = 'ads.example'\n",
    )
    before = read_rules(path).version
    assert remove_rule(path, "nas") == read_rules(path).version != before
    assert [rule["name"] for rule in read_content(path).rules] == ["api", "last"]
    assert "# top" in path.read_text() and "# mine" in path.read_text() and "# about the last" in path.read_text()
    assert "nas" not in path.read_text()
    remove_rule(path, "last")
    remove_rule(path, "api")
    assert read_content(path).rules == []


def refused(path: Path, *args: Any, **more: Any) -> PolicyFileError:
    before = path.read_bytes()
    with pytest.raises(PolicyFileError) as caught:
        (remove_rule if isinstance(args[0], str) else add_rule)(path, *args, **more)
    assert path.read_bytes() == before and caught.value.remedy
    assert sorted(path.parent.iterdir()) == [path], "nothing is left behind"
    return caught.value


def test_a_change_that_cannot_be_is_refused_and_the_file_stays(path: Path) -> None:
    write(path, API)
    assert "two rules are named" in refused(path, dict(NAS, name="api")).message
    assert "rule nas: ports" in refused(path, dict(NAS, ports=[0])).message
    assert "has no rule gone" in refused(path, "gone").message
    assert "has no rule gone" in refused(path, NAS, before="gone").message
    write(path, API + "x = \n")
    assert "at line 6" in refused(path, NAS).message


@pytest.mark.parametrize(
    "text",
    [
        'rule = [{name = "api", effect = "allow", host = "api.example"}]\n',
        API.replace("[[rule]]", '[["rule"]]'),
    ],
)
def test_a_file_that_cannot_be_changed_line_by_line_is_left_alone(path: Path, text: str) -> None:
    write(path, text)
    assert verdict(read_rules(path)) == ("allow", "api")
    assert "cannot be changed" in refused(path, "api").message


def test_two_changes_at_once_are_both_made(path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    write(path, API)
    names = [f"rule-{n}" for n in range(16)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: add_rule(path, dict(NAS, name=name)), names))
    assert {rule["name"] for rule in read_content(path).rules} == {"api", *names}


def test_text_that_needs_escapes_is_written_so_that_it_reads_the_same(path: Path) -> None:
    note = 'quote " backslash \\ ü # [[rule]]'
    add_rule(path, dict(NAS, note=note, groups=['a"b', "c\\"]))
    assert read_content(path).rules[0]["note"] == note and read_content(path).rules[0]["groups"] == ['a"b', "c\\"]
