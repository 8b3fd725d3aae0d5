"""The programs that the READMEs and examples/ show, run as they stand against the simulator."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
from conftest import PATIENCE, ROOT, interrupt, script

from libwa.testing import Simulator

NUMBER = "+15551234567"

# Tells the program where the simulator is, which is all that its user would have to change.
HEAD = """
import functools, runpy
libwa.Client = functools.partial(libwa.Client, config=config)
runpy.run_path(sys.argv.pop(1), run_name="__main__")
"""


def snippets(readme: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", readme.read_text(), flags=re.S)


def programs() -> dict[str, str]:
    found = {"examples/python/pair.py": (ROOT / "examples/python/pair.py").read_text()}
    for readme in ("README.md", "bindings/python/README.md"):
        found.update({f"{readme} {n}": source for n, source in enumerate(snippets(ROOT / readme)) if "asyncio.run" in source})
    return found


@pytest.mark.parametrize("name", programs())
def test_a_program_links_and_stays_connected(name: str, wa_sim: Simulator, tmp_path: Path) -> None:
    phone = wa_sim.phone(NUMBER)
    program = tmp_path / "program.py"
    program.write_text(programs()[name])
    for linked in (False, True):
        process = script(HEAD, str(program), NUMBER, config=wa_sim.config, cwd=tmp_path, bufsize=1, buffered=True)
        assert process.stdout is not None
        with process:
            try:
                line = process.stdout.readline()
                if linked:
                    assert line.startswith("Connection("), line
                else:
                    assert phone.enter(line.split(": ")[1].strip()).linked, line
                interrupt(process)
                process.communicate(timeout=PATIENCE)
            finally:
                process.kill()
    phone.wait_companions(1)


def test_the_test_of_a_bot(tmp_path: Path) -> None:
    [source] = [source for source in snippets(ROOT / "bindings/python/README.md") if "def test_" in source]
    file = tmp_path / "test_my_bot.py"
    file.write_text(source)
    runpy.run_path(str(file))["test_my_bot"]()


def test_the_first_screen_is_the_same_program() -> None:
    assert snippets(ROOT / "README.md")[0] == snippets(ROOT / "bindings/python/README.md")[0]
