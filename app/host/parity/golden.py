"""`barnacle parity golden`: a folder of golden files against this code, in either interpreter."""

from pathlib import Path

from app.host.parity.golden_file import GoldenFile, read_folder
from app.host.parity.interpreters import MICROPYTHON, check_interpreter, judge_files
from app.host.parity.judges.drivers import ELSEWHERE
from app.host.parity.report import FileReport, Report


def judge_folder(folder: Path, interpreter: str, names: list[str], jobs: int) -> Report:
    """The report of all golden files in `folder`, or of those named. Raises UsageError for what is no golden file,
    ProblemError when the interpreter is missing."""
    check_interpreter(interpreter)
    files = read_folder(folder, names)
    skipped = {file.name: _skipped(file, interpreter) for file in files}
    judged = [file for file in files if skipped[file.name] is None]
    verdicts = dict(zip((file.name for file in judged), judge_files(judged, interpreter, jobs), strict=True))
    reports = [skipped[file.name] or FileReport(file.name, file.fixture, verdicts[file.name]) for file in files]
    return Report(interpreter, reports)


def _skipped(file: GoldenFile, interpreter: str) -> FileReport | None:
    """The report of a file that is not judged here; a failure when nothing else judges it either."""
    if file.fixture in ELSEWHERE:
        return FileReport(file.name, file.fixture, skipped=f"driven by `{ELSEWHERE[file.fixture]}`")
    if not file.has_driver:
        return FileReport(file.name, file.fixture, skipped=f"not judged: no driver for {file.fixture}", failing=True)
    if not file.cases:
        return FileReport(file.name, file.fixture, skipped="not judged: it has no cases", failing=True)
    if interpreter == MICROPYTHON and not file.portable:
        return FileReport(file.name, file.fixture, skipped="not judged: it is the laptop's, which runs CPython")
    return None
