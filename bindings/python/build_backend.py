"""Builds the wheel: setuptools for what is Python, and the library and the simulator put beside it.

They come from LIBWA_PATH and WA_SIM where these are set, else from cargo, in the checkout that this folder belongs to.
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any, Optional, TextIO

from setuptools import build_meta

_HERE = Path(__file__).resolve().parent
_CHECKOUT = _HERE.parent.parent
_PACKAGE = _HERE / "src" / "libwa"

Settings = Optional[dict[str, Any]]

get_requires_for_build_wheel = build_meta.get_requires_for_build_wheel
prepare_metadata_for_build_wheel = build_meta.prepare_metadata_for_build_wheel


def build_wheel(folder: str, settings: Settings = None, metadata: str | None = None) -> str:
    """Builds a wheel for this platform and every Python 3."""
    library, simulator = _programs()
    placed = {
        _PACKAGE / "libwa.so": library,
        _PACKAGE / "testing" / "wa-sim": simulator,
    }
    tag = _platform([library, simulator])
    work = _HERE / "build"
    shutil.rmtree(work, ignore_errors=True)
    try:
        for target, source in placed.items():
            shutil.copy(source, target)
        options = ["--python-tag", "py3", "--plat-name", tag]
        return str(build_meta.build_wheel(folder, {**(settings or {}), "--build-option": options}, metadata))
    finally:
        # In a checkout they would be taken for the ones to use.
        for target in placed:
            target.unlink(missing_ok=True)
        shutil.rmtree(work, ignore_errors=True)


def build_sdist(folder: str, settings: Settings = None) -> str:
    """There is none: without the rest of the project it could not be built."""
    raise NotImplementedError("libwa's Python package is built from a checkout of the whole project, or installed as a wheel")


def _programs() -> tuple[Path, Path]:
    """The library and the simulator that go into the wheel."""
    library, simulator = os.environ.get("LIBWA_PATH"), os.environ.get("WA_SIM")
    if not (library and simulator):
        if not (_CHECKOUT / "Cargo.toml").exists():
            raise RuntimeError(f"{_CHECKOUT} is no checkout of libwa; set LIBWA_PATH and WA_SIM to a built libwa.so and wa-sim")
        cargo = shutil.which("cargo", path=_search_path())
        if cargo is None:
            raise RuntimeError("cargo is needed to build libwa, see https://rustup.rs; or set LIBWA_PATH and WA_SIM to built files")
        _build(cargo)
    built = Path(os.environ.get("CARGO_TARGET_DIR") or _CHECKOUT / "target") / "release"
    return Path(library or built / "libwa.so"), Path(simulator or built / "wa-sim")


def _search_path() -> str:
    """Returns where programs are, and the folder of rustup, which the shell that ran rustup does not have yet."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path.home() / ".cargo" / "bin")])


def _build(cargo: str) -> None:
    """Builds both with cargo, and shows how it goes on.

    pip keeps what a build writes to itself, unless it is called with -v. So cargo writes to the terminal, if there is one.
    """
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        terminal: TextIO | None = None
        with contextlib.suppress(OSError):
            terminal = stack.enter_context(open("/dev/tty", "w"))
        print("\nlibwa: cargo builds the library and the simulator, for some minutes the first time", file=terminal, flush=True)
        environment = {**os.environ, "PATH": _search_path()}
        # In one call, cargo would build what both depend on with the features that the simulator needs.
        for package in ([], ["--package", "wa-sim"]):
            command = [cargo, "build", "--release", "--locked", *package]
            subprocess.run(command, cwd=_CHECKOUT, check=True, stderr=terminal, env=environment)
        print(f"libwa: built in {time.monotonic() - started:.0f} s", file=terminal, flush=True)


def _platform(programs: list[Path]) -> str:
    """The platform's tag, which names the oldest C library that has all that these files need."""
    machine = platform.machine()
    needed = [0]
    for program in programs:
        needed += [int(minor) for minor in re.findall(rb"\0GLIBC_2\.(\d+)(?:\.\d+)?(?=\0)", program.read_bytes())]
    if max(needed) == 0:
        return f"linux_{machine}"  # another C library, which says nothing of its versions
    return f"manylinux_2_{max(*needed, 17)}_{machine}"
