"""What an ask shows of a request, and what its digest binds."""

from device.host import ask_text, url
from device.host.plain_text import visible


def _shown(address, headers=None, body=""):
    target = url.parse(address)
    return ask_text.shown(target, headers or {}, body, ask_text.digest("POST", target.url, headers or {}, body))


def test_a_short_request_is_shown_whole():
    assert _shown("https://shop.example/cart?item=1") == "/cart?item=1"
    told = _shown("https://shop.example/buy", {"accept": "text/html"}, '{"item":1}')
    assert told.startswith("[sends 10 B, 1 headers #") and told.endswith('] /buy | accept: text/html | {"item":1}')


def test_attack_what_is_too_long_to_show_is_told_by_size_and_digest_first():
    for address, body in (
        ("https://a.example/" + "x" * 1500 + "?send=secrets", ""),
        ("https://a.example/", "y" * 6000),
    ):
        told = _shown(address, None, body)
        target = url.parse(address)
        assert ask_text.digest("POST", target.url, {}, body)[:8] in told[:40], told
        assert ("path of 1514" in told[:40]) if not body else ("sends 6000 B" in told[:40])
        assert len(told) < 300
    assert "?send=secrets" in _shown("https://a.example/" + "x" * 1500 + "?send=secrets")


def test_the_digest_covers_every_part_and_no_part_passes_for_two():
    base = ("POST", "https://a.example/", {"accept": "b"}, "body")
    whole = ask_text.digest(*base)
    assert whole == ask_text.digest("POST", "https://a.example/", {"Accept": "b"}, "body") and len(whole) == 64
    others = (
        ("GET", base[1], base[2], base[3]),
        (base[0], "https://a.example/b", base[2], base[3]),
        (base[0], base[1], {}, base[3]),
        (base[0], base[1], {"accept": "bb"}, base[3]),
        (base[0], base[1], {"accept": "b", "body": "1:x"}, ""),
        (base[0], base[1], base[2], "body "),
        (base[0], base[1], {"acc": "eptb"}, base[3]),
    )
    for other in others:
        assert ask_text.digest(*other) != whole, other
    assert ask_text.digest("P", "u", {"a": "b"}, "") != ask_text.digest("P", "u", {}, "ab")
    assert ask_text.digest("P", "u", {"b": "1", "a": "2"}, "") == ask_text.digest("P", "u", {"a": "2", "b": "1"}, "")


def test_attack_characters_that_hide_or_turn_others_are_seen():
    for code in (
        0x202E,
        0x2066,
        0x200B,
        0x200F,
        0x61C,
        0xAD,
        0xFEFF,
        0xE0041,
        0x2060,
        0x2028,
        0x1B,
        0x7F,
        0x9B,
        0x3164,
    ):
        assert visible("a%sb" % chr(code)) == "a\ufffdb", hex(code)
    assert visible("pay\n\n\n 5 € für Bücher 🎉") == "pay 5 € für Bücher 🎉"
