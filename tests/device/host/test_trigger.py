"""A message wakes the assistant when it begins with the trigger as a whole word."""

from device.host.trigger import matches, name_of, wakes


def test_the_trigger_must_begin_the_trimmed_text_whatever_its_case():
    assert matches("@Barnacle", "  @barnacle what is next?")
    assert matches("Barnacle", "@BARNACLE")
    assert not matches("@Barnacle", "hey @Barnacle")
    assert not matches("@Barnacle", "Barnacle, hello")
    assert not matches("@Barnacle", "@Barn")
    assert not matches("@Barnacle", "")


def test_the_name_ends_at_a_word_boundary_in_every_script():
    assert matches("@José", "@josé, hi")
    assert matches("@José", "@JOSÉ")
    assert not matches("@José", "@Joséphine")
    assert not matches("@Andy", "@Andyé")
    assert not matches("@Andy", "@Andy_2")
    assert matches("@小明", "@小明 你好")
    assert not matches("@小明", "@小明你好")


def test_a_name_that_ends_in_punctuation_or_emoji_needs_no_boundary():
    assert matches("@C++", "@c++ help")
    assert matches("@C++", "@C++help")
    assert matches("@Bot🤖", "@bot🤖")


def test_a_name_has_exactly_one_at_sign_put_in_front():
    assert name_of("  Andy\n") == name_of("@Andy ") == "@Andy"
    assert name_of("@@Andy") == "@@Andy"
    assert name_of("") == "@"


def test_main_and_groups_without_the_requirement_need_no_trigger():
    group = {"folder": "family", "trigger": "@Barnacle", "requires_trigger": True}
    assert not wakes(group, "dinner?")
    assert wakes(group, "@Barnacle dinner?")
    assert wakes(dict(group, requires_trigger=False), "dinner?")
    assert wakes(dict(group, folder="main"), "dinner?")
