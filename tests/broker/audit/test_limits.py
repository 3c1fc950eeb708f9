"""Bounds of the audit log that no other file goes beyond."""

from broker.audit import limits
from broker.audit.chain import feed_of
from broker.audit.clean import CUT, clean_event


def test_what_is_nested_deeper_than_the_bound_is_cut() -> None:
    value: object = "deep"
    for _ in range(limits.DEPTH - 1):
        value = {"in": value}
    assert "deep" in str(clean_event({"field": value}))
    assert "deep" not in str(clean_event({"field": {"in": value}})) and CUT in str(
        clean_event({"field": {"in": value}})
    )


def test_a_source_is_known_by_the_beginning_of_a_longer_name() -> None:
    name = "x" * limits.FEED_CHARS
    assert feed_of({"feed": {"id": name, "seq": 1}}) == (name, 1)
    assert feed_of({"feed": {"id": name + "y", "seq": 1}}) == (name, 1)
