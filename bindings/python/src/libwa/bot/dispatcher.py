"""Runs what is to be done for events: one after the other within a chat, several chats at a time, never too much at once.

Each chat has a lane. The first thing in a lane is done before the second one is begun; lanes do not wait for each other, as long
as no more of them are busy than allowed. A handler that waits for an answer gives its turn away meanwhile: only what comes from the
same person in that chat stays in line behind it, commands excepted, and no more than `MOST_HELD` messages of it. How much waits of
all is not decided here: the library hands out no more than is allowed to be without acknowledgement. That is why one person must
not have all of it.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from .. import errors

#: The number of messages of a person that stay in line in a chat while a handler waits, and of their handlers that wait at a time.
MOST_HELD = 64


@dataclass(eq=False)
class Job:
    """Something to be done.

    Attributes:
        subject: Its subject, for those who look for it while it waits.
        run: Does it. Failures of handlers are its own affair.
        done: Called once it has come to its end, and not when it was cancelled or left undone.
        person: The person it comes from. While a job of theirs waits for something, this one stays in line; None if there is none.
        passes: Whether it does not stay in line even then.
    """

    subject: object
    run: Callable[[], Awaitable[None]]
    done: Callable[[], None]
    person: str | None = None
    passes: bool = False
    #: The chat that it was put in for, and its number among all.
    chat: str = ""
    number: int = 0
    #: The lane whose turn it has, and with it a place among the chats that are served.
    lane: _Lane | None = None
    #: The task that runs it.
    task: asyncio.Task[None] | None = None
    #: The number of its waits at this moment.
    pauses: int = 0
    #: The last of the takers that have refused it.
    refused_by: int = 0
    _taken: list[Callable[[], None]] = field(default_factory=lambda: list[Callable[[], None]]())
    finished: bool = False
    #: Set if it came to its end without being dealt with, so that what it is about has to come again.
    undone: bool = False

    def take(self, done: Callable[[], None]) -> None:
        """Something else, which is dealt with when this is."""
        if self.finished:
            done()
        else:
            self._taken.append(done)

    def finish(self) -> None:
        """It is dealt with, and so is what it took; neither is, if it was left undone."""
        self.finished = True
        if self.undone:
            return
        self.done()
        for done in self._taken:
            done()


#: The job that the running code belongs to.
current_job: contextvars.ContextVar[Job | None] = contextvars.ContextVar("current_job", default=None)


class _Lane:
    """One chat: what waits there, and what runs."""

    def __init__(self, chat: str) -> None:
        self.chat = chat
        self.waiting: deque[Job] = deque()
        #: Begun, and waiting for something.
        self.paused: set[Job] = set()
        #: Held by the job that runs.
        self.turn = asyncio.Lock()
        #: Tasks that run a job, or are about to take one.
        self.serving: set[asyncio.Task[None]] = set()
        #: Set if one of them has not taken its job yet.
        self.choosing = False
        self.changed = asyncio.Event()
        #: People of whom more came than stays in line. That is logged once.
        self.flooded: set[str] = set()

    def waits_of(self, person: str | None) -> int:
        """Returns the number of a person's handlers that wait."""
        return sum(job.person == person for job in self.paused if job.person is not None and not job.finished)

    def held(self) -> Counter[str]:
        """Returns the number of each person's jobs that stay in line because handlers of theirs wait."""
        held = Counter({job.person: 0 for job in self.paused if job.person is not None and not job.finished})
        if not held:
            return held
        held.update(job.person for job in self.waiting if not job.passes and job.person is not None and job.person in held)
        return held


class _Taker:
    """A taker that wants a job of a chat, or of any, in place of its handlers."""

    def __init__(self, number: int, chat: str | None, suits: Callable[[Any], Awaitable[bool]]) -> None:
        self.number = number
        self.chat = chat
        self.suits = suits
        self.job = current_job.get()
        self.future: asyncio.Future[Job] = asyncio.get_running_loop().create_future()


class Dispatcher:
    """The lanes of one run of a bot. To be made within its event loop.

    Lanes of chats begin once the dispatcher is open, and end with `stop`; the others do all that is put into them.
    """

    def __init__(self, concurrency: int, logger: logging.Logger | None = None) -> None:
        self._log = logger or logging.getLogger(__name__)
        self._busy = asyncio.Semaphore(concurrency)
        self._chats: dict[str, _Lane] = {}
        self._others: dict[str, deque[Job]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        # The jobs that have begun.
        self._running: set[Job] = set()
        self._takers: dict[str | None, list[_Taker]] = {}
        self._last_taker = 0
        self._last_job = 0
        self._open = False
        self._stopping = False

    def open(self) -> None:
        """Lets the work for chats begin. Until then it is only taken in."""
        self._open = True
        self._wake(self._chats.values())

    def put_for_chat(self, chat: str, job: Job) -> None:
        """Takes in a job for a chat; not any more when the dispatcher is stopping."""
        if self._stopping:
            return
        lane = self._chats.get(chat)
        if lane is None:
            lane = self._chats[chat] = _Lane(chat)
            self._spawn(self._work_for_chat(lane))
        self._last_job += 1
        job.chat, job.number = chat, self._last_job
        lane.waiting.append(job)
        lane.changed.set()

    def put(self, lane: str, job: Job) -> None:
        """Takes in a job that is for no chat."""
        waiting = self._others.get(lane)
        if waiting is not None:
            waiting.append(job)
            return
        self._others[lane] = deque([job])
        self._spawn(self._work(lane))

    # Waiting within jobs.

    async def take(self, suits: Callable[[Any], Awaitable[bool]], chat: str | None, timeout: float | None) -> Job:
        """Takes out the first job whose subject suits and that has not begun: one that waits, or one that is yet to come.

        Args:
            suits: Asked of one job after the other, each once.
            chat: The only chat that counts; None for all.
            timeout: Seconds; None for any time.

        Raises:
            TimeoutError: None came within so many seconds.
            ClientClosedError: None will come any more.
        """
        self._last_taker += 1
        taker = _Taker(self._last_taker, chat, suits)
        try:
            return await self.pause(self._take(taker, timeout))  # type: ignore[no-any-return]
        except BaseException:
            # A caller's own limit came to its end in the moment in which the job was taken.
            if taker.future.done() and not taker.future.cancelled() and taker.future.exception() is None:
                self._put_back(taker.future.result())
            raise

    def _put_back(self, job: Job) -> None:
        """Has it stand in line again where it stood."""
        number = job.number
        self.put_for_chat(job.chat, job)
        job.number = number
        lane = self._chats.get(job.chat)
        if lane is not None:
            lane.waiting = deque(sorted(lane.waiting, key=lambda job: job.number))

    async def _take(self, taker: _Taker, timeout: float | None) -> Job:
        chat = taker.chat
        self._takers.setdefault(chat, []).append(taker)
        self._wake_for(chat)
        try:
            return await asyncio.wait_for(taker.future, timeout)
        except asyncio.TimeoutError:
            raise TimeoutError(f"no message that suits came within {timeout} seconds") from None
        finally:
            taker.future.cancel()
            self._takers[chat].remove(taker)
            if not self._takers[chat]:
                del self._takers[chat]
            # Jobs that it was still to be asked of may begin now.
            self._wake_for(chat)

    async def pause(self, waiting: Awaitable[Any]) -> Any:
        """Waits for something within a job, whose turn and place others may have meanwhile. The end of the bot cancels the job.

        Raises:
            TimeoutError: `MOST_HELD` handlers of the same person wait in the chat already.
        """
        job = current_job.get()
        if job is None or job.finished:
            if self._stopping:
                _drop(waiting)
                raise errors.ClientClosedError("the bot has stopped")
            return await waiting
        if self._stopping and job.task is not None:
            _drop(waiting)
            job.task.cancel()
            await asyncio.get_running_loop().create_future()
        if job.lane is not None and job.lane.waits_of(job.person) >= MOST_HELD:
            _drop(waiting)
            raise TimeoutError(f"{MOST_HELD} handlers of messages of the same person wait in this chat already")
        job.pauses += 1
        lane = self._give_turn_away(job)
        try:
            return await waiting
        finally:
            try:
                # At the end there is nobody to be considerate of.
                if lane is not None and not self._stopping and not job.finished:
                    await self._take_turn_again(lane, job)
            finally:
                if lane is not None:
                    lane.paused.discard(job)
                    lane.changed.set()
                job.pauses -= 1

    def _give_turn_away(self, job: Job) -> _Lane | None:
        lane, job.lane = job.lane, None
        if lane is not None:
            lane.paused.add(job)
            self._release(lane)
        return lane

    async def _take_turn_again(self, lane: _Lane, job: Job) -> None:
        cancelled: asyncio.CancelledError | None = None
        while True:
            try:
                await self._acquire(lane)
                break
            except asyncio.CancelledError as error:
                # A caller's own limit ends the wait. The handler goes on after it, and not before its turn comes.
                if self._stopping:
                    raise
                cancelled = error
        if job.finished:  # what waited was not its handler
            self._release(lane)
        else:
            job.lane = lane
        if cancelled is not None:
            raise cancelled

    async def _acquire(self, lane: _Lane) -> None:
        await lane.turn.acquire()
        try:
            await self._busy.acquire()
        except BaseException:
            lane.turn.release()
            raise

    def _release(self, lane: _Lane) -> None:
        self._busy.release()
        lane.turn.release()
        lane.changed.set()

    # The end.

    def cancel_waiting(self) -> None:
        """Begins nothing more for chats, and cancels the jobs that wait for something, which are not dealt with."""
        self._stopping = True
        for lane in self._chats.values():
            lane.waiting.clear()
        for job in self._running:
            if job.pauses and job.task is not None:
                job.task.cancel()
        for taker in [taker for takers in self._takers.values() for taker in takers]:
            if not taker.future.done() and (taker.job is None or taker.job.finished):
                taker.future.set_exception(errors.ClientClosedError("the bot has stopped"))
        self._wake(self._chats.values())

    async def stop(self, seconds: float) -> None:
        """Begins nothing more for chats, gives what runs so long to come to its end, and cancels it then."""
        self.cancel_waiting()
        await _end([task for lane in self._chats.values() for task in lane.serving], seconds)
        await asyncio.sleep(0)

    async def finish(self, seconds: float) -> None:
        """Waits until everything else is done, for so long at most, and cancels what is left."""
        await _end(list(self._tasks), seconds)

    # Lanes.

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _work_for_chat(self, lane: _Lane) -> None:
        while True:
            lane.changed.clear()
            await self._offer(lane)
            if self._open and not lane.choosing and not lane.turn.locked() and self._next(lane) is not None:
                lane.choosing = True
                task = self._spawn(self._serve(lane))
                lane.serving.add(task)
                task.add_done_callback(lambda task: self._served(lane, task))
            if not lane.waiting and not lane.serving:
                del self._chats[lane.chat]
                return
            await lane.changed.wait()

    @staticmethod
    def _served(lane: _Lane, task: asyncio.Task[None]) -> None:
        lane.serving.discard(task)
        lane.changed.set()

    async def _serve(self, lane: _Lane) -> None:
        """Does the next job of the lane, when its turn comes and there is a place."""
        try:
            await self._acquire(lane)
        finally:
            lane.choosing = False
        job = self._next(lane)
        if job is None:  # it was taken meanwhile
            self._release(lane)
            return
        lane.waiting.remove(job)
        job.lane = lane
        try:
            await self._do(job)
        finally:
            if self._give_turn_away(job) is not None:
                lane.paused.discard(job)

    def _next(self, lane: _Lane) -> Job | None:
        """The first job that may begin; None as long as a taker still considers taking one that stands before it.

        Of a person whose handlers wait, only the oldest jobs beyond those that may be held begin.
        """
        held = lane.held()
        takers = [taker for taker in self._takers_of(lane) if not taker.future.done()]
        for job in lane.waiting:
            if any(taker.number > job.refused_by for taker in takers):
                return None
            if job.passes or job.person is None or job.person not in held:
                return job
            if held[job.person] > MOST_HELD:
                self._note_flood(lane, job.person)
                return job
        return None

    def _note_flood(self, lane: _Lane, person: str) -> None:
        if person not in lane.flooded:
            lane.flooded.add(person)
            self._log.warning(
                "more than %d messages of one person stay in line behind a handler that waits: the oldest go to the handlers. "
                "A timeout for the wait, or for handlers, ends such waits",
                MOST_HELD,
            )

    def _takers_of(self, lane: _Lane) -> list[_Taker]:
        takers = [*self._takers.get(lane.chat, ()), *self._takers.get(None, ())]
        return sorted(takers, key=lambda taker: taker.number)

    async def _offer(self, lane: _Lane) -> None:
        """Asks the takers, in the order in which they came, about what waits, in the order in which it came."""
        for job in list(lane.waiting):
            for taker in self._takers_of(lane):
                if taker.number <= job.refused_by or taker.future.done() or job not in lane.waiting:
                    continue
                if not await self._wants(taker, job):
                    job.refused_by = taker.number
                elif job in lane.waiting:
                    lane.waiting.remove(job)
                    taker.future.set_result(job)
                    break

    @staticmethod
    async def _wants(taker: _Taker, job: Job) -> bool:
        asking = asyncio.ensure_future(taker.suits(job.subject))
        both: set[asyncio.Future[Any]] = {asking, taker.future}
        # Nobody waits for the answer any more when the taker has had its time.
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if not asking.done():
            asking.cancel()
        [answer] = await asyncio.gather(asking, return_exceptions=True)
        if taker.future.done():
            return False
        if isinstance(answer, BaseException):
            taker.future.set_exception(answer)
            return False
        return answer

    def _wake_for(self, chat: str | None) -> None:
        self._wake(self._chats.values() if chat is None else [self._chats[chat]] if chat in self._chats else [])

    @staticmethod
    def _wake(lanes: Iterable[_Lane]) -> None:
        for lane in lanes:
            lane.changed.set()

    async def _work(self, lane: str) -> None:
        waiting = self._others[lane]
        try:
            while waiting:
                job = waiting.popleft()
                await asyncio.wait({self._spawn(self._do(job))})
        finally:
            del self._others[lane]

    async def _do(self, job: Job) -> None:
        current_job.set(job)
        job.task = asyncio.current_task()
        self._running.add(job)
        try:
            await job.run()
        finally:
            self._running.discard(job)
            # The task knows the job too: without this, only the garbage collector would find the two.
            job.task = None
        job.finish()


def _drop(waiting: Awaitable[Any]) -> None:
    if asyncio.iscoroutine(waiting):
        waiting.close()


async def _end(tasks: list[asyncio.Task[None]], seconds: float) -> None:
    if not tasks:
        return
    _, late = await asyncio.wait(tasks, timeout=seconds)
    for task in late:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
