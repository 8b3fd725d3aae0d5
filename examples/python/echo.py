"""Answers every text with the same text:

    PHONE_NUMBER=15551234567 python examples/python/echo.py

It shows a code to type into the phone, and keeps the session in ./sessions; run again, it is linked already. Stop it with Ctrl-C,
or kill it: what it has not answered yet it answers when it is started again, and nothing twice.
"""

from libwa.bot import Bot, F, Message

bot = Bot(session_id="echo")


@bot.message(F.kind == "text")
async def echo(message: Message) -> None:
    await message.answer(message.text or "")


if __name__ == "__main__":
    bot.run()
