"""Handlers that are plain functions, and other threads: both send without awaiting."""

# mypy: disable-error-code="unused-coroutine"
# pyright: reportUnusedCoroutine=false

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import threading
from typing import Any

import pytest
from bots import a_bot, until
from conftest import run

from libwa import errors
from libwa.bot import F, Failure, GroupUpdate, Message, Skip
from libwa.bot.later import sends
from libwa.bot.runner import call_within
from libwa.bot.testing import BotTester


def test_plain_handlers_can_reply() -> None:
    bot = a_bot()

    @bot.message(F.text == "all")
    def everything(message: Message) -> None:
        message.react("👀")
        message.reply("one")
        message.answer("two")
        message.poll("Which?", ["this", "that"])

    @bot.command()
    def add(message: Message, a: int, b: int) -> None:
        message.reply(str(a + b))

    @bot.message(F.text == "else")
    def elsewhere(message: Message) -> None:
        bot.send(message.sender, "sent")
        bot.chat(message.chat).send("written")
        bot.create_task(message.answer("in the background"))

    @bot.message(F.text == "skip")
    def skips(message: Message) -> None:
        message.answer("not yet")
        raise Skip

    @bot.on("group.update")
    def update(update: GroupUpdate) -> None:
        if update.change == "subject":
            update.answer(f"now {update.text}")

    @bot.message(F.text == "returned")
    def returned(message: Message) -> object:
        return message.answer("returned")

    @bot.message()
    def rest(message: Message) -> None:
        message.answer("rest")

    async def test() -> None:
        async with BotTester(bot) as t:
            ada = await t.user()
            await ada.send("all")
            got = [await ada.reply() for _ in range(4)]
            assert [reply.kind for reply in got] == ["reaction", "text", "text", "poll"]
            assert [reply.text for reply in got[:3]] == ["👀", "one", "two"]
            await ada.send("/add 2 3")
            assert (await ada.reply()).text == "5"
            await ada.send("else")
            assert {(await ada.reply()).text for _ in range(3)} == {"sent", "written", "in the background"}
            await ada.send("skip")
            assert [(await ada.reply()).text for _ in range(2)] == ["not yet", "rest"]
            await ada.send("returned")
            assert (await ada.reply()).text == "returned"
            group = await t.group("Home", creator=ada)
            await group.set_subject("House")
            assert (await group.reply()).text == "now House"
            # All of it is dealt with, and nothing is sent twice.
            await t.bot.stop()
            await t.start()
            await ada.no_reply()

    run(test())


def test_a_plain_handler_that_fails_has_sent_what_it_said() -> None:
    bot = a_bot()
    heard: list[Failure] = []
    bot.error(heard.append)

    @bot.message(F.text == "fail")
    def fail(message: Message) -> None:
        message.answer("before")
        raise LookupError("on purpose")

    @bot.message(F.text == "refused")
    def refused(message: Message) -> None:
        message.answer("")

    @bot.message(F.text == "wait")
    def waits(message: Message) -> None:
        message.wait_reply()

    @bot.message(F.text == "wait too")
    def waits_too(message: Message) -> None:
        bot.wait_for("message")

    async def test() -> None:
        async with BotTester(bot) as t:
            await t.send("fail")
            assert (await t.reply()).text == "before"
            for text in ("refused", "wait", "wait too"):
                await t.send(text)
            await until(lambda: len(heard) == 4)
        lookup, empty, one, other = [failure.error for failure in heard]
        assert isinstance(lookup, LookupError)
        assert isinstance(empty, errors.Error)
        # What cannot be done says what to write.
        for error in (one, other):
            assert isinstance(error, TypeError)
            assert "async def" in str(error)

    run(test())


def test_what_follows_a_failed_send_goes_out() -> None:
    bot = a_bot()
    heard: list[Failure] = []
    bot.error(heard.append)

    @bot.message(F.text == "skip")
    def skips(message: Message) -> None:
        message.answer("")
        message.answer("skipped")
        raise Skip

    @bot.message()
    def several(message: Message) -> object:
        message.answer("one")
        message.answer("")
        message.answer("two")
        return message.answer("")

    async def test() -> None:
        async with BotTester(bot) as t:
            await t.send("go")
            assert [(await t.reply()).text for _ in range(2)] == ["one", "two"]
            await until(lambda: len(heard) == 1)
            # The second failure is not lost: it stands in the traceback of the first.
            assert isinstance(heard[0].error, errors.Error)
            assert isinstance(heard[0].error.__context__, errors.Error)
            await t.send("skip")
            assert (await t.reply()).text == "skipped"
            await until(lambda: len(heard) == 2)
            assert isinstance(heard[1].error, errors.Error)

    run(test())


def test_a_limit_closes_what_has_not_begun(recwarn: pytest.WarningsRecorder) -> None:
    async def test() -> None:
        done: list[str] = []
        forever = asyncio.Event()

        class Sender:
            @sends
            async def send(self, name: str) -> None:
                await forever.wait()
                done.append(name)

        def handler() -> None:
            Sender().send("first")
            Sender().send("second")

        with pytest.raises(TimeoutError):
            await call_within(0.01, handler)
        gc.collect()
        assert done == []

    run(test())
    assert [str(each.message) for each in recwarn if "never awaited" in str(each.message)] == []


@pytest.mark.parametrize("kind", [TimeoutError, asyncio.TimeoutError])
def test_a_timeout_of_a_handlers_own_keeps_its_text(kind: type[Exception]) -> None:
    async def handler() -> None:
        raise kind("no message that suits came")

    with pytest.raises(kind, match="no message that suits came"):
        run(call_within(60, handler))


def test_another_thread_can_send() -> None:
    bot = a_bot()
    sent: list[Any] = []

    async def test() -> None:
        async with BotTester(bot) as t:
            ada = await t.user()

            def work() -> None:
                future = bot.run_coroutine_threadsafe(bot.send(ada.number, "from a thread"))
                sent.append(future.result(50))
                # As with any event loop.
                again = asyncio.run_coroutine_threadsafe(bot.chat(ada.number).send("and again"), bot.loop)
                sent.append(again.result(50))

            thread = threading.Thread(target=work)
            thread.start()
            assert [(await ada.reply()).text for _ in range(2)] == ["from a thread", "and again"]
            await asyncio.to_thread(thread.join)
            assert [each.chat for each in sent] == [each.chat for each in sent if each.id]
            with pytest.raises(RuntimeError, match="await the coroutine"):
                bot.run_coroutine_threadsafe(bot.send(ada.number, "x"))

            # The stop of the bot ends what a thread waits for.
            def hang() -> str:
                try:
                    bot.run_coroutine_threadsafe(bot.wait_for("call")).result(50)
                except concurrent.futures.CancelledError:
                    return "cancelled"
                return "through"

            hanging = asyncio.ensure_future(asyncio.to_thread(hang))
            await asyncio.sleep(0.05)
            await t.bot.stop()
            assert await hanging == "cancelled"

        def too_late() -> None:
            bot.run_coroutine_threadsafe(bot.send("15550001234", "x"))

        with pytest.raises(errors.ClientClosedError):
            await asyncio.to_thread(too_late)
        with pytest.raises(errors.ClientClosedError):
            _ = bot.loop

    run(test())


def test_answers_to_changes_within_a_second_have_ids_of_their_own() -> None:
    bot = a_bot()
    ids: list[str] = []

    @bot.on("group.update")
    async def update(update: GroupUpdate) -> None:
        if update.change == "subject":
            ids.append((await update.answer(f"now {update.text}")).id)

    async def test() -> None:
        async with BotTester(bot) as t:
            group = await t.group("Home")
            names = ["House", "Home", "House", "Home", "House"]
            for name in names:
                await group.set_subject(name)
            assert [(await group.reply()).text for _ in names] == [f"now {name}" for name in names]
            await until(lambda: len(ids) == len(names))
            assert len(set(ids)) == len(names)

    run(test())
