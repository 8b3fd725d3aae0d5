"""Tests of bots without a phone: the bot runs unchanged, against a simulated WhatsApp with simulated people.

    async def test_ping():
        async with BotTester(bot) as t:
            await t.send("ping")
            assert (await t.reply()).text == "pong"

One simulator serves all testers of a process. Each tester links the bot to a phone of its own, which takes a fraction of a second,
and keeps the session in a folder that ends with it.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import dataclasses
import itertools
import math
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from .._arguments import time_limit, time_span
from ..testing import Phone, Simulator, SimulatorError
from .bot import Bot
from .failures import Failure

__all__ = ["BotTester", "Group", "Person", "Reply"]

# The longest time for which a request to the simulator may hold a thread.
_SLICE_SECONDS = 0.25
# The longest time for the bot to link.
_LINK_SECONDS = 60.0

_numbers = itertools.count(15550100000)
_in_use: set[str] = set()
_shared: list[Simulator] = []


def _simulator() -> Simulator:
    if not _shared:
        _shared.append(Simulator())
        atexit.register(_shared[0].close)
    return _shared[0]


@dataclasses.dataclass(frozen=True)
class Reply:
    """A message of the bot, as a person got it.

    Attributes:
        id: Its id.
        kind: Its kind: "text", "reaction", "edit", "delete" and so on.
        text: The text; of a reaction the emoji.
        target: The id of the message that it quotes, or that it is about.
        chat: The bot's number, or the address of the group.
    """

    id: str
    kind: str
    text: str | None
    target: str | None
    chat: str


class Person:
    """A person with a phone, who writes to the bot."""

    def __init__(self, tester: BotTester, number: str, name: str) -> None:
        self.number = number
        self.name = name
        self._tester = tester
        self._after = 0
        self._heard: list[Reply] = []

    async def send(self, text: str, *, to: str | None = None, quote: Reply | None = None) -> str:
        """Writes to the bot, or to a group by its address, and gives the message's id."""
        body: dict[str, Any] = {"to": to or self._tester.number, "text": text}
        if quote is not None:
            body["quote"] = {"id": quote.id, "from": self._tester.number, "text": quote.text}
        answer = await self._tester.control("POST", f"/phones/{self.number}/send", body)
        return str(answer["id"])

    async def react(self, target: Reply, emoji: str) -> None:
        """Reacts to a message of the bot."""
        await self._about("react", target.id, self._tester.number, target.chat, emoji=emoji)

    async def edit(self, id: str, text: str, *, to: str | None = None) -> None:
        """Gives an own message a new text."""
        await self._about("edit", id, self.number, to, text=text)

    async def delete(self, id: str, *, to: str | None = None) -> None:
        """Deletes an own message for everybody."""
        await self._about("delete", id, self.number, to)

    async def vote(self, poll: Reply, *options: str) -> str:
        """Votes in a poll of the bot for these options, or takes the vote back when there are none; gives the vote's id."""
        body = {"to": poll.chat, "target": {"id": poll.id, "from": self._tester.number}, "options": list(options)}
        answer = await self._tester.control("POST", f"/phones/{self.number}/vote", body)
        return str(answer["id"])

    async def post_status(self, text: str) -> str:
        """Posts to the status feed, for the bot to see; gives the post's id."""
        body = {"text": text, "audience": [self._tester.number]}
        answer = await self._tester.control("POST", f"/phones/{self.number}/status", body)
        return str(answer["id"])

    async def _about(self, verb: str, id: str, author: str, to: str | None, **more: str) -> None:
        body = {"to": to or self._tester.number, "target": {"id": id, "from": author}, **more}
        await self._tester.control("POST", f"/phones/{self.number}/{verb}", body)

    async def reply(self, *, timeout: float | None = 30.0, chat: str | None = None) -> Reply:
        """The next message that the bot writes to this person, or into the group of this address.

        The `timeout` is seconds, 0 or more; None or infinity is for any time.

        Raises:
            TimeoutError: None came within so many seconds.
            AssertionError: A handler of the bot failed meanwhile.
        """
        wanted = chat or self._tester.number
        limit = time_limit(timeout)
        ends = math.inf if limit is None else time.monotonic() + limit
        while True:
            for reply in self._heard:
                if reply.chat == wanted:
                    self._heard.remove(reply)
                    return reply
            self._tester.raise_failures()
            left = ends - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"the bot did not answer within {limit} seconds")
            await self._listen(min(left, _SLICE_SECONDS))

    async def no_reply(self, *, within: float = 0.3, chat: str | None = None) -> None:
        """Checks that the bot writes nothing for so many seconds, and that nothing it has written by then is on its way."""
        span = time_span(within, "within")
        try:
            reply = await self.reply(timeout=span, chat=chat)
        except TimeoutError:
            await asyncio.to_thread(self._tester.simulator.settle)
            await self._listen(0)
            late = [reply for reply in self._heard if reply.chat == (chat or self._tester.number)]
            if not late:
                return
            reply = late[0]
        raise AssertionError(f"the bot was to be silent, and wrote {reply.text!r}")

    async def _listen(self, seconds: float) -> None:
        path = f"/phones/{self.number}/heard?after={self._after}&wait_ms={max(1, round(seconds * 1000))}"
        answer = await self._tester.control("GET", path)
        for message in answer["messages"]:
            self._after = max(self._after, message["n"])
            if message["from"] == self._tester.number:
                self._heard.append(
                    Reply(message["id"], message["kind"], message.get("text"), message.get("target"), message["chat"])
                )


class Group:
    """A group with the bot and some people in it."""

    def __init__(self, tester: BotTester, id: str, creator: Person) -> None:
        self.id = id
        self.creator = creator
        self._tester = tester
        self._path = f"/groups/{id.partition('@')[0]}"

    async def send(self, text: str, *, by: Person | None = None) -> str:
        """A member, its creator if none is named, writes into it."""
        return await (by or self.creator).send(text, to=self.id)

    async def reply(self, *, to: Person | None = None, timeout: float | None = 30.0) -> Reply:
        """The next message of the bot in it, as its creator, or this member, gets it."""
        return await (to or self.creator).reply(timeout=timeout, chat=self.id)

    async def no_reply(self, *, within: float = 0.3) -> None:
        """Checks that the bot writes nothing into it for so many seconds."""
        await self.creator.no_reply(within=within, chat=self.id)

    async def add(self, *people: Person) -> None:
        """Its creator adds members."""
        await self._change("add", people)

    async def remove(self, *people: Person) -> None:
        """Its creator removes members."""
        await self._change("remove", people)

    async def promote(self, *people: Person | str) -> None:
        """Its creator makes members administrators: people, or the bot by its number, `t.number`."""
        await self._change("promote", people)

    async def demote(self, *people: Person | str) -> None:
        """Its creator makes administrators plain members."""
        await self._change("demote", people)

    async def set_subject(self, subject: str) -> None:
        """Its creator renames it."""
        await self._tester.control("POST", f"{self._path}/set", {"what": "subject", "text": subject})

    async def _change(self, verb: str, people: tuple[Person | str, ...]) -> None:
        members = [person if isinstance(person, str) else person.number for person in people]
        await self._tester.control("POST", f"{self._path}/{verb}", {"members": members})


class BotTester:
    """Runs a bot against a simulated WhatsApp, from `async with` on.

    Args:
        bot: The bot. It keeps its options, but for where it connects and where its session is.
        simulator: A simulator of your own, for one that misbehaves for example.
        linked: False leaves the linking to the test: `t.phone.enter(code)`.
    """

    def __init__(self, bot: Bot, *, simulator: Simulator | None = None, linked: bool = True) -> None:
        self.bot = bot
        self.simulator = simulator or _simulator()
        #: The number of the bot's account.
        self.number = self._free_number(bot.config.phone_number)
        #: Failures of the bot's handlers since it was last looked at.
        self.failures: list[Failure] = []
        self._linked = linked
        self._options = bot.config
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._person: Person | None = None
        self._people: list[str] = []
        self._phone: Phone | None = None

    @staticmethod
    def _free_number(wanted: str | None) -> str:
        return wanted if wanted is not None and wanted not in _in_use else str(next(_numbers))

    @property
    def phone(self) -> Phone:
        """The phone of the bot's account."""
        if self._phone is None:
            raise RuntimeError("use `async with BotTester(bot) as t`")
        return self._phone

    async def control(self, method: str, path: str, body: Any | None = None) -> Any:
        """A request of the simulator's control API."""
        return await asyncio.to_thread(self.simulator.control, method, path, body)

    async def __aenter__(self) -> BotTester:
        _in_use.add(self.number)
        self._folder = tempfile.TemporaryDirectory(prefix="libwa-bot-")
        try:
            self._phone = await asyncio.to_thread(self._make_phone)
            # Its own keys stay, but for where the server is.
            own = {key: value for key, value in self._options.library.items() if not key.startswith("server.")}
            self.bot._options = dataclasses.replace(
                self._options,
                phone_number=self.number,
                session_dir=Path(self._folder.name),
                display="off",
                library={**self.simulator.config, "reconnect.base_ms": "20", **own},
            )
            self.bot._failures.handlers.append(self._failed)
            await self.start()
        except BaseException:
            await self._leave()
            raise
        return self

    async def start(self) -> None:
        """Starts the bot, again for one that was stopped, and waits until it is ready."""
        await self.bot.start()
        if not self._linked:
            return
        event = "pairing.qr" if self._options.login_method == "qr" else "pairing.code"
        linking = None if self.bot.client.is_linked else asyncio.ensure_future(self._link(event))
        try:
            await self.bot.ready(_LINK_SECONDS)
        finally:
            if linking is not None:
                linking.cancel()
                await asyncio.gather(linking, return_exceptions=True)

    async def _link(self, event: str) -> None:
        if event == "pairing.qr":
            await asyncio.to_thread(self.phone.scan, (await self.bot.wait_for("pairing.qr")).payload)
        else:
            await asyncio.to_thread(self.phone.enter, (await self.bot.wait_for("pairing.code")).code)

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._leave()
        if error is None:
            self.raise_failures()

    async def _leave(self) -> None:
        await self.bot.stop()
        if self._failed in self.bot._failures.handlers:
            self.bot._failures.handlers.remove(self._failed)
        self.bot._options = self._options
        for number in [*self._people, self.number]:
            await asyncio.to_thread(self._remove_phone, number)
        _in_use.discard(self.number)
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _make_phone(self) -> Phone:
        self._remove_phone(self.number)
        return self.simulator.phone(self.number, name="Bot")

    def _remove_phone(self, number: str) -> None:
        with contextlib.suppress(SimulatorError):  # there is none
            self.simulator.control("DELETE", f"/phones/{number}")

    # People.

    async def user(self, name: str = "Ada", *, number: str | None = None) -> Person:
        """Returns a new person, with a phone."""
        chosen = number or str(next(_numbers))
        await asyncio.to_thread(self.simulator.phone, chosen, name)
        self._people.append(chosen)
        return Person(self, chosen, name)

    async def group(self, subject: str, *members: Person, creator: Person | None = None) -> Group:
        """A group of the bot, its creator, the tester's first person if nobody is named, and members."""
        creator = creator or await self._somebody()
        body = {
            "subject": subject,
            "creator": creator.number,
            "members": [self.number, *(member.number for member in members if member is not creator)],
        }
        answer = await self.control("POST", "/groups", body)
        return Group(self, answer["jid"], creator)

    async def send(self, text: str, *, quote: Reply | None = None) -> str:
        """The tester's first person writes to the bot. Gives the message's id."""
        return await (await self._somebody()).send(text, quote=quote)

    async def reply(self, *, timeout: float | None = 30.0) -> Reply:
        """The next message that this person gets; see `Person.reply`."""
        return await (await self._somebody()).reply(timeout=timeout)

    async def no_reply(self, *, within: float = 0.3) -> None:
        """Checks that this person gets none."""
        await (await self._somebody()).no_reply(within=within)

    async def _somebody(self) -> Person:
        if self._person is None:
            self._person = await self.user()
        return self._person

    # Failures.

    def _failed(self, failure: Failure) -> None:
        self.failures.append(failure)

    def raise_failures(self) -> None:
        """Raises what has failed in the bot's handlers, unless the bot has an error handler of its own, or the test took it."""
        if self.failures and self.bot._failures.handlers in ([], [self._failed]):
            failure = self.failures.pop(0)
            raise AssertionError(f"{failure.where} failed: {failure.error!r}") from failure.error
