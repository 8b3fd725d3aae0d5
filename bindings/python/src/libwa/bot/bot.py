"""The bot itself: what programs make, give handlers to, and run."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from types import TracebackType
from typing import Any, TypeVar

from .. import errors
from .._arguments import time_limit
from .._client import Client
from ..terminal import when_to_try
from . import events
from .chat import Chat, Sent
from .checks import check_function, check_number
from .dispatcher import current_job
from .exit_codes import ExitCode, exit_code
from .failures import Failure, Failures
from .filters import as_condition
from .later import sends
from .message import Message
from .options import Display, Given, LoginMethod, Options, PathLike, resolve
from .phone import masked
from .retry import Retry
from .router import Router
from .run import Run
from .runner import call
from .session_erase import clear, erase
from .wait_for import Waits

Hook = Callable[[], object]
K = TypeVar("K", bound=Hook)
FailureHandler = TypeVar("FailureHandler", bound=Callable[[Failure], object])
T = TypeVar("T")

# The longest wait for WhatsApp while a session is cleared.
_CLEAR_SECONDS = 20.0
# The longest wait of a start for a session that something else holds.
_LOCK_SECONDS = 3.0


class Bot(Router, Waits):
    """A bot: a device linked to a WhatsApp account, and what it does with the messages that come.

        bot = Bot(phone_number="628123456789", session_id="my-bot")

        @bot.message(F.text == "ping")
        async def ping(message: Message) -> None:
            await message.reply("pong")

        bot.run()

    What is not given is taken from the environment (PHONE_NUMBER, SESSION_ID, LOGIN_METHOD, SESSION_DIR, LOG_LEVEL, and
    LIBWA_… for any key of the library), then from the file `env_file`, then from the defaults. `Options` describes them all.

    Args:
        login_method: "pairing" shows a code to type into the phone, "qr" a QR code to scan.
        phone_number: The account's number as digits with the country code; needed for "pairing".
        session_id: The name of the session.
        session_dir: The folder where sessions are kept.
        browser: The product's name, the kind of program and a version: ("MyBot", "Chrome", "1.0.0"). WhatsApp sees the name too.
        logger: The logger, `libwa.bot` if left out.
        log_level: From which level on: a name such as "info", or a number of `logging`.
        env_file: A file of variables, read if it is there; None for none.
        display: The form of the code: "auto", "plain" or "off".
        code_expiry: Seconds that a code is good for, at most 180.
        code_reminder: Seconds before a code's end at which `pairing.reminder` comes.
        retry: The number of further attempts to link.
        prefix: The beginning of commands.
        concurrency: The number of chats that are served at the same time.
        backlog: The number of messages that may be in hand; the others wait in the session's file.
        handler_timeout: Seconds that a handler may take; None or infinity for no limit.
        stop_timeout: Seconds that handlers may go on when the bot stops.
        config: Configuration keys of the library, as include/CONFIGURATION.md lists them.

    Raises:
        PhoneNumberError: The phone number is missing or not in the form that is wanted.
        OptionError: Another option has a value that it cannot have.
        EnvFileError: The .env file cannot be read.
    """

    def __init__(
        self,
        *,
        login_method: LoginMethod | None = None,
        phone_number: str | None = None,
        session_id: str | None = None,
        session_dir: PathLike | None = None,
        browser: tuple[str, str, str] | None = None,
        logger: logging.Logger | None = None,
        log_level: int | str | None = None,
        env_file: PathLike | None = ".env",
        display: Display = "auto",
        code_expiry: float | None = None,
        code_reminder: float = 15.0,
        retry: Retry | None = None,
        prefix: str = "/",
        concurrency: int = 32,
        backlog: int = 1000,
        handler_timeout: float | None = None,
        stop_timeout: float = 10.0,
        config: Mapping[str, str | int | bool] | None = None,
    ) -> None:
        super().__init__()
        self._options = resolve(
            Given(
                login_method=login_method,
                phone_number=phone_number,
                session_id=session_id,
                session_dir=session_dir,
                browser=browser,
                logger=logger,
                log_level=log_level,
                env_file=env_file,
                display=display,
                code_expiry=code_expiry,
                code_reminder=code_reminder,
                retry=retry,
                prefix=prefix,
                concurrency=concurrency,
                backlog=backlog,
                handler_timeout=handler_timeout,
                stop_timeout=stop_timeout,
                config=config,
            )
        )
        self._failures = Failures(self._options.logger)
        self._startup: list[Hook] = []
        self._shutdown: list[Hook] = []
        self._periodic: list[tuple[float, Hook]] = []
        self._run: Run | None = None
        self._latest: Run | None = None
        self._ended: asyncio.Task[ExitCode] | None = None
        # The exception of a start-up hook.
        self._failed_hook: BaseException | None = None
        # Set if the session is erased when the bot has stopped.
        self._clearing = False
        if self._options.log_level is not None:
            self._options.logger.setLevel(self._options.log_level)

    def __repr__(self) -> str:
        return f"<Bot {self._options.session_id}, {'running' if self._run is not None else 'not running'}>"

    @property
    def config(self) -> Options:
        """All options, as they were decided."""
        return self._options

    @property
    def client(self) -> Client:
        """The library's client, with all that the bot has no call for. Leave its events to the bot.

        Raises:
            ClientClosedError: The bot does not run.
        """
        return self._running.client

    @property
    def error(self) -> Callable[[FailureHandler], FailureHandler]:
        """Registers a handler for failures of handlers, tasks and hooks: `@bot.error`. Without one they are logged."""

        def take(handler: FailureHandler) -> FailureHandler:
            check_function(handler, "an error handler", "failure")
            self._failures.handlers.append(handler)
            return handler

        return take

    # Hooks.

    def startup(self, hook: K) -> K:
        """A function to call before the bot connects: `@bot.startup`. When it fails, the bot does not start."""
        check_function(hook, "a start-up hook")
        self._startup.append(hook)
        return hook

    def shutdown(self, hook: K) -> K:
        """A function to call when the bot stops, while it is still connected if it was: `@bot.shutdown`."""
        check_function(hook, "a shut-down hook")
        self._shutdown.append(hook)
        return hook

    def every(self, seconds: float) -> Callable[[K], K]:
        """A function to call again and again, so many seconds after it was through, from the first login on."""
        check_number(seconds, "the number of seconds that every() takes", 0, above=True)

        def take(task: K) -> K:
            check_function(task, "a task")
            self._periodic.append((seconds, task))
            return task

        return take

    # Its life.

    def run(self) -> None:
        """Runs the bot until it is stopped, by Ctrl-C or SIGTERM too.

        Raises:
            SystemExit: It stopped for another reason, which the status tells; see `ExitCode`.
            RuntimeError: An event loop runs already in this thread.
        """
        if _running_loop() is not None:
            raise RuntimeError(
                "run() begins an event loop of its own, and one runs already in this thread: "
                "use `async with bot:` there and `await bot.wait()`, or `await bot.start()`"
            )
        self._log_to_stderr()
        try:
            code = asyncio.run(self._run_until_stopped())
        except KeyboardInterrupt:
            code = ExitCode.STOPPED  # pressed a second time
        if code is not ExitCode.STOPPED:
            sys.exit(int(code))

    async def start(self) -> None:
        """Starts the bot in the running event loop. It links or logs in by itself from then on; `ready()` waits for that.

        Raises:
            AlreadyLinkedError: The session is linked to another number.
            Error: The session cannot be opened.
        """
        if self._run is not None:
            raise RuntimeError("the bot runs already")
        self._check()
        run = await self._open()
        try:
            await run.check_account()
        except BaseException:
            self._run = None
            await run.client.close()
            raise
        try:
            for hook in self._startup:
                await call(hook)
        except BaseException as error:
            self._run = None
            self._failed_hook = error
            await run.client.close()
            raise
        self._latest = run
        run.begin()
        self._ended = asyncio.ensure_future(self._wait_for_the_end(run))

    async def _open(self) -> Run:
        """Opens the session. What holds it for a moment, such as `status` or a bot that is stopping, is waited for."""
        ends = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                self._run = Run(self._options, self, self._failures)
                return self._run
            except errors.StoreLockedError:
                if time.monotonic() > ends:
                    raise
            await asyncio.sleep(0.1)
            if self._run is not None:
                raise RuntimeError("the bot runs already")

    async def ready(self, timeout: float | None = None) -> events.User:
        """Waits until the bot is linked and logged in, and tells as whom.

        Args:
            timeout: Seconds, 0 or more; None or infinity for any time.

        Raises:
            TimeoutError: It was not within so many seconds. The bot goes on trying.
            Error: It cannot be; the bot has stopped.
        """
        limit = time_limit(timeout)
        run = self._run or self._latest
        if run is None:
            raise errors.ClientClosedError("the bot was not started")
        try:
            return await asyncio.wait_for(asyncio.shield(run.user), limit)
        except asyncio.TimeoutError:
            raise TimeoutError(f"the bot was not ready within {limit} seconds") from None

    async def wait(self) -> ExitCode:
        """Waits until the bot has stopped, and tells why."""
        if self._ended is None:
            raise errors.ClientClosedError("the bot was not started")
        return await asyncio.shield(self._ended)

    async def stop(self) -> None:
        """Stops the bot, and comes back when it has. The session stays. May be repeated.

        Called by a handler, which the bot waits for, it comes back at once, and the bot stops when the handler is through.
        """
        if self._run is not None:
            self._run.end(ExitCode.STOPPED)
        if self._ended is not None and current_job.get() is None:
            await asyncio.shield(self._ended)

    async def __aenter__(self: B) -> B:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()

    async def clear_session(self) -> bool:
        """Unlinks the device, stops the bot and erases the session. The next start links anew.

        Returns:
            Whether WhatsApp could be told. If not, the phone lists the device until it is removed there.
        """
        if self._run is None:
            return await clear(self._options, _CLEAR_SECONDS)
        gone = True
        if self._run.client.is_linked:
            try:
                await asyncio.wait_for(self._run.client.logout(), _CLEAR_SECONDS)
            except (asyncio.TimeoutError, errors.Error):
                gone = False
        self._clearing = True
        await self.stop()
        return gone

    async def _run_until_stopped(self) -> ExitCode:
        loop = asyncio.get_running_loop()
        starting = asyncio.ensure_future(self.start())
        handled: list[signal.Signals] = []

        def interrupted() -> None:
            # A second signal does what it does to any program.
            for number in handled:
                loop.remove_signal_handler(number)
            if signal.SIGTERM in handled:
                signal.signal(signal.SIGTERM, _end_at_once)
            starting.cancel()
            if self._run is not None:
                self._run.end(ExitCode.STOPPED)

        def noticed(_: int, __: object) -> None:
            for number in handled:
                signal.signal(number, signal.default_int_handler if number == signal.SIGINT else _end_at_once)

        for number in (signal.SIGINT, signal.SIGTERM):
            # In a thread that is not the main one there are no signals.
            with contextlib.suppress(ValueError, RuntimeError, NotImplementedError):
                loop.add_signal_handler(number, interrupted)
                # The loop gets the first signal by its descriptor; the second one needs no loop, which a handler may block.
                signal.signal(number, noticed)
                handled.append(number)
        try:
            await starting
        except asyncio.CancelledError:
            if not starting.cancelled():
                raise
            self._options.logger.info("stopped while it was starting")
            return ExitCode.STOPPED
        except Exception as error:
            code = exit_code(error)
            if error is self._failed_hook:
                await self._failures.report(Failure(error, "the start"))
            else:
                self._say_why(error, code)
            return code
        return await self.wait()

    async def _wait_for_the_end(self, run: Run) -> ExitCode:
        tasks = asyncio.ensure_future(self._begin_periodic(run))
        code = await asyncio.shield(run.ending)
        tasks.cancel()
        self._say_why(run.error, code)
        await run.quiet_down()
        for hook in self._shutdown:
            try:
                await call(hook)
            except Exception as error:
                await self._failures.report(Failure(error, "a shut-down hook"))
        await run.close()
        self._run = None
        if self._clearing:
            self._clearing = False
            await erase(self._options)
        return code

    def _say_why(self, error: BaseException | None, code: ExitCode) -> None:
        if code is ExitCode.STOPPED:
            self._options.logger.info("stopping")
            return
        text = (getattr(error, "user_text", None) or str(error)) if error is not None else "for no known reason"
        again = when_to_try(error) if isinstance(error, errors.Error) else ""
        then = f" {again}" if again else ""
        self._options.logger.error("stopping (%s, exit status %d): %s%s", code.name, code, masked(text), then)

    async def _begin_periodic(self, run: Run) -> None:
        with contextlib.suppress(errors.Error):
            await asyncio.shield(run.user)
            for seconds, task in self._periodic:
                run.create_task(self._repeat(seconds, task), getattr(task, "__name__", "every"))

    async def _repeat(self, seconds: float, task: Hook) -> None:
        while True:
            try:
                await call(task)
            except Exception as error:
                await self._failures.report(Failure(error, f"the task {getattr(task, '__name__', 'every')}"))
            await asyncio.sleep(seconds)

    def _log_to_stderr(self) -> None:
        """A program that asked for a log level and has set nothing up gets its log on standard error."""
        logger = self._options.logger
        if self._options.log_level is not None and not logger.hasHandlers():
            handler = logging.StreamHandler()
            handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
            logger.addHandler(handler)

    @property
    def _running(self) -> Run:
        if self._run is None:
            raise errors.ClientClosedError("the bot does not run: start it first")
        return self._run

    # Actions.

    def chat(self, jid: str) -> Chat:
        """A conversation: by its JID, by the chat of a message, or by a phone number."""
        return self._running.context.chat(jid)

    @sends
    async def send(self, to: str, text: str, *, mentions: Iterable[str] | None = None, message_id: str | None = None) -> Sent:
        """Sends a text to a chat, and comes back when WhatsApp has it; see `Chat.send`."""
        return await self.chat(to).send(text, mentions=mentions, message_id=message_id)

    def create_task(self, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T | None]:
        """Runs something in the background until it is through or the bot stops, which cancels it. Failures are reported."""
        if not asyncio.iscoroutine(coroutine):
            raise TypeError(f"create_task takes what a call of a coroutine function gives, not {coroutine!r}")
        return self._running.create_task(coroutine, getattr(coroutine, "__name__", "task"))

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that the bot runs in.

        Raises:
            ClientClosedError: The bot does not run.
        """
        return self._running.loop

    def run_coroutine_threadsafe(self, coroutine: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Runs something in the bot's event loop for another thread: `bot.run_coroutine_threadsafe(bot.send(to, text)).result()`.

        Everything else of a bot belongs to the thread that runs it. The stop of the bot cancels what is not through.

        Raises:
            ClientClosedError: The bot does not run.
            RuntimeError: This is the thread that runs the bot, which can await the coroutine.
        """
        run = self._run
        if run is not None and _running_loop() is run.loop:
            coroutine.close()
            raise RuntimeError("this is the thread of the bot: await the coroutine, or hand it to create_task()")
        try:
            if run is None:
                raise errors.ClientClosedError("the bot does not run: start it first")
            return run.from_thread(coroutine)
        except errors.ClientClosedError:
            coroutine.close()
            raise

    async def _wait_for(self, event: str, condition: Callable[[Any], object] | None, timeout: float | None) -> Any:
        suits = _any if condition is None else as_condition(condition)
        return await self._running.wait_for(event, suits, timeout)


def _end_at_once(number: int, _: object) -> None:
    """Ends the process as the signal does that nobody handles."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    # The first process of a container is not ended by it.
    os._exit(128 + number)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


async def _any(subject: object) -> bool:
    return not (isinstance(subject, Message) and subject.is_command)


B = TypeVar("B", bound=Bot)
