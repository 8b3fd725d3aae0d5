"""The smallest bot: it answers "ping" with "pong".

    python examples/python/quick_start.py 628123456789

The number is that of the account to link, digits only, with the country code. The bot shows a code; type it into the phone under
Settings > Linked devices > Link a device > Link with phone number instead. The session is kept in ./sessions.
"""

import sys

from libwa.bot import Bot, F, Message, PairingCode, User

bot = Bot(
    login_method="pairing",
    phone_number=sys.argv[1] if len(sys.argv) > 1 else None,
    session_id="pairing-session",
    browser=("MyBot", "Chrome", "1.0.0"),
)


@bot.on("pairing.code")
async def show(pairing: PairingCode) -> None:
    print(f"Good until {pairing.expires_at:%H:%M:%S} UTC.")


@bot.on("ready")
async def ready(user: User) -> None:
    print("Connected!", user.name)


@bot.message(F.text == "ping")
async def ping(message: Message) -> None:
    await message.reply("pong")


if __name__ == "__main__":
    bot.run()
