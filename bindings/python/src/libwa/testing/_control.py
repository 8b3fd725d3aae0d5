"""The simulator's control API: JSON over HTTP on the loopback address."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

# A phone answers when a pairing is decided, which can take its whole patience of two minutes.
_SECONDS = 180


class SimulatorError(Exception):
    """The simulator refused what it was asked for.

    Attributes:
        name: The error's name, such as "no_such_phone".
    """

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


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
