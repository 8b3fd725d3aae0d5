"""Sends the pairing code to a web address of your own; shows nothing.

    PHONE_NUMBER=628123456789 WEBHOOK_URL=https://example.org/codes WEBHOOK_TOKEN=secret python examples/python/code_to_webhook.py

The address must begin with https://, since whoever reads the code can link a device to the account; redirections are not followed
for the same reason. Each request is a POST of JSON with `session`, `event`, and for a code `code`, `display`, `expires_at` and
`steps`; with WEBHOOK_TOKEN it bears the header `Authorization: Bearer …`.
"""

import asyncio
import json
import os
import sys
from typing import Any, Optional
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from libwa.bot import Bot, F, Message, PairingCode, PairingError, PairingExpired, User

ATTEMPTS = 3


class NoRedirection(HTTPRedirectHandler):
    """A code goes to the address that was given, and nowhere else."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> None:
        return None


def checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise SystemExit("WEBHOOK_URL must begin with https://: a pairing code is a secret")
    return url


def post(url: str, body: dict[str, Any], token: Optional[str]) -> None:
    headers = {"Content-Type": "application/json", "User-Agent": "libwa-bot"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    with build_opener(NoRedirection).open(Request(url, json.dumps(body).encode(), headers), timeout=10):
        pass


URL = checked(os.environ.get("WEBHOOK_URL", ""))
TOKEN = os.environ.get("WEBHOOK_TOKEN")
bot = Bot(session_id="code-to-webhook", display="off")


async def tell(**what: Any) -> None:
    """Posts it, a few times if need be, and says so when that failed; never what it was."""
    body = {"session": bot.config.session_id, **what}
    for attempt in range(1, ATTEMPTS + 1):
        try:
            await asyncio.to_thread(post, URL, body, TOKEN)
            return
        except (URLError, OSError) as error:
            print(f"the webhook failed ({attempt} of {ATTEMPTS}): {error}", file=sys.stderr)
            await asyncio.sleep(attempt)


@bot.on("pairing.code")
async def code(pairing: PairingCode) -> None:
    await tell(
        event="code",
        code=pairing.code,
        display=pairing.display,
        expires_at=pairing.expires_at.isoformat(),
        steps=pairing.steps,
    )


@bot.on("pairing.expired")
async def expired(event: PairingExpired) -> None:
    await tell(event="expired", message=event.message, retry_in=event.retry_in)


@bot.on("pairing.error")
async def failed(event: PairingError) -> None:
    await tell(event="error", kind=event.kind, message=event.message, retry_in=event.retry_in)


@bot.on("ready")
async def ready(user: User) -> None:
    if user.first_login:
        await tell(event="linked", name=user.name)


@bot.message(F.text == "ping")
async def ping(message: Message) -> None:
    await message.reply("pong")


if __name__ == "__main__":
    bot.run()
