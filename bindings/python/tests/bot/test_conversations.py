"""Handlers that wait for an answer: what goes on meanwhile, and what becomes of them when the bot stops."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest
from bots import a_bot, until
from conftest import run
from programs import Program, Somebody, environment

from libwa import errors
from libwa.bot import Bot, F, Failure, GroupUpdate, Message
from libwa.bot.dispatcher import MOST_HELD, Dispatcher, Job
from libwa.bot.testing import BotTester
from libwa.testing import Simulator

NUMBER = "15551234567"


def a_table() -> Bot:
    """A bot that takes reservations."""
    bot = a_bot()

    @bot.command()
    async def book(message: Message) -> None:
        await message.reply("For how many?")
        guests = await message.wait_reply(F.text.regex(r"^\d+$"))
        await guests.reply(f"A table for {guests.text}.")

    @bot.command()
    async def ping(message: Message) -> None:
        await message.reply("pong")

    @bot.on("group.update")
    async def update(update: GroupUpdate) -> None:
        if update.change == "subject":
            await update.answer(f"now {update.text}")

    @bot.message()
    async def rest(message: Message) -> None:
        await message.reply(f"heard {message.text}")

    return bot


def test_a_conversation_in_a_group_holds_up_its_own_person_only() -> None:
    async def test() -> None:
        async with BotTester(a_table()) as t:
            ada, bob = await t.user("Ada"), await t.user("Bob")
            group = await t.group("Dinner", bob, creator=ada)

            async def said(*texts: str) -> None:
                assert [(await group.reply()).text for _ in texts] == list(texts)

            await group.send("/book", by=ada)
            await said("For how many?")
            # Others, commands of the same person, and changes of the group are dealt with meanwhile.
            await group.send("hello", by=bob)
            await said("heard hello")
            await group.send("/ping", by=bob)
            await said("pong")
            await group.send("/ping", by=ada)
            await said("pong")
            await group.set_subject("Supper")
            await said("now Supper")
            # In another chat the person is served as anybody is.
            await ada.send("elsewhere")
            assert (await ada.reply()).text == "heard elsewhere"
            # What of theirs does not fit stays in line; what fits is theirs, and not that of somebody else.
            await group.send("perhaps", by=ada)
            await group.send("3", by=bob)
            await said("heard 3")
            await group.send("/help ping", by=ada)
            await said("/ping")
            # Two conversations at a time.
            await group.send("/book", by=bob)
            await said("For how many?")
            await group.send("2", by=ada)
            await said("A table for 2.", "heard perhaps")
            await group.send("5", by=bob)
            await said("A table for 5.")

    run(test())


def test_commands_are_no_replies_unless_asked_for() -> None:
    bot = a_bot()

    @bot.command()
    async def ask(message: Message) -> None:
        await message.answer("anything?")
        reply = await message.wait_reply()
        await message.answer(f"{reply.text}; and now?")
        reply = await message.wait_reply(F.text.in_(["/ping", "/stop"]))
        await message.answer(f"{reply.text} it is")

    @bot.command()
    async def ping(message: Message) -> None:
        await message.answer("pong")

    @bot.group.command()
    async def rename(message: Message) -> None:
        await message.answer("renamed")

    async def test() -> None:
        async with BotTester(bot) as t:

            async def says(text: str) -> str | None:
                await t.send(text)
                return (await t.reply()).text

            assert await says("/ask") == "anything?"
            assert await says("/ping") == "pong"
            assert await says("/help ping") == "/ping"
            # What is no command here is a reply.
            assert await says("/rename") == "/rename; and now?"
            assert await says("/ping") == "/ping it is"
            outside = asyncio.ensure_future(bot.wait_for("message", timeout=150))
            assert await says("/ping") == "pong"
            await t.send("hello")
            assert (await outside).text == "hello"

    run(test())


def test_a_handler_that_goes_on_waits_for_its_turn() -> None:
    async def test() -> None:
        dispatcher = Dispatcher(concurrency=9)
        order: list[str] = []
        answer, gate = asyncio.Event(), asyncio.Event()

        async def asks() -> None:
            await dispatcher.pause(answer.wait())
            order.append("asks goes on")

        async def works() -> None:
            order.append("works begins")
            answer.set()
            await gate.wait()
            order.append("works ends")

        async def later() -> None:
            order.append("later")

        dispatcher.open()
        dispatcher.put_for_chat("a", Job("asks", asks, lambda: None, person="ada"))
        dispatcher.put_for_chat("a", Job("works", works, lambda: None, person="bob"))
        dispatcher.put_for_chat("a", Job("later", later, lambda: None, person="ada"))
        await until(lambda: order == ["works begins"])
        await asyncio.sleep(0.01)
        gate.set()
        await until(lambda: len(order) == 4)
        assert order == ["works begins", "works ends", "asks goes on", "later"]
        await dispatcher.stop(50)

    run(test())


def test_a_task_of_a_handler_that_has_ended_holds_up_nothing() -> None:
    async def test() -> None:
        dispatcher = Dispatcher(concurrency=1)
        done: list[str] = []
        answer = asyncio.Event()
        tasks: list[asyncio.Task[Any]] = []

        async def leaves_a_task() -> None:
            tasks.append(asyncio.ensure_future(dispatcher.pause(answer.wait())))
            await asyncio.sleep(0)

        async def next_one() -> None: ...

        dispatcher.open()
        for name in ("first", "second"):
            dispatcher.put_for_chat("a", Job(name, leaves_a_task, lambda name=name: done.append(name), person="ada"))  # type: ignore[misc]
        await until(lambda: len(done) == 2)
        answer.set()
        await asyncio.gather(*tasks)
        dispatcher.put_for_chat("a", Job("third", next_one, lambda: done.append("third"), person="ada"))
        await until(lambda: len(done) == 3)
        await dispatcher.stop(50)

    run(test())


def test_of_a_person_who_floods_a_conversation_the_oldest_go_to_their_handlers(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        dispatcher = Dispatcher(concurrency=9)
        begun: list[str] = []

        async def never(_: object) -> bool:
            return False

        async def asks() -> None:
            with contextlib.suppress(TimeoutError):
                await dispatcher.take(never, "a", 60)

        def put(name: str, person: str) -> None:
            async def work() -> None:
                begun.append(name)

            dispatcher.put_for_chat("a", Job(name, work, lambda: None, person=person))

        dispatcher.open()
        asking = Job("asks", asks, lambda: None, person="ada")
        dispatcher.put_for_chat("a", asking)
        for number in range(MOST_HELD):
            put(f"{number}", "ada")
        put("bob", "bob")
        await until(lambda: begun == ["bob"])
        for number in range(MOST_HELD, MOST_HELD + 3):
            put(f"{number}", "ada")
        put("bob again", "bob")
        await until(lambda: "bob again" in begun)
        # The oldest begin, in their order; as many stay in line as may.
        assert begun == ["bob", "0", "1", "2", "bob again"]
        assert len([each for each in caplog.records if "stay in line" in each.getMessage()]) == 1
        assert asking.pauses == 1
        dispatcher.cancel_waiting()
        await dispatcher.stop(50)

    run(test())


def test_a_person_cannot_have_any_number_of_conversations() -> None:
    async def test() -> None:
        dispatcher = Dispatcher(concurrency=9)
        answer = asyncio.Event()
        refused: list[int] = []
        through: list[int] = []

        def put(number: int, person: str | None) -> None:
            async def waits() -> None:
                try:
                    await dispatcher.pause(answer.wait())
                except TimeoutError:
                    refused.append(number)

            dispatcher.put_for_chat("a", Job(number, waits, lambda: through.append(number), person=person, passes=True))

        dispatcher.open()
        for number in range(MOST_HELD + 2):
            put(number, "ada")
        await until(lambda: len(refused) == 2)
        for number in range(100, 100 + MOST_HELD + 1):
            put(number, None)
        put(200, "bob")
        assert refused == through == [MOST_HELD, MOST_HELD + 1]
        answer.set()
        await until(lambda: len(through) == 2 * MOST_HELD + 4)
        assert len(refused) == 2
        await dispatcher.stop(50)

    run(test())


def test_what_was_taken_too_late_is_handled() -> None:
    async def test() -> None:
        dispatcher = Dispatcher(concurrency=9)
        order: list[str] = []
        gate = asyncio.Event()

        async def is_reply(subject: object) -> bool:
            return subject == "reply"

        async def asks() -> None:
            # The answer is there in time, but it is not this handler's turn before its time is over.
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(dispatcher.take(is_reply, "a", None), 0.3)
            order.append("asks")

        async def works() -> None:
            dispatcher.put_for_chat("a", Job("more", says("more"), lambda: None, person="ada"))
            dispatcher.put_for_chat("a", Job("reply", says("reply"), lambda: None, person="ada"))
            await gate.wait()
            order.append("works")

        def says(word: str) -> Any:
            async def say() -> None:
                order.append(word)

            return say

        dispatcher.open()
        dispatcher.put_for_chat("a", Job("asks", asks, lambda: None, person="ada"))
        dispatcher.put_for_chat("a", Job("works", works, lambda: None, person="bob"))
        await asyncio.sleep(0.6)
        gate.set()
        await until(lambda: len(order) == 4)
        assert order == ["works", "asks", "more", "reply"]
        await dispatcher.stop(50)

    run(test())


def test_the_first_who_waits_gets_it() -> None:
    bot = a_bot()

    @bot.message()
    async def rest(message: Message) -> None:
        await message.answer(f"heard {message.text}")

    async def test() -> None:
        async with BotTester(bot) as t:
            ada = await t.user()
            asked: list[str] = []

            async def slowly(message: Message) -> bool:
                asked.append("slowly")
                await asyncio.sleep(0.05)
                return message.text == "both"

            first = asyncio.ensure_future(bot.wait_for("message", slowly, timeout=150))
            await asyncio.sleep(0)
            second = asyncio.ensure_future(bot.wait_for("message", F.text.in_(["both", "one"]), timeout=150))
            await ada.send("both")
            assert (await first).text == "both"
            await ada.send("one")
            assert (await second).text == "one"
            await ada.send("more")
            assert (await ada.reply()).text == "heard more"
            assert asked == ["slowly"]

    run(test())


def test_a_reply_is_a_message() -> None:
    async def test() -> None:
        async with BotTester(a_table()) as t:
            ada = await t.user()
            await ada.send("/book")
            question = await ada.reply()
            assert question.text == "For how many?"
            first = await ada.send("a few")
            await ada.react(question, "3")
            await ada.edit(first, "4")
            await ada.send("2")
            assert [(await ada.reply()).text for _ in range(2)] == ["A table for 2.", "heard a few"]

    run(test())


def test_a_stop_cancels_those_who_wait_and_their_messages_come_again() -> None:
    bot = a_bot(stop_timeout=1000)
    order: list[str] = []
    heard: list[Failure] = []
    bot.error(heard.append)

    @bot.command()
    async def book(message: Message) -> None:
        order.append(f"book {message.redelivered}")
        await message.answer("For how many?")
        try:
            guests = await message.wait_reply(F.text == "2")
            await message.answer("When?")
            when = await asyncio.wait_for(message.wait_reply(), 500)
        finally:
            order.append("ended")
        await message.answer(f"{guests.text} at {when.text}")

    @bot.on("ready")
    async def ready(_: object) -> None:
        await bot.wait_for("call")
        order.append("a call")

    @bot.message()
    async def rest(message: Message) -> None:
        await message.answer(f"heard {message.text}")

    async def background() -> None:
        await bot.wait_for("message", F.text == "never")

    async def test() -> None:
        async with BotTester(bot) as t:
            ada = await t.user()
            bot.create_task(background())
            outside = asyncio.ensure_future(bot.wait_for("message", F.text == "never"))
            await ada.send("/book")
            assert (await ada.reply()).text == "For how many?"
            await ada.send("2")
            assert (await ada.reply()).text == "When?"
            await t.bot.stop()
            with pytest.raises(errors.ClientClosedError):
                await outside
            with pytest.raises(errors.ClientClosedError):
                await bot.wait_for("message")
            assert order == ["book False", "ended"]
            await t.start()
            await until(lambda: len(order) == 3)
            # It begins anew, with what was said already; the questions are not asked again.
            await ada.send("noon")
            assert (await ada.reply()).text == "2 at noon"
            assert order == ["book False", "ended", "book True", "ended"]
            await t.bot.stop()
            await t.start()
            await ada.send("on")
            assert (await ada.reply()).text == "heard on"
            assert heard == []

    run(test())


BOOKING = """
from libwa.bot import Bot, F

bot = Bot(stop_timeout=1000)

@bot.error
def failed(failure):
    print("FAILED", failure)

@bot.command()
async def book(message):
    await message.answer("For how many?")
    guests = await message.wait_reply(F.text.regex(r"^[0-9]+$"))
    await guests.answer(f"A table for {guests.text}.")

bot.run()
"""


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_conversation_outlives_the_program(wa_sim: Simulator, tmp_path: Path, end: str) -> None:
    phone = wa_sim.phone(NUMBER)
    ada = Somebody(wa_sim, "15550009001", NUMBER)
    env = environment(wa_sim, tmp_path, PHONE_NUMBER=NUMBER)
    with Program(["-c", BOOKING], tmp_path, env) as bot:
        assert bot.link(phone).linked
        bot.expect("Connected as")
        ada.send("/book")
        assert ada.heard(1) == ["For how many?"]
        if end == "kill":
            bot.kill()
        else:
            # No limit of stop_timeout is waited for, and nobody is told of a failure.
            assert bot.stop() == 0
            assert (bot.errors, "FAILED" in bot.output) == ("", False)
    ada.send("4")
    with Program(["-c", BOOKING], tmp_path, env) as bot:
        assert ada.heard(2) == ["For how many?", "A table for 4."]
        assert bot.stop() == 0
