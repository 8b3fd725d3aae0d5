"""What examples/python/deploy holds: the Dockerfile's steps as plain commands, the compose file, and the unit."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import PATIENCE, ROOT
from programs import Program, Somebody, environment

from libwa.bot import ExitCode
from libwa.testing import Simulator

DEPLOY = ROOT / "examples" / "python" / "deploy"
NUMBER = "15551234567"
NOBODY = 65534


def steps() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile, with their arguments."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Dockerfile").read_text(), flags=re.M).replace("\\\n", " ")
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in text.splitlines() if line.strip()]


@pytest.fixture
def root() -> Iterator[Path]:
    """A folder that stands for the container's root, which a user without rights can look into."""
    folder = Path(tempfile.mkdtemp(prefix="libwa-deploy-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


class Container:
    """Does the instructions in a folder. What needs a container, such as making users, is left out."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.env: dict[str, str] = {}
        self.folder = root
        self.user: str | None = None
        self.command: list[str] = []
        self.health: list[str] = []
        self._python = root / "venv" / "bin" / "python"
        # One that users without rights can reach, which those in a home folder may not be.
        python = shutil.which("python3", path="/usr/bin") or sys.executable
        subprocess.run([python, "-m", "venv", str(root / "venv")], check=True)

    def moved(self, text: str) -> str:
        """The text with its absolute paths inside the folder."""
        return re.sub(r"(?<![\w.])/(data|wheels|app|src)\b", f"{self.root}/\\1", text)

    def do(self, instruction: str, argument: str, build: bool) -> None:
        if instruction == "RUN":
            for command in argument.split("&&"):
                self._run(command.strip(), build)
        elif instruction == "WORKDIR":
            self.folder = Path(self.moved(argument))
            self.folder.mkdir(exist_ok=True)
        elif instruction == "COPY" and not argument.startswith("--from") and not build:
            source, target = argument.split()
            shutil.copy(ROOT / source, self.folder / target)
        elif instruction == "ENV":
            for name, _, value in (part.partition("=") for part in shlex.split(self.moved(argument))):
                self.env[name] = value
        elif instruction == "USER":
            self.user = argument
        elif instruction == "CMD":
            self.command = self._exec_form(argument)
        elif instruction == "HEALTHCHECK":
            self.health = self._exec_form(argument.partition("CMD ")[2])

    def _exec_form(self, argument: str) -> list[str]:
        words: list[str] = yaml.safe_load(argument)
        return [str(self._python) if word == "python3" else word for word in words]

    def _run(self, command: str, build: bool) -> None:
        if command.startswith(("apt-get", "useradd")):
            return
        command = re.sub(r"^python3", str(self._python), self.moved(command))
        command = command.replace("chown bot", f"chown {NOBODY}")
        # The checkout is where it is; with LIBWA_PATH and WA_SIM set, nothing is compiled.
        folder = ROOT if build else self.folder
        env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        subprocess.run(command, shell=True, check=True, cwd=folder, env=env, timeout=240, stdout=subprocess.DEVNULL)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_the_container(root: Path, wa_sim: Simulator) -> None:
    container = Container(root)
    stages = 0
    for instruction, argument in steps():
        stages += instruction == "FROM"
        container.do(instruction, argument, build=stages == 1)
    assert stages == 2
    # The user is set before the program is, and owns the volume.
    assert container.user == "bot"
    assert (root / "data").stat().st_uid == NOBODY

    phone = wa_sim.phone(NUMBER)
    ada = Somebody(wa_sim, "15550009001", NUMBER)
    # As in a container: nothing of this checkout but what was installed.
    env = environment(wa_sim, root, PHONE_NUMBER=NUMBER, **container.env)
    for name in ("PYTHONPATH", "LIBWA_PATH", "WA_SIM"):
        env.pop(name, None)
    with Program(container.command, container.folder, env, user=NOBODY) as bot:
        assert bot.link(phone).linked
        bot.expect("Connected as")
        ada.send("hello")
        assert ada.heard(1) == ["hello"]
        healthy = subprocess.run(container.health, cwd=root, env=env, user=NOBODY, capture_output=True, text=True, timeout=PATIENCE)
        assert (healthy.returncode, healthy.stdout) == (0, "echo: in use by a bot that is online.\n")
        assert bot.stop() == 0
    assert (root / "data" / "echo.db").stat().st_uid == NOBODY
    # Another container with the same volume is linked already.
    with Program(container.command, container.folder, env, user=NOBODY) as bot:
        bot.expect("Connected as")
        assert "Pairing code" not in bot.output


def test_compose() -> None:
    compose: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    bot = compose["services"]["bot"]
    context = (DEPLOY / bot["build"]["context"]).resolve()
    assert context == ROOT
    assert (context / bot["build"]["dockerfile"]).samefile(DEPLOY / "Dockerfile")
    assert bot["volumes"] == ["sessions:/data"]
    assert "sessions" in compose["volumes"]
    assert ("VOLUME", "/data") in steps()
    assert bot["read_only"] is True
    # Not in the image: neither secrets nor what is built.
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().split()
    assert {"**/.env", "**/sessions", "**/target"} <= set(ignored)


def test_the_example_of_an_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from libwa.bot.options import Given, resolve

    options = resolve(Given(env_file=DEPLOY / "env.example"), {})
    assert (options.phone_number, options.login_method) == ("628123456789", "pairing")


def test_the_unit() -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(DEPLOY / "libwa-bot.service")
    service = dict(unit["Service"])
    # A person is needed for these; the others are worth another try.
    wanted = {code.value for code in ExitCode if code >= 10 or code is ExitCode.USAGE}
    assert {int(code) for code in service["RestartPreventExitStatus"].split()} == wanted
    assert service["DynamicUser"] == "yes"
    assert service["StateDirectory"] == "libwa-bot"
    if shutil.which("systemd-analyze"):
        # All but that the programs are not where it says.
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", str(DEPLOY / "libwa-bot.service")], capture_output=True, text=True
        )
        complaints = [line for line in done.stderr.splitlines() if "libwa-bot.service" in line and "not executable" not in line]
        assert complaints == []
