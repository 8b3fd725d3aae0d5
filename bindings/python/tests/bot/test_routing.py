"""Which handler gets a message: order, scopes, routers, middlewares; and what can be done with it."""

from __future__ import annotations

import asyncio

import pytest
from bots import a_bot, until
from conftest import run
from protobuf import field, text_of

from libwa.bot import Bot, F, Message, Next, Router, Skip
from libwa.bot.testing import BotTester


async def answers(t: BotTester, text: str) -> str | None:
    await t.send(text)
    return (await t.reply()).text


def test_the_first_handler_that_suits_gets_it() -> None:
    bot = a_bot()

    @bot.message(F.text.startswith("a"))
    async def first(message: Message) -> None:
        if message.text == "abc":
            raise Skip
        await message.answer("first")

    @bot.message(F.text.contains("b"), F.text.contains("c"))
    def second(message: Message) -> None:
        bot.create_task(message.answer("second"))

    @bot.message()
    async def rest(message: Message) -> None:
        await message.answer("rest")

    async def test() -> None:
        async with BotTester(bot) as t:
            assert await answers(t, "ab") == "first"
            assert await answers(t, "abc") == "second"
            assert await answers(t, "bc") == "second"
            assert await answers(t, "b") == "rest"

    run(test())


def test_scopes_and_kinds() -> None:
    bot = a_bot()
    seen: list[str] = []

    @bot.private.message(F.text == "hello")
    async def private(message: Message) -> None:
        await message.answer("in private")

    @bot.group.message(F.text == "hello")
    async def group(message: Message) -> None:
        await message.answer("in a group")

    @bot.reaction(F.text == "👍")
    async def reaction(message: Message) -> None:
        assert message.typed_content.target is not None
        seen.append(f"{message.kind} to {message.typed_content.target.message_id}")

    @bot.edited()
    async def edited(message: Message) -> None:
        seen.append(f"{message.kind}: {message.text}")

    @bot.deleted()
    async def deleted(message: Message) -> None:
        seen.append(message.kind)

    async def test() -> None:
        async with BotTester(bot) as t:
            ada = await t.user()
            first = await ada.send("hello")
            reply = await ada.reply()
            assert reply.text == "in private"
            home = await t.group("Family", creator=ada)
            await home.send("hello")
            assert (await home.reply()).text == "in a group"
            await ada.react(reply, "👎")
            await ada.react(reply, "👍")
            # An edit to "hello" is no new message.
            await ada.edit(first, "hello")
            await ada.delete(first)
            await until(lambda: len(seen) == 3)
            assert seen == [f"reaction to {reply.id}", "edit: hello", "delete"]
            await ada.no_reply()

    run(test())


def test_messages_of_the_own_account_count_only_when_asked_for() -> None:
    bot = a_bot()
    seen: list[str] = []

    @bot.message(from_me=True)
    async def own(message: Message) -> None:
        seen.append(f"{message.text} {message.from_me}")

    @bot.message()
    async def others(message: Message) -> None:
        raise AssertionError("it is for the one before")

    async def test() -> None:
        async with BotTester(bot) as t:
            ada = await t.user()
            await t.control("POST", f"/phones/{t.number}/send", {"to": ada.number, "text": "from the phone"})
            await until(lambda: seen)
            assert seen == ["from the phone True"]

    run(test())


def test_routers_and_middlewares() -> None:
    bot = a_bot()
    admin = Router(F.text.startswith("admin"))
    inner = Router()
    order: list[str] = []

    @bot.middleware
    async def outer(message: Message, next: Next) -> None:
        order.append("outer")
        message.data["seen"] = 1
        await next(message)
        order.append("outer again")

    @bot.middleware
    async def block(message: Message, next: Next) -> None:
        order.append("block")
        if message.text != "blocked":
            await next(message)

    @admin.middleware
    async def guard(message: Message, next: Next) -> None:
        order.append("guard")
        await next(message)

    @bot.message(F.text == "admin early")
    async def early(message: Message) -> None:
        await message.answer("early")

    @inner.message(F.text == "admin inner")
    async def deep(message: Message) -> None:
        await message.answer(f"inner {message.data['seen']}")

    @admin.on("message")
    def listen(message: Message) -> None:
        order.append("listener")

    admin.include(inner)
    bot.include(admin)

    @bot.message()
    async def rest(message: Message) -> None:
        await message.answer("rest")

    async def test() -> None:
        async with BotTester(bot) as t:
            assert await answers(t, "admin early") == "early"
            assert await answers(t, "admin inner") == "inner 1"
            assert await answers(t, "admin other") == "rest"
            await until(lambda: order.count("outer again") == 3)
            order.clear()
            assert await answers(t, "x") == "rest"
            await until(lambda: len(order) == 4)
            assert order == ["listener", "outer", "block", "outer again"]
            order.clear()
            await t.send("blocked")
            await t.no_reply()
            assert order == ["listener", "outer", "block", "outer again"]
            order.clear()
            assert await answers(t, "admin inner") == "inner 1"
            await until(lambda: len(order) == 5)
            assert order == ["listener", "outer", "block", "guard", "outer again"]

    run(test())
    with pytest.raises(ValueError, match="cannot include itself"):
        inner.include(bot)
    with pytest.raises(ValueError, match="cannot include itself"):
        bot.include(bot)


def test_a_decorator_without_parentheses() -> None:
    async def handler(message: Message) -> None: ...

    with pytest.raises(TypeError, match=r"write @bot\.message\(\) with parentheses"):
        a_bot().message(handler)

    async def undeclared(message: Message): ...  # type: ignore[no-untyped-def]

    # One that does not say what it returns might be a condition; it is found when the bot starts.
    bot = a_bot()
    bot.message(undeclared)

    async def start() -> None:
        with pytest.raises(TypeError, match=r"write @bot\.message\(\) with parentheses"):
            await bot.start()

    run(start())


def test_what_can_be_done_with_a_message() -> None:
    bot = a_bot()

    @bot.message(F.text == "all")
    async def everything(message: Message) -> None:
        await message.react("👀")
        async with message.typing():
            sent = await message.reply("one")
        await sent.edit("two")
        await sent.react("🎉")
        await sent.delete()
        await message.poll("Which?", ["this", "that"])
        await message.read()
        await message.answer("done")

    async def test() -> None:
        async with BotTester(bot) as t:
            ada = await t.user()
            first = await ada.send("all")
            got = [await ada.reply() for _ in range(7)]
            assert [reply.kind for reply in got] == ["reaction", "text", "edit", "reaction", "delete", "poll", "text"]
            reaction, one, two, party, gone, _, done = got
            assert (reaction.text, reaction.target) == ("👀", first)
            assert (one.text, one.target) == ("one", first)
            assert (two.text, two.target) == ("two", one.id)
            assert (party.text, party.target, gone.target) == ("🎉", one.id, one.id)
            assert (done.text, done.target) == ("done", None)
            await asyncio.to_thread(t.simulator.settle)
            heard = await t.control("GET", f"/phones/{ada.number}/heard")
            assert {"id": first, "from": t.number, "device": 1, "kind": "read"} in heard["receipts"]
            assert len({reply.id for reply in got}) == 7

    run(test())


def test_what_can_be_done_in_a_group() -> None:
    bot = a_bot()

    @bot.group.message(F.text == "who?")
    async def mention(message: Message) -> None:
        await message.answer(f"@{message.sender.partition('@')[0]}", mentions=[message.sender])

    @bot.group.message(F.text == "react")
    async def react(message: Message) -> None:
        await message.react("✅")

    @bot.group.message(F.text == "delete me")
    async def delete(message: Message) -> None:
        await message.delete()

    async def test() -> None:
        async with BotTester(bot) as t:
            ada = await t.user()
            home = await t.group("Family", creator=ada)
            await t.control("POST", f"/groups/{home.id.partition('@')[0]}/promote", {"members": [t.number]})
            first = await home.send("react")
            reply = await home.reply()
            assert (reply.kind, reply.text, reply.target) == ("reaction", "✅", first)
            await home.send("who?")
            reply = await home.reply()
            assert (reply.text or "").startswith("@")
            second = await home.send("delete me")
            reply = await home.reply()
            assert (reply.kind, reply.target) == ("delete", second)

    run(test())


@pytest.mark.parametrize("chat", ["lid", "pn", "private"])
def test_the_bot_is_mentioned_under_either_name(chat: str) -> None:
    bot = a_bot()
    heard: list[tuple[str | None, bool]] = []

    @bot.message(F.mentions_me)
    async def mentioned(message: Message) -> None:
        heard.append((message.text, True))

    @bot.message()
    async def rest(message: Message) -> None:
        heard.append((message.text, False))

    async def test() -> None:
        async with BotTester(bot) as t:
            ada = await t.user()
            to = t.number
            if chat != "private":
                body = {"subject": "Family", "creator": ada.number, "members": [t.number], "mode": chat}
                to = (await t.control("POST", "/groups", body))["jid"]
            own = await bot.ready()
            lid, number = str(own.lid).partition("@")[0].partition(":")[0], t.number
            names = [f"{lid}@lid", f"{number}@s.whatsapp.net", f"{lid}:1@lid", f"{number}:1@s.whatsapp.net"]
            others = [f"{number}@lid", f"{lid}@s.whatsapp.net", f"{ada.number}@s.whatsapp.net"]
            for name in [*names, *others]:
                content = field(1, f"for {name}") + field(17, field(15, name))
                body = {"to": to, "message": text_of(field(6, content))}
                await t.control("POST", f"/phones/{ada.number}/send_raw", body)
            await until(lambda: len(heard) == len(names) + len(others))
            assert heard == [*((f"for {name}", True) for name in names), *((f"for {name}", False) for name in others)]

    run(test())


def a_quiz(bot: Bot) -> None:
    @bot.command()
    async def quiz(message: Message) -> None:
        await message.answer("2 + 2?")
        try:
            reply = await message.wait_reply(F.text.regex(r"^\d+$"), timeout=5)
        except TimeoutError:
            await message.answer("too late")
        else:
            await reply.reply("right" if reply.text == "4" else "wrong")


def test_a_conversation() -> None:
    bot = a_bot(concurrency=1)
    a_quiz(bot)

    @bot.message()
    async def rest(message: Message) -> None:
        await message.answer(f"heard {message.text}")

    async def test() -> None:
        async with BotTester(bot) as t:
            ada, bob = await t.user("Ada"), await t.user("Bob")
            await ada.send("/quiz")
            assert (await ada.reply()).text == "2 + 2?"
            # Another chat is served meanwhile, and what does not suit stays in line.
            await bob.send("4")
            assert (await bob.reply()).text == "heard 4"
            await ada.send("what?")
            await ada.send("4")
            assert (await ada.reply()).text == "right"
            assert (await ada.reply()).text == "heard what?"
            # What is in line already counts.
            await ada.send("/quiz")
            await ada.send("5")
            assert [(await ada.reply()).text for _ in range(2)] == ["2 + 2?", "wrong"]
            await ada.send("/quiz")
            assert [(await ada.reply()).text for _ in range(2)] == ["2 + 2?", "too late"]
            # All of it is dealt with: nothing comes again.
            await t.bot.stop()
            await t.start()
            await ada.no_reply()

    run(test())


def test_waiting_outside_a_handler() -> None:
    bot = a_bot()

    @bot.message()
    async def rest(message: Message) -> None:
        await message.answer("handled")

    async def test() -> None:
        async with BotTester(bot) as t:
            ada = await t.user()
            waiting = asyncio.ensure_future(bot.wait_for("message", F.text == "mine", timeout=150))
            await ada.send("other")
            assert (await ada.reply()).text == "handled"
            await ada.send("mine")
            assert (await waiting).text == "mine"
            await ada.no_reply()
            with pytest.raises(TimeoutError):
                await bot.wait_for("message", timeout=0.01)
            with pytest.raises(ValueError, match="there is no event"):
                await bot.wait_for("massage")  # type: ignore[call-overload]  # pyright: ignore
            with pytest.raises(ZeroDivisionError):
                failing = asyncio.ensure_future(bot.wait_for("message", lambda message: 1 / 0, timeout=150))
                await ada.send("x")
                await failing
            assert (await ada.reply()).text == "handled"
            await t.bot.stop()
            await t.start()
            await ada.no_reply()

    run(test())
