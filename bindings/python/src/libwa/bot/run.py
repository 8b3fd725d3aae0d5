"""One run of a bot, from its start to its end: takes the client's events and hands each to whom it concerns."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from .. import errors
from .. import events as library
from .._bindings import WA_ERROR_NOT_CONNECTED
from .._client import Client
from .._error import Error, error_for
from .._numbers import check_account
from .._waits import failure as failure_for
from .._waits import is_trouble
from ..terminal import again_in
from . import events
from .admins import account
from .context import Context
from .dispatcher import Dispatcher, Job, current_job
from .ending import comes_of_the_end
from .exit_codes import ExitCode, exit_code
from .failures import Failure, Failures
from .group import GroupUpdate
from .later import not_collected
from .login import Login
from .login_display import screen_for
from .message import Message
from .options import Options
from .phone import masked
from .router import Router
from .runner import Handling, call_within
from .state import StateFile
from .waiters import Waiters

T = TypeVar("T")

# Levels of the library's log, with those of Python.
_LEVELS = {
    "error": logging.ERROR,
    "warn": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
    "trace": logging.DEBUG,
}

# Events that handlers get as the library has them, with the name of the field by which they are kept in order.
_AS_THEY_ARE: dict[type[library.Event], str] = {
    library.Call: "sender",
    library.Receipt: "chat",
    library.MessageUnreadable: "chat",
    library.MessageWaiting: "chat",
    library.ChatActivity: "chat",
    library.Presence: "sender",
    library.IdentityChanged: "sender",
}

# The reasons that end a session because the account itself is locked or banned, as `logout` names it.
_OF_THE_ACCOUNT = ("account_locked", "account_banned")


def client_for(options: Options) -> Client:
    """The library's client for these options. The folder of the sessions is made if it is not there."""
    config = dict(options.library)
    if "store.url" not in config:
        try:
            options.session_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise errors.StoreError(f"the folder {options.session_dir} cannot be made: {error.strerror}") from None
        config["store.url"] = f"sqlite:{options.session_file}"
    # Events of the past that wait in the session's file.
    config.setdefault("queue.unacknowledged", str(options.backlog))
    if "log.level" not in config:
        level = options.logger.getEffectiveLevel()
        chosen = [name for name, number in _LEVELS.items() if number >= level and name != "trace"]
        config["log.level"] = chosen[-1] if chosen else "off"
    return Client(session=options.session_id, config=config)


class Run:
    """A bot that runs. To be made within its event loop."""

    def __init__(self, options: Options, router: Router, failures: Failures) -> None:
        self.options = options
        self.failures = failures
        self.client = client_for(options)
        self.waiters = Waiters()
        self.dispatcher = Dispatcher(options.concurrency, options.logger)
        self.context = Context(self.client, options, self._wait_for_message)
        self._router = router
        self._handling = Handling(router, options.prefix, options.handler_timeout)
        self._screen = screen_for(options.display)
        self._state = StateFile(options.state_file, options.logger)
        self._log = options.logger
        loop = self.loop = asyncio.get_running_loop()
        #: The account, once the session is logged in; why not, if it cannot be.
        self.user: asyncio.Future[events.User] = loop.create_future()
        #: The reason why the run comes to its end.
        self.ending: asyncio.Future[ExitCode] = loop.create_future()
        #: The error, if there was one.
        self.error: BaseException | None = None
        self._pump: asyncio.Task[None] | None = None
        self._login: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        # The reason why there is no connection, as it was last told.
        self._trouble: str | None = None

    # Its life.

    async def check_account(self) -> None:
        """Compares the number in the options with that of the account that the session is linked to.

        Raises:
            AlreadyLinkedError: They are different.
        """
        phone = self.options.phone_number
        if self.options.login_method == "pairing" and phone is not None and self.client.is_linked:
            check_account(phone, (await self.client.session.status()).phone)

    def begin(self) -> None:
        """Connects, and takes events from now on."""
        linked = self.client.is_linked
        self._log.info("session %s: %s", self.options.session_id, "linked" if linked else "not linked yet")
        self._state.change(linked=linked, online=False)
        self._pump = asyncio.ensure_future(self._take_events())
        if linked:
            self.client.connect()
        else:
            self._login = asyncio.ensure_future(self._log_in())

    def end(self, code: ExitCode, error: BaseException | None = None) -> None:
        """Says that the run is over. The first who says so is right."""
        if not self.ending.done():
            self.error = error
            self.ending.set_result(code)
            reason: BaseException = error or errors.ClientClosedError("the bot has stopped")
            if not self.user.done():
                self.user.set_exception(reason)
                self.user.exception()  # nobody needs to be waiting

    async def quiet_down(self) -> None:
        """Ends what works for chats and in the background. The client is still connected after it."""
        if self._login is not None:
            await self._cancel(self._login)
        self._screen.close()
        for task in list(self._tasks):
            await self._cancel(task)
        self.dispatcher.cancel_waiting()
        self.waiters.end(errors.ClientClosedError("the bot has stopped"))
        await self.dispatcher.stop(self.options.stop_timeout)

    async def close(self) -> None:
        """Closes the client, and lets the listeners hear of it."""
        await self.client.close()
        if self._pump is not None:
            await asyncio.wait([self._pump], timeout=self.options.stop_timeout)
            await self._cancel(self._pump)
        await self.dispatcher.finish(self.options.stop_timeout)
        self._state.close()

    @staticmethod
    async def _cancel(task: asyncio.Task[Any]) -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    def create_task(self, coroutine: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Runs something in the background until it is through, or the run is."""

        async def guarded() -> Any:
            # It is no part of the handler that began it.
            current_job.set(None)
            not_collected()
            try:
                return await coroutine
            except asyncio.CancelledError:
                raise
            except Exception as error:
                await self.failures.report(Failure(error, f"the task {name}"))
                return None

        task = asyncio.ensure_future(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # One that was cancelled before it began has to be closed.
        task.add_done_callback(lambda _: coroutine.close())
        return task

    def from_thread(self, coroutine: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Runs something for another thread until it is through, or the run is.

        Raises:
            ClientClosedError: The run is over.
        """

        async def of_the_run() -> T:
            task = asyncio.current_task()
            assert task is not None
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            if self.ending.done():
                coroutine.close()
                raise errors.ClientClosedError("the bot has stopped")
            return await coroutine

        try:
            return asyncio.run_coroutine_threadsafe(of_the_run(), self.loop)
        except RuntimeError:  # the loop is closed
            raise errors.ClientClosedError("the bot has stopped") from None

    # Waiting.

    async def wait_for(self, event: str, suits: Callable[[Any], Awaitable[bool]], timeout: float | None) -> Any:
        """Waits for an event. A message of another person is taken from its handlers, also one that waits for them already."""
        if event == "message":
            return await self._wait_for_message(suits, None, timeout)
        return await self.dispatcher.pause(self.waiters.wait(event, suits, timeout))

    async def _wait_for_message(
        self, suits: Callable[[Message], Awaitable[bool]], chat: str | None, timeout: float | None
    ) -> Message:
        async def is_wanted(subject: object) -> bool:
            return isinstance(subject, Message) and not subject.from_me and subject.about == "new" and await suits(subject)

        message = (await self.dispatcher.take(is_wanted, chat, timeout)).subject
        assert isinstance(message, Message)
        # It is dealt with when the handler is that took it.
        job = current_job.get()
        if job is not None:
            job.take(message.event.ack)
        else:
            message.event.ack()
        return message

    # Logging in.

    async def _log_in(self) -> None:
        try:
            ready = await Login(self.client, self.options, self._screen, self._emit, self._taken).run()
        except Error as error:
            if isinstance(error.event, library.LoggedOut):
                self._logged_out(error.event)
            elif isinstance(error.event, library.Restricted):
                self._restricted(error.event)
            self.end(exit_code(error), error)
        except Exception as error:
            self.end(ExitCode.FAILED, error)
        else:
            self._login = None
            self._ready(ready)

    def _taken(self, event: library.LoggedOut | library.Restricted | library.Connection) -> None:
        """The login took this event, and does not end with it: what an earlier run was told of, or trouble with the connection."""
        if isinstance(event, library.LoggedOut):
            self._logged_out(event)
        elif isinstance(event, library.Restricted):
            self._restricted(event)
        else:
            self._connection(event)

    def _ready(self, ready: library.Ready) -> None:
        user = events.User(
            name=ready.name or masked(ready.phone),
            phone=ready.phone,
            jid=ready.jid,
            lid=ready.lid,
            first_login=ready.first_login,
        )
        self.context.own = {account(jid) for jid in (ready.jid, ready.lid) if jid}
        self._state.change(linked=True, online=True)
        # Changes made meanwhile may not have been told.
        self.context.admins.forget()
        if not self.user.done() or self._trouble is not None:
            self._screen.ready(user)
        self._trouble = None
        if not self.user.done():
            self.user.set_result(user)
        self._log.info("ready")
        self._emit("ready", user)
        self.dispatcher.open()

    def _logged_out(self, event: library.LoggedOut) -> None:
        self._state.change(linked=self.client.is_linked, online=False)
        logout = events.Logout(event.reason, event.user_text, event.may_be_listed)
        if event.reason not in _OF_THE_ACCOUNT:
            self._emit("logout", logout, event.ack)
        elif event.redelivered:
            # The person who started the bot again is asked for a code, and has to know why.
            self._screen.trouble(event.user_text)
            self._log.warning("the session is linked again, since an earlier run was told: %s", masked(event.user_text))
            self._emit("logout", logout, event.ack)
        else:
            # The next run has to know it, too.
            self._emit("logout", logout)

    def _restricted(self, event: library.Restricted) -> None:
        restricted = events.Restricted(event.kind, event.scope, event.user_text, event.starts_at, event.ends_at, event.code)
        self._emit("restricted", restricted, event.ack)

    # Events.

    async def _take_events(self) -> None:
        try:
            async for event in self.client.events(ack=False):
                self._take(event)
        except Exception as error:
            self.end(exit_code(error), error)

    def _take(self, event: library.Event) -> None:
        if isinstance(event, library.Message):
            self._take_message(Message(event, self.context))
        elif isinstance(event, library.GroupUpdate):
            self.context.admins.forget(event.chat)
            self._for_chat("group.update", event.chat, GroupUpdate(event, self.context), event)
        elif type(event) in _AS_THEY_ARE:
            self._for_chat(event.type, getattr(event, _AS_THEY_ARE[type(event)]), event, event)
        elif isinstance(event, library.Connection):
            self._connection(event)
        elif isinstance(event, library.Ready):
            self._ready(event)
        elif isinstance(event, library.LoggedOut):
            self._logged_out(event)
            # An earlier run's events are over: this one links anew, if it has to.
            if not event.redelivered:
                error = failure_for(event)
                self.end(exit_code(error), error)
        elif isinstance(event, library.Restricted):
            self._restricted(event)
        elif isinstance(event, library.Log):
            self._log.log(_LEVELS.get(event.level, logging.DEBUG), "%s: %s", event.target, event.text)
        elif isinstance(event, library.Overflow):
            self._log.warning("%d events were dropped, because too many came at once", event.count)
            self.context.admins.forget()
        elif isinstance(event, library.Closed):
            if event.error is not None:
                self.end(exit_code(event.error), event.error)
        else:
            event.ack()

    def _connection(self, event: library.Connection) -> None:
        self._log.debug("connection: %s%s", event.state, f", {event.reason}" if event.reason else "")
        if event.state not in ("connected", "online"):
            self._state.change(online=False)
        if event.state == "connecting":
            self._emit("connecting", events.Connecting(event.attempt))
        elif event.state == "reconnecting":
            if is_trouble(event):
                self._tell_trouble(event)
            self._emit("reconnecting", events.Reconnecting(event.reason, event.text, event.retry_in or 0.0, event.attempt))
        elif event.state == "disconnected":
            self._emit("disconnected", events.Disconnected(event.reason if event.status else "by_host", event.text))
            # While it is being linked, the login decides; and a handler may have wished it.
            if event.is_final and event.reason != "by_host" and self._login is None:
                error = error_for(event.status or WA_ERROR_NOT_CONNECTED, event.text, event=event)
                self.end(exit_code(error), error)

    def _tell_trouble(self, event: library.Connection) -> None:
        """Tells the person in front of the program why there is no connection, once for each cause in a row."""
        if event.text == self._trouble:
            return
        self._trouble = event.text
        text = f"Not connected: {event.text}. {again_in(event.retry_in)}"
        self._screen.trouble(text)
        self._log.warning("%s", masked(text))

    def _take_message(self, message: Message) -> None:
        message.is_command = self._handling.is_command(message)
        job = Job(message, lambda: self._deal_with(message), message.event.ack, account(message.sender), message.is_command)
        self.dispatcher.put_for_chat(message.chat, job)

    async def _deal_with(self, message: Message) -> None:
        await self._tell("message", message)
        try:
            await self._handling.handle(message)
        except Exception as error:
            await self._failed(Failure(error, f"the handling of {message!r}", message))

    def _for_chat(self, name: str, chat: str, subject: object, event: library.Event) -> None:
        self.waiters.offer(name, subject)
        if self._router._listeners(name):
            self.dispatcher.put_for_chat(chat, Job(subject, lambda: self._tell(name, subject), event.ack))
        else:
            event.ack()

    def _emit(self, name: str, subject: object, done: Callable[[], None] = lambda: None) -> None:
        """Tells of something that concerns no chat. What belongs together is told in order."""
        self.waiters.offer(name, subject)
        self.dispatcher.put(name.partition(".")[0], Job(subject, lambda: self._tell(name, subject), done))

    async def _tell(self, name: str, subject: object) -> None:
        for listener in self._router._listeners(name):
            try:
                await call_within(self.options.handler_timeout if name == "message" else None, listener, subject)
            except Exception as error:
                await self._failed(Failure(error, f"the listener of {name}", subject))

    async def _failed(self, failure: Failure) -> None:
        """Reports what failed in a job; what the client's end broke off is left undone instead, and comes again in the next run."""
        job = current_job.get()
        if job is None or not await comes_of_the_end(failure.error, self.client):
            await self.failures.report(failure)
            return
        job.undone = True
        self._log.warning("%s was broken off, and comes again at the next start: %s", failure.where, masked(str(failure.error)))
