"""Every event that a bot can listen to, brought about by the simulator."""

from __future__ import annotations

import asyncio
from datetime import datetime, timezone
from typing import Any

import pytest
from bots import a_bot, until
from conftest import connection_of, run

from libwa import errors
from libwa.bot import (
    EVENT_NAMES,
    Bot,
    Call,
    ChatActivity,
    Connecting,
    Disconnected,
    ExitCode,
    F,
    GroupUpdate,
    IdentityChanged,
    Logout,
    Message,
    MessageUnreadable,
    MessageWaiting,
    PairingCode,
    PairingError,
    PairingExpired,
    PairingPasskey,
    PairingQr,
    PairingReminder,
    Presence,
    Receipt,
    Reconnecting,
    Restricted,
    Retry,
    User,
)
from libwa.bot.testing import BotTester


class Ear:
    """Writes down what a bot is told of."""

    def __init__(self, bot: Bot, *names: str) -> None:
        self.heard: list[tuple[str, Any]] = []
        for name in names or EVENT_NAMES:
            bot.on(name)(lambda event, name=name: self.heard.append((name, event)))  # type: ignore[call-overload]  # pyright: ignore

    def of(self, name: str) -> list[Any]:
        return [event for heard, event in self.heard if heard == name]

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.heard]


def test_a_code_its_reminder_its_end_and_the_next_one() -> None:
    bot = a_bot(code_expiry=10, code_reminder=5, retry=Retry(max=1, delay=0.01))
    ear = Ear(bot)

    async def test() -> None:
        async with BotTester(bot, linked=False) as t:
            await until(lambda: len(ear.of("pairing.code")) == 2)
            first, second = ear.of("pairing.code")
            assert isinstance(first, PairingCode)
            assert (len(first.code), first.display) == (8, f"{first.code[:4]}-{first.code[4:]}")
            assert (first.attempt, second.attempt) == (1, 2)
            assert first.code != second.code
            assert first.expires_at < datetime.now(timezone.utc) < second.expires_at
            assert first.steps[0] == "Open WhatsApp on your phone"
            reminder = ear.of("pairing.reminder")[0]
            assert isinstance(reminder, PairingReminder)
            assert (reminder.code, reminder.expires_at) == (first.code, first.expires_at)
            [expired] = ear.of("pairing.expired")
            assert isinstance(expired, PairingExpired)
            assert (expired.retry_in, expired.message) == (0.01, "The code was not entered in time. Ask for a new one.")
            assert (await asyncio.to_thread(t.phone.enter, second.code)).linked
            user = await t.bot.ready(150)
            assert isinstance(user, User)
            assert (user.name, user.phone, user.first_login) == ("Bot", t.number, True)
            assert user.jid.startswith(f"{t.number}:1@")
            await until(lambda: "ready" in ear.names)
            order = [name for name in ear.names if name not in ("connecting", "reconnecting", "disconnected")]
            assert order[:4] == ["pairing.code", "pairing.reminder", "pairing.expired", "pairing.code"]
            # On a slow machine the second one has its reminder too.
            assert order[4:] in (["ready"], ["pairing.reminder", "ready"])
            assert first.code not in repr([*ear.heard, user])
            assert t.number not in repr(user)

    run(test())


def test_a_code_that_nobody_types_is_not_asked_for_for_ever() -> None:
    bot = a_bot(code_expiry=5, code_reminder=0, retry=Retry(max=1, delay=0))
    ear = Ear(bot)

    async def test() -> None:
        async with BotTester(bot, linked=False) as t:
            assert await t.bot.wait() is ExitCode.PAIRING_EXPIRED
        codes = [name for name in ear.names if name.startswith("pairing")]
        assert codes == ["pairing.code", "pairing.expired", "pairing.code", "pairing.expired"]
        assert [event.retry_in for event in ear.of("pairing.expired")] == [0, None]

    run(test())


def test_a_refusal_says_why_and_how_long_to_wait() -> None:
    bot = a_bot(retry=Retry(max=5, delay=0, longest=30))
    ear = Ear(bot)

    async def test() -> None:
        tester = BotTester(bot, linked=False)
        tester.simulator.fault({"stage": "companion_hello"}, {"error": {"code": 429, "backoff": 90}}, times=0)
        try:
            async with tester as t:
                with pytest.raises(errors.RateLimitedError):
                    await t.bot.ready(150)
                assert await t.bot.wait() is ExitCode.RATE_LIMITED
                # Whoever asks later hears why, too.
                with pytest.raises(errors.RateLimitedError):
                    await t.bot.ready()
        finally:
            tester.simulator.clear_faults()
        # However many attempts are allowed: there is one, since WhatsApp wants to be left alone for longer than the bot may wait.
        [error] = ear.of("pairing.error")
        assert isinstance(error, PairingError)
        assert (error.kind, error.retryable, error.server_code) == ("rate_limited", True, 429)
        assert error.message == "Too many attempts. Try again later, or use the QR code."
        assert error.retry_after is not None
        assert error.retry_after >= 90
        assert error.retry_in is None

    run(test())


def test_a_retry_waits_as_long_as_it_is_told_to() -> None:
    # The library's own limit for codes, which a second code would break.
    limits = {"pairing.limit_burst": 1, "pairing.limit_interval_ms": 25000}
    bot = a_bot(code_expiry=20, code_reminder=0, retry=Retry(max=2, delay=0), config=limits)
    ear = Ear(bot)

    async def test() -> None:
        async with BotTester(bot, linked=False) as t:
            await until(lambda: len(ear.of("pairing.code")) == 2)
            await asyncio.to_thread(t.phone.enter, ear.of("pairing.code")[1].code)
            await t.bot.ready(150)
        first, second = ear.of("pairing.code")
        [error] = ear.of("pairing.error")
        assert (error.kind, error.retryable) == ("throttled", True)
        assert error.retry_in == error.retry_after
        assert (second.expires_at - first.expires_at).total_seconds() >= 20 + error.retry_in
        # What the library's ration put off was no code.
        assert (first.attempt, second.attempt) == (1, 2)

    run(test())


# What an authenticator makes of a challenge, as to its form.
ASSERTION = (
    '{"id":"AQID","rawId":"AQID","type":"public-key","response":'
    '{"clientDataJSON":"e30","authenticatorData":"AQID","signature":"AQID","userHandle":null}}'
)


def test_a_passkey() -> None:
    bot = a_bot()
    seen: list[PairingPasskey] = []

    async def test() -> None:
        async with BotTester(bot, linked=False) as t:
            t.phone.set(passkey="before_finish", passkey_ask=True)

            @bot.on("pairing.passkey")
            async def passkey(passkey: PairingPasskey) -> None:
                seen.append(passkey)
                if passkey.step == "required":
                    await passkey.answer(ASSERTION)
                else:
                    await passkey.confirm()
                    await asyncio.to_thread(t.phone.confirm)

            code = await bot.wait_for("pairing.code", timeout=150)
            typing = asyncio.ensure_future(asyncio.to_thread(t.phone.enter, code.code))
            await t.bot.ready(150)
            assert (await typing).linked
        assert [passkey.step for passkey in seen] == ["required", "confirm"]
        assert "challenge" in (seen[0].options or "")
        assert seen[1].display is not None
        assert seen[1].display not in repr(seen)

    run(test())


def test_qr() -> None:
    bot = a_bot(login_method="qr", phone_number=None)
    ear = Ear(bot, "pairing.qr", "pairing.code", "ready")

    async def test() -> None:
        async with BotTester(bot) as t:
            await until(lambda: "ready" in ear.names)
            code = ear.of("pairing.qr")[0]
            assert isinstance(code, PairingQr)
            assert "█" in code.terminal()
            assert code.png().startswith(b"\x89PNG")
            assert ear.of("pairing.code") == []
            await t.bot.stop()
            await t.start()
            await until(lambda: len(ear.of("ready")) == 2)
            assert [user.first_login for user in ear.of("ready")] == [True, False]

    run(test())


def test_messages_of_all_kinds() -> None:
    bot = a_bot()
    ear = Ear(bot, "message", "receipt", "chat.activity")

    @bot.message(F.text == "hello")
    async def hello(message: Message) -> None:
        await message.reply("hello to you")

    async def test() -> None:
        async with BotTester(bot) as t:
            ada = await t.user("Ada")
            first = await ada.send("hello")
            reply = await ada.reply()
            assert (reply.kind, reply.text, reply.target) == ("text", "hello to you", first)
            await ada.react(reply, "👍")
            await ada.edit(first, "hello there")
            await ada.delete(first)
            # Others show what they are doing only to those who are there themselves.
            await bot.client.presence.set(available=True)
            await t.control("POST", f"/phones/{ada.number}/typing", {"to": t.number})
            await until(lambda: len(ear.of("message")) == 4 and ear.of("chat.activity") and ear.of("receipt"))
            messages: list[Message] = ear.of("message")
            assert [message.kind for message in messages] == ["text", "reaction", "edit", "delete"]
            assert [message.text for message in messages[:3]] == ["hello", "👍", "hello there"]
            text = messages[0]
            assert (text.id, text.sender_phone, text.name, text.is_group) == (first, ada.number, "Ada", False)
            assert isinstance(ear.of("receipt")[0], Receipt)
            assert isinstance(ear.of("chat.activity")[0], ChatActivity)

    run(test())


def test_groups() -> None:
    bot = a_bot()
    ear = Ear(bot, "group.update")

    @bot.on("group.update")
    async def welcome(update: GroupUpdate) -> None:
        if update.change == "add" and len(update.members) == 1:
            await update.answer("Welcome, {members}", mention_members=True)

    async def test() -> None:
        async with BotTester(bot) as t:
            ada, bob = await t.user("Ada"), await t.user("Bob")
            group = await t.group("Gardening", creator=ada)
            await group.send("hello")
            await group.add(bob)
            reply = await group.reply()
            assert (reply.text or "").startswith("Welcome, @")
            await group.set_subject("Compost")
            await until(lambda: any(update.change == "subject" for update in ear.of("group.update")))
            [renamed] = [update for update in ear.of("group.update") if update.change == "subject"]
            assert isinstance(renamed, GroupUpdate)
            assert (renamed.text, renamed.chat) == ("Compost", group.id)
            assert renamed.sender is not None
            assert renamed.changed_at <= datetime.now(timezone.utc)

    run(test())


def test_a_call_and_what_else_the_library_tells() -> None:
    bot = a_bot()
    ear = Ear(bot, "call", "presence", "identity.changed", "message.unreadable")

    async def test() -> None:
        async with BotTester(bot) as t:
            ada = await t.user("Ada")

            async def push(stanza: dict[str, Any]) -> None:
                await asyncio.to_thread(t.phone.push, 1, stanza)

            caller = f"{ada.number}@s.whatsapp.net"
            offer = {"tag": "offer", "attrs": {"call-id": "C1", "call-creator": caller}, "children": [{"tag": "video"}]}
            await push({"tag": "call", "attrs": {"from": caller, "id": "1", "t": "1767000000"}, "children": [offer]})
            await until(lambda: ear.of("call"))
            [call] = ear.of("call")
            assert isinstance(call, Call)
            assert (call.sender, call.stage, call.video, call.call_id) == (caller, "offer", True, "C1")

            await bot.client.presence.set(available=True)
            await bot.client.presence.subscribe(user=ada.number)
            await t.control("POST", f"/phones/{ada.number}/presence", {"available": True})
            await until(lambda: any(presence.available for presence in ear.of("presence")))
            assert isinstance(ear.of("presence")[0], Presence)

            await ada.send("hello")
            await t.control("POST", f"/phones/{ada.number}/reinstall", {"unlink": True})
            await ada.send("hello again")
            await until(lambda: ear.of("identity.changed"))
            assert isinstance(ear.of("identity.changed")[0], IdentityChanged)

            fake = {"tag": "enc", "attrs": {"v": "2", "type": "msg"}, "bytes": "AAAA"}
            await push(
                {"tag": "message", "attrs": {"from": caller, "id": "X1", "t": "1767000000", "type": "text"}, "children": [fake]}
            )
            await until(lambda: ear.of("message.unreadable"))
            assert isinstance(ear.of("message.unreadable")[0], MessageUnreadable)

    run(test())


def test_the_connection() -> None:
    bot = a_bot()
    ear = Ear(bot, "connecting", "reconnecting", "disconnected", "ready")

    async def test() -> None:
        async with BotTester(bot) as t:
            await until(lambda: "ready" in ear.names)
            assert ear.names[0] == "connecting"
            assert ear.of("connecting")[0] == Connecting(attempt=1)
            number = await asyncio.to_thread(connection_of, t.simulator, t.number)
            await asyncio.to_thread(t.simulator.connection, number, "close")
            await until(lambda: len(ear.of("ready")) == 2)
            reconnecting = ear.of("reconnecting")[-1]
            assert isinstance(reconnecting, Reconnecting)
            assert (reconnecting.reason, reconnecting.attempt) == ("closed", 0)
            assert reconnecting.detail is not None
            assert ear.of("disconnected") == []
            await t.bot.stop()
            assert ear.heard[-1] == ("disconnected", Disconnected("by_host", None))
            assert await t.bot.wait() is ExitCode.STOPPED

    run(test())


def test_strangers_are_written_to_at_a_pace() -> None:
    bot = a_bot(config={"pace.first_contacts_per_hour": 1, "pace.jitter_ms": 0})

    async def test() -> None:
        async with BotTester(bot) as t:
            ada, bob = await t.user("Ada"), await t.user("Bob")
            waiting = asyncio.ensure_future(bot.wait_for("message.waiting", timeout=150))
            await bot.send(ada.number, "hello")
            second = bot.create_task(bot.send(bob.number, "hello"))
            event = await waiting
            assert isinstance(event, MessageWaiting)
            assert event.reason == "first_contacts"
            # Who writes first is no stranger.
            await bob.send("hi")
            assert (await bob.reply()).text == "hello"
            assert await second is not None

    run(test())


def test_another_program_takes_the_session_over() -> None:
    bot = a_bot()
    ear = Ear(bot, "disconnected")

    async def test() -> None:
        async with BotTester(bot) as t:
            conflict: dict[str, Any] = {
                "tag": "stream:error",
                "attrs": {},
                "children": [{"tag": "conflict", "attrs": {"type": "replaced"}}],
            }
            number = await asyncio.to_thread(connection_of, t.simulator, t.number)
            await t.control("POST", f"/connections/{number}/send", {"stanza": conflict})
            assert await t.bot.wait() is ExitCode.REPLACED
        assert [event.reason for event in ear.of("disconnected")] == ["replaced"]

    run(test())


def test_a_restriction() -> None:
    bot = a_bot()
    ear = Ear(bot, "restricted")

    async def test() -> None:
        async with BotTester(bot) as t:
            await t.bot.stop()
            t.simulator.fault({"point": "login"}, {"failure": {"reason": "402", "code": "101", "expire": "3600"}})
            await t.bot.start()
            assert await t.bot.wait() is ExitCode.RESTRICTED
            [restricted] = ear.of("restricted")
            assert isinstance(restricted, Restricted)
            assert (restricted.kind, restricted.scope, restricted.code) == ("temporary_ban", "account", 101)
            assert restricted.ends_at is not None
            assert restricted.ends_at > datetime.now(timezone.utc)
            # It has been heard of, and does not come again.
            await t.start()
            await t.bot.stop()
            assert len(ear.heard) == 1

    run(test())


@pytest.mark.parametrize("by", ["phone", "host"])
def test_the_end_of_a_session(by: str) -> None:
    bot = a_bot()
    ear = Ear(bot, "logout")

    async def test() -> None:
        async with BotTester(bot) as t:
            if by == "phone":
                await asyncio.to_thread(t.phone.unlink)
            else:
                await bot.client.logout()
            assert await t.bot.wait() is ExitCode.LOGGED_OUT
            [logout] = ear.of("logout")
            assert isinstance(logout, Logout)
            assert (logout.reason, logout.may_be_listed) == (f"by_{by}", False)
            t.phone.wait_companions(0)
            # Started again, it links anew.
            await t.start()
            t.phone.wait_companions(1)

    run(test())


def test_names() -> None:
    bot = a_bot()
    with pytest.raises(ValueError, match=r"there is no event 'pairing\.cod'"):
        bot.on("pairing.cod")  # type: ignore[call-overload]  # pyright: ignore
