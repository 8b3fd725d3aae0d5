"""`python -m libwa`: links a session from the command line, looks at it, gives it new keys, and unlinks it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import os
import re
import sys
import threading
from collections.abc import Callable, Generator

from . import Client, Error, LoggedOut, PairingCode, PairingQr, PairingStep, __version__, errors, terminal, version
from .errors import LoggedOutError

# The simulated phone's, unless another one is given.
_NUMBER = "+15550001234"

# The time for which `status` and `logout` wait for the login.
_LOGIN_SECONDS = 20

# Errors of the options, and not of what they lead to.
_OPTIONS = (
    errors.InvalidArgumentError,
    errors.InvalidPhoneNumberError,
    errors.UnknownKeyError,
    errors.BadValueError,
    errors.ConfigConflictError,
    errors.AlreadyLinkedError,
)

# Reasons that end a link, and nothing else: the account is as it was.
_UNLINKED = ("by_phone", "phone_reset")

OnStep = Callable[[PairingStep], None]


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--store", metavar="URL", help="where the session is kept: sqlite:PATH (sqlite:libwa.db) or memory:")
    common.add_argument("--session", metavar="NAME", help="the session within the store (default)")
    common.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[], dest="settings", help="any other configuration key"
    )
    common.add_argument(
        "--simulate", action="store_true", help="use a simulated WhatsApp and phone; nothing is kept unless --store is given"
    )
    parser = argparse.ArgumentParser(prog="python -m libwa", description=__doc__.split(": ", 1)[1] if __doc__ else None)
    parser.add_argument("--version", action="version", version=f"libwa {__version__}, library {version()}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    pair = commands.add_parser("pair", parents=[common], help="link by a code that is typed into the phone")
    pair.add_argument("phone", nargs="?", help="the account's number in international form, such as +15551234567")
    commands.add_parser("qr", parents=[common], help="link by a QR code")
    commands.add_parser("status", parents=[common], help="tell where the session stands")
    commands.add_parser(
        "restored", parents=[common], help="give the session new keys, because its store is an older copy that was put back"
    )
    commands.add_parser("logout", parents=[common], help="unlink the device and erase the session")
    return parser


async def _run(options: argparse.Namespace, config: dict[str, str], on_step: OnStep | None) -> int:
    try:
        return await _do(options, config, on_step)
    except LoggedOutError as error:
        reason = getattr(error.event, "reason", None)
        if options.command not in ("pair", "qr") or reason not in _UNLINKED:
            raise
        # The phone unlinked the device while nothing ran. Whoever asks for a code wants another link.
        print(f"{error.user_text} Linking it again.")
        return await _do(options, config, on_step)


async def _do(options: argparse.Namespace, config: dict[str, str], on_step: OnStep | None) -> int:
    """Runs the command and returns its exit status."""
    if options.command in ("status", "restored", "logout") and not _is_there({"store.url": options.store, **config}["store.url"]):
        # A client would make it.
        return _not_linked(options.command)
    client = Client(options.store, session=options.session, config=config)
    try:
        if options.command == "pair":
            client.connect()
            await terminal.pair(client, options.phone or _NUMBER, on_step=on_step)
        elif options.command == "qr":
            client.connect()
            await terminal.pair(client, on_step=on_step)
        else:
            if on_step is not None:
                # A simulated session has to be linked first.
                client.connect()
                await terminal.pair(client, _NUMBER, on_step=on_step)
            if not client.is_linked:
                return _not_linked(options.command)
            await {"status": _status, "restored": _restored, "logout": _logout}[options.command](client)
        return 0
    finally:
        await client.close()


def _is_there(store: str) -> bool:
    """Returns whether a store is in memory, or is a file that exists."""
    return not store.startswith("sqlite:") or os.path.exists(store[len("sqlite:") :])


def _not_linked(command: str) -> int:
    """Says that there is no link. That is what `logout` wants, and what the others fail with."""
    print("Not linked.")
    return 0 if command == "logout" else 1


async def _status(client: Client) -> None:
    client.connect()
    try:
        await client.ready(_LOGIN_SECONDS)
    except TimeoutError:
        status = await client.session.status()
        connection = client._core.state.connection
        why = "" if connection is None or not connection.text else f", {connection.text}"
        print(f"Linked as {status.jid}, but not online: {status.state}{why}.")
    else:
        status = await client.session.status()
        print(f"Linked as {status.jid}, {status.state}.")


async def _restored(client: Client) -> None:
    await client.session.restored()
    print("The session goes on with new keys.")


async def _logout(client: Client) -> None:
    client.connect()
    # The server can be told once the session is logged in; else the keys are erased all the same.
    with contextlib.suppress(TimeoutError):
        await client.ready(_LOGIN_SECONDS)
    await client.logout()
    print((await client.wait_for(LoggedOut)).user_text)


@contextlib.contextmanager
def _simulation(options: argparse.Namespace) -> Generator[tuple[dict[str, str], OnStep], None, None]:
    """A simulator with one phone, and what plays the phone's user."""
    from .testing import Simulator

    with Simulator() as sim:
        phone = sim.phone(getattr(options, "phone", None) or _NUMBER, name="Ada")
        print(f"A simulated phone, {phone.number}, is at {sim.page}")

        def on_step(step: PairingStep) -> None:
            if isinstance(step, PairingCode):
                threading.Thread(target=phone.enter, args=(step.code,), daemon=True).start()
            elif isinstance(step, PairingQr):
                threading.Thread(target=phone.scan, args=(step.payload,), daemon=True).start()

        yield sim.config, on_step


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line and returns its exit status: 0 when done, 1 when it failed, 2 for options that do not fit."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command == "pair" and options.phone is None and not options.simulate:
        parser.error("pair needs the account's phone number")
    settings: dict[str, str] = {}
    for setting in options.settings:
        key, equals, value = setting.partition("=")
        if not equals:
            parser.error(f"--set {setting}: it must be KEY=VALUE")
        settings[key] = value
    if options.store is None:
        options.store = "memory:" if options.simulate else "sqlite:libwa.db"
    try:
        if not options.simulate:
            status = asyncio.run(_run(options, settings, None))
        else:
            with _simulation(options) as (config, on_step):
                status = asyncio.run(_run(options, {**config, **settings}, on_step))
        sys.stdout.flush()
    except Error as error:
        return _failed(error)
    except BrokenPipeError:
        # The reader of the output is gone, and Python would say so once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return status


def _failed(error: Error) -> int:
    """Says what went wrong, to the user and to the programmer. Returns the exit status."""
    print(error.user_text or error, file=sys.stderr)
    if error.user_text and error.text not in (error.user_text, type(error)().text):
        # The advice is told already.
        detail = re.fullmatch(re.escape(error.user_text) + r" \((.*)\)", error.text)
        print(f"Why: {detail[1] if detail else error.text}", file=sys.stderr)
    again = terminal.when_to_try(error)
    if again:
        print(again, file=sys.stderr)
    return 2 if isinstance(error, _OPTIONS) else 1


if __name__ == "__main__":
    sys.exit(main())
