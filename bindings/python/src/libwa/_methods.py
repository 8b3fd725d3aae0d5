# Made from include/wa.h and the tables in src/api. Do not edit: WA_UPDATE=1 cargo test --test generated
"""The library's methods by name: `client.session.status()` is `client.call("session.status")` with types.

The methods are described in include/METHODS.md.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from ._record import Record

AsyncCall = Callable[[str, dict[str, Any]], Awaitable[Any]]
SyncCall = Callable[[str, dict[str, Any]], Any]


@dataclass(frozen=True, init=False, repr=False, eq=False)
class ServerPing(Record):
    """What `server.ping` gives.

    Attributes:
        round_trip: Time until the server answered. In seconds.
    """

    round_trip: float

    def __init__(
        self,
        round_trip: float,
    ) -> None:
        own_ = self.__dict__
        own_["round_trip"] = round_trip

    @classmethod
    def _make(cls, o: dict[str, Any]) -> ServerPing:
        return cls(
            o["round_trip_ms"] / 1000,
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class SessionList(Record):
    """What `session.list` gives.

    Attributes:
        sessions: The names of all sessions in the client's store, as an array of text.
    """

    sessions: Any

    def __init__(
        self,
        sessions: Any,
    ) -> None:
        own_ = self.__dict__
        own_["sessions"] = sessions

    @classmethod
    def _make(cls, o: dict[str, Any]) -> SessionList:
        return cls(
            o["sessions"],
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class SessionStatus(Record):
    """What `session.status` gives.

    Attributes:
        state: Where the connection stands, as in the event `connection`.
        linked: Whether the session is linked to an account.
        jid: The device's own JID.
        lid: The device's own LID.
        phone: The account's phone number, digits only.
    """

    state: str
    linked: bool
    jid: str | None
    lid: str | None
    phone: str | None

    def __init__(
        self,
        state: str,
        linked: bool,
        jid: str | None,
        lid: str | None,
        phone: str | None,
    ) -> None:
        own_ = self.__dict__
        own_["state"] = state
        own_["linked"] = linked
        own_["jid"] = jid
        own_["lid"] = lid
        own_["phone"] = phone

    @classmethod
    def _make(cls, o: dict[str, Any]) -> SessionStatus:
        return cls(
            o["state"],
            o["linked"],
            o["jid"],
            o["lid"],
            o["phone"],
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class VersionLatest(Record):
    """What `version.latest` gives.

    Attributes:
        version: The version, fit for the key `client.version`.
    """

    version: str

    def __init__(
        self,
        version: str,
    ) -> None:
        own_ = self.__dict__
        own_["version"] = version

    @classmethod
    def _make(cls, o: dict[str, Any]) -> VersionLatest:
        return cls(
            o["version"],
        )


class AsyncServer:
    """Methods `server.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: AsyncCall) -> None:
        self._call = call

    async def ping(self) -> ServerPing:
        """Asks the server for a sign of life on the connection that is open."""
        params: dict[str, Any] = {}
        return ServerPing._make(await self._call("server.ping", params))


class AsyncSession:
    """Methods `session.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: AsyncCall) -> None:
        self._call = call

    async def erase(self) -> None:
        """Erases the session from the store without telling the server, and closes the client. The
        phone goes on listing the device until it is removed there; `logout()` is the polite way.
        """
        params: dict[str, Any] = {}
        await self._call("session.erase", params)

    async def list(self) -> SessionList:
        """Lists the sessions of the store."""
        params: dict[str, Any] = {}
        return SessionList._make(await self._call("session.list", params))

    async def status(self) -> SessionStatus:
        """Tells where the session stands, without asking the server."""
        params: dict[str, Any] = {}
        return SessionStatus._make(await self._call("session.status", params))


class AsyncVersion:
    """Methods `version.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: AsyncCall) -> None:
        self._call = call

    async def latest(self) -> VersionLatest:
        """Asks WhatsApp's web site for the newest version of its web client. This is never done
        unasked.
        """
        params: dict[str, Any] = {}
        return VersionLatest._make(await self._call("version.latest", params))


class AsyncMethods:
    """All methods, by the first part of their names."""

    def _call(self, method: str, params: dict[str, Any]) -> Awaitable[Any]:
        raise NotImplementedError

    @property
    def server(self) -> AsyncServer:
        """Methods `server.*`."""
        return AsyncServer(self._call)

    @property
    def session(self) -> AsyncSession:
        """Methods `session.*`."""
        return AsyncSession(self._call)

    @property
    def version(self) -> AsyncVersion:
        """Methods `version.*`."""
        return AsyncVersion(self._call)


class SyncServer:
    """Methods `server.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: SyncCall) -> None:
        self._call = call

    def ping(self) -> ServerPing:
        """Asks the server for a sign of life on the connection that is open."""
        params: dict[str, Any] = {}
        return ServerPing._make(self._call("server.ping", params))


class SyncSession:
    """Methods `session.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: SyncCall) -> None:
        self._call = call

    def erase(self) -> None:
        """Erases the session from the store without telling the server, and closes the client. The
        phone goes on listing the device until it is removed there; `logout()` is the polite way.
        """
        params: dict[str, Any] = {}
        self._call("session.erase", params)

    def list(self) -> SessionList:
        """Lists the sessions of the store."""
        params: dict[str, Any] = {}
        return SessionList._make(self._call("session.list", params))

    def status(self) -> SessionStatus:
        """Tells where the session stands, without asking the server."""
        params: dict[str, Any] = {}
        return SessionStatus._make(self._call("session.status", params))


class SyncVersion:
    """Methods `version.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: SyncCall) -> None:
        self._call = call

    def latest(self) -> VersionLatest:
        """Asks WhatsApp's web site for the newest version of its web client. This is never done
        unasked.
        """
        params: dict[str, Any] = {}
        return VersionLatest._make(self._call("version.latest", params))


class SyncMethods:
    """All methods, by the first part of their names."""

    def _call(self, method: str, params: dict[str, Any]) -> Any:
        raise NotImplementedError

    @property
    def server(self) -> SyncServer:
        """Methods `server.*`."""
        return SyncServer(self._call)

    @property
    def session(self) -> SyncSession:
        """Methods `session.*`."""
        return SyncSession(self._call)

    @property
    def version(self) -> SyncVersion:
        """Methods `version.*`."""
        return SyncVersion(self._call)
