"""The contents of messages: every type from an example, and what this version does not know."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime, timezone
from typing import Any

import pytest
from conftest import ROOT

import libwa
from libwa import contents
from libwa.contents import content_from_json

TABLES: dict[str, Any] = json.loads(libwa.reference())
#: The contents that the library makes of messages of other clients.
EXAMPLES: list[dict[str, Any]] = json.loads((ROOT / "tests/vectors/message-contents.json").read_text())
#: Keys whose values have another name or form in Python.
RENAMED = {"expires_in_s": "expires_in"}


def a_message(**fields: Any) -> libwa.Message:
    """An event of a message, as the library writes it."""
    row = next(row for row in TABLES["events"] if row["name"] == "message")
    o = dict.fromkeys(field["name"] for field in row["fields"])
    common: dict[str, Any] = {
        "id": 1,
        "client": 1,
        "request": 0,
        "time_ms": 0,
        "redelivered": False,
        "sent_at_ms": 0,
        "content": {},
    }
    event = libwa.Message._make({**o, **common, **fields})
    assert isinstance(event, libwa.Message)
    return event


def test_every_kind_has_its_class() -> None:
    assert set(contents.BY_KIND) == {kind["name"] for row in TABLES["contents"] for kind in row["kinds"]}
    common = {RENAMED.get(field["name"], field["name"]) for field in TABLES["content_fields"]}
    assert {field.name for field in dataclasses.fields(contents.MessageContent)} == common
    for row in TABLES["contents"]:
        kind = getattr(libwa, row["name"])
        assert all(contents.BY_KIND[word["name"]] is kind for word in row["kinds"])
        fields = {field.name: field for field in dataclasses.fields(kind)}
        assert set(fields) - common == {field["name"] for field in row["fields"]}
        for field in row["fields"]:
            assert fields[field["name"]].repr is not field["secret"], f"{row['name']}.{field['name']}"


@pytest.mark.parametrize("example", EXAMPLES, ids=[example["name"] for example in EXAMPLES])
def test_an_example_has_its_type_and_says_what_its_json_says(example: dict[str, Any]) -> None:
    event = a_message(kind=example["kind"], content=example["content"], quoted=example["quoted"])
    content = event.typed_content
    row = next(row for row in TABLES["contents"] if example["kind"] in [kind["name"] for kind in row["kinds"]])
    whole = all(field["optional"] or field["name"] in example["content"] for field in row["fields"])
    assert type(content).__name__ == (row["name"] if whole else "OtherContent")
    assert event.content == example["content"]
    for field in dataclasses.fields(content):
        value: Any = getattr(content, field.name)
        key = next((key for key, name in RENAMED.items() if name == field.name), field.name)
        wanted = example["content"].get(key)
        if isinstance(value, datetime):
            value = int(value.timestamp())
        elif isinstance(value, contents.MessageTarget):
            value = vars(value)
        elif isinstance(content, contents.ContactsContent) and field.name == "contacts":
            value = [vars(contact) for contact in content.contacts]
        assert value == (wanted if value is not False else wanted or False), field.name
    quoted = event.typed_quoted
    assert (quoted and vars(quoted)) == example["quoted"]


def test_every_class_has_an_example() -> None:
    types = {type(content_from_json(example["kind"], example["content"])) for example in EXAMPLES}
    assert types == set(contents.BY_KIND.values())


def test_what_this_version_does_not_know_is_a_content_nevertheless() -> None:
    later = content_from_json("of_a_later_version", {"latitude": 1.5, "forwarded": True})
    assert later == contents.OtherContent(forwarded=True)
    text = content_from_json("text", {"link": "https://a.example", "later": {"than": "this"}})
    assert text == contents.TextContent(link="https://a.example")
    assert repr(text).startswith("TextContent(")
    nothings: tuple[dict[str, Any] | None, ...] = (None, {})
    for nothing in nothings:
        assert content_from_json("text", nothing) == contents.TextContent()
        assert content_from_json("poll", nothing) == contents.OtherContent()
    assert content_from_json("poll", {"options": None, "selectable": 1}) == contents.OtherContent()
    assert content_from_json("image", {"too_large": True}) == contents.OtherContent(too_large=True)
    assert a_message(kind="text", quoted=None, content=None).typed_quoted is None
    assert contents.QuotedMessage.from_json({"message_id": "A"}) == contents.QuotedMessage(message_id="A", from_me=False, kind="")


def test_times_that_nobody_has_are_none() -> None:
    event = content_from_json("event", {"cancelled": False, "starts_at": 2**62, "ends_at": -(2**63)})
    assert event == contents.EventContent(cancelled=False)
    event = content_from_json("event", {"cancelled": False, "starts_at": 1_767_225_600})
    assert event == contents.EventContent(cancelled=False, starts_at=datetime(2026, 1, 1, tzinfo=timezone.utc))
