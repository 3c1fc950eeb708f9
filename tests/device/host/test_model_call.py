"""One answer of the model: whatever comes, it is bounded and can be told back."""

from device.host import bounded, limits
from device.host.model_call import Answer, said
from device.host.plain_text import clean, preview


def _answer(*items):
    answer = Answer()
    for item in items:
        answer.take(item)
    answer.end({"stop": "end"})
    return answer


def test_text_is_put_together_and_cut_at_its_bound():
    answer = _answer({"t": "text", "text": "a"}, {"t": "text", "text": "b"})
    assert answer.text == "ab" and said(answer) == "ab"
    long = _answer(*[{"t": "text", "text": "ü" * 1000} for _ in range(40)])
    assert len(long.text.encode()) <= limits.AGENT_TEXT_BYTES and said(long).endswith(bounded.MARK)


def test_arguments_are_bounded_in_bytes_and_depth():
    fits, deep = {"x": "y" * (limits.TOOL_ARGS_BYTES - 8)}, {}
    for _ in range(limits.TOOL_DEPTH - 1):
        deep = {"x": deep}
    for args, taken in (
        (fits, True),
        ({"x": fits["x"] + "y"}, False),
        (deep, True),
        ({"x": deep}, False),
        ({"x": [[[[[[[1]]]]]]]}, False),
    ):
        (tool,) = _answer({"t": "tool", "id": "a", "name": "n", "input": args}).tools
        assert (tool.problem is None) is taken and (tool.args == args) is taken
    three = [{"t": "tool", "id": "t%d" % n, "name": "n", "input": fits} for n in range(3)]
    assert [tool.problem is None for tool in _answer(*three).tools] == [True, True, False]


def test_no_more_calls_are_kept_than_are_told_back():
    many = [{"t": "tool", "id": "t%d" % n, "name": "n", "input": {}} for n in range(100)]
    tools = _answer(*many).tools
    assert len(tools) == 2 * limits.TOOL_CALLS
    assert [tool.problem is None for tool in tools] == [True] * limits.TOOL_CALLS + [False] * limits.TOOL_CALLS


def test_a_preview_shows_nothing_internal_not_even_while_it_begins():
    assert preview("<internal>a</internal>b") == "b"
    whole = "Hi <internal>secret</internal>you"
    for end in range(len(whole)):
        assert "sec" not in preview(whole[:end]) and "<" not in preview(whole[:end])
    assert preview("1 < 2") == "1 < 2"


def test_controls_and_marks_that_turn_the_text_go_and_the_rest_stays():
    assert clean("a\x00\x1b\x7f\x9b\u202e\u2066b\n\tü😀") == "ab\n\tü😀"
    text = "nothing to do"
    assert clean(text) is text
