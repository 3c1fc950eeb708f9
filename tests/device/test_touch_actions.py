"""What a touch asks for reaches the host as the owner at the box, with a finger's presence or without."""

from types import SimpleNamespace
from typing import Any

import pytest

from device import box
from device.host.errors import Refused


def acting(perform: Any) -> tuple[box.Box, list[str]]:
    """A box with nothing but a host, and what that host was asked besides."""
    news: list[str] = []
    one = box.Box.__new__(box.Box)
    one.host = SimpleNamespace(perform=perform, changed=lambda: news.append("look"))  # pyright: ignore
    return one, news


@pytest.mark.parametrize("presence", [True, False])
def test_an_answer_on_the_glass_comes_with_its_presence_and_not_as_an_argument(presence: bool) -> None:
    done: list[tuple[Any, ...]] = []
    one, _ = acting(lambda *args: done.append(args))
    one._action("ask.answer", {"id": "a", "answer": "once", "presence": presence})
    actor = {"kind": "owner", "name": "screen", "presence": presence}
    assert done == [("ask.answer", {"id": "a", "answer": "once"}, actor)]


def test_an_answer_that_comes_too_late_makes_the_screen_look_again() -> None:
    def refuse(*args: object) -> None:
        raise Refused("duplicate", "it is answered already")

    one, news = acting(refuse)
    one._action("ask.answer", {"id": "a", "answer": "deny", "presence": True})
    assert news == ["look"]


def test_turning_pages_is_the_screens_own_matter() -> None:
    done: list[tuple[Any, ...]] = []
    one, _ = acting(lambda *args: done.append(args))
    one._action("ui.page", {"page": "home"})
    assert done == []
