"""Brings a message through the middlewares to the handler that takes it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from .commands import ArgumentError, Command, split
from .later import collected
from .message import Message
from .router import Middleware, Next, Route, Router, Skip


async def call(function: Callable[..., object], *args: Any, **named: Any) -> Any:
    """Calls a function of the user, a coroutine function or a plain one.

    What a plain one sends goes out when it is through, in the order of its calls. When one fails, the later ones go out all
    the same, and the failure is raised after them.
    """
    result, error, calls = collected(function, *args, **named)
    failures = [] if error is None else [error]
    try:
        if inspect.isawaitable(result):
            try:
                result = await result
            except Exception as failure:
                failures.append(failure)
        for each in calls:
            try:
                await each
            except Exception as failure:
                failures.append(failure)
    finally:
        # A limit or the end of the bot cancels the rest.
        for each in calls:
            each.drop()
    _raise(failures)
    return result


def _raise(failures: list[Exception]) -> None:
    """Raises the first, with the others as its contexts. That a handler skips hides no failure."""
    failures.sort(key=lambda failure: isinstance(failure, Skip))
    distinct: list[Exception] = []
    for failure in failures:
        if not any(failure is other for other in distinct):
            distinct.append(failure)
    for failure, other in zip(distinct, distinct[1:]):
        if failure.__context__ is None:
            failure.__context__ = other
    if distinct:
        raise distinct[0]


async def call_within(seconds: float | None, function: Callable[..., object], *args: Any, **named: Any) -> Any:
    """The same, with a limit.

    Raises:
        TimeoutError: It took longer, and was cancelled.
    """
    if seconds is None:
        return await call(function, *args, **named)
    own: list[BaseException] = []

    async def noted() -> Any:
        try:
            return await call(function, *args, **named)
        except asyncio.TimeoutError as error:
            own.append(error)
            raise

    try:
        return await asyncio.wait_for(noted(), seconds)
    except asyncio.TimeoutError as error:
        # A wait of the handler's own says itself what did not come.
        if error in own:
            raise
        raise TimeoutError(f"the handler took longer than {seconds:g} seconds") from error


class Handling:
    """The way of messages through a router and those that it includes."""

    def __init__(self, router: Router, prefix: str, timeout: float | None) -> None:
        self._router = router
        self._prefix = prefix
        self._timeout = timeout

    async def handle(self, message: Message) -> bool:
        """Brings the message to the first handler that takes it, and says whether one did."""
        return await self._through(self._router, message)

    def is_command(self, message: Message) -> bool:
        """Returns whether it names one of the bot's commands, or asks for help."""
        found = split(message.text, self._prefix) if message.kind == "text" else None
        if found is None or message.about != "new":
            return False
        names = self._router._command_names(message)
        return found[0] in names or (found[0] == "help" and bool(names))

    async def _through(self, router: Router, message: Message) -> bool:
        if router._condition is not None and not await router._condition.check(message):
            return False
        taken = False

        async def innermost(message: Message) -> None:
            nonlocal taken
            taken = await self._by_routes(router, message)

        step: Next = innermost
        for middleware in reversed(router._table.middlewares):
            step = _around(middleware, step)
        await step(message)
        return taken

    async def _by_routes(self, router: Router, message: Message) -> bool:
        if router is self._router and await self._help(message):
            return True
        for entry in router._table.routes:
            if isinstance(entry, Router):
                if await self._through(entry, message):
                    return True
            elif entry.command is not None:
                if await self._as_command(entry, entry.command, message):
                    return True
            elif await entry.suits(message) and await self._run(entry, message):
                return True
        return False

    async def _run(self, route: Route, message: Message, *args: Any, **named: Any) -> bool:
        try:
            await call_within(self._timeout, route.handler, message, *args, **named)
        except Skip:
            return False
        return True

    async def _as_command(self, route: Route, command: Command, message: Message) -> bool:
        found = (
            split(message.text, self._prefix) if message.kind == "text" or (command.captions and message.about == "new") else None
        )
        if found is None or found[0] not in (command.name, *command.aliases) or not await route.suits(message):
            return False
        message.command = command.name
        try:
            args, named = command.parse(found[1])
        except ArgumentError as error:
            await message.reply(f"{str(error).capitalize()}.\nUsage: {command.usage(self._prefix)}")
            return True
        return await self._run(route, message, *args, **named)

    async def _help(self, message: Message) -> bool:
        """Answers `/help`, if the bot has commands and none of them is that one. Handlers that take everything come after it."""
        found = split(message.text, self._prefix) if message.kind == "text" and not message.from_me else None
        if found is None or found[0] != "help":
            return False
        commands = [command async for command in self._router._commands(message)]
        if not commands or any("help" in (command.name, *command.aliases) for command in commands):
            return False
        wanted = found[1].strip().lower()
        if wanted.startswith(self._prefix):
            wanted = wanted[len(self._prefix) :]
        if not wanted:
            lines = [_line(command, self._prefix) for command in commands if not command.hidden]
            await message.reply("\n".join(lines) or "There are no commands.")
            return True
        for command in commands:
            if wanted in (command.name, *command.aliases):
                await message.reply(_details(command, self._prefix))
                return True
        await message.reply(f"There is no command {self._prefix}{wanted}.")
        return True


def _around(middleware: Middleware, step: Next) -> Next:
    async def wrapped(message: Message) -> None:
        await middleware(message, step)

    return wrapped


def _line(command: Command, prefix: str) -> str:
    usage = command.usage(prefix)
    return f"{usage} - {command.help}" if command.help else usage


def _details(command: Command, prefix: str) -> str:
    lines = [_line(command, prefix)]
    if command.aliases:
        lines.append("Also: " + ", ".join(prefix + alias for alias in command.aliases))
    return "\n".join(lines)
