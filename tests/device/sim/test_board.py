"""The simulator as a board: provision, heap, glass, touch."""

import json
from pathlib import Path

import pytest

from device.boards.simulator import Board
from device.provision import ProvisionError
from tests.device.sim.interpreter import attempt, run

PROVISION = {"device": "box", "key": "00", "assistant": "Barnacle", "mqtt": {"host": "127.0.0.1", "port": 1883}}
BOARD = """
    import sys, time, gc
    from device.boards.simulator import Board
    board = Board(sys.argv[1])
    display = board.display()
    import lvgl as lv
    def run(ms):
        until = time.ticks_add(time.ticks_ms(), ms)
        while time.ticks_diff(until, time.ticks_ms()) > 0:
            wait = lv.timer_handler()
            time.sleep_ms(min(wait, 5))
        return wait
"""


def provision(home: Path, content: str, mode: int = 0o600) -> Board:
    path = home / "provision.json"
    path.write_text(content)
    path.chmod(mode)
    return Board(str(home))


def test_provision_is_what_the_file_says(tmp_path: Path) -> None:
    assert provision(tmp_path, json.dumps(PROVISION)).provision() == PROVISION


@pytest.mark.parametrize(
    "content, mode, complaint",
    [
        ("{", 0o600, "is not JSON"),
        ('{"device": "box", "key": "00"}', 0o600, "lacks assistant, mqtt"),
        (json.dumps(PROVISION), 0o644, "chmod 600"),
        (json.dumps(PROVISION) + " " * 40_000 + "x", 0o644, "chmod 600"),
    ],
)
def test_a_wrong_provision_file_is_refused(tmp_path: Path, content: str, mode: int, complaint: str) -> None:
    with pytest.raises(ProvisionError, match=complaint):
        provision(tmp_path, content, mode).provision()


def test_an_oversized_provision_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProvisionError, match="not JSON"):
        provision(tmp_path, json.dumps({**PROVISION, "x": "x" * 40_000})).provision()


def test_no_provision_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ProvisionError, match="barnacle up"):
        Board(str(tmp_path)).provision()


def test_the_heap_limit_is_real() -> None:
    done = attempt("hoard = []\nwhile True: hoard.append(bytearray(10000))\n")
    assert done.returncode == 1
    assert "MemoryError" in done.stderr
    used, free = map(int, run(BOARD + "    print(*board.heap())\n", "/nowhere")[0].split())
    assert 1_900_000 < used + free <= 2 * 1024 * 1024


def test_lvgl_draws_from_the_same_heap() -> None:
    script = BOARD + (
        "    keep = []\n"
        "    try:\n"
        "        while True: keep.append(lv.label(lv.screen_active()))\n"
        "    except MemoryError as error:\n"
        "        print(type(error).__name__, len(keep) > 100)\n"
    )
    assert run(script, "/nowhere") == ["MemoryError True"]


def test_the_glass_shows_what_is_drawn() -> None:
    script = BOARD + (
        "    screen = lv.screen_active()\n"
        "    screen.set_style_bg_color(lv.color_hex(0xFF0000), 0)\n"
        "    run(60)\n"
        "    frame = board.frame()\n"
        "    print(len(frame), frame[0] | frame[1] << 8, frame[-2] | frame[-1] << 8, display is board.display())\n"
    )
    assert run(script, "/nowhere") == [f"259200 {0xF800} {0xF800} True"]


def test_nothing_ticks_while_nothing_changes() -> None:
    script = BOARD + (
        "    run(100)\n"
        "    print(run(50))\n"
        "    label = lv.label(lv.screen_active())\n"
        "    print(lv.timer_handler() < 50)\n"
        "    run(100)\n"
        "    print(run(50))\n"
    )
    assert run(script, "/nowhere") == [str(0xFFFFFFFF), "True", str(0xFFFFFFFF)]


def test_a_touch_clicks_what_is_under_it_and_a_long_one_is_long() -> None:
    script = BOARD + (
        "    button = lv.button(lv.screen_active())\n"
        "    button.set_size(100, 60)\n"
        "    button.center()\n"
        "    seen = []\n"
        "    button.add_event_cb(lambda event: seen.append('click'), lv.EVENT.CLICKED, None)\n"
        "    button.add_event_cb(lambda event: seen.append('long'), lv.EVENT.LONG_PRESSED, None)\n"
        "    run(60)\n"
        "    for x, y, ms in ((180, 180, 30), (20, 180, 30), (1000, -5, 30), (180, 180, 600)):\n"
        "        board.touch(x, y, True)\n"
        "        run(ms)\n"
        "        board.touch(x, y, False)\n"
        "    print(seen, run(300))\n"
    )
    assert run(script, "/nowhere") == [f"['click', 'long', 'click'] {0xFFFFFFFF}"]


def test_a_swipe_scrolls() -> None:
    script = BOARD + (
        "    tall = lv.obj(lv.screen_active())\n"
        "    tall.set_size(200, 1000)\n"
        "    run(60)\n"
        "    for y in range(300, 100, -20):\n"
        "        board.touch(100, y, True)\n"
        "        run(10)\n"
        "    board.touch(100, 100, False)\n"
        "    run(100)\n"
        "    print(lv.screen_active().get_scroll_y() > 100)\n"
    )
    assert run(script, "/nowhere") == ["True"]


def test_flash_counters_count(tmp_path: Path) -> None:
    script = """
        import sys
        from device.boards.simulator import Board
        board = Board(sys.argv[1])
        path = board.mount()
        before = board.flash_counters()["bytes_written"]
        with open(path + "/x", "w") as file:
            file.write("y" * 5000)
        counters = board.flash_counters()
        print(path, board.mount(), counters["bytes_written"] - before >= 5000, sorted(counters))
    """
    assert run(script, str(tmp_path)) == ["/flash /flash True ['bytes_read', 'bytes_written', 'erases', 'syncs']"]


def test_reboot_ends_the_process_with_its_exit_code() -> None:
    script = (
        BOARD + "    lv.timer_create(lambda timer: board.reboot(), 1, None)\n    run(1000)\n    print('still here')\n"
    )
    done = attempt(script, "/nowhere")
    assert (done.returncode, done.stdout) == (3, ""), done.stderr
