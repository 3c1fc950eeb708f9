import stat

from app.host.nanoclaw.hold import Hold


def test_what_is_paused_is_remembered_for_the_owner_only_until_the_import_is_through(tmp_path):
    file = tmp_path / "nanoclaw/unfinished.json"
    Hold(file).add("family", "work")
    Hold(file).add("cats")
    again = Hold(file)
    assert again.folders == {"family", "work", "cats"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again.clear()
    again.clear()
    assert not file.exists() and Hold(file).folders == set()


def test_a_file_that_cannot_be_read_counts_as_none(tmp_path):
    for content in ("{", "[]", '{"paused": 5}', "{}", '{"paused": [5]}'):
        (tmp_path / "unfinished.json").write_text(content)
        assert Hold(tmp_path / "unfinished.json").folders == set()
