"""The build: nothing to do, what is missing, where sources come from. No test here compiles or downloads anything."""

import fcntl
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from device.sim.interpreter import headers, sources, tables
from device.sim.interpreter.progress import BuildError, Progress, last_words, run
from tests.device.sim.interpreter import ROOT

CONFIGURATION = """
Types: deb
# http://commented.example/debian
URIs: http://mirror.example/debian-security
URIs: http://mirror.example/debian
deb [signed-by=/x] https://second.example/debian/ stable main
"""


def build(root: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the build of the project (or of a copy of its inputs) in `root`."""
    return subprocess.run(
        [sys.executable, str(root / "device" / "sim" / "build.py")],
        env={"PATH": "", "HOME": str(root), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A clean copy of what the build needs."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "device" / "sim", tmp_path / "device" / "sim", ignore=ignore)
    (tmp_path / "device" / "__init__.py").touch()
    return tmp_path


def test_with_nothing_to_do_it_is_silent_and_needs_no_tools() -> None:
    started_s = time.monotonic()
    done = build(ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert time.monotonic() - started_s < 10  # it is 0.03 s; a build takes longer than this


def test_any_changed_input_asks_for_a_build(tree: Path) -> None:
    output = tree / "build" / "sim"
    output.mkdir(parents=True)
    shutil.copy(ROOT / "build" / "sim" / "stamp", output)
    (output / "micropython").touch()
    assert build(tree).returncode == 0
    with (tree / "device/sim/interpreter/lvgl_module/lv_conf.h").open("a") as file:
        file.write("// changed\n")
    assert build(tree).returncode == 1
    assert build(ROOT, BARNACLE_LVGL_SRC="/nowhere").returncode == 1


def test_missing_tools_are_named_in_one_line_with_what_to_do(tree: Path) -> None:
    done = build(tree)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "barnacle simulator: not built: missing: gcc, make, pkg-config. Install them (Debian: apt-get install gcc make "
        "pkg-config). Without it 'barnacle up --desktop' works."
    ]
    assert not (tree / "build" / "sim" / "micropython").exists()


def test_a_failed_build_leaves_the_old_interpreter(tree: Path) -> None:
    output = tree / "build" / "sim"
    output.mkdir(parents=True)
    (output / "micropython").write_text("old")
    assert build(tree).returncode == 1
    assert (output / "micropython").read_text() == "old"


@pytest.mark.parametrize("variable, what", [("BARNACLE_MICROPYTHON_SRC", "MicroPython"), ("BARNACLE_LVGL_SRC", "LVGL")])
def test_a_named_tree_that_is_none_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, what: str
) -> None:
    monkeypatch.setenv(variable, str(tmp_path))
    fetch = sources.micropython_source if what == "MicroPython" else sources.lvgl_source
    with pytest.raises(BuildError, match=f"{variable} names .* is no source tree of {what}"):
        fetch(tmp_path / "cache", Progress(tmp_path / "log"))


def test_a_named_tree_of_another_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lvgl.h").touch()
    version = "#define LVGL_VERSION_MAJOR 8\n#define LVGL_VERSION_MINOR 3\n#define LVGL_VERSION_PATCH 1\n"
    (tmp_path / "lv_version.h").write_text(version)
    monkeypatch.setenv("BARNACLE_LVGL_SRC", str(tmp_path))
    with pytest.raises(BuildError, match=r"is LVGL 8\.3\.1; 9\.5 is needed"):
        sources.lvgl_source(tmp_path / "cache", Progress(tmp_path / "log"))


def test_without_apt_or_cargo_and_git_it_says_what_would_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    progress = Progress(tmp_path / "log")
    with pytest.raises(BuildError, match=r"apt-get \(apt\) is missing. Or set BARNACLE_MICROPYTHON_SRC"):
        sources.micropython_source(tmp_path / "cache", progress)
    with pytest.raises(BuildError, match=r"both are missing. Install cargo 1\.85 or newer, or set BARNACLE_LVGL_SRC"):
        sources.lvgl_source(tmp_path / "cache", progress)
    assert list((tmp_path / "cache").iterdir()) == []


def test_with_an_old_cargo_lvgl_comes_from_upstreams_tag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    version = "#define LVGL_VERSION_MAJOR 9\\n#define LVGL_VERSION_MINOR 5\\n#define LVGL_VERSION_PATCH 0\\n"
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "cargo").write_text("#!/bin/sh\necho cargo 1.63.0\n")
    (tools / "git").write_text(
        f"#!/bin/sh\necho \"$@\" > {tmp_path}/asked\nmkdir lvgl; printf '{version}' > lvgl/lv_version.h\n"
    )
    for tool in tools.iterdir():
        tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    tree = sources.lvgl_source(tmp_path / "cache", Progress(tmp_path / "log"))
    assert (tree / "lv_version.h").exists()
    assert "--branch v9.5.0" in (tmp_path / "asked").read_text()


def test_a_download_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    cargo = tools / "cargo"
    cargo.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo cargo 1.90.0 && exit\necho "error: no network" >&2\nexit 1\n'
    )
    cargo.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    with pytest.raises(BuildError, match=r"error: no network .* Is the network there\? Or set BARNACLE_LVGL_SRC"):
        sources.lvgl_source(tmp_path / "cache", Progress(tmp_path / "log"))
    assert list((tmp_path / "cache").iterdir()) == []


def test_the_debian_archive_is_found_in_either_form_of_apt_configuration() -> None:
    assert sources._debian_archive(CONFIGURATION) == "http://mirror.example/debian"
    assert sources._debian_archive("deb https://second.example/debian/ stable main") == "https://second.example/debian/"
    assert sources._debian_archive("deb https://other.example/ubuntu jammy main") is None


def test_a_second_build_waits_for_the_first(tree: Path) -> None:
    output = tree / "build" / "sim"
    output.mkdir(parents=True)
    with (output / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = [sys.executable, str(tree / "device" / "sim" / "build.py")]
        with subprocess.Popen(command, env={"PATH": ""}, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            assert process.stderr.readline() == "barnacle simulator: another build is running; waiting for it\n"
            assert process.poll() is None
            fcntl.flock(lock, fcntl.LOCK_UN)
            assert "missing: gcc" in process.stderr.readline()


def test_a_failed_command_is_reported_by_its_first_error_and_logged(tmp_path: Path) -> None:
    progress = Progress(tmp_path / "log")
    with pytest.raises(BuildError, match=r"^baking failed: x\.c:1: error: no flour"):
        run(["sh", "-c", "echo x.c:1: error: no flour; echo make: stopped; exit 2"], progress, "baking")
    assert "make: stopped" in (tmp_path / "log").read_text()
    assert last_words("") == "it said nothing"


HEADER = """
#include <stdint.h>
#include <stdbool.h>
#define LV_SYMBOL_OK "\\xEF"
typedef struct _lv_obj_t lv_obj_t;
typedef struct { int32_t x; uint32_t flag : 1; void * user_data; char name[4]; } lv_point_t;
typedef void (*lv_cb_t)(lv_obj_t * obj, bool on);
typedef enum { LV_DIR_LEFT, LV_DIR_2 } lv_dir_t;
enum { ENUM_LV_LIMIT = 7 };
lv_obj_t * lv_obj_create(lv_obj_t * parent);
void lv_obj_set(lv_obj_t * obj, const char * text, const lv_point_t * at, lv_point_t value, lv_dir_t dir);
void lv_obj_on(lv_obj_t * obj, lv_cb_t cb, void * user_data);
void lv_obj_map(lv_obj_t * obj, const char * const map[], const int32_t points[]);
void lv_printf(const char * format, ...);
extern const lv_point_t lv_origin;
"""


def test_headers_become_tables(tmp_path: Path) -> None:
    (tmp_path / "lvgl.h").write_text(HEADER)
    model = headers.parse(tmp_path, tmp_path, shutil.which("gcc") or "gcc")
    text = tables.write_tables(model)
    for row in (
        '{"lv_obj_create", "o o", (void *)lv_obj_create}',
        '{"lv_obj_set", "v o s S:lv_point_t V:lv_point_t i", (void *)lv_obj_set}',
        '{"lv_obj_on", "v o F:v,o,? u", (void *)lv_obj_on}',
        '{"lv_obj_map", "v o T P:i", (void *)lv_obj_map}',
        '{"DIR", "LEFT", LV_DIR_LEFT}',
        '{"DIR", "_2", LV_DIR_2}',
        '{"", "LIMIT", ENUM_LV_LIMIT}',
        '{"OK", LV_SYMBOL_OK}',
        '{"lv_origin", "lv_point_t", (void *)&lv_origin}',
        '{"flag", "I", 0, get_lv_point_t_flag, set_lv_point_t_flag}',
        '{"name", "A", offsetof(lv_point_t, name), NULL, NULL}',
    ):
        assert row in text
    assert "lv_printf" not in text
