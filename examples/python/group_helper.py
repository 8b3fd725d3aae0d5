"""Helps in groups: welcomes who joins, and knows some commands.

    PHONE_NUMBER=628123456789 python examples/python/group_helper.py

Add the account to a group and write /help there. The group's rules are kept as long as the program runs.
"""

import asyncio
import random
from typing import Optional

from libwa import Error
from libwa.bot import Bot, F, GroupUpdate, Message

bot = Bot(session_id="group-helper")

# The rules of each group, and how many messages everybody has written there.
rules: dict[str, str] = {}
written: dict[str, dict[str, int]] = {}


@bot.on("group.update")
async def welcome(update: GroupUpdate) -> None:
    if update.change == "add" and update.members:
        text = rules.get(update.chat)
        await update.answer("Welcome, {members}!" + (f"\nThe rules: {text}" if text else ""), mention_members=True)


@bot.group.command("rules")
async def show_or_set_rules(message: Message, *, text: str = "") -> None:
    """Shows the group's rules; administrators set them."""
    if text and not await message.sender_is_admin():
        await message.reply("Only administrators set the rules.")
    elif text:
        rules[message.chat] = text
        await message.react("👍")
    else:
        await message.reply(rules.get(message.chat, "There are no rules yet: /rules Be kind"))


@bot.group.command("poll")
async def poll(message: Message, question: str, *options: str) -> None:
    """Asks the group: /poll "Which day?" Monday Tuesday"""
    if len(options) < 2:
        await message.reply("A poll needs two answers or more.")
        return
    await message.poll(question, options)


@bot.group.command("dice")
async def dice(message: Message, sides: int = 6) -> None:
    """Throws a die."""
    await message.reply(str(random.randint(1, max(2, sides))))


@bot.group.command("remind")
async def remind(message: Message, minutes: float, *, text: str) -> None:
    """Reminds you: /remind 10 Take the cake out"""

    async def later() -> None:
        await asyncio.sleep(minutes * 60)
        await message.reply(f"Reminder: {text}")

    bot.create_task(later())
    await message.react("⏰")


@bot.group.command("name", filter=F.sender_is_admin)
async def name(message: Message, *, text: str) -> None:
    """Gives the group another name, for administrators."""
    try:
        await bot.client.group.subject(chat=message.chat, subject=text)
    except Error as error:
        await message.reply(f"That did not work: {error}")


@bot.group.command("top")
async def top(message: Message, count: Optional[int] = 3) -> None:
    """Tells who writes most."""
    best = sorted(written.get(message.chat, {}).items(), key=lambda item: -item[1])[: count or 3]
    lines = [f"{place}. {name}: {number}" for place, (name, number) in enumerate(best, 1)]
    await message.reply("\n".join(lines) or "Nobody has written anything yet.")


@bot.group.message(F.text)
async def counting(message: Message) -> None:
    of_group = written.setdefault(message.chat, {})
    name = message.name or "somebody"
    of_group[name] = of_group.get(name, 0) + 1


@bot.private.message()
async def explain(message: Message) -> None:
    await message.reply("I help in groups: add me to one and write /help there.")


if __name__ == "__main__":
    bot.run()
