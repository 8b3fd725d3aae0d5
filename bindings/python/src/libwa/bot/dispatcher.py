"""Runs what is to be done for events: one after the other within a chat, several chats at a time, never too much at once.

Each chat has a lane. The first thing in a lane is done before the second one is begun; lanes do not wait for each other, as long
as no more of them are busy than allowed. How much waits is not decided here: the library hands out no more than is allowed to be
without acknowledgement.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False)
class Job:
    """Something to be done.

    Attributes:
        subject: What it is about, for those who look for it while it waits.
        run: Does it. Failures of handlers are its own affair.
        done: Called once it has come to its end, and not when it was cancelled.
    """

    subject: object
    run: Callable[[], Awaitable[None]]
    done: Callable[[], None]
    #: Whether it counts among the chats that are served.
    has_place: bool = False
    _taken: list[Callable[[], None]] = field(default_factory=lambda: list[Callable[[], None]]())
    _finished: bool = False

    def take(self, done: Callable[[], None]) -> None:
        """Something else, which is dealt with when this is."""
        if self._finished:
            done()
        else:
            self._taken.append(done)

    def finish(self) -> None:
        """It is dealt with, and so is what it took."""
        self._finished = True
        self.done()
        for done in self._taken:
            done()


#: The job that the running code belongs to.
current_job: contextvars.ContextVar[Job | None] = contextvars.ContextVar("current_job", default=None)


class Dispatcher:
    """The lanes of one run of a bot. To be made within its event loop.

    Lanes of chats begin once the dispatcher is open, and end with `stop`; the others do all that is put into them.
    """

    def __init__(self, concurrency: int) -> None:
        self._busy = asyncio.Semaphore(concurrency)
        self._chats: dict[str, deque[Job]] = {}
        self._others: dict[str, deque[Job]] = {}
        self._workers: dict[asyncio.Task[None], bool] = {}
        self._open = asyncio.Event()
        self._stopping = False

    def open(self) -> None:
        """Lets the work for chats begin. Until then it is only taken in."""
        self._open.set()

    def put_for_chat(self, chat: str, job: Job) -> None:
        """Takes in a job for a chat; not any more when the dispatcher is stopping."""
        if not self._stopping:
            self._enter(self._chats, chat, job)

    def put(self, lane: str, job: Job) -> None:
        """Takes in a job that is for no chat."""
        self._enter(self._others, lane, job)

    def _enter(self, lanes: dict[str, deque[Job]], lane: str, job: Job) -> None:
        waiting = lanes.get(lane)
        if waiting is not None:
            waiting.append(job)
            return
        lanes[lane] = deque([job])
        for_chat = lanes is self._chats
        worker = asyncio.ensure_future(self._work_for_chat(lane) if for_chat else self._work(lane))
        self._workers[worker] = for_chat
        worker.add_done_callback(lambda worker: self._workers.pop(worker, None))

    def take(self, suits: Callable[[Any], bool]) -> Job | None:
        """Takes out the first job for a chat that waits and whose subject suits."""
        for waiting in self._chats.values():
            for job in waiting:
                if suits(job.subject):
                    waiting.remove(job)
                    return job
        return None

    async def pause(self, waiting: Awaitable[Any]) -> Any:
        """Waits for something within a job, whose place another chat may have meanwhile."""
        job = current_job.get()
        if job is None or not job.has_place:
            return await waiting
        job.has_place = False
        self._busy.release()
        try:
            return await waiting
        finally:
            await self._busy.acquire()
            job.has_place = True

    async def stop(self, seconds: float) -> None:
        """Begins nothing more for chats, gives what runs so long to come to its end, and cancels it then."""
        self._stopping = True
        for waiting in self._chats.values():
            waiting.clear()
        self._open.set()
        await self._end([worker for worker, for_chat in self._workers.items() if for_chat], seconds)

    async def finish(self, seconds: float) -> None:
        """Waits until everything else is done, for so long at most, and cancels what is left."""
        await self._end(list(self._workers), seconds)

    @staticmethod
    async def _end(workers: list[asyncio.Task[None]], seconds: float) -> None:
        if not workers:
            return
        _, late = await asyncio.wait(workers, timeout=seconds)
        for worker in late:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    async def _work_for_chat(self, chat: str) -> None:
        waiting = self._chats[chat]
        try:
            await self._open.wait()
            while waiting:
                async with self._busy:
                    # Somebody may have taken it meanwhile.
                    if waiting:
                        job = waiting.popleft()
                        job.has_place = True
                        await self._do(job)
        finally:
            del self._chats[chat]

    async def _work(self, lane: str) -> None:
        waiting = self._others[lane]
        try:
            while waiting:
                await self._do(waiting.popleft())
        finally:
            del self._others[lane]

    @staticmethod
    async def _do(job: Job) -> None:
        token = current_job.set(job)
        try:
            await job.run()
        finally:
            current_job.reset(token)
        job.finish()
