"""The client without asyncio."""

from __future__ import annotations

import threading
import time

import pytest

import libwa
from libwa import errors
from libwa.testing import Phone


def test_the_life_of_a_session(config: dict[str, str], wa_phone: Phone) -> None:
    with libwa.SyncClient(config=config) as client:
        for step in client.pair(wa_phone.number):
            if isinstance(step, libwa.PairingCode):
                # The library does its part on threads of its own.
                assert wa_phone.enter(step.code).linked
        assert client.session.status().linked
        assert client.call("session.list") == {"sessions": ["default"]}
    assert client.closed
    with libwa.SyncClient(config=config) as client:
        assert client.ready().phone == "15550001234"
        client.logout()
        assert [type(event) for event in client.events() if not event.droppable] == [libwa.LoggedOut, libwa.Closed]


def test_by_qr(config: dict[str, str], wa_phone: Phone) -> None:
    with libwa.SyncClient(config=config) as client:
        for step in client.qr():
            if isinstance(step, libwa.PairingQr):
                assert wa_phone.scan(step.payload).linked
        assert client.is_linked


def test_failures_are_raised(config: dict[str, str], wa_phone: Phone) -> None:
    with libwa.SyncClient(config={**config, "pairing.code_ttl_ms": "1000"}) as client:
        with pytest.raises(errors.PairingExpiredError):
            list(client.pair(wa_phone.number))
        with pytest.raises(errors.UnknownMethodError):
            client.call("no.method")
        with pytest.raises(errors.NotLinkedError):
            client.logout()


def test_time_limits(config: dict[str, str]) -> None:
    client = libwa.SyncClient(config=config)
    with pytest.raises(TimeoutError):
        client.wait_for(libwa.Ready, timeout=0.05)
    assert list(client.events(timeout=0.05)) == []
    client.close()
    with pytest.raises(errors.ClientClosedError):
        client.wait_for(libwa.Ready, timeout=0.05)


def test_closing_ends_a_wait_in_another_thread(config: dict[str, str]) -> None:
    client = libwa.SyncClient(config=config)
    seen: list[libwa.Event] = []
    waiting = threading.Thread(target=lambda: seen.extend(client.events()))
    waiting.start()
    time.sleep(0.1)
    client.close()
    waiting.join(30)
    assert not waiting.is_alive()
