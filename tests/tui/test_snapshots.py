"""Every page and dialog looks as it was accepted (`python -m tests.tui.snapshots --accept`)."""

import pytest

from app.tui.pages import PAGES
from tests.tui import snapshots
from tests.tui.snapshots import FOLDER, SCENES, SIZES, THEMES, Scene, compare, path_of, pictures, small, words


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SCENES)
async def test_a_scene_looks_as_it_was_accepted(name: str, size: tuple[int, int]) -> None:
    drawn = await pictures(SCENES[name], size)
    told = [compare(path_of(name, size, theme), drawn[theme]) for theme in THEMES]
    assert not any(told), "\n".join(told) + "\nif that is right: python -m tests.tui.snapshots --accept"


def test_every_page_has_a_scene() -> None:
    assert {scene.page for scene in SCENES.values() if not scene.keys} == {page.NAME for page in PAGES}


def test_what_is_kept_is_small_and_all_of_it_is_looked_at() -> None:
    kept = {path.name for path in FOLDER.glob("*")}
    wanted = {path_of(name, size, theme).name for name in SCENES for size in SIZES for theme in THEMES}
    assert kept == wanted
    assert sum(path.stat().st_size for path in FOLDER.glob("*")) < 3_000_000


async def test_another_word_on_the_screen_is_found_and_told(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setattr(snapshots, "OUT", tmp_path)
    monkeypatch.setattr("app.tui.pages.overview.GroupsTable.BORDER_TITLE", "Planted", raising=False)
    drawn = await pictures(Scene("overview"), SIZES[0])
    told = compare(path_of("overview", SIZES[0], THEMES[0]), drawn[THEMES[0]])
    assert "Planted" in told
    assert len(list(tmp_path.iterdir())) == 2


def test_two_pictures_of_the_same_are_the_same_text() -> None:
    text = '<text class="terminal-{0}-r1" y="1.0">a&#160;b</text>'
    svg = f'<g id="terminal-{{0}}-x" clip-path="url(#terminal-{{0}}-1)">{text}</g>'
    assert small(svg.format(1)) == small(svg.format(22))
    assert words(small(svg.format(1))) == ["a b"]
