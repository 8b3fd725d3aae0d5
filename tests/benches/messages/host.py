"""The Python host of the benchmarks of messages; host.c says what it does."""

import asyncio
import os
import sys
from pathlib import Path

import libwa


async def receive(client: libwa.Client, count: int) -> None:
    got = 0
    async for event in client.events():
        if isinstance(event, libwa.Message) and event.kind == "text" and event.text and event.chat and event.sender:
            got += 1
            if got == count:
                event.ack()
                return


async def send(client: libwa.Client, count: int, at: int, chats: list[str]) -> None:
    """Senders, each with one message on its way, and somebody who takes the receipts."""

    async def sender(first: int) -> None:
        for number in range(first, count, at):
            await client.send_text(chats[number % len(chats)], f"#{number} a text of thirty-two bytes")

    async def listen() -> None:
        async for _ in client.events():
            pass

    listener = asyncio.create_task(listen())
    await asyncio.gather(*(sender(first) for first in range(at)))
    listener.cancel()


async def main() -> None:
    config = {"server.url": os.environ["WA_URL"], "server.root_key": os.environ["WA_ROOT"]}
    async with libwa.Client(Path(os.environ["WA_FOLDER"]) / "libwa.db", config=config) as client:
        async for step in client.qr():
            if isinstance(step, libwa.PairingQr):
                print(f"qr {step.payload}", flush=True)
        print("ready", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            match line.split():
                case ["receive", count]:
                    await receive(client, int(count))
                case ["send", count, at, *chats]:
                    await send(client, int(count), int(at), chats)
                case ["offline"]:
                    client.disconnect()
                case ["online"]:
                    client.connect()
            print("done", flush=True)


asyncio.run(main())
