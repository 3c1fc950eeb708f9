import pytest

from app.host.desktop import rows
from app.host.nanoclaw import device_rules
from tests.app.desktop.nanoclaw_file import golden_cases, message, task


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_770_986_096_789, "2026-02-13T12:34:56.789Z"),
        (-5, "1970-01-01T00:00:00.000Z"),
        (10**18, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_times_are_written_as_javascript_writes_them_and_keep_their_length(ms, text):
    assert rows.iso(ms) == text


TIMES = ("next_run", "last_run", "created_at")


def _in_ms(row):
    """Times as moments; those beyond the year 9999 are not told apart."""
    times = {name: device_rules.utc_ms(row[name]) for name in TIMES}
    return row | {name: None if ms is None else min(ms, 253_402_300_799_999) for name, ms in times.items()}


def test_every_recorded_task_that_a_box_takes_comes_back_as_the_same_row():
    seen = 0
    for case in golden_cases():
        for row in case["tables"]["scheduled_tasks"]:
            if None in (row["group_folder"], row["created_at"]) or row["context_mode"] not in ("group", "isolated"):
                continue
            assert _in_ms(rows.task_row(rows.task_record(row))) == _in_ms(row)
            seen += 1
    assert seen > 10


def test_a_reply_is_known_by_the_assistants_name_and_goes_back_with_it():
    row = message(1, "a@g.us", "ANDY: it is noon", is_from_me=1)
    record = rows.message_record(row, 7, "family", "Andy")
    assert (record["from_me"], record["text"], record["n"]) == (True, "it is noon", 7)
    assert rows.message_row(record, "a@g.us", "Andy")["content"] == "Andy: it is noon"


def test_what_the_owner_writes_from_the_same_account_is_work():
    assert not rows.message_record(message(1, "a@g.us", "@Andy go", is_from_me=1), 1, "family", "Andy")["from_me"]


def test_long_texts_are_cut_to_what_a_box_holds():
    record = rows.message_record(message(1, "a@g.us", "x" * 100_000, sender_name="y" * 500), 1, "family", "Andy")
    assert len(record["text"]) < 5000 and record["text"].endswith("(cut)")
    assert len(record["sender_name"].encode()) <= 64
    assert len(rows.task_record(task("t", last_result="z" * 9000))["last_result"].encode()) <= 512


def test_a_failed_run_is_an_error_in_the_log():
    run = {"task": "t", "started_ms": 1000, "ended_ms": 3500, "state": "failed", "result": None, "error": "no model"}
    assert rows.log_row(run) == {
        "task_id": "t",
        "run_at": "1970-01-01T00:00:03.500Z",
        "duration_ms": 2500,
        "status": "error",
        "result": None,
        "error": "no model",
    }
