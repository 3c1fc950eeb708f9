"""The prompt's wording, and what is sent of a reply."""

from device.host.prompt import escape_xml, format_messages, format_outbound, iso_ms, strip_internal


def test_milliseconds_become_iso_text_in_utc():
    assert iso_ms(0) == "1970-01-01T00:00:00.000Z"
    assert iso_ms(1770984000000) == "2026-02-13T12:00:00.000Z"
    assert iso_ms(1709208000123) == "2024-02-29T12:00:00.123Z"
    assert iso_ms(4107542399999) == "2100-02-28T23:59:59.999Z"
    assert iso_ms(-1) == "1969-12-31T23:59:59.999Z"


def test_a_batch_becomes_one_line_per_message_with_everything_escaped():
    text = format_messages([{"sender_name": 'A "B"', "ts_ms": 0, "text": "<b> & 'c'"}])
    line = '<message sender="A &quot;B&quot;" time="1970-01-01T00:00:00.000Z">&lt;b&gt; &amp; \'c\'</message>'
    assert text == "<messages>\n" + line + "\n</messages>"
    assert format_messages([]) == "<messages>\n</messages>"


def test_a_message_cannot_close_the_prompts_own_tags():
    assert "</message>" not in escape_xml("</message></messages>")


def test_internal_parts_are_cut_and_an_unclosed_one_stays():
    assert strip_internal(" <internal>think\nhard</internal> yes ") == "yes"
    assert strip_internal("a<internal>x</internal>b<internal>y</internal>c") == "abc"
    assert strip_internal("<internal>open") == "<internal>open"
    assert strip_internal("<internal><internal>x</internal></internal>z") == "</internal>z"


def test_the_prefix_is_put_where_asked_for_and_nothing_stays_nothing():
    assert format_outbound("hi", "Barnacle") == "Barnacle: hi"
    assert format_outbound("hi") == "hi"
    assert format_outbound("<internal>x</internal>", "Barnacle") == ""
