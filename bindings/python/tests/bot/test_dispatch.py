"""In which order handlers run, how many at a time, and what becomes of a message whose handler does not come to its end."""

from __future__ import annotations

import asyncio
import gc
import logging

import pytest
from bots import a_bot, until
from conftest import run

from libwa import errors, events
from libwa.bot import Bot, F, Failure, Message
from libwa.bot.dispatcher import Dispatcher, Job
from libwa.bot.testing import BotTester


def test_chats_do_not_wait_for_each_other_and_a_chat_keeps_its_order() -> None:
    bot = a_bot()
    begun: list[str] = []
    done: list[str] = []

    async def test() -> None:
        gate = asyncio.Event()

        @bot.message()
        async def slow(message: Message) -> None:
            begun.append(message.text or "")
            if message.text == "a1":
                await gate.wait()
            done.append(message.text or "")

        async with BotTester(bot) as t:
            ada, bob = await t.user("Ada"), await t.user("Bob")
            for text in ("a1", "a2", "a3"):
                await ada.send(text)
            await until(lambda: begun == ["a1"])
            for text in ("b1", "b2"):
                await bob.send(text)
            await until(lambda: done == ["b1", "b2"])
            assert begun == ["a1", "b1", "b2"]
            gate.set()
            await until(lambda: len(done) == 5)
            assert done == ["b1", "b2", "a1", "a2", "a3"]

    run(test())


def test_every_message_of_a_batch_is_delivered() -> None:
    bot = a_bot()
    heard: list[str | None] = []

    @bot.on("message")
    def listen(message: Message) -> None:
        heard.append(message.text)

    async def test() -> None:
        async with BotTester(bot) as t:
            texts = [f"#{number}" for number in range(1, 61)]
            await t.bot.stop()
            for text in texts:
                await t.send(text)
            await t.start()
            await until(lambda: len(heard) >= len(texts))
            assert heard == texts

    run(test())


def test_no_more_chats_at_a_time_than_allowed() -> None:
    async def test() -> None:
        dispatcher = Dispatcher(concurrency=2)
        running: set[str] = set()
        most = 0
        finished: list[str] = []
        gate = asyncio.Event()

        def job(name: str) -> Job:
            async def work() -> None:
                nonlocal most
                running.add(name)
                most = max(most, len(running))
                await gate.wait()
                running.discard(name)

            return Job(name, work, lambda: finished.append(name))

        for name in "abcdef":
            dispatcher.put_for_chat(name, job(name))
        await asyncio.sleep(0)
        assert running == set()
        dispatcher.open()
        await until(lambda: running == {"a", "b"})
        gate.set()
        await until(lambda: len(finished) == 6)
        assert most == 2
        await dispatcher.stop(1)

    run(test())


def test_no_more_messages_in_hand_than_allowed() -> None:
    bot = a_bot(backlog=10)
    begun: list[str] = []
    in_hand: list[int] = []

    async def test() -> None:
        gate = asyncio.Event()

        @bot.message()
        async def slow(message: Message) -> None:
            begun.append(message.text or "")
            await gate.wait()
            # Each answer that is waited for brings in what stands before it.
            await message.answer(message.text or "")
            messages = [each for each in gc.get_objects() if isinstance(each, events.Message)]
            in_hand.append(sum(each.client == bot.client.id for each in messages))

        async with BotTester(bot) as t:
            people = [await t.user(f"Person {number}") for number in range(2)]
            await t.bot.stop()
            for number in range(60):
                await people[number % 2].send(f"{number}")
            await t.start()
            await until(lambda: len(begun) == 2)
            gate.set()
            answers = [(await people[number % 2].reply()).text for number in range(60)]
            assert answers == [f"{number}" for number in range(60)]
            # Those that have just been dealt with may not be gone yet.
            assert max(in_hand) < 25

    run(test())


def test_a_job_that_only_waits_gives_its_place_to_another_chat() -> None:
    async def test() -> None:
        dispatcher = Dispatcher(concurrency=1)
        gate = asyncio.Event()
        seen: list[str] = []

        async def waits() -> None:
            await dispatcher.pause(gate.wait())
            seen.append("waits")

        async def opens() -> None:
            seen.append("opens")
            gate.set()

        dispatcher.open()
        dispatcher.put_for_chat("a", Job("a", waits, lambda: None))
        dispatcher.put_for_chat("b", Job("b", opens, lambda: None))
        await until(lambda: len(seen) == 2)
        assert seen == ["opens", "waits"]
        await dispatcher.stop(1)

    run(test())


def test_a_stop_gives_handlers_time_and_cancels_the_late_ones() -> None:
    async def test() -> None:
        dispatcher = Dispatcher(concurrency=9)
        begun: list[str] = []
        ended: list[str] = []
        gate = asyncio.Event()

        async def short() -> None:
            begun.append("short")
            await gate.wait()

        async def long() -> None:
            begun.append("long")
            await asyncio.sleep(1000)

        dispatcher.open()
        dispatcher.put_for_chat("a", Job("a", short, lambda: ended.append("a")))
        dispatcher.put_for_chat("a", Job("a2", short, lambda: ended.append("a2")))
        dispatcher.put_for_chat("b", Job("b", long, lambda: ended.append("b")))
        await until(lambda: len(begun) == 2)
        asyncio.get_running_loop().call_later(0.01, gate.set)
        await dispatcher.stop(0.5)
        # What had not begun has not begun, and what was cancelled is not dealt with.
        assert ended == ["a"]
        dispatcher.put_for_chat("c", Job("c", short, lambda: ended.append("c")))
        await dispatcher.finish(1)
        assert ended == ["a"]

    run(test())


def test_a_message_is_acknowledged_once_its_handler_is_through() -> None:
    bot = a_bot(stop_timeout=0.05)
    heard: list[tuple[str | None, bool]] = []
    hang = True

    @bot.message()
    async def handle(message: Message) -> None:
        heard.append((message.text, message.redelivered))
        await message.answer(f"got {message.text}")
        if hang:
            await asyncio.sleep(1000)

    async def test() -> None:
        nonlocal hang
        async with BotTester(bot) as t:
            await t.send("one")
            assert (await t.reply()).text == "got one"
            await t.send("two")  # waits behind it
            await t.bot.stop()
            assert heard == [("one", False)]
            hang = False
            await t.start()
            await until(lambda: len(heard) == 3)
            # Both come again, and only one is answered that was not answered yet.
            assert heard == [("one", False), ("one", True), ("two", True)]
            assert (await t.reply()).text == "got two"
            await t.bot.stop()
            await t.start()
            await t.send("three")
            assert (await t.reply()).text == "got three"
            assert heard[3:] == [("three", False)]

    run(test())


def failing_bot() -> Bot:
    bot = a_bot()

    @bot.message(F.text == "fail")
    async def fail(message: Message) -> None:
        raise LookupError(f"about 628123456789 in {message.id}")

    @bot.message(F.text == "ping")
    async def ping(message: Message) -> None:
        await message.answer("pong")

    return bot


def test_the_error_handler_hears_of_every_failure_and_the_bot_goes_on() -> None:
    bot = failing_bot()
    heard: list[Failure] = []

    @bot.error
    async def failed(failure: Failure) -> None:
        heard.append(failure)

    @bot.on("message")
    def listen(message: Message) -> None:
        if message.text == "fail":
            raise KeyError("the listener")

    async def test() -> None:
        async with BotTester(bot) as t:
            await t.send("fail")
            await t.send("ping")
            assert (await t.reply()).text == "pong"
            assert [type(failure.error) for failure in heard] == [KeyError, LookupError]
            assert all(isinstance(failure.subject, Message) for failure in heard)
            # A failure is no reason to be asked again.
            await t.bot.stop()
            await t.start()
            await t.send("ping")
            assert (await t.reply()).text == "pong"
            assert len(heard) == 2

    run(test())


def test_without_an_error_handler_failures_are_logged_without_numbers(caplog: pytest.LogCaptureFixture) -> None:
    bot = failing_bot()

    async def test() -> None:
        async with BotTester(bot) as t:
            t.bot._failures.handlers.clear()  # the tester's own
            await t.send("fail")
            await t.send("ping")
            assert (await t.reply()).text == "pong"

    with caplog.at_level(logging.ERROR):
        run(test())
    [record] = [record for record in caplog.records if record.name == "libwa.bot"]
    assert "LookupError: about …89 in" in record.getMessage()
    assert "628123456789" not in record.getMessage()


def test_an_error_handler_that_fails_is_logged_with_what_it_was_told(caplog: pytest.LogCaptureFixture) -> None:
    bot = failing_bot()

    @bot.error
    def failed(failure: Failure) -> None:
        raise ZeroDivisionError("in the error handler")

    async def test() -> None:
        async with BotTester(bot) as t:
            await t.send("fail")
            await t.send("ping")
            assert (await t.reply()).text == "pong"

    with caplog.at_level(logging.ERROR):
        run(test())
    logged = "\n".join(record.getMessage() for record in caplog.records)
    assert "LookupError" in logged
    assert "ZeroDivisionError" in logged


def test_the_tester_tells_of_failures() -> None:
    async def test() -> None:
        with pytest.raises(AssertionError, match="LookupError"):
            async with BotTester(failing_bot()) as t:
                await t.send("fail")
                await t.reply()
        with pytest.raises(AssertionError, match="LookupError"):
            async with BotTester(failing_bot()) as t:
                await t.send("fail")
                await t.send("ping")
                await until(lambda: t.failures)

    run(test())


def test_a_handler_has_a_limit() -> None:
    bot = a_bot(handler_timeout=5)
    heard: list[Failure] = []
    bot.error(heard.append)

    @bot.message(F.text == "slow")
    async def slow(message: Message) -> None:
        await asyncio.sleep(1000)

    @bot.message(F.text == "ping")
    async def ping(message: Message) -> None:
        await message.answer("pong")

    async def test() -> None:
        async with BotTester(bot) as t:
            await t.send("slow")
            await t.send("ping")
            assert (await t.reply()).text == "pong"
        assert [type(failure.error) for failure in heard] == [TimeoutError]
        with pytest.raises(errors.ClientClosedError):
            _ = bot.client

    run(test())
