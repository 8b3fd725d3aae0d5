"""Puts the pairing code into a file, for a program that fetches it from there; shows nothing.

    PHONE_NUMBER=628123456789 CODE_FILE=/run/bot/pairing-code.json python examples/python/code_to_file.py

The file is readable by its owner only, holds the code and when it ends as JSON, and is there exactly as long as the code is good.
"""

import contextlib
import json
import os
from pathlib import Path

from libwa.bot import Bot, F, Message, PairingCode, PairingError, PairingExpired, User

FILE = Path(os.environ.get("CODE_FILE", "pairing-code.json"))

bot = Bot(session_id="code-to-file", display="off")


def write(text: str) -> None:
    """Puts the text into the file, which is never seen half written, nor by anybody else."""
    new = FILE.with_name(f".{FILE.name}.new")
    remove(new)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    new.replace(FILE)


def remove(file: Path = FILE) -> None:
    with contextlib.suppress(FileNotFoundError):
        file.unlink()


@bot.on("pairing.code")
def keep(pairing: PairingCode) -> None:
    write(json.dumps({"code": pairing.code, "display": pairing.display, "expires_at": pairing.expires_at.isoformat()}) + "\n")


@bot.on("pairing.expired")
def expired(_: PairingExpired) -> None:
    remove()


@bot.on("pairing.error")
def failed(_: PairingError) -> None:
    remove()


@bot.on("ready")
def ready(_: User) -> None:
    remove()


@bot.shutdown
def stopped() -> None:
    remove()


@bot.message(F.text == "ping")
async def ping(message: Message) -> None:
    await message.reply("pong")


if __name__ == "__main__":
    bot.run()
