"""The first program of the README, and `python -m libwa pair`, in every state that account, store and network can be in."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from conftest import PATIENCE, ROOT, connection_of, interrupt, script

import libwa
from libwa.testing import Phone, Simulator

# Tells the program where the simulator is, which is all that its user would have to change.
HEAD = """
import functools, runpy
libwa.Client = functools.partial(libwa.Client, config=config)
runpy.run_path(sys.argv[1], run_name="__main__")
"""

COMMAND = """
from libwa import __main__
sys.exit(__main__.main(["pair", "+15551234567", "--store", "sqlite:session.db", *(f"--set={k}={v}" for k, v in config.items())]))
"""


class Run:
    """What a program did until it ended, or said a word and was interrupted. The phone enters each code that it shows."""

    def __init__(
        self,
        start: Callable[[dict[str, str]], subprocess.Popen[str]],
        sim: Simulator,
        phone: Phone,
        until: str,
        act: Callable[[], object] | None,
    ) -> None:
        """`act` is done at that word in place of an interrupt."""
        self.lines: list[str] = []
        process = start(sim.config)
        assert process.stdout is not None
        # What hangs is ended, and fails by what it did not say.
        limit = threading.Timer(2 * PATIENCE, process.kill)
        limit.start()
        for line in process.stdout:
            self.lines.append(line)
            code = re.search(r"\b[1-9A-Z]{4}-[1-9A-Z]{4}\b", line)
            if code:
                threading.Thread(target=phone.enter, args=(code[0],), daemon=True).start()
            if until and until in line:
                if act is None:
                    interrupt(process)
                else:
                    act()
                until = ""
        self.problems = process.communicate(timeout=PATIENCE)[1]
        limit.cancel()
        self.status = process.returncode

    def said(self, word: str) -> bool:
        return any(word in line for line in self.lines)

    @property
    def asked(self) -> bool:
        """Whether it showed a code."""
        return any(re.search(r"\b[1-9A-Z]{4}-[1-9A-Z]{4}\b", line) for line in self.lines)


Start = Callable[..., Run]


@pytest.fixture(params=["README.md", "python -m libwa pair"])
def program(request: pytest.FixtureRequest, tmp_path: Path, wa_sim: Simulator) -> tuple[str, Start]:
    """A program with the words that it says once it is logged in, and what runs it."""
    phone = wa_sim.phone("+15551234567")
    if request.param == "README.md":
        [source] = [
            source
            for source in re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.S)
            if "asyncio.run" in source
        ]
        file = tmp_path / "program.py"
        file.write_text(source)
        head, arguments, works = HEAD, [str(file)], "state='online'"
    else:
        head, arguments, works = COMMAND, [], "Ready, as"

    def start(until: str = "", act: Callable[[], object] | None = None, **keys: str) -> Run:
        def begin(config: dict[str, str]) -> subprocess.Popen[str]:
            config = {**config, "reconnect.base_ms": "100", **{key.replace("__", "."): value for key, value in keys.items()}}
            return script(head, *arguments, config=config, cwd=tmp_path)

        return Run(begin, wa_sim, phone, until, act)

    return works, start


def refused(run: Run, word: str) -> None:
    assert run.status == 1
    assert word in run.problems
    assert not run.asked


def works_again(program: tuple[str, Start]) -> None:
    works, start = program
    run = start(works)
    assert run.said(works), run.problems
    assert not run.asked


@contextlib.contextmanager
def link(program: tuple[str, Start]) -> Generator[None, None, None]:
    """Links it, and says afterwards that it works once the cause is gone."""
    works, start = program
    first = start(works)
    assert first.asked
    assert first.said(works), first.problems
    yield
    works_again(program)


def test_linked(program: tuple[str, Start]) -> None:
    with link(program):
        works_again(program)


def test_unlinked_while_stopped(program: tuple[str, Start], wa_sim: Simulator) -> None:
    works, start = program
    with link(program):
        [phone] = wa_sim.phones()
        phone.unlink()
        if works.startswith("state"):
            refused(start(), "LoggedOutError")
        again = start(works)
        assert again.asked
        assert again.said(works), again.problems
        assert len(phone.settled()["companions"]) == 1


@pytest.mark.parametrize(
    ("reason", "error", "said"),
    [("405", "ClientOutdatedError", "version"), ("402", "TemporarilyBannedError", "banned the account")],
)
def test_restricted(program: tuple[str, Start], wa_sim: Simulator, reason: str, error: str, said: str) -> None:
    works, start = program
    with link(program):
        wa_sim.fault({"point": "login"}, {"failure": {"reason": reason, "code": "101", "expire": "1"}})
        run = start()
        refused(run, error if works.startswith("state") else said)
        # The connection's text, for the programmer; of a ban its end, once.
        assert f"(code {reason})" in run.problems
        assert ("until 2" in run.problems) == (reason == "402")


def test_replaced(program: tuple[str, Start], wa_sim: Simulator) -> None:
    _, start = program
    with link(program):
        wa_sim.fault({"point": "out", "tag": "success"}, {"stream_error": {"conflict": "replaced"}})
        refused(start(), "connected elsewhere")


def test_replaced_while_it_runs(program: tuple[str, Start], wa_sim: Simulator) -> None:
    works, start = program
    if not works.startswith("state"):
        return  # the command is through when it is linked
    conflict = {"tag": "conflict", "attrs": {"type": "replaced"}}

    def replace() -> None:
        stanza: dict[str, Any] = {"tag": "stream:error", "attrs": {}, "children": [conflict]}
        number = connection_of(wa_sim, "15551234567")
        wa_sim.control("POST", f"/connections/{number}/send", {"stanza": stanza})

    with link(program):
        run = start(works, replace)
        refused(run, "Given up: ")
        assert "connected elsewhere" in run.problems


def test_unlinked_while_it_runs(program: tuple[str, Start], wa_sim: Simulator) -> None:
    works, start = program
    if not works.startswith("state"):
        return  # the command is through when it is linked
    [phone] = wa_sim.phones()
    run = start(works, phone.unlink)
    assert run.status == 1
    assert "The session ended: This device was unlinked on the phone." in run.problems
    again = start(works)
    assert again.asked
    assert again.said(works), again.problems


@pytest.mark.parametrize(
    ("reason", "error", "said"), [("403", "AccountLockedError", "locked"), ("406", "AccountBannedError", "banned")]
)
def test_locked(program: tuple[str, Start], wa_sim: Simulator, reason: str, error: str, said: str) -> None:
    works, start = program
    first = start(works)
    assert first.said(works), first.problems
    wa_sim.fault({"point": "login"}, {"failure": {"reason": reason}})
    refused(start(), error if works.startswith("state") else said)
    # Its keys are erased: whoever starts it again wants another link.
    again = start(works)
    assert again.asked
    assert again.said(works), again.problems


def test_store_locked(program: tuple[str, Start], tmp_path: Path) -> None:
    works, start = program
    with link(program):
        holder = libwa.SyncClient(tmp_path / "session.db")
        refused(start(), "StoreLockedError" if works.startswith("state") else "process")
        holder.close()


def test_no_network(program: tuple[str, Start]) -> None:
    works, start = program
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = f"ws://127.0.0.1:{taken.getsockname()[1]}/ws/chat"
        for _ in range(2):  # never linked, and linked
            run = start("Not connected:", server__url=nobody)
            assert run.said("refused"), run.problems
            assert not run.said(works)
            first = start(works)
            assert first.said(works), first.problems
