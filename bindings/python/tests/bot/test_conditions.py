"""Conditions of one's own: coroutine functions are awaited wherever a condition is taken, and what is none is refused at once."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from bots import a_bot, until
from conftest import run
from test_filters import a_message

from libwa.bot import Bot, F, Failure, Filter, GroupUpdate, Message, Router
from libwa.bot.testing import BotTester


async def no(message: Message) -> bool:
    await asyncio.sleep(0)
    return False


async def yes(message: Message) -> bool:
    await asyncio.sleep(0)
    return True


async def never(text: str | None) -> bool:
    await asyncio.sleep(0)
    return False


def gives_a_coroutine(message: Message) -> Any:
    return no(message)


class Never:
    async def __call__(self, message: Message) -> bool:
        return await no(message)


class Own(Filter):
    """As filters of other frameworks are written."""

    def __init__(self, answer: bool) -> None:
        self.answer = answer

    async def __call__(self, message: Message) -> bool:
        await asyncio.sleep(0)
        return self.answer


async def about_what(answer: bool, message: Message) -> bool:
    return answer


CONDITIONS: list[tuple[Any, bool]] = [
    (no, False),
    (yes, True),
    (Filter(no), False),
    (Filter(Filter(no)), False),
    (~Filter(no), True),
    (gives_a_coroutine, False),
    (Never(), False),
    (Filter(Never()), False),
    (functools.partial(about_what, False), False),
    (Own(False), False),
    (~Own(False), True),
    (Own(True) & yes, True),
    (F.text.is_(never), False),
    (~F.text.is_(never), True),
    (F.text & no, False),
    (no & F.text, False),
    (F.text.is_(never) | no, False),
    (no | F.text, True),
    (F.text & yes & ~Filter(no), True),
]


@pytest.mark.parametrize(("condition", "met"), CONDITIONS)
def test_a_condition_is_awaited_wherever_one_is_taken(condition: Any, met: bool) -> None:
    async def check() -> bool:
        return await (condition if isinstance(condition, Filter) else Filter(condition)).check(a_message())

    assert run(check()) is met


def a_bot_with(condition: Any) -> Bot:
    """A bot that has the condition in every place, and before each a handler that says which place let the message in."""
    bot = a_bot()

    def says(place: str) -> Callable[[Message], Any]:
        async def handler(message: Message) -> None:
            await message.answer(place)

        return handler

    bot.message(condition)(says("message"))
    bot.message(F.text, condition)(says("message, second"))
    bot.private.message(condition)(says("private"))
    bot.command("do", filter=condition)(says("command"))
    router, inner = Router(condition), Router(condition)
    router.message()(says("router"))
    router.include(inner)
    bot.include(router)
    bot.edited(condition)(says("edited"))
    bot.message()(says("nothing"))
    return bot


@pytest.mark.parametrize("condition", [no, Filter(no), F.text.is_(never), F.text & no, ~Filter(yes)])
def test_an_async_condition_keeps_messages_out(condition: Any) -> None:
    async def test() -> None:
        async with BotTester(a_bot_with(condition)) as t:
            await t.send("hello")
            assert (await t.reply()).text == "nothing"
            first = await t.send("/do")
            assert (await t.reply()).text == "nothing"
            ada = await t.user()
            await ada.edit(first, "else")
            await ada.send("/help")
            assert (await ada.reply()).text == "/do"

    run(test())


def test_an_async_condition_lets_messages_in() -> None:
    async def test() -> None:
        async with BotTester(a_bot_with(yes)) as t:
            await t.send("hello")
            assert (await t.reply()).text == "message"

    run(test())


def test_async_conditions_of_those_who_wait() -> None:
    bot = a_bot()
    allowed: list[str] = []

    async def is_allowed(message: Message) -> bool:
        await asyncio.sleep(0.01)
        return message.text in allowed

    @bot.command()
    async def ask(message: Message) -> None:
        await message.answer("what?")
        reply = await message.wait_reply(is_allowed)
        await reply.reply(f"so {reply.text}")

    @bot.message()
    async def rest(message: Message) -> None:
        await message.answer(f"heard {message.text}")

    async def test() -> None:
        async with BotTester(bot) as t:
            ada = await t.user()
            allowed.append("yes")
            await ada.send("/ask")
            assert (await ada.reply()).text == "what?"
            for text in ("no", "yes", "later"):
                await ada.send(text)
            assert [(await ada.reply()).text for _ in range(3)] == ["so yes", "heard no", "heard later"]
            outside = asyncio.ensure_future(bot.wait_for("message", Filter(is_allowed) & F.is_private, timeout=150))
            await ada.send("no")
            assert (await ada.reply()).text == "heard no"
            await ada.send("yes")
            assert (await outside).text == "yes"

            async def is_second(event: Any) -> bool:
                await asyncio.sleep(0)
                return bool(event.text == "second")

            group = await t.group("first", creator=ada)
            waiting = asyncio.ensure_future(bot.wait_for("group.update", is_second, timeout=150))
            await group.set_subject("other")
            await group.set_subject("second")
            assert (await waiting).text == "second"

    run(test())


def test_a_condition_that_hangs_ends_with_its_time() -> None:
    bot = a_bot()
    asked: list[str] = []

    async def hangs(message: Message) -> bool:
        asked.append(message.text or "")
        await asyncio.sleep(1000)
        return True

    @bot.message()
    async def rest(message: Message) -> None:
        await message.answer(f"heard {message.text}")

    async def test() -> None:
        async with BotTester(bot) as t:
            waiting = asyncio.ensure_future(bot.wait_for("message", hangs, timeout=1))
            await t.send("hello")
            with pytest.raises(TimeoutError):
                await waiting
            assert (await t.reply()).text == "heard hello"
            assert asked in (["hello"], [])

    run(test())


def test_a_call_of_a_filter_that_waits_is_refused() -> None:
    with pytest.raises(TypeError, match=r"await filter\.check"):
        Filter(no)(a_message())


def generator(message: Message) -> Any:
    yield True


async def async_generator(message: Message) -> Any:
    yield True


def of_two(message: Message, more: object) -> bool:
    return True


REFUSED: list[Any] = [
    "ping",
    True,
    None,
    5,
    Message,
    generator,
    async_generator,
    lambda: True,
    of_two,
]


@pytest.mark.parametrize("wrong", REFUSED)
def test_what_is_no_condition_is_refused_at_definition(wrong: Any) -> None:
    bot = a_bot()
    places: list[Callable[[], object]] = [
        lambda: Filter(wrong),
        lambda: bot.message(wrong),
        lambda: bot.message(F.text, wrong),
        lambda: bot.group.message(wrong),
        lambda: bot.edited(wrong),
        lambda: bot.vote(wrong),
        lambda: F.text & wrong,
        lambda: F.text | wrong,
        lambda: wrong & F.text,
        lambda: F.text.is_(wrong),
    ]
    if wrong is not None:
        places += [lambda: bot.command("do", filter=wrong), lambda: Router(wrong)]
    for place in places:
        with pytest.raises(TypeError):
            place()
    if wrong is not None:

        async def waits() -> None:
            async with BotTester(bot):
                with pytest.raises(TypeError):
                    await bot.wait_for("message", wrong, timeout=1)

        run(waits())


def test_values_that_nothing_can_be_are_refused_at_definition() -> None:
    wrong: list[Callable[[], object]] = [
        lambda: F.text.in_("ping"),
        lambda: F.text.startswith(["a"]),  # type: ignore[arg-type]  # pyright: ignore
        lambda: F.text.endswith(1),  # type: ignore[arg-type]  # pyright: ignore
        lambda: F.text.contains(None),  # type: ignore[arg-type]  # pyright: ignore
        lambda: F.sender == 15551230001,
        lambda: F.sender == "Ada",
        lambda: F.sender.in_("15551230001"),
        lambda: F.chat == None,  # noqa: E711
        lambda: F.chat != "",
    ]
    for each in wrong:
        with pytest.raises((TypeError, ValueError)):
            each()
    # What is written between the digits of a number does not matter.
    assert (F.sender == "+1 (555) 123-0001")(a_message()) is True


def test_administrators() -> None:
    bot = a_bot()

    @bot.command(filter=F.sender_is_admin)
    async def ban(message: Message) -> None:
        await message.answer("banned")

    @bot.command(filter=F.bot_is_admin & ~F.sender_is_admin)
    async def rename(message: Message) -> None:
        await message.answer("renamed")

    @bot.message()
    async def rest(message: Message) -> None:
        await message.answer("not for you")

    async def test() -> None:
        async with BotTester(bot) as t:
            ada, bob = await t.user("Ada"), await t.user("Bob")
            group = await t.group("Gardening", bob, creator=ada)

            async def of(person: Any, text: str) -> str | None:
                await group.send(text, by=person)
                return (await group.reply(to=person)).text

            async def told(change: Coroutine[Any, Any, None], word: str) -> None:
                def is_it(update: GroupUpdate) -> bool:
                    return update.change == word

                telling = asyncio.ensure_future(bot.wait_for("group.update", is_it, timeout=150))
                await asyncio.sleep(0)
                await change
                await telling

            assert await of(ada, "/ban") == "banned"
            assert (await group.reply(to=bob)).text == "banned"
            assert await of(bob, "/ban") == "not for you"
            assert await of(bob, "/rename") == "not for you"
            # What changes counts at once.
            await told(group.promote(bob), "promote")
            assert await of(bob, "/ban") == "banned"
            await told(group.demote(bob), "demote")
            assert await of(bob, "/ban") == "not for you"
            await told(group.promote(t.number), "promote")
            assert await of(bob, "/rename") == "renamed"
            # Nobody is an administrator of a chat between two.
            await ada.send("/ban")
            assert (await ada.reply()).text == "not for you"

    run(test())


def test_who_cannot_be_asked_for_is_no_administrator() -> None:
    bot = a_bot()

    @bot.command(filter=F.sender_is_admin)
    async def ban(message: Message) -> None:
        raise AssertionError("nobody said so")

    failed: list[Failure] = []
    bot.error(failed.append)

    async def test() -> None:
        async with BotTester(bot) as t:
            group = await t.group("Gardening")
            t.simulator.fault({"tag": "iq", "xmlns": "w:g2"}, {"error": {"code": 500}}, times=0)
            try:
                await group.send("/ban")
                await until(lambda: failed)
            finally:
                t.simulator.clear_faults()

    run(test())
