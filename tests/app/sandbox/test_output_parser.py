from hypothesis import given
from hypothesis import strategies as st

from app.host import limits
from app.host.sandbox.output_parser import END, START, Decoder, FrameParser, KeptText, last_output, read_output
from tests.device.portable_test import raises

PIECES = st.sampled_from([START, END, START[:9], END[:20], "---", '{"a":1}', "x", "é🤖", "\n", ""])


def whole(text: str) -> list[str]:
    """The rule in one line each: a start marker, then the next end marker."""
    frames = []
    while (start := text.find(START)) >= 0 and (end := text.find(END, start)) >= 0:
        frames.append(text[start + len(START) : end].strip())
        text = text[end + len(END) :]
    return frames


@given(st.lists(PIECES, max_size=30), st.data())
def test_any_chunking_of_the_bytes_gives_the_same_frames(pieces, data) -> None:
    encoded = "".join(pieces).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(encoded)), max_size=20)))
    decoder, parser, frames = Decoder(), FrameParser(), []
    for begin, end in zip([0, *cuts], [*cuts, len(encoded)], strict=True):
        frames += parser.feed(decoder.text(encoded[begin:end]))
    assert frames + parser.feed(decoder.rest()) == whole("".join(pieces))


def test_dashes_that_end_one_marker_may_begin_the_other() -> None:
    assert FrameParser().feed(START + END[3:]) == [""]


def test_a_frame_beyond_the_bound_is_dropped_and_counted_and_the_next_one_is_found() -> None:
    parser = FrameParser(most=50)
    assert parser.feed(START + "y" * 60) == []
    assert parser.feed("y" * 10_000) == []
    assert sum(map(len, parser._parts or [])) <= 50
    assert parser.feed(END + START + "ok" + END) == ["ok"]
    assert parser.dropped == 1


def test_text_outside_frames_is_not_kept() -> None:
    parser = FrameParser()
    for _ in range(1000):
        assert parser.feed("log line without end " * 100) == []
    assert len(parser._tail) < len(START)


def test_bytes_that_are_no_utf8_become_replacement_characters() -> None:
    decoder = Decoder()
    assert decoder.text(b"a\xff\xc3") + decoder.rest() == "a\ufffd\ufffd"


def test_kept_text_ends_at_its_bound_and_says_so() -> None:
    kept = KeptText(5)
    kept.add("abc")
    assert not kept.truncated
    kept.add("defgh")
    kept.add("i")
    assert (str(kept), kept.truncated) == ("abcde", True)


def test_kept_text_never_exceeds_the_bound_of_the_laptop(monkeypatch) -> None:
    monkeypatch.setattr(limits, "CONTAINER_OUTPUT", 10)
    kept = KeptText(1_000_000)
    kept.add("x" * 100)
    assert len(str(kept)) == 10


def test_half_a_character_at_the_bound_is_replaced() -> None:
    kept = KeptText(2)
    kept.add("a🤖")
    assert str(kept) == "a\ufffd"


def test_what_is_no_json_value_is_refused() -> None:
    for text in ("", "null", "NaN", "{bad", "[" * 100_000):
        with raises(ValueError):
            read_output(text)


def test_an_unwatched_run_answers_with_its_first_frame_or_its_last_line() -> None:
    assert last_output(f"log\n{START}\n[1]\n{END}\n{START}[2]{END}") == [1]
    assert last_output("log\n\n[3]\n") == [3]
    assert last_output(f"{END}{START}\n[4]") == [4]
