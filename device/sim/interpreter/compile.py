"""Compiles LVGL with its tables into an archive, and MicroPython around it."""

import hashlib
import os
import shutil
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from device.sim.interpreter import headers, tables
from device.sim.interpreter.progress import BuildError, Progress, last_words, run

_HERE = Path(__file__).resolve().parent
_MODULE = _HERE / "lvgl_module"
_FROZEN = _HERE / "frozen"
_FLAGS = ["-O2", "-std=gnu11", "-DLV_CONF_INCLUDE_SIMPLE", "-ffunction-sections", "-fdata-sections", "-w"]
_PACKAGES = {"gcc": "gcc", "make": "make", "pkg-config": "pkg-config"}
_LIBRARIES = {"ffi.h": "libffi-dev", "mbedtls/ssl.h": "libmbedtls-dev"}


def check_tools() -> None:
    """Raise BuildError that names everything the build misses on this machine."""
    missing = {tool: package for tool, package in _PACKAGES.items() if not shutil.which(tool)}
    if "gcc" not in missing:
        missing |= {f"the header {h}": package for h, package in _LIBRARIES.items() if not _has_header(h)}
    if missing:
        raise BuildError(
            f"missing: {', '.join(missing)}. Install them (Debian: apt-get install {' '.join(missing.values())})."
        )


def _has_header(name: str) -> bool:
    found = subprocess.run(
        ["gcc", "-E", "-xc", "-"],  # noqa: S607
        input=f"#include <{name}>\n",
        capture_output=True,
        text=True,
        check=False,
    )
    return found.returncode == 0


def write_tables(lvgl: Path, generated: Path, progress: Progress) -> Path:
    """Read LVGL's headers and write tables.c into `generated`."""
    progress.step("reading LVGL's headers")
    generated.mkdir(parents=True, exist_ok=True)
    target = generated / "tables.c"
    try:
        target.write_text(tables.write_tables(headers.parse(lvgl, _MODULE, "gcc")))
    except ImportError as error:
        raise BuildError(
            f"the Python package {error.name} is missing: run .ci/setup, which makes .venv with it."
        ) from None
    except subprocess.CalledProcessError as error:
        raise BuildError(f"LVGL's headers cannot be read: {last_words(error.stderr)}") from None
    progress.done()
    return target


def compile_lvgl(lvgl: Path, tables_c: Path, work: Path, progress: Progress) -> Path:
    """Compile what has changed and return the archive. Objects are kept per configuration and source tree."""
    flags = [*_FLAGS, f"-I{_MODULE}", f"-I{lvgl}"]
    objects = _folder_for(work, "lvgl", [*flags, (_MODULE / "lv_conf.h").read_text()])
    sources = sorted((lvgl / "src").rglob("*.c"))
    jobs = [(source, (objects / source.relative_to(lvgl)).with_suffix(".o")) for source in sources]
    waiting = [job for job in jobs if not job[1].exists()]
    tables_o = tables_c.with_suffix(".o")
    progress.step("compiling LVGL")
    _compile_all([*waiting, (tables_c, tables_o)], flags, progress)
    archive = objects / "liblvgl.a"
    archive.unlink(missing_ok=True)
    listing = objects / "objects.txt"
    listing.write_text("\n".join(str(o) for o in [*(o for _, o in jobs), tables_o]))
    run(["ar", "rcs", str(archive), f"@{listing}"], progress, "making LVGL's archive")
    progress.done()
    return archive


def _compile_all(jobs: list[tuple[Path, Path]], flags: list[str], progress: Progress) -> None:
    stop = threading.Event()

    def compile_one(source: Path, target: Path) -> None:
        if stop.is_set():
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_suffix(".tmp")
        run(["gcc", *flags, "-c", str(source), "-o", str(unfinished)], progress, f"compiling {source.name}")
        unfinished.replace(target)

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        futures = [pool.submit(compile_one, *job) for job in jobs]
        try:
            for done, future in enumerate(as_completed(futures), 1):
                future.result()
                progress.count(done, len(futures))
        except BaseException:
            stop.set()  # the files already begun are finished, no more are started
            raise


def compile_micropython(source: Path, lvgl: Path, archive: Path, work: Path, progress: Progress) -> Path:
    """Compile MicroPython's unix port with the `lvgl` module and return the program."""
    build = _folder_for(work, "micropython", [str(source), str(lvgl), str(_HERE)])
    cross = _folder_for(work, "mpy-cross", [str(source)])
    progress.step("compiling MicroPython's compiler")
    _make(source / "mpy-cross", {"BUILD": str(cross)}, progress)
    progress.done()
    program = build / "micropython"
    program.unlink(missing_ok=True)  # make does not know that it depends on the archive
    manifest = build / "manifest.py"
    manifest.write_text(f'include("$(MPY_DIR)/extmod/asyncio")\nmodule("ssl.py", base_path={str(_FROZEN)!r})\n')
    progress.step("compiling MicroPython")
    variables = {
        "BUILD": build,
        "FROZEN_MANIFEST": manifest,
        "MICROPY_MPYCROSS": cross / "mpy-cross",
        "MICROPY_MPYCROSS_DEPENDENCY": "",
        "MICROPY_PY_BTREE": 0,
        "MICROPY_PY_SSL": 1,
        "MICROPY_SSL_AXTLS": 0,
        "MICROPY_SSL_MBEDTLS": 1,
        "USER_C_MODULES": _HERE,
        "LVGL_DIR": lvgl,
        "LVGL_ARCHIVE": archive,
    }
    _make(source / "ports" / "unix", {name: str(value) for name, value in variables.items()}, progress)
    progress.done()
    return program


def _folder_for(work: Path, name: str, settings: list[str]) -> Path:
    """A folder for what is compiled under these settings; what was compiled under other ones is removed."""
    folder = work / f"{name}-{hashlib.sha256(repr(settings).encode()).hexdigest()[:16]}"
    for other in work.glob(f"{name}-*"):
        if other != folder and other.name.rpartition("-")[0] == name:
            shutil.rmtree(other)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _make(folder: Path, variables: dict[str, str], progress: Progress) -> None:
    settings = [f"{name}={value}" for name, value in variables.items()]
    run(["make", f"-j{os.cpu_count() or 1}", "-C", str(folder), *settings], progress, f"compiling {folder.name}")


def check_program(program: Path, progress: Progress) -> None:
    """Run the new interpreter once: it must have what the box needs."""
    environment = {**os.environ, "MICROPYPATH": ".frozen"}
    script = "import asyncio, lvgl, ssl; lvgl.init(); print(lvgl.version_major())"
    run(
        [str(program), "-X", "heapsize=2m", "-c", script],
        progress,
        "trying the new interpreter",
        environment=environment,
    )
