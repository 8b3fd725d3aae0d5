"""What is no message in its own right: it has handlers of its own, and reaches no other."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from bots import a_bot, until
from conftest import run
from protobuf import field, text_of
from test_filters import a_message

from libwa import PollVoteContent
from libwa.bot import Bot, F, Message
from libwa.bot.testing import BotTester, Person

GROUP = "120363000000000001@g.us"
ADA = "206770050595863@lid"


def a_bot_with_ears() -> tuple[Bot, list[str]]:
    """A bot that writes down which handler got what."""
    bot = a_bot()
    heard: list[str] = []
    for name in ("message", "reaction", "edited", "deleted", "vote", "service", "status", "channel_post"):

        async def take(message: Message, name: str = name) -> None:
            heard.append(f"{name}: {message.kind}")
            if name == "message":
                await message.answer("answered")

        getattr(bot, name)()(take)
    return bot, heard


async def send_raw(t: BotTester, person: Person, message: bytes, to: str | None = None) -> None:
    body = {"to": to or t.number, "message": text_of(message)}
    await t.control("POST", f"/phones/{person.number}/send_raw", body)


def service_messages(key: bytes) -> dict[str, bytes]:
    """By what the library calls them."""
    sealed = field(1, key) + field(2, b"x" * 40) + field(3, b"y" * 12)
    return {
        "pin": field(63, field(1, key) + field(2, 1)),
        "keep": field(51, field(1, key) + field(2, 1)),
        "disappearing_timer": field(12, field(2, 3) + field(4, 86400)),
        "member_label": field(12, field(2, 30) + field(27, field(1, "label"))),
        "limit_sharing": field(12, field(2, 27)),
        "phone_number_shared": field(12, field(2, 11)),
        "event_response": field(76, sealed),
        "placeholder": field(80, field(1, 0)),
        "call_log": field(69, field(1, 1)),
        "history_notice": field(102, field(1, b"x")),
        "unknown": field(900, b"x"),
    }


def test_what_is_no_message_reaches_no_handler_of_messages() -> None:
    bot, heard = a_bot_with_ears()

    async def test() -> None:
        async with BotTester(bot) as t:
            ada = await t.user()
            key = field(1, f"{t.number}@s.whatsapp.net") + field(2, 1) + field(3, "AAA")
            messages = service_messages(key)
            for name, message in messages.items():
                await send_raw(t, ada, message)
                await until(lambda: heard)
                assert heard == [f"service: {name}"]
                heard.clear()
            vote = field(1, key) + field(2, field(1, b"x" * 40) + field(2, b"y" * 12)) + field(4, 1)
            await send_raw(t, ada, field(50, vote))
            await send_raw(t, ada, field(46, field(1, key) + field(2, "👍")))
            # A message with a caption is one, and the only one that was answered.
            await send_raw(t, ada, field(3, field(3, "a caption")))
            await until(lambda: len(heard) == 3)
            assert heard == ["vote: poll_vote", "reaction: reaction", "message: image"]
            assert (await ada.reply()).text == "answered"
            await ada.no_reply()

    run(test())


def test_people_vote_and_post() -> None:
    bot, heard = a_bot_with_ears()
    votes: list[list[str]] = []
    posts: list[Message] = []

    @bot.on("message")
    def listen(message: Message) -> None:
        if message.about == "vote":
            assert isinstance(message.typed_content, PollVoteContent)
            votes.append(message.typed_content.selected or [])
        elif message.about == "status":
            posts.append(message)

    async def test() -> None:
        async with BotTester(bot) as t:
            ada = await t.user("Ada")
            heard.clear()
            await ada.send("not a command")
            assert (await ada.reply()).text == "answered"
            chat = bot.chat(ada.number)
            await chat.poll("Tea or coffee?", ["tea", "coffee"])
            poll = await ada.reply()
            await ada.vote(poll, "coffee")
            await until(lambda: len(votes) == 1)
            await ada.vote(poll)
            await until(lambda: len(votes) == 2)
            assert votes == [["coffee"], []]
            await ada.post_status("on holiday")
            await until(lambda: posts)
            assert (posts[0].text, posts[0].is_group, posts[0].is_private) == ("on holiday", False, False)
            await until(lambda: len(heard) == 4)
            assert heard == ["message: text", "vote: poll_vote", "vote: poll_vote", "status: text"]
            await ada.no_reply()

    run(test())


def test_a_channel_posts_to_its_own_handler() -> None:
    bot, heard = a_bot_with_ears()
    posts: list[Message] = []

    @bot.on("message")
    def listen(message: Message) -> None:
        posts.append(message)

    async def test() -> None:
        async with BotTester(bot) as t:
            post: dict[str, Any] = {
                "tag": "message",
                "attrs": {
                    "from": "120363000000000009@newsletter",
                    "id": "NL1",
                    "server_id": "101",
                    "type": "text",
                    "t": str(int(time.time())),
                },
                "children": [{"tag": "plaintext", "bytes": text_of(field(1, "news!"))}],
            }
            await asyncio.to_thread(t.phone.push, 1, post)
            await until(lambda: heard)
            assert heard == ["channel_post: text"]
            [message] = posts
            assert (message.text, message.about, message.is_group, message.is_private) == ("news!", "channel", False, False)

    run(test())


@pytest.mark.parametrize(
    ("fields", "about", "is_group", "is_private"),
    [
        ({}, "new", False, True),
        ({"is_group": True}, "new", True, False),
        ({"chat": "status@broadcast", "is_group": True}, "status", False, False),
        ({"chat": "status@broadcast", "kind": "delete"}, "status", False, False),
        ({"chat": "1@newsletter", "is_group": True}, "channel", False, False),
        ({"chat": "1700000000@broadcast", "is_group": True}, "new", False, True),
        ({"chat": "15551230001@s.whatsapp.net"}, "new", False, True),
        ({"kind": "edit"}, "edit", False, True),
        ({"kind": "delete"}, "delete", False, True),
        ({"kind": "reaction"}, "reaction", False, True),
        ({"kind": "poll_vote"}, "vote", False, True),
        ({"kind": "poll"}, "new", False, True),
        ({"kind": "call_log"}, "service", False, True),
        ({"kind": "something_new"}, "service", False, True),
    ],
)
def test_what_a_message_is(fields: dict[str, Any], about: str, is_group: bool, is_private: bool) -> None:
    message = a_message(**fields)
    assert (message.about, message.is_group, message.is_private) == (about, is_group, is_private)
    assert (F.is_group(message), F.is_private(message)) == (is_group, is_private)


def test_what_came_by_a_broadcast_list_is_answered_in_the_chat_with_its_sender() -> None:
    message = a_message(chat="1700000000@broadcast", sender="206770050595863:3@lid")
    assert message.chat == ADA
    assert a_message(chat="1700000000@broadcast", from_me=True).chat == "1700000000@broadcast"
    assert a_message(chat=GROUP).chat == GROUP


def test_scopes_have_no_posts() -> None:
    bot = a_bot()
    for registry in (bot.group, bot.private):
        for name in ("status", "channel_post"):
            with pytest.raises(TypeError, match=name):
                getattr(registry, name)()
