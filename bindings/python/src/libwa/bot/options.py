"""A bot's options, from where each may be given: an argument, the environment, a .env file, or its default, in this order."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Union

from . import library_keys
from .checks import check_number, is_a
from .dotenv import EnvFileError, read_env
from .library_keys import OptionError
from .phone import check_phone_number
from .retry import Retry

LoginMethod = Literal["pairing", "qr"]
Display = Literal["auto", "plain", "off"]
PathLike = Union[str, "os.PathLike[str]"]

#: The kinds of program that "Linked devices" has an icon for.
PLATFORMS = ("Chrome", "Edge", "Firefox", "Opera", "Safari", "Desktop")

_LEVELS = ("debug", "info", "warning", "error", "critical")
# The file that is read if it is there.
_DEFAULT_ENV_FILE = ".env"
# The range of the key `queue.unacknowledged`.
_MOST_BACKLOG = 1_000_000


@dataclass(frozen=True)
class Options:
    """All options of a bot: `bot.config`.

    Attributes:
        login_method: "pairing" shows a code to type into the phone, "qr" a QR code to scan.
        phone_number: The account's number, digits only; None with "qr".
        session_id: The session's name; its file is `session_dir / f"{session_id}.db"`.
        session_dir: The folder of the sessions.
        browser: The product's name, shown under "Linked devices", which WhatsApp sees too; the kind of program, one of `PLATFORMS`;
            and a version. None for what a browser shows there: Chrome, and the operating system.
        logger: The logger.
        log_level: From which level on; None leaves that to the logger.
        display: The form of the code: in a box on a terminal and as plain lines elsewhere ("auto"), always as plain lines
            ("plain"), or not at all ("off").
        code_expiry: Seconds that a code is good for, at most 180; None for WhatsApp's own limit.
        code_reminder: Seconds before a code's end at which `pairing.reminder` comes; 0 for none.
        retry: The number of further attempts to link.
        prefix: The beginning of commands.
        concurrency: The number of chats that are served at the same time.
        backlog: The number of messages in hand, those that are handled and those in line. The others wait in the session's file.
        handler_timeout: Seconds that a handler may take; None for no limit, as which infinity is taken.
        stop_timeout: Seconds that handlers may go on when the bot stops.
        library: Configuration keys of the library, as include/CONFIGURATION.md lists them.
    """

    login_method: LoginMethod
    phone_number: str | None = field(repr=False)
    session_id: str
    session_dir: Path
    browser: tuple[str, str, str] | None
    logger: logging.Logger
    log_level: int | None
    display: Display
    code_expiry: float | None
    code_reminder: float
    retry: Retry
    prefix: str
    concurrency: int
    backlog: int
    handler_timeout: float | None
    stop_timeout: float
    library: Mapping[str, str] = field(repr=False)

    @property
    def session_file(self) -> Path:
        """The file that holds the session."""
        return self.session_dir / f"{self.session_id}.db"

    @property
    def state_file(self) -> Path:
        """The file that says how the bot stands while it runs."""
        return self.session_dir / f"{self.session_id}.state"


@dataclass(frozen=True)
class Given:
    """The arguments of a bot's constructor, as they were given."""

    login_method: LoginMethod | None = None
    phone_number: str | None = field(default=None, repr=False)
    session_id: str | None = None
    session_dir: PathLike | None = None
    browser: tuple[str, str, str] | None = None
    logger: logging.Logger | None = None
    log_level: int | str | None = None
    env_file: PathLike | None = ".env"
    display: Display = "auto"
    code_expiry: float | None = None
    code_reminder: float = 15.0
    retry: Retry | None = None
    prefix: str = "/"
    concurrency: int = 32
    backlog: int = 1000
    handler_timeout: float | None = None
    stop_timeout: float = 10.0
    config: Mapping[str, str | int | bool] | None = None


def resolve(given: Given, environment: Mapping[str, str] | None = None) -> Options:
    """All options, checked.

    Raises:
        PhoneNumberError: The phone number is missing or not in the form that is wanted.
        OptionError: Another option has a value that it cannot have.
        EnvFileError: The .env file cannot be read.
    """
    outside = {
        **_env_file(given.env_file),
        **{name: value for name, value in (os.environ if environment is None else environment).items() if value},
    }
    method = given.login_method or outside.get("LOGIN_METHOD") or "pairing"
    if method not in ("pairing", "qr"):
        raise OptionError(f'login_method is "pairing" or "qr", not {method!r}')
    phone = given.phone_number if given.phone_number is not None else outside.get("PHONE_NUMBER")
    if method == "pairing" or phone is not None:
        phone = check_phone_number(phone)
    display = given.display
    if display not in ("auto", "plain", "off"):
        raise OptionError(f'display is "auto", "plain" or "off", not {display!r}')
    _check_numbers(given)
    _check_kinds(given)
    if not is_a(given.prefix, str) or not given.prefix or re.search(r"\s", given.prefix):
        raise OptionError(f"prefix is what commands begin with, such as '/': a text without spaces, not {given.prefix!r}")
    browser = _browser(given.browser)
    logger = given.logger or logging.getLogger("libwa.bot")
    return Options(
        login_method="qr" if method == "qr" else "pairing",
        phone_number=phone,
        session_id=_session_id(given.session_id or outside.get("SESSION_ID") or "default"),
        session_dir=_session_dir(given.session_dir or outside.get("SESSION_DIR") or "sessions"),
        browser=browser,
        logger=logger,
        log_level=_level(given.log_level if given.log_level is not None else outside.get("LOG_LEVEL")),
        display=display,
        code_expiry=given.code_expiry,
        code_reminder=given.code_reminder,
        retry=given.retry or Retry(),
        prefix=given.prefix,
        concurrency=given.concurrency,
        backlog=given.backlog,
        handler_timeout=_handler_timeout(given),
        stop_timeout=given.stop_timeout,
        library=_library(given, browser, outside, logger),
    )


def _env_file(file: Any) -> dict[str, str]:
    if file is None:
        return {}
    if not is_a(file, str, os.PathLike) or not os.fspath(file):
        raise OptionError(f"env_file is the name of a file, or None for none, not {file!r}")
    try:
        return read_env(Path(file))
    except FileNotFoundError:
        if os.fspath(file) == _DEFAULT_ENV_FILE:
            return {}
        raise EnvFileError(f"{file}: there is no such file. Make it, or leave out env_file") from None


def _check_numbers(given: Given) -> None:
    try:
        if given.code_expiry is not None:
            check_number(given.code_expiry, "code_expiry", 1, 180)
        check_number(given.code_reminder, "code_reminder", 0)
        check_number(given.concurrency, "concurrency", 1)
        check_number(given.backlog, "backlog", 1, _MOST_BACKLOG)
        check_number(given.stop_timeout, "stop_timeout", 0)
    except ValueError as error:
        raise OptionError(str(error)) from None
    for name, number in (("concurrency", given.concurrency), ("backlog", given.backlog)):
        if not is_a(number, int):
            raise OptionError(f"{name} is a whole number, not {number!r}")


def _handler_timeout(given: Given) -> float | None:
    limit = given.handler_timeout
    if limit is None or (isinstance(limit, float) and limit == float("inf")):
        return None
    try:
        check_number(limit, "handler_timeout", 0, above=True)
    except ValueError as error:
        raise OptionError(str(error)) from None
    return limit


def _check_kinds(given: Given) -> None:
    if given.retry is not None and not is_a(given.retry, Retry):
        raise OptionError(f"retry is a Retry, such as Retry(max={given.retry!r}), not {given.retry!r}")
    if given.logger is not None and not is_a(given.logger, logging.Logger, logging.LoggerAdapter):
        raise OptionError(f"logger is a logging.Logger, such as logging.getLogger('mine'), not {given.logger!r}")
    if given.config is not None and not is_a(given.config, Mapping):
        raise OptionError(f"config is a dictionary of keys and values, not {type(given.config).__name__}")


def _session_dir(folder: Any) -> Path:
    if not is_a(folder, str, os.PathLike):
        raise OptionError(f"session_dir is a folder, not {folder!r}")
    path = Path(folder)
    if path.exists() and not path.is_dir():
        raise OptionError(f"session_dir is a folder, and {path} is none")
    return path


def _session_id(name: Any) -> str:
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_@+-][A-Za-z0-9._@+-]{0,63}", name):
        raise OptionError(f"session_id is 1 to 64 letters, digits and . _ - @ +, and does not begin with a point; not {name!r}")
    return name


def _browser(browser: Any) -> tuple[str, str, str] | None:
    if browser is None:
        return None
    parts: list[Any] = list(browser) if is_a(browser, tuple, list) else []
    if len(parts) != 3 or not all(isinstance(part, str) and part.strip() for part in parts):
        raise OptionError(
            'browser is three texts: the product\'s name, the kind of program and a version, ("MyBot", "Chrome", "1.0.0")'
        )
    known = [platform for platform in PLATFORMS if platform.lower() == parts[1].lower()]
    if not known:
        raise OptionError(f"browser: the kind of program is one of {', '.join(PLATFORMS)}, not {parts[1]!r}")
    return (parts[0], known[0], parts[2])


def _level(level: Any) -> int | None:
    if level is None or (isinstance(level, int) and not isinstance(level, bool)):
        return level
    if not isinstance(level, str) or level.lower() not in _LEVELS:
        raise OptionError(f"log_level is one of {', '.join(_LEVELS)}, not {level!r}")
    return int(getattr(logging, level.upper()))


def _library(
    given: Given, browser: tuple[str, str, str] | None, outside: Mapping[str, str], logger: logging.Logger
) -> dict[str, str]:
    """The library's keys: what follows from the options, then LIBWA_* of the environment, then the argument `config`."""
    keys: dict[str, str] = {"client.version": "auto"}
    if browser is not None:
        keys.update({"device.name": browser[0], "device.platform": browser[1].lower()})
    if given.code_expiry is not None:
        keys["pairing.code_ttl_ms"] = str(round(given.code_expiry * 1000))
    keys.update(library_keys.of_variables(outside, logger))
    for key, value in (given.config or {}).items():
        if not is_a(value, str, int):
            raise OptionError(f"config: the value of {key!r} is a text, a number or a boolean, not {value!r}")
        keys[key] = str(value).lower() if isinstance(value, bool) else str(value)
    library_keys.check(keys)
    return keys
