"""Protobuf messages by hand, for what simulated people have no words for."""

from __future__ import annotations

import base64
from typing import Union

Value = Union[int, str, bytes]


def varint(number: int) -> bytes:
    """A number as protobuf writes it."""
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def field(number: int, value: Value) -> bytes:
    """One field: a number, a text, or bytes such as those of other fields."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def text_of(message: bytes) -> str:
    """Bytes as the simulator's control API takes them."""
    return base64.b64encode(message).decode()
