"""Golden files judged in processes of their own: CPython, or the simulator's MicroPython."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from app.errors import ProblemError
from app.host.box import INTERPRETER
from app.host.limits import GOLDEN_CASE_S
from app.host.parity.chunk import chunk_text, chunks
from app.host.parity.golden_file import Case, GoldenFile
from app.host.paths import REPOSITORY

Verdict = dict[str, Any]
CPYTHON, MICROPYTHON = "cpython", "micropython"
START_S = 10
HEAP_MB = 32  # of MicroPython; larger than the box's, for it holds the chunk as well
HEAP_PER_TEXT = 40
_CHILD = REPOSITORY / "app" / "host" / "parity" / "judges" / "child.py"


def check_interpreter(name: str) -> None:
    """Raises ProblemError when MicroPython was never built."""
    if name == MICROPYTHON and not INTERPRETER.is_file():
        raise ProblemError(f"{INTERPRETER} is not there", "build it with: make setup")


def judge_files(files: Sequence[GoldenFile], interpreter: str, jobs: int) -> list[list[Verdict]]:
    """The verdicts of each file, in the order of its cases; `jobs` processes at a time. Raises UsageError."""
    work = [(at, file, piece) for at, file in enumerate(files) for piece in chunks(file.cases)]
    found: list[list[Verdict]] = [[] for _ in files]
    with ThreadPoolExecutor(jobs) as pool:
        judged = [(at, pool.submit(_judge, file, piece, interpreter)) for at, file, piece in work]
        for at, verdicts in judged:
            found[at].extend(verdicts.result())
    return found


def _judge(file: GoldenFile, cases: list[Case], interpreter: str) -> list[Verdict]:
    """All verdicts of a chunk. A case that ends the interpreter has failed; the rest is judged in a new one."""
    found: list[Verdict] = []
    while len(found) < len(cases):
        verdicts, ending = _run(file, cases[len(found) :], interpreter)
        found.extend(verdicts)
        if len(found) < len(cases):
            case = cases[len(found)]
            found.append({"id": case["id"], "verdict": "failed", "where": "", "expected": "an answer", "got": ending})
    return found


def _run(file: GoldenFile, cases: list[Case], interpreter: str) -> tuple[list[Verdict], str]:
    """Verdicts as far as the interpreter came, and how it ended."""
    with tempfile.TemporaryDirectory(prefix="barnacle-parity-") as folder:
        chunk, results = Path(folder, "chunk.json"), Path(folder, "results")
        text = chunk_text(file, cases)
        chunk.write_text(text, encoding="utf-8")
        results.touch()
        limit_s = START_S + GOLDEN_CASE_S + len(cases)  # a case takes milliseconds, unless it never ends
        arguments = [str(_CHILD), str(chunk), str(results), str(REPOSITORY)]
        try:
            done = subprocess.run(  # noqa: S603 - our own interpreters and our own script
                [*_command(interpreter, len(text)), *arguments],
                cwd=REPOSITORY,
                env={**os.environ, "MICROPYPATH": f".frozen:{REPOSITORY}"},
                capture_output=True,
                timeout=limit_s,
                check=False,
            )
            ending = f"ended its interpreter ({done.returncode}): {_last_line(done.stdout + done.stderr)}"
        except subprocess.TimeoutExpired:
            ending = f"did not end within {limit_s} s"
        return _read_results(results), ending


def _command(interpreter: str, chunk_chars: int) -> list[str]:
    if interpreter == CPYTHON:
        return [sys.executable, "-X", "utf8"]
    heap_kb = (HEAP_MB << 10) + chunk_chars * HEAP_PER_TEXT // 1024
    return [str(INTERPRETER), "-X", f"heapsize={heap_kb}k"]


def _read_results(path: Path) -> list[Verdict]:
    # MicroPython writes lone surrogates as they are; a line cut short by the interpreter's end does not count
    lines = path.read_bytes().decode("utf-8", "replace").split("\n")[:-1]
    return [json.loads(line) for line in lines]


def _last_line(output: bytes) -> str:
    lines = output.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:300] if lines else "no message"
