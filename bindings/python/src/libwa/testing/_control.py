"""The simulator's control API: JSON over HTTP on the loopback address."""

from __future__ import annotations

import http.client
import json
import math
import time
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from .._arguments import time_limit, time_span

# A phone answers when a pairing is decided, which can take its whole patience of two minutes.
_SECONDS = 180
# The pause of a wait between two looks.
_PAUSE_SECONDS = 0.01


class SimulatorError(Exception):
    """The simulator refused what it was asked for.

    Attributes:
        name: The error's name, such as "no_such_phone".
    """

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


_Found = TypeVar("_Found")


def wait(look: Callable[[], _Found | None], timeout: float, what: str) -> _Found:
    """Looks again and again until there is something to be seen, and gives that. An infinite `timeout` is for any time.

    Raises:
        InvalidArgumentError: That is no number of seconds.
        TimeoutError: There was nothing after so many seconds.
    """
    limit = time_limit(timeout)
    ends = math.inf if limit is None else time.monotonic() + limit
    while True:
        found = look()
        if found is not None:
            return found
        if time.monotonic() >= ends:
            raise TimeoutError(f"{what} did not come within {limit} seconds")
        time.sleep(_PAUSE_SECONDS)


def settle(control: Control, timeout: float) -> None:
    """The barrier before a look at the state; see `Simulator.settle`."""
    control("POST", "/settle", {"wait_ms": round(time_span(timeout, "timeout") * 1000)})


class Control:
    """Makes requests, each on a connection of its own, so that threads do not wait for each other."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._host = urlsplit(url).netloc

    def __call__(self, method: str, path: str, body: Any | None = None) -> Any:
        connection = http.client.HTTPConnection(self._host, timeout=_SECONDS)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, {"content-type": "application/json"})
            response = connection.getresponse()
            data = response.read()
        finally:
            connection.close()
        answer: Any = json.loads(data) if data else None
        if response.status >= 400:
            raise SimulatorError(answer["error"], answer["message"])
        return answer
