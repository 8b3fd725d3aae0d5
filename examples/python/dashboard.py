"""A page in the browser that shows the pairing code, and whether the bot is connected.

    pip install aiohttp
    PHONE_NUMBER=628123456789 python examples/python/dashboard.py

Then open http://127.0.0.1:8080/. `/api/pairing-code` gives the same as JSON. HOST and PORT set another address; on one that others
can reach, DASHBOARD_TOKEN has to be set, and the page is opened as /?token=…; put HTTPS in front of it.
"""

import asyncio
import hmac
import ipaddress
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Optional

from aiohttp import web

from libwa.bot import Bot, ExitCode, F, Message, PairingCode, PairingError, PairingExpired, User

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
TOKEN = os.environ.get("DASHBOARD_TOKEN", "")
PAGE = Path(__file__).with_name("dashboard.html")

bot = Bot(session_id="dashboard", display="off")

# What the page shows.
state: dict[str, Any] = {"status": "connecting"}
current: Optional[PairingCode] = None


def show(status: str, code: Optional[PairingCode] = None, **more: Any) -> None:
    global state, current
    state, current = {"status": status, **more}, code


@bot.on("pairing.code")
def code(pairing: PairingCode) -> None:
    show("code", pairing)


@bot.on("pairing.expired")
def expired(event: PairingExpired) -> None:
    show("expired", message=event.message, retry_in=event.retry_in)


@bot.on("pairing.error")
def failed(event: PairingError) -> None:
    show("error", message=event.message, retry_in=event.retry_in)


@bot.on("ready")
def ready(user: User) -> None:
    show("connected", name=user.name)


@bot.message(F.text == "ping")
async def ping(message: Message) -> None:
    await message.reply("pong")


@web.middleware
async def guard(request: web.Request, handler: Any) -> web.StreamResponse:
    """Lets nobody in without the token, if there is one, and nothing be kept."""
    if TOKEN:
        given = request.query.get("token") or request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), TOKEN.encode()):
            raise web.HTTPUnauthorized(text="the token is missing or wrong\n")
    response: web.StreamResponse = await handler(request)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = "default-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


async def page(_: web.Request) -> web.Response:
    return web.Response(text=PAGE.read_text(encoding="utf-8"), content_type="text/html")


async def pairing_code(_: web.Request) -> web.Response:
    if current is None:
        return web.json_response(state)
    return web.json_response(
        {
            **state,
            "code": current.code,
            "display": current.display,
            "expires_at": current.expires_at.isoformat(),
            "expires_in": round(current.expires_in),
            "steps": current.steps,
        }
    )


async def with_bot(_: web.Application) -> AsyncIterator[None]:
    """The bot lives as long as the page does; when it stops by itself, the page says why."""

    async def watch() -> None:
        code = await bot.wait()
        if code is not ExitCode.STOPPED:
            show("stopped", reason=code.name)

    async with bot:
        watching = asyncio.ensure_future(watch())
        yield
    await watching


def application() -> web.Application:
    app = web.Application(middlewares=[guard])
    app.router.add_get("/", page)
    app.router.add_get("/api/pairing-code", pairing_code)
    app.cleanup_ctx.append(with_bot)
    return app


if __name__ == "__main__":
    if not TOKEN and not (HOST == "localhost" or ipaddress.ip_address(HOST).is_loopback):
        raise SystemExit("set DASHBOARD_TOKEN: whoever sees the code can link a device to the account")
    web.run_app(application(), host=HOST, port=PORT, access_log=None)
