"""Filters, on messages that are made by hand."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any

import pytest

from libwa import events
from libwa.bot import F, Filter, Message
from libwa.bot.context import Context
from libwa.bot.options import Given, resolve

NOW = datetime(2026, 1, 2, tzinfo=timezone.utc)
OPTIONS = resolve(Given(phone_number="628123456789", env_file=None), {})


def a_message(text: str | None = "ping", **fields: Any) -> Message:
    values: dict[str, Any] = {
        "id": 1,
        "client": 1,
        "request": 0,
        "time": NOW,
        "redelivered": False,
        "message_id": "3EB0",
        "chat": "120363000000000001@g.us" if fields.get("is_group") else "206770050595863@lid",
        "chat_phone": None if fields.get("is_group") else fields.get("sender_phone", "15551230001"),
        "sender": "206770050595863@lid",
        "sender_phone": "15551230001",
        "from_me": False,
        "is_group": False,
        "sent_at": NOW,
        "push_name": "Ada",
        "kind": "text",
        "text": text,
        "quoted": None,
        "mentions": [],
        "content": {},
        "offline": False,
        "old_identity": False,
        "raw": None,
    }
    context = Context(None, OPTIONS, None, {"628123456789@s.whatsapp.net", "99@lid"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    return Message(events.Message(**{**values, **fields}), context)


@pytest.mark.parametrize(
    ("condition", "meets", "misses"),
    [
        (F.text, a_message("x"), a_message(None)),
        (F.text == "ping", a_message(), a_message("pong")),
        (F.text != "ping", a_message("pong"), a_message()),
        (F.text.lower() == "ping", a_message("PING"), a_message("pong")),
        (F.text.strip().lower() == "ping", a_message(" Ping\n"), a_message(None)),
        (F.text.startswith("pi"), a_message(), a_message(None)),
        (F.text.startswith(("a", "p")), a_message(), a_message("xa")),
        (F.text.endswith("ng"), a_message(), a_message("ping!")),
        (F.text.contains("in"), a_message(), a_message("on")),
        (F.text.in_(["ping", "pong"]), a_message("pong"), a_message("pang")),
        (F.text.regex(r"^p.ng$"), a_message("pang"), a_message("spring")),
        (F.text.regex(r"^P", re.IGNORECASE), a_message("ping"), a_message("no")),
        (F.text.regex(re.compile("[0-9]")), a_message("a1"), a_message("a")),
        (F.text.is_(lambda text: text is not None and len(text) > 3), a_message(), a_message("no")),
        (F.kind == "image", a_message(kind="image"), a_message()),
        (F.name == "Ada", a_message(), a_message(push_name="Bob")),
        (F.sender == "15551230001", a_message(), a_message(sender_phone="15551230002")),
        (F.sender == "+15551230001", a_message(), a_message(sender_phone=None)),
        (F.sender == "206770050595863@lid", a_message(), a_message(sender="1@lid")),
        (F.sender == "206770050595863@lid", a_message(sender="206770050595863:3@lid"), a_message(sender="1:3@lid")),
        (F.sender == "15551230001@s.whatsapp.net", a_message(), a_message(sender_phone="1555")),
        (F.sender != "15551230001", a_message(sender_phone="1555"), a_message()),
        (F.sender.in_(["15551230009", "15551230001"]), a_message(), a_message(sender_phone="1555")),
        (F.chat == "15551230001", a_message(), a_message(is_group=True)),
        (F.chat == "120363000000000001@g.us", a_message(is_group=True), a_message()),
        (F.is_group, a_message(is_group=True), a_message()),
        (F.is_private, a_message(), a_message(is_group=True)),
        (F.from_me, a_message(from_me=True), a_message()),
        (F.quoted, a_message(quoted={"message_id": "1"}), a_message()),
        (F.mentions_me, a_message(mentions=["99@lid"]), a_message(mentions=["98@lid"])),
        (F.mentions_me, a_message(mentions=["98@lid", "99:2@lid"]), a_message(mentions=["99@s.whatsapp.net"])),
        (F.mentions_me, a_message(mentions=["628123456789@s.whatsapp.net"]), a_message(mentions=["628123456789@lid"])),
        (F.mentions_me, a_message(mentions=["628123456789@c.us"]), a_message(mentions=["99@c.us"])),
        (F.mentions_me, a_message(mentions=["99:99@hosted.lid"]), a_message(mentions=["98:99@hosted.lid"])),
        (F.offline, a_message(offline=True), a_message()),
        (F.redelivered, a_message(redelivered=True), a_message()),
        ((F.text == "ping") & F.is_group, a_message(is_group=True), a_message()),
        ((F.text == "ping") | F.is_group, a_message("x", is_group=True), a_message("x")),
        (~F.is_group, a_message(), a_message(is_group=True)),
        (~(F.text == "ping") & ~F.is_group, a_message("x"), a_message()),
        (F.is_private & Filter(lambda message: message.text == "ping"), a_message(), a_message("x")),
        (Filter(lambda message: message.text), a_message(), a_message("")),
    ],
)
def test_a_filter(condition: Filter, meets: Message, misses: Message) -> None:
    assert condition(meets) is True
    assert condition(misses) is False


def test_the_match_is_kept() -> None:
    message = a_message("order 42 please")
    assert F.text.regex(r"order (\d+)")(message)
    assert message.match is not None
    assert message.match[1] == "42"


def test_words_for_conditions_are_refused() -> None:
    for wrong in (lambda: F.is_group and F.text, lambda: F.is_group or F.text, lambda: not F.is_group):
        with pytest.raises(TypeError):
            wrong()


def test_what_a_message_shows_of_itself() -> None:
    shown = repr(a_message("a secret", is_group=True))
    assert shown == "<Message text 3EB0>"
