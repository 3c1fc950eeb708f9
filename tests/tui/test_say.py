from app.tui import say

NOON = 1_790_078_400_000  # 2026-09-22 12:00 UTC


def test_moments_are_short_and_in_the_zone() -> None:
    assert say.when(NOON + say.HOUR_MS, NOON, "UTC") == "13:00"
    assert say.when(NOON, NOON, "Europe/Berlin") == "14:00"
    assert say.when(NOON + 2 * say.DAY_MS, NOON, "UTC") == "Thu 12:00"
    assert say.when(NOON + 30 * say.DAY_MS, NOON, "UTC") == "22 Oct 12:00"
    assert say.when(None, NOON, "UTC") == "–"


def test_distances_have_one_unit() -> None:
    assert say.until(NOON + 90_000, NOON) == "in 1 min"
    assert say.until(NOON - 3 * say.HOUR_MS, NOON) == "3 h ago"
    assert say.until(NOON, NOON) == "now"


def test_untrusted_text_loses_control_characters_and_length() -> None:
    assert say.plain("a\x1b[31mb\u202ec\nd") == "a [31mb c d"
    assert say.plain("x" * 50, 10) == "x" * 9 + "…"
    assert say.plain_lines("a\r\nb\x07") == "a\nb "
