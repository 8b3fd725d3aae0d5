"""Bots: link by a code, survive restarts, answer messages.

    from libwa.bot import Bot, F, Message

    bot = Bot(phone_number="628123456789", session_id="my-bot")

    @bot.message(F.text == "ping")
    async def ping(message: Message) -> None:
        await message.reply("pong")

    bot.run()

BOT.md beside the package's README is the guide. `libwa.bot.testing` tests bots without a phone.

The modules go one way: `options` are decided first; `checks`, `filters`, `commands`, `kinds` and `router` say which handler gets
what; `chat`, `message` and `group` are what handlers get; `handling`, `later`, `dispatcher` and `waiting` bring events to handlers;
`login` and `screen` link; `run` is one run of all that, `state` what it tells other processes, and `bot` what programs see.
"""

from .bot import Bot
from .chat import Chat, Sent
from .commands import ArgumentError, CommandDefinitionError
from .dotenv import EnvFileError
from .events import (
    Call,
    ChatActivity,
    Connecting,
    Disconnected,
    IdentityChanged,
    Logout,
    MessageUnreadable,
    MessageWaiting,
    PairingCode,
    PairingError,
    PairingExpired,
    PairingPasskey,
    PairingQr,
    PairingReminder,
    Presence,
    Receipt,
    Reconnecting,
    Restricted,
    User,
)
from .exit_codes import ExitCode
from .failures import Failure
from .filters import F, Filter
from .group import GroupUpdate
from .library_keys import OptionError
from .message import Message
from .options import Options
from .phone import PhoneNumberError, check_phone_number
from .retry import Retry
from .router import EVENT_NAMES, Middleware, Next, Router, Skip

__all__ = [
    "EVENT_NAMES",
    "ArgumentError",
    "Bot",
    "Call",
    "Chat",
    "ChatActivity",
    "CommandDefinitionError",
    "Connecting",
    "Disconnected",
    "EnvFileError",
    "ExitCode",
    "F",
    "Failure",
    "Filter",
    "GroupUpdate",
    "IdentityChanged",
    "Logout",
    "Message",
    "MessageUnreadable",
    "MessageWaiting",
    "Middleware",
    "Next",
    "OptionError",
    "Options",
    "PairingCode",
    "PairingError",
    "PairingExpired",
    "PairingPasskey",
    "PairingQr",
    "PairingReminder",
    "PhoneNumberError",
    "Presence",
    "Receipt",
    "Reconnecting",
    "Restricted",
    "Retry",
    "Router",
    "Sent",
    "Skip",
    "User",
    "check_phone_number",
]
