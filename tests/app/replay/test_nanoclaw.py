"""NanoClaw's scenarios as timelines."""

import pytest

from app.errors import UsageError
from app.host.replay.nanoclaw import is_echo, timeline_of
from app.host.replay.player import play

START = "2026-02-13T12:00:00.000Z"
START_MS = 1770984000000
GROUPS = {
    "15550000@s.whatsapp.net": {"name": "Main", "folder": "main", "trigger": "@Andy", "added_at": START},
    "fam@g.us": {"name": "Family", "folder": "family", "trigger": "@Andy", "added_at": START},
}


def timeline(events=(), initial=None, trace=(), **scenario):
    given = {"groups": GROUPS} if initial is None else initial
    whole = {"start": START, "end_ms": 10000, "initial": given, "events": list(events), **scenario}
    case = {"id": "x", "phases": [{"scenario": whole, "trace": list(trace), "final": {}}]}
    return timeline_of(case, {})


def inbound(t=1000, jid="fam@g.us", **fields):
    return {"t": t, "type": "inbound", "jid": jid, "msg_id": "m", "text": "@Andy hi", **fields}


def body(**fields):
    return timeline([inbound(**fields)])["phases"][0]["events"][0]["body"]


def test_a_message_has_the_sender_and_the_second_that_the_channel_tells():
    told = body(participant="111@s.whatsapp.net", push_name="Ada", t=1700)
    assert (told["sender"], told["sender_name"], told["ts_ms"]) == ("111@s.whatsapp.net", "Ada", START_MS + 1000)
    untold = body(participant=None)
    assert (untold["sender"], untold["sender_name"]) == ("fam@g.us", "fam")
    assert body(ts=1770984099)["ts_ms"] == 1770984099000


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"conversation": "plain"}, "plain"),
        ({"extendedTextMessage": {"text": "long"}}, "long"),
        ({"imageMessage": {"caption": "seen"}}, "seen"),
        ({"videoMessage": {"caption": "moving"}}, "moving"),
        ({"stickerMessage": {}}, ""),
    ],
)
def test_the_text_is_found_in_every_kind_of_message(message, text):
    event = inbound(message=message)
    del event["text"]
    assert timeline([event])["phases"][0]["events"][0]["body"]["text"] == text


def test_a_message_without_content_is_passed_over():
    event = inbound(message=None)
    del event["text"]
    assert timeline([event])["phases"][0]["events"] == []


def test_the_own_number_is_known_under_its_other_address():
    assert body(jid="99990000@lid")["jid"] == "15550000@s.whatsapp.net"


def test_the_assistants_own_echo_is_known_by_its_name_in_ascii_case_only():
    assert is_echo("Andy: hello", "Andy") and is_echo("aNDY: hello", "Andy") and is_echo("zoë: x", "Zoë")
    assert not is_echo("Andy hello", "Andy") and not is_echo("ZOË: x", "Zoë") and not is_echo(" Andy: x", "Andy")
    assert body(text="andy: said before")["from_me"] is True


def test_what_the_channel_did_not_deliver_reaches_nobody():
    came = [{"ev": "inbound", "t": 1000, "jid": "fam@g.us", "msg_id": "other"}]
    assert timeline([inbound()], trace=came)["phases"][0]["events"] == []


def test_files_from_before_the_database_are_read_and_a_broken_cursor_counts_as_none():
    files = {
        "data/registered_groups.json": '{"fam@g.us": {"name": "F", "folder": "family", "trigger": "@Andy"}}',
        "data/sessions.json": '{"family": "s1"}',
        "data/router_state.json": '{"last_agent_timestamp": {"fam@g.us": "2026-02-13T11:00:00.000Z"}}',
    }
    row = {"id": "a", "chat_jid": "fam@g.us", "sender": "s", "sender_name": "S", "content": "x"}
    messages = [{**row, "timestamp": "2026-02-13T10:00:00.000Z"}]
    phase = timeline(initial={"files": files, "messages": messages})["phases"][0]
    assert phase["initial"]["groups"][0]["folder"] == "family"
    assert phase["agents"]["sessions"] == {"family": "s1"}
    assert phase["initial"]["cursors"] == [{"folder": "family", "n": 1}]
    broken = {"files": files, "messages": messages, "router_state": {"last_agent_timestamp": "{oops"}}
    assert timeline(initial=broken)["phases"][0]["initial"]["cursors"] == []


def test_environment_values_are_read_as_javascript_reads_them():
    phase = timeline(env={"MAX_CONCURRENT_CONTAINERS": "3x", "IDLE_TIMEOUT": "x", "CONTAINER_TIMEOUT": "5"})["phases"][
        0
    ]
    assert phase["settings"]["slots"] == 3
    assert phase["agents"]["idle_ms"] == 1800000
    assert (phase["agents"]["timeout_ms"], phase["agents"]["said_ms"]) == (1830000, 5)
    assert timeline(env={"MAX_CONCURRENT_CONTAINERS": "0"})["phases"][0]["settings"]["slots"] == 5


def test_a_signal_and_a_logout_stop_the_host_and_other_events_of_the_channel_do_not():
    events = [{"t": 1, "type": "disconnect", "code": 500, "reopen_ms": 5}, {"t": 2, "type": "fail_sends", "count": 1}]
    assert timeline(events)["phases"][0]["events"] == []
    for event in ({"t": 3, "type": "signal", "signal": "SIGTERM"}, {"t": 3, "type": "disconnect", "code": 401}):
        assert timeline([event])["phases"][0]["events"] == [{"t": 3, "kind": "stop"}]


def test_files_of_containers_are_carried_out_in_their_groups_name_on_both_hosts():
    def file(t, folder, kind, name, data):
        return {"t": t, "type": "ipc", "folder": folder, "kind": kind, "name": name, "data": data}

    task = {"type": "schedule_task", "prompt": "tick", "schedule_type": "interval", "schedule_value": "60000"}
    group = {"type": "register_group", "jid": "new@g.us", "name": "New", "folder": "newcomers", "trigger": "@Andy"}
    events = [
        file(500, "family", "messages", "a.json", {"type": "message", "chatJid": "fam@g.us", "text": "hello"}),
        file(
            500,
            "family",
            "messages",
            "b.json",
            '{"type": "message", "chatJid": "15550000@s.whatsapp.net", "text": "x"}',
        ),
        file(500, "family", "messages", "c.json", "{no json"),
        file(500, "family", "messages", "d.txt", {"type": "message", "chatJid": "fam@g.us", "text": "no"}),
        file(600, "family", "tasks", "e.json", {**task, "targetJid": "fam@g.us"}),
        file(600, "family", "tasks", "f.json", {**task, "targetJid": "15550000@s.whatsapp.net"}),
        file(700, "family", "tasks", "g.json", group),
        file(800, "main", "tasks", "h.json", group),
        file(800, "main", "tasks", "i.json", {"type": "message", "chatJid": "fam@g.us", "text": "wrong place"}),
    ]
    for where in ("desktop", "box"):
        played = play([timeline(events)], where)[0]["phases"][0]
        assert [(out["t"], out["jid"], out["text"]) for out in played["out"]] == [(1000, "fam@g.us", "Andy: hello")]
        assert [task["folder"] for task in played["final"]["tasks"]] == ["family"]
        assert sorted(g["folder"] for g in played["final"]["groups"]) == ["family", "main", "newcomers"]
        denied = [entry["what"] for entry in played["audit"] if entry["decision"] == "deny"]
        assert denied == ["message.send", "task.add", "group.add"]


def test_a_case_that_is_no_recording_is_refused_by_its_id():
    with pytest.raises(UsageError) as caught:
        timeline_of({"id": "odd", "phases": [{"scenario": {"start": 5}}]}, {})
    assert "odd" in caught.value.message
