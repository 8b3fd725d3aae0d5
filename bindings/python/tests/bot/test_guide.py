"""BOT.md: every program in it runs against the simulator, and every name in its tables exists.

Behind a program a comment can say what is to come of it: `<!-- try: text => answer | text => answer -->`, `<!-- input: … -->`,
`<!-- prints: … -->`.
"""

from __future__ import annotations

import dataclasses
import re
import runpy
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, run
from programs import Program, environment

from libwa import bot as package
from libwa.bot import EVENT_NAMES, Bot, ExitCode, F, PhoneNumberError, check_phone_number
from libwa.bot.options import Given
from libwa.bot.testing import BotTester
from libwa.testing import Simulator

GUIDE = (ROOT / "bindings/python/BOT.md").read_text()
NUMBER = "628123456789"


@dataclasses.dataclass
class Snippet:
    """A program of the guide, and what is to come of it."""

    name: str
    source: str
    tries: list[tuple[str, str]]
    input: str
    prints: str


def snippets() -> list[Snippet]:
    found: list[Snippet] = []
    for number, match in enumerate(re.finditer(r"```python\n(.*?)```\n((?:<!-- [^\n]* -->\n)*)", GUIDE, flags=re.S)):
        notes = re.findall(r"<!-- (\w+): (.*) -->", match[2])
        tries = [part.split(" => ") for kind, text in notes if kind == "try" for part in text.split(" | ")]
        heading = re.findall(r"^## (.*)$", GUIDE[: match.start()], flags=re.M)[-1]
        found.append(
            Snippet(
                f"{number} {heading}",
                match[1],
                [(text, answer.replace("\\n", "\n")) for text, answer in tries],
                "".join(text for kind, text in notes if kind == "input"),
                "".join(text for kind, text in notes if kind == "prints"),
            )
        )
    return found


def those(word: str) -> list[Any]:
    """The snippets of one form, by what they end in."""
    kinds: dict[str, list[Any]] = {"bot.run()": [], "asyncio.run(main())": [], "def test_": [], "other": []}
    for snippet in snippets():
        kind = next((kind for kind in kinds if kind in snippet.source), "other")
        kinds[kind].append(pytest.param(snippet, id=snippet.name))
    assert kinds[word]
    return kinds[word]


def nothing(bot: Bot) -> None:
    """In place of `Bot.run`: the test runs it."""


@pytest.mark.parametrize("snippet", those("bot.run()"))
def test_a_bot_of_the_guide(snippet: Snippet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Bot, "run", nothing)
    file = tmp_path / "program.py"
    file.write_text(snippet.source)
    bot: Bot = runpy.run_path(str(file), run_name="__main__")["bot"]

    async def test() -> None:
        async with BotTester(bot) as t:
            for text, answer in snippet.tries:
                await t.send(text)
                assert (await t.reply()).text == answer

    run(test())


@pytest.mark.parametrize("snippet", those("asyncio.run(main())"))
def test_a_program_of_the_guide(snippet: Snippet, wa_sim: Simulator, tmp_path: Path) -> None:
    phone = wa_sim.phone(NUMBER)
    with Program(["-c", snippet.source], tmp_path, environment(wa_sim, tmp_path)) as program:
        assert program.link(phone).linked
        assert program.wait() == 0, program.errors
    assert snippet.prints in program.output


@pytest.mark.parametrize("snippet", those("def test_"))
def test_a_test_of_the_guide(snippet: Snippet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "test_of_the_guide.py"
    file.write_text(snippet.source)
    namespace = runpy.run_path(str(file))
    [test] = [value for name, value in namespace.items() if name.startswith("test_")]
    test()


@pytest.mark.parametrize("snippet", those("other"))
def test_another_snippet_of_the_guide(
    snippet: Snippet, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def given(prompt: str) -> str:
        return snippet.input

    monkeypatch.setattr("builtins.input", given)
    exec(compile(snippet.source, snippet.name, "exec"), {})
    assert snippet.prints
    assert snippet.prints in capsys.readouterr().out


def table(heading: str) -> list[list[str]]:
    """The rows of the first table of a chapter, without its head."""
    chapter = GUIDE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in chapter.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def test_the_events_are_all_there() -> None:
    rows = table("Events")
    names = [row[0].strip("`") for row in rows]
    rest = re.findall(r"`([a-z.]+)`", GUIDE.split("## Events")[1].split("## Messages")[0].splitlines()[-2])
    assert sorted(names + [name for name in rest if name in EVENT_NAMES]) == sorted(EVENT_NAMES)
    for row in rows:
        kind, *attributes = re.findall(r"`(\w+)(?:\(\))?`", row[1])
        cls = getattr(package, kind)
        fields = {field.name for field in dataclasses.fields(cls)} if dataclasses.is_dataclass(cls) else set[str]()
        for attribute in attributes:
            assert attribute in fields or hasattr(cls, attribute) or attribute == "PairingCode", (kind, attribute)


def test_the_options_are_all_there() -> None:
    named = {name for row in table("Options") for name in re.findall(r"`([a-z_]+)`", row[0])}
    assert named == {field.name for field in dataclasses.fields(Given)}


def test_the_exit_statuses_are_all_there() -> None:
    rows = [(int(row[0]), row[1].strip("`")) for row in table("Stopping and exit statuses")]
    assert rows == [(code.value, code.name) for code in ExitCode]


def test_the_numbers_are_right() -> None:
    rows = table("Phone numbers")
    for row in rows[:-1]:
        for number in re.findall(r"`([^`]+)`", row[0]):
            if row[1] == "right":
                assert check_phone_number(number) == number
            else:
                with pytest.raises(PhoneNumberError, match=f"^{re.escape(row[1])}"):
                    check_phone_number(number)


def test_the_fields_of_messages_are_all_there() -> None:
    named = set(re.findall(r"`F\.(\w+)`", GUIDE))
    assert named == {name for name in vars(type(F)) if not name.startswith("_")}


def test_links_lead_somewhere() -> None:
    folder = ROOT / "bindings/python"
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"^## (.*)$", GUIDE, flags=re.M)}
    for target in re.findall(r"\]\(([^)]+)\)", GUIDE):
        path, _, anchor = target.partition("#")
        assert (folder / path).exists(), target
        if not path:
            assert anchor in anchors, target
