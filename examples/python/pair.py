"""Links a device to a WhatsApp account, and then prints what happens to it:

    python examples/python/pair.py +15551234567

The session is kept in ./session.db; run again, it is there at once.
"""

import asyncio
import sys

import libwa


async def main() -> None:
    async with libwa.Client("sqlite:session.db") as client:
        async for step in client.pair(sys.argv[1]):
            if isinstance(step, libwa.PairingCode):
                print("Settings > Linked devices > Link with phone number:", step.display, flush=True)
            elif isinstance(step, libwa.Connection):
                print("Not connected:", step.text, flush=True)
        ended = "the client was closed"
        async for event in client.events():
            print(event, flush=True)
            if isinstance(event, libwa.Connection) and event.is_final:
                sys.exit(f"Given up: {event.text}")  # no other attempt is made by itself
            if isinstance(event, libwa.LoggedOut) and not event.redelivered:
                ended = event.user_text
        sys.exit(f"The session ended: {ended}")


if len(sys.argv) != 2:
    sys.exit(f"usage: python {sys.argv[0]} +15551234567")
asyncio.run(main())
