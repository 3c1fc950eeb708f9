"""Which messages of a chat go to the box, in which pieces, and what is told of the others."""

from app.host import limits
from app.host.desktop import box_core
from app.host.nanoclaw import device_rules as rules
from app.host.nanoclaw.history import History, history
from tests.app.nanoclaw.installation import message

CURSOR = "2026-02-13T10:10:00.000Z"
PLENTY = 10**6


def rows(count, **changes):
    return [message(f"m{at}", timestamp=f"2026-02-13T10:{at:02d}:00.000Z", **changes) for at in range(count)]


def made(found, cursor=CURSOR, share=PLENTY) -> History:
    return history("family", found, cursor, "Andy", share)


def brought(result):
    return [each for piece in result.pieces for each in piece["messages"]]


def settled(result):
    return sum(piece["settled"] for piece in result.pieces)


def test_messages_up_to_the_cursor_are_settled_and_the_others_wait():
    result = made(rows(13))
    assert [each["id"] for each in brought(result)] == [f"m{at}" for at in range(13)]
    assert (settled(result), result.waiting, result.taken) == (11, 2, 13)
    assert {key: result.pieces[0][key] for key in ("settled", "folder")} == {"settled": 3, "folder": "family"}


def test_the_newest_are_taken_as_many_as_a_ring_has():
    result = made(rows(59), cursor="2026-02-13T10:58:00.000Z")
    assert [each["id"] for each in brought(result)] == [f"m{at}" for at in range(19, 59)]


def test_no_more_wait_than_a_box_lets_and_the_oldest_of_them_are_settled():
    result = made(rows(50), cursor="")
    assert (result.waiting, result.settled_late) == (box_core.MAILBOX_MESSAGES, 50 - box_core.MAILBOX_MESSAGES)
    assert (len(brought(result)), settled(result)) == (40, 8)


def test_a_share_of_the_rings_is_not_exceeded():
    result = made(rows(30, content="x" * 1000), share=10_000)
    assert sum(box_core.weight(each) for each in brought(result)) <= 10_000
    assert result.waiting == 3 and len(brought(result)) == 7


def test_pieces_fit_an_envelope():
    result = made(rows(12, content="\n" * 2500))
    assert len(brought(result)) == 12
    for piece in result.pieces:
        assert len(box_core.dumps(piece).encode()) <= limits.IMPORT_PIECE_BYTES + 200


def test_the_assistants_own_messages_are_known_by_its_name():
    result = made([message("m1", content="andy: done", timestamp=CURSOR), message("m2", content="Andy and I")])
    assert [(each["text"], each["from_me"]) for each in brought(result)] == [("done", True), ("Andy and I", False)]


def test_a_long_text_is_cut_with_a_marker_and_told():
    result = made([message("m1", content="x" * 5000), message("m2")])
    assert brought(result)[0]["text"].endswith("… (cut)")
    assert len(brought(result)[0]["text"].encode()) <= rules.MESSAGE_BYTES
    assert result.cut == ["m1"]


def test_rows_that_no_message_can_be_made_of_are_told():
    bad = [message("", content="x"), message("-") | {"id": None}, message("i" * 200), message("n", content=None)]
    bad += [message("b", content=b"x"), message("t", timestamp="soon"), message("u", timestamp=None)]
    result = made([*bad, message("good")])
    assert [each["id"] for each in brought(result)] == ["good"]
    assert [why.split(":")[0] for _, why in result.refused] == [
        *["its id is no text of 1 to 128 bytes"] * 3,
        *["it has no text"] * 2,
        *["its time cannot be read"] * 2,
    ]
