"""Bots for tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from libwa.bot import Bot

NUMBER = "628123456789"


#: A version of WhatsApp Web that is not replaced when it is refused; the simulator takes it.
FIXED_VERSION = {"client.version": "2.3000.2100000000"}


def a_bot(**options: Any) -> Bot:
    """A bot that hears nothing of the machine's environment and shows nothing."""
    all_options: dict[str, Any] = {"phone_number": NUMBER, "env_file": None, "display": "off", **options}
    return Bot(**all_options)


async def until(condition: Callable[[], object]) -> None:
    """Waits until something is so; the test's own limit ends it."""
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0.005)
