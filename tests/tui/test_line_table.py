"""The table that draws lines: what it asks for, what it paints, where the cursor stays."""

from collections.abc import Sequence

from textual.app import App, ComposeResult

from app.tui.widgets.line_table import Cell, Column, LineTable

COLUMNS = (
    Column("name", 8, grow=1, sort="name"),
    Column("size", 5, align="right", sort="size"),
    Column("note", 10, hide_below=40),
)


class Shown(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.values = {f"k{index:03}": f"name {index}" for index in range(300)}
        self.asked: list[str] = []
        self.painted: list[int] = []
        self.heard: list[object] = []

    def compose(self) -> ComposeResult:
        yield Watched(COLUMNS, empty="nobody here", id="table")

    def row(self, key: str) -> Sequence[Cell]:
        self.asked.append(key)
        return self.values[key], ("7", "warn"), "[b]no markup"

    def on_line_table_moved(self, event: LineTable.Moved) -> None:
        self.heard.append(event.key)

    def on_line_table_sort_asked(self, event: LineTable.SortAsked) -> None:
        self.heard.append(event.by)


class Watched(LineTable):
    def render_line(self, y: int):
        if isinstance(self.app, Shown):
            self.app.painted.append(y)
        return super().render_line(y)


def table_of(app: Shown) -> LineTable:
    return app.query_one(LineTable)


def texts(app: Shown) -> list[str]:
    table = table_of(app)
    return [table.render_line(y).text for y in range(table.size.height)]


async def test_only_rows_in_view_are_asked_for() -> None:
    app = Shown()
    async with app.run_test(size=(50, 12)) as pilot:
        table_of(app).show(sorted(app.values), app.row)
        await pilot.pause()
        assert set(app.asked) == {f"k{index:03}" for index in range(11)}
        assert texts(app)[1].startswith("name 0 ")


async def test_a_change_paints_its_line_alone() -> None:
    app = Shown()
    async with app.run_test(size=(50, 12)) as pilot:
        table_of(app).show(sorted(app.values), app.row)
        await pilot.pause()
        app.painted.clear()
        table_of(app).show(sorted(app.values), app.row)
        await pilot.pause()
        assert app.painted == []
        app.values["k004"] = "another"
        table_of(app).show(sorted(app.values), app.row)
        await pilot.pause()
        assert app.painted == [5]


async def test_the_cursor_stays_on_its_row_when_others_come_and_go() -> None:
    app = Shown()
    async with app.run_test(size=(50, 12)) as pilot:
        table = table_of(app)
        table.focus()
        table.show(sorted(app.values), app.row)
        await pilot.press("down", "down", "down")
        assert table.selected == "k003"
        del app.values["k001"]
        table.show(sorted(app.values), app.row)
        assert table.selected == "k003"
        del app.values["k003"]
        table.show(sorted(app.values), app.row)
        assert table.selected == "k004"
        table.show([], app.row)
        await pilot.pause()
        assert table.selected is None
        assert "nobody here" in texts(app)[2]


async def test_the_last_row_is_reached_and_seen() -> None:
    app = Shown()
    async with app.run_test(size=(50, 12)) as pilot:
        table = table_of(app)
        table.focus()
        table.show(sorted(app.values), app.row)
        await pilot.press("end")
        await pilot.pause()
        assert table.selected == "k299"
        assert texts(app)[-1].startswith("name 299")
        await pilot.press("home")
        await pilot.pause()
        assert texts(app)[1].startswith("name 0 ")


async def test_columns_without_room_go_and_texts_are_cut_with_an_ellipsis() -> None:
    app = Shown()
    app.values = {"a": "x" * 100}
    async with app.run_test(size=(30, 6)) as pilot:
        table_of(app).show(["a"], app.row)
        await pilot.pause()
        heading, row, *_ = texts(app)
        assert "note" not in heading
        assert "[b]" not in row
        assert row.rstrip().endswith("7")
        assert "x…" in row
        assert len(row) == 30


async def test_a_click_selects_a_second_one_opens_and_a_heading_sorts() -> None:
    app = Shown()
    async with app.run_test(size=(50, 12)) as pilot:
        table = table_of(app)
        table.show(sorted(app.values), app.row)
        await pilot.pause()
        await pilot.click("#table", offset=(3, 4))
        assert table.selected == "k003"
        await pilot.click("#table", offset=(3, 0))
        await pilot.pause()
        assert app.heard[-1] == "name"
        assert "k003" in app.heard
        table.show(sorted(app.values), app.row, sorted_by=("name", True))
        await pilot.pause()
        assert "name ▼" in texts(app)[0]


async def test_wide_characters_keep_the_columns_aligned() -> None:
    app = Shown()
    app.values = {"a": "日本語の名前はとても長いので切られます、ここで終わりです"}
    async with app.run_test(size=(30, 6)) as pilot:
        table_of(app).show(["a"], app.row)
        await pilot.pause()
        strip = table_of(app).render_line(1)
        assert strip.cell_length == 30
        assert strip.text.rstrip().endswith("7")
