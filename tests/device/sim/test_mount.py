"""The file system on the emulated flash, in the interpreter."""

import subprocess
from pathlib import Path

from tests.device.sim.interpreter import ENVIRONMENT, ROOT, attempt, command, run

MOUNT = """
    import os, sys
    from device.sim.flash import Flash, FlashError, mount
    flash = Flash(sys.argv[1] + "/flash.img")
    try:
        path = mount(flash)
    except FlashError as error:
        print(error)
        sys.exit(1)
"""


def test_a_new_image_is_formatted_once_and_keeps_its_files(tmp_path: Path) -> None:
    run(MOUNT + "    file = open(path + '/note', 'w'); file.write('kept'); file.close()\n", str(tmp_path))
    lines = run(MOUNT + "    print(os.listdir(path), open(path + '/note').read(), flash.erases)\n", str(tmp_path))
    assert lines == ["['note'] kept 0"]
    assert [p.name for p in tmp_path.iterdir()] == ["flash.img"]


def test_a_blank_image_is_formatted(tmp_path: Path) -> None:
    (tmp_path / "flash.img").write_bytes(b"\xff" * (2 * 1024 * 1024))
    assert run(MOUNT + "    print(os.listdir(path))\n", str(tmp_path)) == ["[]"]


def test_an_image_that_does_not_mount_is_never_formatted(tmp_path: Path) -> None:
    damaged = b"\x00" * 8192 + b"\xff" * (2 * 1024 * 1024 - 8192)
    (tmp_path / "flash.img").write_bytes(damaged)
    done = attempt(MOUNT, str(tmp_path))
    assert done.returncode == 1
    assert "is left as it is: restore it from a copy" in done.stdout
    assert (tmp_path / "flash.img").read_bytes() == damaged


def test_half_a_format_left_by_a_crash_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "flash.img.new").write_bytes(b"half")
    assert run(MOUNT + "    print(os.listdir(path))\n", str(tmp_path)) == ["[]"]


def test_what_was_synced_survives_a_kill(tmp_path: Path) -> None:
    script = MOUNT + (
        "    file = open(path + '/log', 'a')\n"
        "    for n in range(100000):\n"
        "        file.write('%d\\n' % n)\n"
        "        file.flush()\n"
        "        print(n)\n"
    )
    with subprocess.Popen(
        command(script, str(tmp_path)), cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        acknowledged = -1
        for line in process.stdout:
            acknowledged = int(line)
            if acknowledged == 200:
                break
        process.kill()
    (line,) = run(MOUNT + "    print(open(path + '/log').read().split())\n", str(tmp_path))
    numbers = [int(n.strip("'[], ")) for n in line.split(",")]
    assert numbers == list(range(len(numbers)))
    assert numbers[-1] >= acknowledged


def test_file_system_writes_never_try_to_set_a_bit(tmp_path: Path) -> None:
    script = MOUNT + (
        "    for round in range(30):\n"
        "        for name in 'abcdef':\n"
        "            with open(path + '/' + name, 'w') as file:\n"
        "                file.write(name * 997 * (round % 5 + 1))\n"
        "        os.rename(path + '/a', path + '/b')\n"
        "        os.remove(path + '/f')\n"
        "    print(sorted(os.listdir(path)), open(path + '/b').read() == 'a' * 997 * 5, max(flash.wear) > 0)\n"
    )
    assert run(script, str(tmp_path)) == ["['b', 'c', 'd', 'e'] True True"]
