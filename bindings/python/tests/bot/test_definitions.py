"""What handlers, hooks and tasks must be like, which is checked when they are registered."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
from bots import a_bot

from libwa.bot import Bot, CommandDefinitionError, Message

DECORATORS: dict[str, Callable[[Bot], Callable[[Any], object]]] = {
    "message": lambda bot: bot.message(),
    "group.message": lambda bot: bot.group.message(),
    "reaction": lambda bot: bot.reaction(),
    "edited": lambda bot: bot.edited(),
    "deleted": lambda bot: bot.deleted(),
    "vote": lambda bot: bot.vote(),
    "service": lambda bot: bot.service(),
    "status": lambda bot: bot.status(),
    "channel_post": lambda bot: bot.channel_post(),
    "on ready": lambda bot: bot.on("ready"),
    "on message": lambda bot: bot.on("message"),
    "on group.update": lambda bot: bot.on("group.update"),
    "error": lambda bot: bot.error,
}
HOOKS: dict[str, Callable[[Bot], Callable[[Any], object]]] = {
    "startup": lambda bot: bot.startup,
    "shutdown": lambda bot: bot.shutdown,
    "every": lambda bot: bot.every(1),
}


def nothing() -> None: ...
async def nothing_async() -> None: ...
async def two(message: Message, more: object) -> None: ...
async def named(message: Message, *, more: object) -> None: ...
def yields(message: Message) -> Any:
    yield message


async def yields_async(message: Message) -> Any:
    yield message


class Callable_:
    def __call__(self, message: Message) -> Any:
        yield message


async def right(message: Message, more: int = 1) -> None: ...
async def any_number(*args: object) -> None: ...
def plain(message: Message) -> None: ...


@pytest.mark.parametrize("decorator", DECORATORS)
def test_handlers(decorator: str) -> None:
    bot = a_bot()
    for wrong in ("ping", None, 5, Message, nothing, nothing_async, two, named, yields, yields_async, Callable_()):
        with pytest.raises(TypeError):
            DECORATORS[decorator](bot)(wrong)
    found: list[object] = []
    for fine in (right, any_number, plain, found.append, functools.partial(two, more=1)):
        assert DECORATORS[decorator](bot)(fine) is fine


@pytest.mark.parametrize("hook", HOOKS)
def test_hooks(hook: str) -> None:
    bot = a_bot()

    def yields_nothing() -> Any:
        yield

    coroutine = nothing_async()
    for wrong in ("ping", None, right, yields_nothing, coroutine):
        with pytest.raises(TypeError):
            HOOKS[hook](bot)(wrong)
    for fine in (nothing, nothing_async, lambda: print()):
        assert HOOKS[hook](bot)(fine) is fine


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), "5", None, True, nothing])
def test_seconds_between_tasks(seconds: Any) -> None:
    with pytest.raises(ValueError, match="number of seconds"):
        a_bot().every(seconds)


def test_middlewares() -> None:
    def plain(message: Message, next: Any) -> None: ...
    async def of_one(message: Message) -> None: ...
    async def fine(message: Message, next: Any) -> None: ...

    bot = a_bot()
    for wrong in (plain, of_one, "x"):
        with pytest.raises(TypeError):
            bot.middleware(wrong)  # type: ignore[type-var]  # pyright: ignore
    assert bot.middleware(fine) is fine
    for no_router in (None, "x", fine):
        with pytest.raises(TypeError, match="takes a router"):
            bot.include(no_router)  # type: ignore[arg-type]  # pyright: ignore


@pytest.mark.parametrize("name", ["/start", "!start", "two words", "", ["start"], 5])
def test_names_of_commands(name: Any) -> None:
    bot = a_bot()
    with pytest.raises(CommandDefinitionError):
        bot.command(name)(plain)
    with pytest.raises(CommandDefinitionError):
        bot.command("begin", name)(plain)
    if name == "/start":
        with pytest.raises(CommandDefinitionError, match="write 'start', not '/start'"):
            bot.command(name)


def test_commands_that_cannot_be_called() -> None:
    bot = a_bot()
    for wrong in (nothing, yields, yields_async, "x", Message):
        with pytest.raises(TypeError):
            bot.command("do")(wrong)  # type: ignore[type-var]  # pyright: ignore


def test_events() -> None:
    for wrong in ("redy", "", right):
        with pytest.raises((TypeError, ValueError)):
            a_bot().on(wrong)  # type: ignore[call-overload]  # pyright: ignore


def test_tasks() -> None:
    for wrong in (nothing_async, 5):
        with pytest.raises(TypeError, match="create_task takes"):
            a_bot().create_task(wrong)  # type: ignore[arg-type]  # pyright: ignore
