"""Builds the simulated box's interpreter, build/sim/micropython: MicroPython's unix port with LVGL inside.

    .venv/bin/python device/sim/build.py

Does nothing, silently, while its inputs are unchanged (a hash of them is kept beside the result). Everything it
downloads and makes stays below build/sim/. Exit code 0: the interpreter is there; 1: it cannot be built, and one line
says why.
"""

import fcntl
import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INPUTS = Path(__file__).resolve().parent / "interpreter"
OUTPUT = ROOT / "build" / "sim"
INTERPRETER = OUTPUT / "micropython"
STAMP = OUTPUT / "stamp"
VARIABLES = ("BARNACLE_MICROPYTHON_SRC", "BARNACLE_LVGL_SRC")


def main() -> int:
    """Build unless there is nothing to do; returns the exit code."""
    if is_current():
        return 0
    sys.path.insert(0, str(ROOT))
    from device.sim.interpreter.progress import STILL_WORKS, BuildError

    try:
        OUTPUT.mkdir(parents=True, exist_ok=True)
        with only_build():
            if not is_current():  # another build may just have finished
                build()
    except (BuildError, OSError) as error:
        return _failed(f"not built: {error} {STILL_WORKS}")
    except KeyboardInterrupt:
        return _failed("interrupted; the next call goes on from here")
    return 0


def is_current() -> bool:
    """Whether the interpreter is there and was made from the inputs as they are now."""
    return INTERPRETER.exists() and STAMP.exists() and STAMP.read_text() == hash_of_inputs()


def hash_of_inputs() -> str:
    """One hash over every file that the interpreter is made from, and over where its sources are taken from."""
    total = hashlib.sha256()
    files = (p for p in INPUTS.rglob("*") if p.suffix in (".py", ".c", ".h", ".mk"))
    for path in [*sorted(files), Path(__file__).resolve()]:
        total.update(f"{path.relative_to(ROOT)} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    for name in VARIABLES:
        total.update(f"{name}={os.environ.get(name, '')}\n".encode())
    return total.hexdigest()


def build() -> None:
    """Fetch, compile, try, and only then replace the interpreter, which others may be running; raises BuildError."""
    from device.sim.interpreter import compile as compiling
    from device.sim.interpreter import sources
    from device.sim.interpreter.progress import Progress

    inputs = hash_of_inputs()
    work = OUTPUT / "work"
    progress = Progress(OUTPUT / "build.log")
    compiling.check_tools()
    micropython = sources.micropython_source(OUTPUT / "sources", progress)
    lvgl = sources.lvgl_source(OUTPUT / "sources", progress)
    tables = compiling.write_tables(lvgl, work / "tables", progress)
    archive = compiling.compile_lvgl(lvgl, tables, work, progress)
    program = compiling.compile_micropython(micropython, lvgl, archive, work, progress)
    compiling.check_program(program, progress)
    STAMP.unlink(missing_ok=True)
    unfinished = OUTPUT / "micropython.new"
    shutil.copy2(program, unfinished)
    unfinished.replace(INTERPRETER)
    STAMP.write_text(inputs)


@contextmanager
def only_build() -> Iterator[None]:
    """Wait until no other build runs in this tree, and keep others out meanwhile."""
    with (OUTPUT / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("barnacle simulator: another build is running; waiting for it", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _failed(why: str) -> int:
    if sys.stderr.isatty():
        print(file=sys.stderr)  # leave the line of the step that failed
    print(f"barnacle simulator: {why}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
