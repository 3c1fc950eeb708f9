"""What the answer to a harmless call says about a credential."""

import pytest

from app.host.credential_check import judged


@pytest.mark.parametrize("status", [404, 405, 302])
def test_a_server_whose_test_path_is_unknown_is_reachable_and_its_key_not_judged(status: int) -> None:
    ok, text = judged(status, "llm.example", known=False)
    assert ok and "can be reached" in text and "only a real request" in text


@pytest.mark.parametrize(
    ("status", "known", "ok"),
    [(200, True, True), (200, False, True), (404, True, False), (401, False, False), (429, True, False)],
)
def test_a_refused_key_or_a_known_path_that_is_missing_fails(status: int, known: bool, ok: bool) -> None:
    assert judged(status, "llm.example", known=known)[0] is ok
