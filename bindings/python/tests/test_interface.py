"""The package fits the library: every function of the header, and every row of the tables."""

from __future__ import annotations

import ctypes
import dataclasses
import json
import re
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

import libwa
from libwa import _bindings, _methods, _requests, _time, errors, events
from libwa._texts import in_python

HEADER = (ROOT / "include" / "wa.h").read_text()
TABLES: dict[str, Any] = json.loads(libwa.reference())
SOURCES = "".join(path.read_text() for path in Path(libwa.__file__).parent.rglob("*.py") if path.name != "_bindings.py")


def declared() -> dict[str, int]:
    """The functions of the header, each with the number of its parameters."""
    code = re.sub(r"/\*.*?\*/", "", HEADER, flags=re.S)
    found = re.findall(r"\b(wa_\w+)\(([^)]*)\);", code)
    return {name: 0 if params.strip() == "void" else params.count(",") + 1 for name, params in found}


def test_every_function_has_its_prototype() -> None:
    assert declared() == {name: len(parameters) for name, (_, parameters) in _bindings.FUNCTIONS.items()}
    assert len(declared()) > 40


# What programs have in another form: the event's class, its fields, and what waits by the descriptor.
OTHER_FORM = {
    "wa_poll_event": "wa_queue_poll on the client's queue",
    "wa_queue_new": "each client has a queue of its own",
    "wa_queue_free": "each client has a queue of its own",
    "wa_status_name": "Error.name",
    "wa_error_name": "Error.name",
    "wa_event_type": "Event.number",
    "wa_event_name": "Event.type",
    "wa_event_client": "Event.client",
    "wa_event_id": "Event.id",
    "wa_event_request": "Event.request",
    "wa_event_time_ms": "Event.time",
    "wa_event_is_durable": "Event.durable",
    "wa_event_is_redelivered": "Event.redelivered",
    "wa_event_code_display": "PairingCode.display, PairingPasskey.display",
    "wa_event_message_kind": "Message.kind",
    "wa_event_qr_payload": "PairingQr.payload",
    "wa_event_passkey_options": "PairingPasskey.options",
}


@pytest.mark.parametrize("function", declared())
def test_every_function_can_be_reached(function: str) -> None:
    if function in OTHER_FORM:
        assert f".{function}(" not in SOURCES
        return
    field = re.sub(r"^wa_event_(is_)?|_ms$", "", function)
    fields = {field.name for event in events.BY_NAME.values() for field in dataclasses.fields(event)}
    assert re.search(rf"\b{function}\b", SOURCES) or (function.startswith("wa_event_") and {field, f"is_{field}"} & fields)


def test_every_status_has_its_exception() -> None:
    rows = [row for row in TABLES["statuses"] if row["code"] >= 100]
    assert {row["code"] for row in rows} == set(errors.BY_CODE)
    for row in rows:
        kind = errors.BY_CODE[row["code"]]
        assert (kind.code, kind.name, kind.retryable) == (row["code"], row["name"], row["retryable"])
        assert issubclass(kind, libwa.Error)
        assert getattr(errors, kind.__name__) is kind
        assert str(kind()) != ""


def test_every_event_has_its_class() -> None:
    assert {row["name"] for row in TABLES["events"]} == set(events.BY_NAME)
    common = {"id", "client", "request", "time", "redelivered"}
    for row in TABLES["events"]:
        kind = events.BY_NAME[row["name"]]
        assert getattr(libwa, kind.__name__) is kind
        assert (kind.type, kind.number, kind.durable) == (row["name"], row["number"], row["keep"] == "durable")
        fields = {field.name: field for field in dataclasses.fields(kind)}
        wanted = {re.sub(r"_ms$", "", field["name"]): field for field in row["fields"]}
        assert set(fields) - common == set(wanted)
        for name, field in wanted.items():
            assert fields[name].repr is not field["secret"], f"{kind}.{name}"


def test_every_method_is_one_of_the_clients() -> None:
    for row in TABLES["methods"]:
        group, name = row["name"].split(".")
        for methods in (_methods.AsyncMethods, _methods.SyncMethods):
            assert callable(getattr(getattr(methods(), group), name))


def test_generated_methods_hide_nothing() -> None:
    generated = {name for kind in (_methods.AsyncMethods, _requests.AsyncRequests) for name in vars(kind) if name[0] != "_"}
    by_hand = {name for name in vars(libwa.Client) if name[0] != "_"}
    assert not generated & by_hand
    assert generated <= set(dir(libwa.SyncClient))
    # Both clients have the same methods.
    assert {name for name in dir(libwa.Client) if name[0] != "_"} == {name for name in dir(libwa.SyncClient) if name[0] != "_"}


def test_the_version() -> None:
    assert libwa.version() == libwa.__version__ == TABLES["version"]


def test_unknown_codes_and_events_are_no_fault() -> None:
    from libwa._error import error_for

    error = error_for(4711, "something new")
    assert (type(error), error.code, str(error)) == (libwa.Error, 4711, "something new")
    made = events.UnknownEvent._make(
        {"type": "pigeon", "id": 1, "client": 2, "request": 0, "time_ms": 0, "redelivered": False, "speed": 9}
    )
    assert isinstance(made, libwa.UnknownEvent)
    assert (made.name, made.fields["speed"]) == ("pigeon", 9)
    made.ack()


def test_times_and_durations() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=timezone.utc)
    ms = _time.to_ms(moment)
    assert ms == 1_767_323_045_678
    assert _time.as_time(ms) == moment
    assert (_time.to_ms(1.5), _time.to_ms(None)) == (1500, None)
    assert (_time.maybe_time(None), _time.maybe_seconds(1500)) == (None, 1.5)


def test_every_error_says_what_to_do() -> None:
    for kind in errors.BY_CODE.values():
        assert str(kind()) == libwa.status_text(kind.code)
        assert "\n" not in str(kind())


def test_texts_speak_python() -> None:
    c = re.compile(r"\bwa_|\bWA_|\bNULL\b")
    for function in declared():
        assert not c.search(in_python(f"call {function}() first, or `{function}`")), function
    for row in TABLES["statuses"]:
        assert not c.search(libwa.status_text(row["code"]) or ""), row
        assert not c.search(in_python(f"it is {row['name']}")), row
    assert in_python("call wa_client_connect() first") == "call `connect()` first"
    assert in_python("see `wa_call`, or WA_ERROR_RATE_LIMITED; not NULL") == "see `call()`, or `RateLimitedError`; not None"
    assert in_python("wa_nothing of the kind") == "wa_nothing of the kind"
    # What the library says of this is in terms of C.
    with libwa.SyncClient("memory:") as client:
        client.disconnect()
        with pytest.raises(errors.InvalidStateError, match=r"call `connect\(\)`"):
            client.request_pairing("+15550001234")


# Each call that takes texts, with the name of one of them.
TEXTS: dict[str, Callable[[libwa.SyncClient, str], object]] = {
    "phone": lambda client, text: list(client.pair(text)),
    "code": lambda client, text: client.request_pairing("+15550001234", text),
    "assertion_json": lambda client, text: client.answer_passkey(text),
    "chat": lambda client, text: client.send_text(text, "hello"),
    "text": lambda client, text: client.send_text("15550001234", text),
    "message_id": lambda client, text: client.send_message("15550001234", b"\x0a\x00", text),
    "method": lambda client, text: client.call(text),
    "colour": lambda client, text: client.call("session.status", colour=text),
    "contacts": lambda client, text: client.contact.send(chat="15550001234", contacts=[{"name": "Ada", "vcard": text}]),
    "mentions": lambda client, text: client.message.send(chat="15550001234", text="hello", mentions=["15550001234", text]),
    "store.url": lambda client, text: libwa.SyncClient(Path(text)),
    "session.id": lambda client, text: libwa.SyncClient("memory:", session=text),
    "device.name": lambda client, text: libwa.SyncClient("memory:", config={"device.name": text}),
    "config": lambda client, text: libwa.SyncClient("memory:", config={text: "1"}),
}


@pytest.mark.parametrize("bad", ["a\0b", "a\ud83d", "\udcff"])
@pytest.mark.parametrize("name", TEXTS)
def test_texts_that_the_library_cannot_take(name: str, bad: str) -> None:
    with libwa.SyncClient("memory:") as client:
        with pytest.raises(errors.InvalidArgumentError) as refused:
            TEXTS[name](client, bad)
        assert refused.value.key == name
        assert name in refused.value.text
        # A number that is none cannot go as JSON either.
        with pytest.raises(errors.InvalidArgumentError, match="latitude"):
            client.location.send(chat="15550001234", latitude=float("nan"), longitude=0)
        with pytest.raises(TypeError, match="phone must be str"):
            client.request_pairing(15550001234)  # type: ignore[arg-type]


def test_nobody_sees_a_pointer() -> None:
    for name in dir(libwa):
        value = getattr(libwa, name)
        assert not isinstance(value, (ctypes.c_void_p, ctypes.CDLL)), name
