"""Commands: how their arguments are read, and what is refused."""

from __future__ import annotations

import enum
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any, Literal, Optional

import pytest
from bots import a_bot
from conftest import run
from protobuf import field, text_of

from libwa.bot import ArgumentError, CommandDefinitionError, Message
from libwa.bot.commands import define, split
from libwa.bot.testing import BotTester


class Colour(enum.Enum):
    RED = 1
    GREEN = 2


class Point:
    """A type that reads itself."""

    def __init__(self, text: str) -> None:
        x, comma, y = text.partition(",")
        if not comma:
            raise ValueError("write x,y")
        self.value = (int(x), int(y))


def add(message: Message, a: int, b: int = 0) -> None: ...
def many(message: Message, first: str, *numbers: float) -> None: ...
def rest(message: Message, who: str, *, text: str) -> None: ...
def optional_rest(message: Message, *, text: str = "nothing") -> None: ...
def kinds(message: Message, on: bool, size: Literal["small", "large"], colour: Colour, at: Optional[Point] = None) -> None: ...  # noqa: UP045
def when(message: Message, day: date, at: time = time(), until: Optional[datetime] = None) -> None: ...  # noqa: UP045
def remind(message: Message, at: datetime, *, text: str) -> None: ...
def untyped(message: Message, word: Any) -> None: ...


@pytest.mark.parametrize(
    ("handler", "text", "positional", "named"),
    [
        (add, "1 2", [1, 2], {}),
        (add, "  -7  ", [-7], {}),
        (many, "a", ["a"], {}),
        (many, "a 1 2.5", ["a", 1.0, 2.5], {}),
        (many, "a -.5 +1. 2e3", ["a", -0.5, 1.0, 2000.0], {}),
        (many, '"two words" 1', ["two words", 1.0], {}),
        (many, r'"a \"b\" c"', ['a "b" c'], {}),
        (many, "don't", ["don't"], {}),
        (many, "“two words” 1", ["two words", 1.0], {}),
        (many, "„zwei Wörter“ 1", ["zwei Wörter", 1.0], {}),
        (many, "”två ord” 1", ["två ord", 1.0], {}),
        (many, '"mixed” 1', ["mixed", 1.0], {}),
        (untyped, "“open", ["“open"], {}),
        (untyped, "‘so’", ["‘so’"], {}),  # noqa: RUF001
        (many, "“” 1", ["", 1.0], {}),
        (when, "2026-01-31", [date(2026, 1, 31)], {}),
        (when, "2026-01-31 7:05", [date(2026, 1, 31), time(7, 5)], {}),
        (when, "2026-01-31 18:30:15 2026-02-01T09:00", [date(2026, 1, 31), time(18, 30, 15), datetime(2026, 2, 1, 9)], {}),
        (when, '2026-01-31 18:30 "2026-02-01 09:00"', [date(2026, 1, 31), time(18, 30), datetime(2026, 2, 1, 9)], {}),
        (remind, "2026-01-31 18:30 the cake", [datetime(2026, 1, 31, 18, 30)], {"text": "the cake"}),
        (remind, "2026-01-31  8:30 the cake", [datetime(2026, 1, 31, 8, 30)], {"text": "the cake"}),
        (remind, "2026-01-31 the cake", [datetime(2026, 1, 31)], {"text": "the cake"}),
        (remind, "2026-01-31T18:30 the cake", [datetime(2026, 1, 31, 18, 30)], {"text": "the cake"}),
        (rest, "ada  see you\nthere", ["ada"], {"text": "see you\nthere"}),
        (optional_rest, "", [], {}),
        (optional_rest, '"quoted" stays', [], {"text": '"quoted" stays'}),
        (kinds, "yes LARGE green", [True, "large", Colour.GREEN], {}),
        (untyped, "x", ["x"], {}),
    ],
)
def test_arguments(handler: Callable[..., object], text: str, positional: list[Any], named: dict[str, Any]) -> None:
    assert define(handler, None, (), None, False).parse(text) == (positional, named)


def test_an_argument_of_a_type_that_reads_itself() -> None:
    positional, _ = define(kinds, None, (), None, False).parse("off small red 3,4")
    assert positional[:3] == [False, "small", Colour.RED]
    assert positional[3].value == (3, 4)


@pytest.mark.parametrize(
    ("handler", "text", "said"),
    [
        (add, "", "a is missing"),
        (add, "one", "a must be a whole number"),
        (add, "1 2 3", "more words than the command takes"),
        (many, "a b", "numbers must be a number"),
        (many, "a nan", "numbers must be a number"),
        (many, "a -inf", "numbers must be a number"),
        (many, "a 1_0.5", "numbers must be a number"),
        (many, "a ٣", "numbers must be a number"),
        (many, "a 1e999", "numbers is too large"),
        (rest, "ada", "text is missing"),
        (kinds, "perhaps small red", "on must be yes or no"),
        (kinds, "yes huge red", "size must be one of small, large"),
        (kinds, "yes small blue", "colour must be one of red, green"),
        (kinds, "yes small red 34", "at: write x,y"),
        (when, "tomorrow", "day must be a date, such as 2026-01-31"),
        (when, "2026-02-30", "day must be a date"),
        (when, "2026-01-31 25:00", "at must be a time, such as 18:30"),
        (remind, "soon x", "at must be a date and a time, such as 2026-01-31 18:30"),
    ],
)
def test_arguments_that_do_not_fit(handler: Callable[..., object], text: str, said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        define(handler, None, (), None, False).parse(text)


def test_usage_and_help() -> None:
    assert define(add, None, (), None, False).usage("/") == "/add <a> [b]"
    assert define(many, "Sum", (), None, False).usage("!") == "!sum <first> [numbers…]"
    assert define(rest, None, (), None, False).usage("/") == "/rest <who> <text…>"

    def documented(message: Message) -> None:
        """Does something
        worth a line.

        And more.
        """

    assert define(documented, None, (), None, False).help == "Does something worth a line."
    assert define(documented, None, (), "In short.", False).help == "In short."


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/add 1 2", ("add", "1 2")),
        ("/ADD", ("add", "")),
        ("/add\n1", ("add", "1")),
        ("/ add", None),
        ("add", None),
        ("/", None),
        ("", None),
        (None, None),
    ],
)
def test_what_is_a_command(text: str | None, found: tuple[str, str] | None) -> None:
    assert split(text, "/") == found


def test_handlers_that_cannot_be_commands() -> None:
    def nothing() -> None: ...
    def named(message: Message, **more: str) -> None: ...
    def twice(message: Message, *, a: str, b: str) -> None: ...
    def after_many(message: Message, *a: str, b: str) -> None: ...
    def unreadable(message: Message, a: list[int]) -> None: ...
    def unknown(message: Message, a: str) -> None: ...

    unknown.__annotations__["a"] = "NoSuchType"
    refused: list[Callable[..., object]] = [nothing, named, twice, after_many, unreadable, unknown]
    for handler in refused:
        with pytest.raises(CommandDefinitionError):
            define(handler, None, (), None, False)
    with pytest.raises(CommandDefinitionError, match="one word"):
        define(add, "two words", (), None, False)
    with pytest.raises(TypeError, match="with parentheses"):
        a_bot().command(add)  # type: ignore[arg-type]  # pyright: ignore


def test_commands_in_a_chat() -> None:
    bot = a_bot()

    @bot.command(help="Adds two numbers")
    async def add(message: Message, a: int, b: int = 0) -> None:
        await message.answer(str(a + b))

    @bot.command("say", "speak")
    async def say(message: Message, *, text: str) -> None:
        """Says it."""
        await message.answer(f"{message.command}: {text}")

    @bot.group.command(hidden=True)
    async def secret(message: Message) -> None:
        await message.answer("hidden")

    async def test() -> None:
        async with BotTester(bot) as t:

            async def answer(text: str) -> str | None:
                await t.send(text)
                return (await t.reply()).text

            assert await answer("/add 2 3") == "5"
            assert await answer("/add two") == "A must be a whole number.\nUsage: /add <a> [b]"
            assert await answer("/speak it  out") == "say: it  out"
            assert await answer("/help") == "/add <a> [b] - Adds two numbers\n/say <text…> - Says it."
            assert await answer("/help /say") == "/say <text…> - Says it.\nAlso: /speak"
            assert await answer("/help secret") == "There is no command /secret."
            await t.send("/secret")
            await t.send("/nothing")
            await t.send("2 3")
            await t.no_reply()
            group = await t.group("Family")
            await group.send("/secret")
            assert (await group.reply()).text == "hidden"
            await group.send("/help secret")
            assert (await group.reply()).text == "/secret"

    run(test())


def test_a_help_of_ones_own_and_another_prefix() -> None:
    bot = a_bot(prefix="!")

    @bot.command()
    async def help(message: Message) -> None:
        await message.answer("mine")

    async def test() -> None:
        async with BotTester(bot) as t:
            await t.send("/help")
            await t.send("!help")
            assert (await t.reply()).text == "mine"

    run(test())


def test_captions_are_commands_if_wished() -> None:
    bot = a_bot()

    @bot.command(captions=True)
    async def sticker(message: Message, size: int) -> None:
        await message.answer(f"{message.kind} of {size}")

    @bot.command()
    async def add(message: Message, a: int) -> None:
        await message.answer(str(a))

    @bot.message()
    async def rest(message: Message) -> None:
        await message.answer("rest")

    async def test() -> None:
        async with BotTester(bot) as t:
            ada = await t.user()

            async def picture(caption: str) -> str | None:
                body = {"to": t.number, "message": text_of(field(3, field(3, caption)))}
                await t.control("POST", f"/phones/{ada.number}/send_raw", body)
                return (await ada.reply()).text

            assert await picture("/sticker 5") == "image of 5"
            assert await picture("/sticker big") == "Size must be a whole number.\nUsage: /sticker <size>"
            assert await picture("/add 5") == "rest"
            await ada.send("/sticker 6")
            assert (await ada.reply()).text == "text of 6"

    run(test())
