import argparse
import subprocess
import sys

import pytest

from app.cli import completion
from app.cli.main import build_parser, main
from app.host.operator_client import OperatorRefused, OperatorUnreachable
from tests.app.cli.fake_host import FakeHost


def every_parser(parser, path=()):
    yield path, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, child in action.choices.items():
                yield from every_parser(child, (*path, name))


COMMANDS = [path for path, _ in every_parser(build_parser())]


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_help_has_an_example_that_parses(path, capsys):
    assert main([*path, "--help"]) == 0
    shown = capsys.readouterr().out
    examples = [line for line in shown.split("example:\n", 1)[1].splitlines() if line.strip().startswith("barnacle")]
    assert examples
    assert f"usage: {' '.join(['barnacle', *path])}" in shown


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_examples_in_help_are_valid_commands(path):
    import shlex

    parser = dict(every_parser(build_parser()))[path]
    for line in (parser.epilog or "").splitlines():
        words = shlex.split(line.strip(), comments=True)
        if words[:1] == ["barnacle"] and not {"|", "<("} & set(words):
            build_parser().parse_args(words[1:])


def test_the_expected_commands_exist():
    names = {" ".join(path) for path in COMMANDS}
    wanted = "up down tui status send groups queues messages watch completion version asks approve deny"
    wanted_in = {
        "group": "add set remove pause resume",
        "schedule": "list add edit pause resume run remove next history",
        "audit": "tail search verify export",
        "screen": "shot tap swipe",
        "secret": "set list remove test",
        "operator": "add list remove",
        "override": "add list remove",
    }
    for family, commands in wanted_in.items():
        assert {f"{family} {command}" for command in commands.split()} <= names
    assert set(wanted.split()) <= names


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["nonsense"],
        ["send", "main"],
        ["send", "main", "x", "--wait", "soon"],
        ["messages", "main", "-n", "0"],
        ["messages", "main", "-n", "501"],
        ["schedule"],
        ["schedule", "add", "main", "x"],
        ["schedule", "add", "main", "x", "--every", "0m"],
        ["schedule", "add", "main", "x", "--every", "soon"],
        ["schedule", "add", "main", "x", "--cron", "* * * * *", "--in", "5m"],
        ["schedule", "next", "* * * * *", "-n", "101"],
        ["screen", "tap", "360", "0"],
        ["screen", "swipe", "0", "0", "10"],
        ["watch", "--count", "0"],
        ["completion", "tcsh"],
        ["secret", "set", "mqtt-password", "hunter2"],
        ["approve"],
        ["approve", "k3x9", "--for", "16m"],
        ["approve", "k3x9", "--for", "1d"],
        ["override", "add", "x.example", "--reason", "r"],
        ["override", "add", "x.example", "--for", "1h"],
        ["override", "add", "x.example", "--for", "25h", "--reason", "r"],
        ["override", "add", "x.example", "--for", "30s", "--reason", "r"],
        ["override", "add", "x.example", "--for", "1h", "--reason", "r", "--port", "0"],
    ],
)
def test_wrong_usage_is_one_line_with_the_remedy_and_exit_code_2(argv, capsys):
    assert main(argv) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert "--help" in shown.err


def test_a_refusal_is_one_line_and_exit_code_1(barnacle):
    host = FakeHost({"group.pause": OperatorRefused("unknown_group", "there is no group 'x'.", "see: barnacle groups")})
    code, out, errors = barnacle("group", "pause", "x", host=host)
    assert (code, out) == (1, "")
    assert errors == "barnacle group pause: there is no group 'x'; see: barnacle groups\n"


@pytest.mark.parametrize(
    "error",
    [
        OperatorUnreachable("nobody answers", "is it up?"),
        OperatorRefused("box_offline", "the box is offline", "plug it in"),
        OperatorRefused("timeout", "the box did not answer; it may still do it", "look again"),
    ],
)
def test_what_cannot_be_reached_is_exit_code_3(barnacle, error):
    code, _, errors = barnacle("status", host=FakeHost({"status": error}))
    assert code == 3
    assert errors.count("\n") == 1


def test_a_bug_is_one_line_with_the_log(barnacle):
    code, out, errors = barnacle("groups", host=FakeHost({"groups": ZeroDivisionError("secret details")}))
    assert (code, out) == (1, "")
    assert "bug in Barnacle (ZeroDivisionError)" in errors and "secret details" not in errors
    log = barnacle.home / "logs" / "cli.log"
    assert str(log) in errors and "secret details" in log.read_text()


def test_debug_shows_the_traceback(barnacle, monkeypatch):
    monkeypatch.setenv("BARNACLE_DEBUG", "1")
    assert "Traceback" in barnacle("groups", host=FakeHost({"groups": ZeroDivisionError()}))[2]


def test_settings_that_cannot_be_read_are_named(barnacle):
    (barnacle.home / "config.toml").write_text("[box]\nslots = 99\n")
    code, _, errors = barnacle("status")
    assert code == 1
    assert "box.slots" in errors and errors.count("\n") == 1


def test_without_a_running_appliance_the_answer_comes_at_once(barnacle):
    code = main(["--home", str(barnacle.home), "status"])
    assert code == 3


def test_an_untouched_home_is_not_reachable(tmp_path, capsys):
    assert main(["--home", str(tmp_path / "none"), "status"]) == 3
    assert "barnacle up" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_a_remote_operator_uses_its_credential_file(barnacle, tmp_path):
    out = tmp_path / "kitchen.json"
    assert barnacle("operator", "add", "kitchen", "--out", str(out), "--host", "192.0.2.7")[0] == 0
    assert out.stat().st_mode & 0o777 == 0o600
    host = FakeHost({"groups": []})
    assert barnacle("--credentials", str(out), "groups", host=host)[0] == 0
    assert (host.credentials.client, host.credentials.host) == ("kitchen", "192.0.2.7")
    assert barnacle("groups", "--credentials", str(out), "--mqtt", "[2001:db8::1]:1883", host=host)[0] == 0
    assert (host.credentials.host, host.credentials.port) == ("2001:db8::1", 1883)
    assert barnacle("groups", "--mqtt", "nonsense", host=host)[0] == 2


def test_operators_are_listed_and_removed(barnacle, tmp_path):
    barnacle("operator", "add", "kitchen", "--out", str(tmp_path / "kitchen.json"))
    assert barnacle("operator", "list")[1] == "local\nkitchen\n"
    assert barnacle("operator", "add", "again", "--out", str(tmp_path / "kitchen.json"))[0] == 1
    assert barnacle("operator", "remove", "kitchen")[0] == 0
    assert barnacle("operator", "list", "--json")[1] == '[\n  "local"\n]\n'
    assert barnacle("operator", "remove", "local")[0] == 1


def test_version_and_completion_need_nothing(capsys):
    assert main(["version"]) == 0
    assert capsys.readouterr().out.startswith("barnacle 0.")


def test_completion_knows_every_command():
    table = dict(completion.words(build_parser()))
    assert set(table) == {" ".join(path) for path in COMMANDS}
    assert {"add", "next"} <= set(table["schedule"])
    assert {"--cron", "--when", "isolated"} <= set(table["schedule add"])


def completed(*words):
    script = 'eval "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _barnacle; echo "${COMPREPLY[@]}"'
    program = subprocess.run(
        [sys.executable, "-m", "app.cli.main", "completion", "bash"], capture_output=True, text=True
    )
    argv = ["bash", "-c", script, "bash", program.stdout, *words]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()


def test_the_bash_completion_works():
    assert completed("barnacle", "sch") == ["schedule"]
    assert completed("barnacle", "schedule", "re") == ["resume", "remove"]
    assert completed("barnacle", "schedule", "add", "main", "--cr") == ["--cron"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_get_every_command(shell, capsys):
    assert main(["completion", shell]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for path in COMMANDS for name in path)


def test_help_loads_neither_asyncio_nor_json():
    script = (
        "import sys, app.cli.main as m; m.main(['--help']); print({'asyncio', 'json', 'socket'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.endswith("set()\n")


def test_an_operator_whose_file_cannot_be_written_is_not_kept(barnacle, tmp_path):
    (tmp_path / "file").write_text("in the way")
    code, _, err = barnacle("operator", "add", "kitchen", "--out", str(tmp_path / "file" / "kitchen.json"))
    assert code == 1 and str(tmp_path / "file") in err
    assert barnacle("operator", "list")[1] == "local\n"


@pytest.mark.parametrize("option", ["--in", "--every"])
def test_a_length_beyond_all_calendars_is_wrong_usage(barnacle, option):
    code, _, err = barnacle("schedule", "add", "main", "x", option, "999999999w")
    assert code == 2 and "too long" in err
