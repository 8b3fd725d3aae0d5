"""What `pip install` shows while cargo builds the library."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from conftest import PATIENCE, ROOT

# The backend without setuptools, which tests need not have.
BACKEND = """
import sys, types
setuptools = types.ModuleType("setuptools")
names = ("get_requires_for_build_wheel", "prepare_metadata_for_build_wheel", "build_wheel")
setuptools.build_meta = types.SimpleNamespace(**dict.fromkeys(names))
sys.modules["setuptools"] = setuptools
import build_backend
build_backend._programs()
"""

# As pip does it: the backend's own output goes to nobody.
PIP = "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:], capture_output=True).returncode)"

TERMINAL = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"


def install(folder: Path, *around: str, home: Path | None = None) -> str:
    cargo = (folder if home is None else home / ".cargo" / "bin") / "cargo"
    cargo.parent.mkdir(parents=True, exist_ok=True)
    cargo.write_text('#!/bin/sh\necho "   Compiling everything: $*" >&2\n')
    cargo.chmod(0o755)
    environment = {key: value for key, value in os.environ.items() if key not in ("LIBWA_PATH", "WA_SIM")}
    environment |= {"PATH": f"{folder}:{environment['PATH']}", "PYTHONPATH": str(ROOT / "bindings/python")}
    if home is not None:
        environment |= {"HOME": str(home), "PATH": "/usr/bin:/bin"}
    command = [*around, sys.executable, "-c", BACKEND]
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        timeout=PATIENCE,
    )
    shown = done.stdout.decode()
    assert done.returncode == 0, shown
    return shown


def test_progress_on_a_terminal(tmp_path: Path) -> None:
    shown = install(tmp_path, sys.executable, "-c", TERMINAL, sys.executable, "-c", PIP)
    assert "libwa: cargo builds the library" in shown
    assert "Compiling everything: build --release --locked" in shown
    assert "libwa: built in" in shown


def test_progress_without_one(tmp_path: Path) -> None:
    # `pip install -v` shows it, and so does what keeps the output of a build.
    shown = install(tmp_path)
    assert "libwa: cargo builds the library" in shown
    assert "Compiling everything" in shown
    assert install(tmp_path, sys.executable, "-c", PIP) == ""


def test_cargo_that_this_shell_does_not_find_yet(tmp_path: Path) -> None:
    # As after rustup has installed it: PATH has its folder from the next login on.
    assert "Compiling everything" in install(tmp_path, home=tmp_path / "home")
