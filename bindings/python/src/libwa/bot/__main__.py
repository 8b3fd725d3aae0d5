"""`python -m libwa.bot`: looks at a bot's session from the command line, gives it new keys, and takes it away."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

from .. import errors
from .exit_codes import ExitCode, exit_code
from .options import Given, Options, resolve
from .phone import masked
from .session_erase import clear, erase, opened
from .state import BEAT_SECONDS, State, read_state

# The longest wait for WhatsApp while a session is cleared.
_CLEAR_SECONDS = 20.0
# The exit status for a session that is linked and that no bot uses.
_NO_BOT = 4
# The longest time for which a bot that runs may be offline.
_OFFLINE_SECONDS = 300.0


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--session-id", metavar="NAME", help="the session (SESSION_ID, or default)")
    common.add_argument("--session-dir", metavar="FOLDER", help="where sessions are kept (SESSION_DIR, or sessions)")
    common.add_argument("--env-file", metavar="FILE", default=".env", help="a file of variables (.env)")
    parser = argparse.ArgumentParser(
        prog="python -m libwa.bot",
        description="Looks at a bot's session from the command line, gives it new keys, and takes it away.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    status = commands.add_parser(
        "status",
        parents=[common],
        help="tell how a session and its bot stand; exits with 1 when not linked or offline for long, with 4 when no bot uses it",
    )
    status.add_argument(
        "--offline-limit",
        type=float,
        default=_OFFLINE_SECONDS,
        metavar="SECONDS",
        help=f"how long a bot that runs may be without a connection ({_OFFLINE_SECONDS:g})",
    )
    commands.add_parser(
        "restored", parents=[common], help="give the session new keys, because its file is an older copy that was put back"
    )
    clearing = commands.add_parser("clear", parents=[common], help="unlink the session and erase it")
    clearing.add_argument("--local", action="store_true", help="erase it only; the phone goes on listing the device")
    return parser


async def _status(options: Options, limit: float) -> int:
    try:
        async with opened(options) as client:
            if client is None or not client.is_linked:
                print(f"{options.session_id}: not linked.")
                return 1
            status = await client.session.status()
    except (errors.StoreLockedError, errors.SessionInUseError):
        text, fine = _of_a_bot(read_state(options.state_file), limit)
        print(f"{options.session_id}: in use by a {text}.")
        return 0 if fine else 1
    print(f"{options.session_id}: linked as {masked(status.phone or '')}; no bot uses it now.")
    return _NO_BOT


def _of_a_bot(state: State | None, limit: float) -> tuple[str, bool]:
    """Returns the state of a bot that runs, in words, and whether that is as it should be."""
    # A moment that is still to come is of before the machine's last start.
    if state is None or state.seen > time.monotonic():
        return "program that does not tell how it stands", False
    if state.silent_for() > max(limit, 3 * BEAT_SECONDS):
        return f"bot that has not been heard of for {state.silent_for():.0f} seconds", False
    if not state.linked:
        return "bot that is not linked", False
    if state.online:
        return "bot that is online", True
    return f"bot that has been offline for {state.offline_for():.0f} seconds", state.offline_for() <= limit


async def _restored(options: Options) -> int:
    async with opened(options) as client:
        if client is None or not client.is_linked:
            print(f"{options.session_id}: not linked.")
            return 1
        await client.session.restored()
    print(f"{options.session_id}: the session goes on with new keys.")
    return 0


async def _clear(options: Options, local: bool) -> int:
    if local:
        await erase(options)
        gone = False
    else:
        gone = await clear(options, _CLEAR_SECONDS)
    then = "" if gone else " If the phone still lists the device, remove it there: Settings > Linked devices."
    print(f"{options.session_id}: cleared.{then}")
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line and answers its exit status."""
    asked = _parser().parse_args(arguments)
    try:
        # No number is needed to look at a session.
        given = Given("qr", session_id=asked.session_id, session_dir=asked.session_dir, env_file=asked.env_file)
        options = resolve(given)
    except ValueError as error:
        print(error, file=sys.stderr)
        return int(ExitCode.USAGE)
    try:
        if asked.command == "status":
            return asyncio.run(_status(options, asked.offline_limit))
        return asyncio.run(_restored(options) if asked.command == "restored" else _clear(options, asked.local))
    except errors.Error as error:
        print(error, file=sys.stderr)
        return int(exit_code(error))


if __name__ == "__main__":
    sys.exit(main())
