import io
import json

import keyring
import pytest

from app.cli.output import Output
from tests.app.cli.fake_host import NOW_MS, Event, FakeHost, Terminal
from tests.broker.test_secrets import FakeKeyring

STATUS = {
    "device": {"id": "box-1", "online": True, "seen_ms": NOW_MS, "boot": "ab", "health": None},
    "host": {"version": "0.1.0", "started_ms": NOW_MS, "spool_down": 2, "zone": "Europe/Berlin"},
    "broker": {"kind": "mosquitto", "host": "127.0.0.1", "port": 21883},
    "queue": {"slots": {"used": 1, "max": 2}, "groups": {}, "waiting": []},
    "counts": {"groups": 1, "tasks": 2, "messages": 3},
    "next": [{"id": "t1", "folder": "main", "prompt": "water \x1b[2Jplants", "next_ms": NOW_MS}],
}
HEALTH = {
    "heap_used": 700_000,
    "heap_free": 1_300_000,
    "uptime_ms": 3_700_000,
    "storage_free": 9_000_000,
    "spool": 0,
}
GROUP = {
    "folder": "main",
    "jid": "console:main",
    "name": "Main",
    "trigger": "@Barnacle",
    "requires_trigger": False,
    "paused": False,
    "state": "idle",
    "depth": 0,
    "cursor": 3,
    "last_message_ms": NOW_MS,
    "task_count": 1,
}
TASK = {
    "id": "task-3f2",
    "folder": "main",
    "prompt": "weather?",
    "kind": "cron",
    "value": "30 8 * * 1-5",
    "context": "isolated",
    "status": "active",
    "next_ms": NOW_MS,
    "last_ms": None,
    "last_result": None,
}
REPLY = {"id": "r", "folder": "main", "text": "at \x1b]0;x\x07nine\nand ten", "ts_ms": NOW_MS}
AUDIT = {
    "ts_ms": NOW_MS,
    "what": "task.add",
    "actor": {"kind": "owner", "name": "local"},
    "folder": "main",
    "decision": "allow",
    "rule": "owner",
    "reason": "owners may do everything",
    "detail": "",
}


def test_status_shows_everything_without_terminal_codes(barnacle):
    code, out, _ = barnacle("status", host=FakeHost({"status": STATUS}))
    assert code == 0
    assert "box-1 online" in out and "mosquitto at 127.0.0.1:21883" in out and "1 of 2 slots" in out
    assert "2 records for the box held" in out and "water [2Jplants" in out and "\x1b" not in out


def test_status_shows_health_and_an_offline_box(barnacle):
    device = STATUS["device"] | {"online": False, "health": HEALTH}
    _, out, _ = barnacle("status", host=FakeHost({"status": STATUS | {"device": device, "queue": None, "next": []}}))
    assert "offline, seen" in out and "up 61 min" in out and "not reported yet" in out


def test_status_as_json_is_the_answer_and_the_processes(barnacle):
    _, out, _ = barnacle("status", "--json", host=FakeHost({"status": STATUS}))
    assert json.loads(out) == STATUS | {"processes": []}


def test_queues(barnacle):
    group = {"state": "retrying", "depth": 2, "retry_ms": NOW_MS, "run": None}
    queue = {"slots": {"used": 0, "max": 2}, "groups": {"main": group}, "waiting": ["main"]}
    code, out, _ = barnacle("queues", host=FakeHost({"queues": queue}))
    assert code == 0 and "retrying" in out and "0 of 2" in out
    assert "not reported" in barnacle("queues", host=FakeHost({"queues": None}))[1]
    assert json.loads(barnacle("queues", "--json", host=FakeHost({"queues": queue}))[1]) == queue


def test_send(barnacle):
    host = FakeHost({"send": {"id": "m1", "accepted": True, "queued": False}})
    code, out, _ = barnacle("send", "main", "hello", "--id", "m1", "--name", "Ann", host=host)
    assert (code, out) == (0, "stored by the box (m1)\n")
    assert host.asked == [("send", {"folder": "main", "text": "hello", "id": "m1", "sender_name": "Ann"})]
    host.answers["send"] = {"id": "m1", "accepted": False, "queued": True}
    assert "held on the laptop" in barnacle("send", "main", "hello", host=host)[1]


def test_send_reads_stdin(barnacle, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("from a pipe\n"))
    host = FakeHost({"send": {"id": "m1", "accepted": True, "queued": False}})
    assert barnacle("send", "main", "-", host=host)[0] == 0
    assert host.asked[0][1]["text"] == "from a pipe\n"
    assert barnacle("send", "main", " ", host=host)[0] == 2


def test_send_waits_for_the_reply(barnacle):
    answers = {"send": {"id": "m1", "accepted": True, "queued": False}}
    events = [Event("tele.queue", {}), Event("msg.out", REPLY | {"folder": "other"}), Event("msg.out", REPLY)]
    code, out, _ = barnacle("send", "main", "hello", "--wait", "20", host=FakeHost(answers, events))
    assert (code, out) == (0, "at ]0;xnine\nand ten\n")
    code, out, _ = barnacle("send", "main", "x", "--wait", "20", "--json", host=FakeHost(answers, events))
    assert json.loads(out)["replies"] == [REPLY]


def test_no_reply_in_time_is_exit_code_1(barnacle):
    answers = {"send": {"id": "m1", "accepted": True, "queued": False}}
    code, out, _ = barnacle("send", "main", "hello", "--wait", "0.01", host=FakeHost(answers))
    assert code == 1 and "no reply within 0.01 s" in out


def test_messages_are_shown_in_order_and_harmless(barnacle):
    message = {"n": 1, "id": "m", "folder": "main", "sender_name": "Ann\x07", "text": "a\x1b[2J\nb", "ts_ms": NOW_MS}
    host = FakeHost({"messages": [message | {"from_me": False, "run": None}]})
    assert barnacle("messages", "main", "-n", "5", host=host)[1] == "2026-11-18 12:06:40  Ann: a[2J\n    b\n"
    assert host.asked == [("messages", {"folder": "main", "limit": 5})]
    assert (
        "no messages"
        in barnacle("messages", "main", host=FakeHost({"messages": [], "groups": [{"folder": "main"}]}))[1]
    )
    code, _, err = barnacle("messages", "nosuch", host=FakeHost({"messages": [], "groups": [{"folder": "main"}]}))
    assert (code, "there is no group nosuch" in err) == (1, True)


def test_groups(barnacle):
    host = FakeHost({"groups": [GROUP, GROUP | {"folder": "fam", "paused": True, "requires_trigger": True}]})
    out = barnacle("groups", host=host)[1]
    assert "every message" in out and "@Barnacle" in out and "paused" in out
    assert "barnacle group add" in barnacle("groups", host=FakeHost({"groups": []}))[1]
    assert json.loads(barnacle("groups", "--json", host=host)[1])[0] == GROUP


@pytest.mark.parametrize(
    ("argv", "asked"),
    [
        (("add", "fam", "Family"), ("group.add", {"folder": "fam", "name": "Family"})),
        (
            ("add", "fam", "--trigger", "@Bo", "--jid", "chat:1"),
            (
                "group.add",
                {"folder": "fam", "name": "fam", "jid": "chat:1", "trigger": "@Bo", "requires_trigger": True},
            ),
        ),
        (("set", "fam", "--no-trigger"), ("group.set", {"folder": "fam", "requires_trigger": False})),
        (("set", "fam", "--name", "F"), ("group.set", {"folder": "fam", "name": "F"})),
        (("remove", "fam"), ("group.remove", {"folder": "fam"})),
        (("pause", "fam"), ("group.pause", {"folder": "fam"})),
        (("resume", "fam"), ("group.resume", {"folder": "fam"})),
    ],
)
def test_group_commands_ask_the_box(barnacle, argv, asked):
    host = FakeHost()
    code, out, _ = barnacle("group", *argv, host=host)
    assert code == 0 and out.startswith("fam ")
    assert host.asked == [asked]


@pytest.mark.parametrize("argv", [("set", "fam"), ("set", "fam", "--no-trigger", "--trigger", "@x")])
def test_group_changes_that_mean_nothing_are_wrong_usage(barnacle, argv):
    assert barnacle("group", *argv)[0] == 2


@pytest.mark.parametrize(
    ("when", "kind", "value"),
    [
        (("--cron", "30 8 * * 1-5"), "cron", "30 8 * * 1-5"),
        (("--every", "15m"), "interval", "900000"),
        (("--at", "2026-11-24 7:00"), "once", "2026-11-24T07:00:00"),
        (("--at", "2026-11-24T17:00:30"), "once", "2026-11-24T17:00:30"),
        (("--when", "weekdays at 8:30"), "cron", "30 8 * * 1-5"),
        (("--when", "every 2 hours"), "interval", "7200000"),
    ],
)
def test_schedules_reach_the_box_as_it_reads_them(barnacle, monkeypatch, when, kind, value):
    monkeypatch.setattr("app.cli.schedule.now_ms", lambda: NOW_MS)
    host = FakeHost({"task.add": TASK})
    code, out, _ = barnacle("schedule", "add", "main", "weather?", *when, "--missed", "skip", host=host)
    assert code == 0 and "task-3f2 added: every weekday at 08:30, next run Wed 2026-11-18 12:06" in out
    wanted = {"folder": "main", "prompt": "weather?", "kind": kind, "value": value, "missed": "skip"}
    assert host.asked == [("task.add", wanted)]


def test_a_length_from_now_is_a_moment(barnacle, monkeypatch):
    monkeypatch.setattr("app.cli.schedule.now_ms", lambda: NOW_MS + 1)
    host = FakeHost({"task.add": TASK | {"kind": "once", "value": "2026-11-18T11:16:41Z", "next_ms": None}})
    assert "no further run" in barnacle("schedule", "add", "main", "tea", "--in", "10m", host=host)[1]
    assert host.asked[0][1]["value"] == "2026-11-18T11:16:41Z"


@pytest.mark.parametrize(
    "when", [("--at", "soon"), ("--at", "2026-02-30 10:00"), ("--at", "2026-02-20 25:00"), ("--when", "bananas")]
)
def test_times_that_mean_nothing_are_wrong_usage(barnacle, when):
    host = FakeHost()
    code, _, errors = barnacle("schedule", "add", "main", "x", *when, host=host)
    assert code == 2 and errors.count("\n") == 1
    assert not host.asked


def test_schedule_list_and_edit(barnacle):
    host = FakeHost({"tasks": [TASK | {"id": "z", "status": "paused", "next_ms": None}, TASK], "task.edit": TASK})
    code, out, _ = barnacle("schedule", "list", "--group", "main", host=host)
    assert code == 0 and "every weekday at 08:30" in out and out.index("task-3f2") < out.index("paused")
    assert barnacle("schedule", "edit", "3f2", "--prompt", "new", "--every", "1h", host=host)[0] == 0
    changes = {"id": "3f2", "kind": "interval", "value": "3600000", "prompt": "new"}
    assert host.asked == [("tasks", {"folder": "main"}), ("task.edit", changes)]
    assert barnacle("schedule", "edit", "3f2", host=host)[0] == 2


@pytest.mark.parametrize("verb", ["pause", "resume", "run", "remove"])
def test_schedule_verbs(barnacle, verb):
    host = FakeHost()
    code, out, _ = barnacle("schedule", verb, "3f2", host=host)
    assert code == 0 and out.startswith("3f2 ")
    assert host.asked == [(f"task.{verb}", {"id": "3f2"})]


def test_schedule_history(barnacle):
    run = {"id": "r", "state": "failed", "started_ms": NOW_MS, "ended_ms": NOW_MS + 1500, "attempt": 2, "error": "no"}
    out = barnacle("schedule", "history", "3f2", host=FakeHost({"task.history": [run]}))[1]
    assert "1.5 s" in out and "failed" in out and "no" in out


def next_runs(barnacle, expression, after, count):
    argv = ("schedule", "next", expression, "--zone", "Europe/Berlin", "--after", after, "-n", str(count))
    code, out, _ = barnacle(*argv, "--json")
    assert code == 0
    assert barnacle(*argv)[0] == 0
    return [(run["local"], run["note"]) for run in json.loads(out)["runs"]]


def test_a_time_in_the_skipped_hour_is_marked(barnacle):
    runs = next_runs(barnacle, "30 2 * * *", "2027-03-27 00:00", 3)
    assert [local for local, _ in runs] == [
        "Sat 2027-03-27 02:30 +01:00",
        "Sun 2027-03-28 03:30 +02:00",
        "Mon 2027-03-29 02:30 +02:00",
    ]
    assert "skipped hour" in runs[1][1] and not runs[0][1] and not runs[2][1]


def test_a_time_in_the_repeated_hour_is_marked(barnacle):
    runs = next_runs(barnacle, "30 2 * * *", "2026-10-24 00:00", 3)
    assert runs[1][0] == "Sun 2026-10-25 02:30 +02:00"
    assert "twice" in runs[1][1] and "first" in runs[1][1] and not runs[0][1] and not runs[2][1]


@pytest.mark.parametrize(("argv", "code"), [(("nonsense",), 1), (("* * * * *", "--zone", "Mars/Base"), 2)])
def test_expressions_and_zones_that_cannot_be_are_refused(barnacle, argv, code):
    found, out, errors = barnacle("schedule", "next", *argv)
    assert (found, out) == (code, "")
    assert errors.count("\n") == 1


def test_audit_tail(barnacle):
    host = FakeHost({"audit": [AUDIT]})
    code, out, _ = barnacle("audit", "tail", host=host)
    assert code == 0
    assert out == "2026-11-18 12:06:40  allow  task.add by local in main  (owner owners may do everything)\n"
    assert json.loads(barnacle("audit", "tail", "--json", host=host)[1]) == [AUDIT]


def test_watch_prints_events_as_json_lines(barnacle):
    events = [Event("tele.queue", {"a": 1}), Event("audit", AUDIT), Event("msg.out", REPLY)]
    code, out, _ = barnacle("watch", "--kind", "audit", "--kind", "msg.out", "--count", "2", host=FakeHost({}, events))
    assert code == 0
    lines = [json.loads(line) for line in out.splitlines()]
    assert lines == [{"kind": "audit", "body": AUDIT}, {"kind": "msg.out", "body": REPLY}]
    assert "\x1b" not in out


def test_taps_and_swipes(barnacle):
    host = FakeHost()
    assert barnacle("screen", "tap", "180", "300", "--hold", "800", host=host)[0] == 0
    assert barnacle("screen", "swipe", "300", "180", "60", "180", host=host)[0] == 0
    assert host.asked == [
        ("screen.tap", {"x": 180, "y": 300, "hold_ms": 800}),
        ("screen.swipe", {"x": 300, "y": 180, "to_x": 60, "to_y": 180, "ms": 200}),
    ]


def test_a_screen_shot_needs_a_place_for_a_png(barnacle, tmp_path):
    for out in (tmp_path / "shot.jpg", tmp_path / "none" / "shot.png"):
        assert barnacle("screen", "shot", str(out))[0] == 2


@pytest.fixture
def ring():
    before = keyring.get_keyring()
    backend = FakeKeyring()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


def test_a_secret_comes_from_stdin_and_is_never_shown(barnacle, ring, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("hunter2\n"))
    code, out, errors = barnacle("secret", "set", "mqtt-password")
    assert code == 0 and "hunter2" not in out + errors
    assert ring.entries == {("barnacle", "mqtt-password"): "hunter2"}
    assert "stored" in barnacle("secret", "list")[1]
    (row,) = json.loads(barnacle("secret", "list", "--json")[1])
    assert (row["name"], row["stored"], row["problem"]) == ("mqtt-password", True, "")
    assert barnacle("secret", "remove", "mqtt-password")[0] == 0
    assert barnacle("secret", "remove", "mqtt-password")[0] == 1


def test_a_secret_is_asked_for_twice_without_echo(barnacle, ring, monkeypatch):
    entries = iter(["hunter2", "hunter2", "one", "other"])
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(entries))
    assert barnacle("secret", "set", "mqtt-password")[0] == 0
    assert barnacle("secret", "set", "mqtt-password")[0] == 2
    assert ring.entries == {("barnacle", "mqtt-password"): "hunter2"}


def test_an_unknown_secret_is_refused_before_it_is_typed(barnacle, ring):
    code, _, errors = barnacle("secret", "set", "nonsense")
    assert code == 1 and "say where it belongs" in errors and "anthropic-api-key" in errors


def test_the_dashboard_needs_a_terminal(barnacle):
    code, _, errors = barnacle("tui")
    assert code == 1 and "barnacle status" in errors


def test_down_without_an_instance(barnacle):
    assert barnacle("down")[0] == 1


def test_output_for_a_terminal_fits_it(barnacle):
    stream = Terminal()
    barnacle("schedule", "list", host=FakeHost({"tasks": [TASK | {"prompt": "x" * 500}]}), out=Output(stream, 80))
    assert max(len(line.replace("\x1b[1m", "").replace("\x1b[0m", "")) for line in stream.getvalue().splitlines()) <= 80
