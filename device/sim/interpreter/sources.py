"""Where the two sources come from: package registries, or source trees that the user names.

MicroPython 1.25  Debian's source package, through the machine's own apt configuration; or BARNACLE_MICROPYTHON_SRC
LVGL 9.5.0        vendored in a crate, through cargo (1.85 or newer); or BARNACLE_LVGL_SRC; or upstream's git tag
"""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from device.sim.interpreter.progress import BuildError, Progress, run

MICROPYTHON_VARIABLE = "BARNACLE_MICROPYTHON_SRC"
LVGL_VARIABLE = "BARNACLE_LVGL_SRC"
_MICROPYTHON_VERSION = "1.25"
_MICROPYTHON_SUITE = "trixie"
_LVGL_VERSION = (9, 5, 0)
_LVGL_CRATE = ("lightvgl-sys", "9.5.3")
_LVGL_UPSTREAM = "https://github.com/lvgl/lvgl"
_CARGO_MINIMUM = (1, 85)  # the crate is of Rust's 2024 edition
_DEBIAN_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def micropython_source(cache: Path, progress: Progress) -> Path:
    """A MicroPython source tree, downloaded into `cache` unless it is there or the user names one."""
    named = os.environ.get(MICROPYTHON_VARIABLE)
    if named:
        return _named_tree(named, MICROPYTHON_VARIABLE, "ports/unix/Makefile", "MicroPython 1.25")
    tree = cache / f"micropython-{_MICROPYTHON_VERSION}"
    if not tree.exists():
        progress.step("downloading MicroPython's source")
        _download(tree, progress, _micropython_from_debian)
        progress.done()
    return tree


def lvgl_source(cache: Path, progress: Progress) -> Path:
    """An LVGL source tree, downloaded into `cache` unless it is there or the user names one."""
    named = os.environ.get(LVGL_VARIABLE)
    if named:
        tree = _named_tree(named, LVGL_VARIABLE, "lvgl.h", "LVGL 9.5.0")
    else:
        tree = cache / "lvgl-{}.{}.{}".format(*_LVGL_VERSION)
        if not tree.exists():
            progress.step("downloading LVGL's source")
            _download(tree, progress, _lvgl_from_crate if _cargo_is_new_enough() else _lvgl_from_git)
            progress.done()
    _check_lvgl_version(tree)
    return tree


def _named_tree(named: str, variable: str, marker: str, what: str) -> Path:
    tree = Path(named).expanduser().resolve()
    if not (tree / marker).exists():
        raise BuildError(f"{variable} names {tree}, which is no source tree of {what} ({marker} is missing).")
    return tree


def _download(tree: Path, progress: Progress, fetch) -> None:
    """Fetch into a scratch folder and rename, so that a broken download leaves nothing that looks whole."""
    tree.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=tree.parent, prefix="download-") as scratch:
        fetch(Path(scratch), progress).rename(tree)


# --- MicroPython ---


def _micropython_from_debian(scratch: Path, progress: Progress) -> Path:
    instead = f"Or set {MICROPYTHON_VARIABLE} to a source tree of MicroPython 1.25 (with its submodules)."
    for tool, package in (("apt-get", "apt"), ("dpkg-source", "dpkg-dev")):
        if not shutil.which(tool):
            raise BuildError(
                f"MicroPython's source comes as a Debian package, but {tool} ({package}) is missing. {instead}"
            )
    options = _private_apt(scratch, instead)
    try:
        run(["apt-get", "-q", *options, "update"], progress, "reading the Debian archive's index")
        package = ["source", "--download-only", "micropython"]
        run(["apt-get", "-q", *options, *package], progress, "downloading MicroPython", cwd=scratch)
        description = next(iter(scratch.glob(f"micropython_{_MICROPYTHON_VERSION}.*.dsc")), None)
        if description is None:
            raise BuildError(f"the Debian archive no longer has MicroPython {_MICROPYTHON_VERSION}.")
        run(["dpkg-source", "-x", description.name, "tree"], progress, "unpacking MicroPython", cwd=scratch)
    except BuildError as error:
        raise BuildError(f"{error} Is the network there? {instead}") from None
    return scratch / "tree"


def _private_apt(scratch: Path, instead: str) -> list[str]:
    """apt's options for an index of its own, which needs no root and leaves the machine's configuration alone."""
    archive = _debian_archive(_apt_configuration())
    if archive is None:
        raise BuildError(f"no Debian archive is named in apt's configuration. {instead}")
    for folder in ("lists/partial", "cache/archives/partial"):
        (scratch / folder).mkdir(parents=True)
    entry = scratch / "entry.sources"
    entry.write_text(
        f"Types: deb-src\nURIs: {archive}\nSuites: {_MICROPYTHON_SUITE}\nComponents: main\n"
        f"Signed-By: {_DEBIAN_KEYRING}\n"
    )
    settings = {
        "Dir::Etc::sourcelist": entry,
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": scratch / "lists",
        "Dir::Cache": scratch / "cache",
        "APT::Sandbox::User": "root",  # no change of user for the download: the folders are ours
    }
    return [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]


def _apt_configuration() -> str:
    etc = Path("/etc/apt")
    files = [
        *sorted(etc.glob("sources.list.d/*.sources")),
        *sorted(etc.glob("sources.list.d/*.list")),
        etc / "sources.list",
    ]
    return "\n".join(file.read_text(errors="replace") for file in files if file.exists())


def _debian_archive(configuration: str) -> str | None:
    """The first address in apt's configuration (either form) that is a whole Debian archive."""
    active = [line for line in configuration.splitlines() if re.match(r"\s*(URIs:|deb\s)", line)]
    addresses = re.findall(r"\bhttps?://\S+", "\n".join(active))
    return next((address for address in addresses if address.rstrip("/").endswith("/debian")), None)


# --- LVGL ---


def _cargo_is_new_enough() -> bool:
    cargo = shutil.which("cargo")
    if cargo is None:
        return False
    said = subprocess.run([cargo, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    found = re.search(r"(\d+)\.(\d+)", said)
    return found is not None and (int(found[1]), int(found[2])) >= _CARGO_MINIMUM


def _lvgl_from_crate(scratch: Path, progress: Progress) -> Path:
    name, version = _LVGL_CRATE
    package = scratch / "package"
    (package / "src").mkdir(parents=True)
    (package / "src" / "lib.rs").write_text("")
    (package / "Cargo.toml").write_text(
        "[workspace]\n"  # so that cargo looks for none further up
        '[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2021"\n'
        f'[dependencies]\n{name} = "={version}"\n'
    )
    try:
        run(["cargo", "vendor", "-q", "vendor"], progress, "downloading LVGL with cargo", cwd=package)
    except BuildError as error:
        raise BuildError(
            f"{error} Is the network there? Or set {LVGL_VARIABLE} to a source tree of LVGL 9.5.0."
        ) from None
    return package / "vendor" / name / "vendor" / "lvgl"


def _lvgl_from_git(scratch: Path, progress: Progress) -> Path:
    instead = f"Install cargo 1.85 or newer, or set {LVGL_VARIABLE} to a source tree of LVGL 9.5.0."
    if not shutil.which("git"):
        raise BuildError(f"LVGL's source comes by cargo (1.85 or newer) or git, and both are missing. {instead}")
    tag = "v{}.{}.{}".format(*_LVGL_VERSION)
    try:
        command = ["git", "clone", "-q", "--depth", "1", "--branch", tag, _LVGL_UPSTREAM, "lvgl"]
        environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
        run(command, progress, "downloading LVGL with git", cwd=scratch, environment=environment)
    except BuildError as error:
        raise BuildError(f"{error} {instead}") from None
    return scratch / "lvgl"


def _check_lvgl_version(tree: Path) -> None:
    text = (tree / "lv_version.h").read_text()
    found = tuple(int(re.search(rf"LVGL_VERSION_{part}\s+(\d+)", text)[1]) for part in ("MAJOR", "MINOR", "PATCH"))  # pyright: ignore[reportOptionalSubscript]
    if found[:2] != _LVGL_VERSION[:2]:
        raise BuildError(
            f"{tree} is LVGL {'.'.join(map(str, found))}; 9.5 is needed. Set {LVGL_VARIABLE} to a tree of 9.5.0."
        )
