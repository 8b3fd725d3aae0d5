"""The library's configuration keys as a bot is given them: by an argument, or by variables that begin with LIBWA_."""

from __future__ import annotations

import difflib
import ipaddress
import json
import logging
from collections.abc import Mapping
from urllib.parse import urlsplit

from .. import _native as native
from .. import errors, reference
from .._load import lib
from .usage import UsageError

PREFIX = "LIBWA_"

# Variables that are read elsewhere.
_NO_KEYS = ("LIBWA_PATH",)
# Keys that bots have options for.
_OPTIONS = {"store.url": "SESSION_DIR", "session.id": "SESSION_ID"}


class OptionError(UsageError):
    """An option has a value that it cannot have."""


def variable(key: str) -> str:
    """The variable for a key."""
    return PREFIX + key.upper().replace(".", "_")


def of_variables(outside: Mapping[str, str], logger: logging.Logger) -> dict[str, str]:
    """The keys that variables set. Those that begin like one and are none are logged, with what may be meant."""
    named = {variable(key): key for key in _known_keys() if key not in _OPTIONS}
    for name in outside:
        if name.startswith(PREFIX) and name not in named and name not in _NO_KEYS:
            logger.warning("the variable %s is not read: %s", name, _what_is_meant(name, list(named)))
    return {named[name]: value for name, value in outside.items() if name in named}


def _what_is_meant(name: str, known: list[str]) -> str:
    for key, option in _OPTIONS.items():
        if name == variable(key):
            return f"set {option}"
    close = difflib.get_close_matches(name, known, 1, 0.8)
    return f"did you mean {close[0]}?" if close else "the library has no such key"


def check(keys: Mapping[str, str]) -> None:
    """Checks keys and values as the library does.

    Raises:
        OptionError: The library would refuse one.
    """
    known = _known_keys()
    config = lib.wa_config_new()
    if not config:
        return  # the client that needs one says why there is none
    try:
        for key, value in keys.items():
            if key not in known:
                close = difflib.get_close_matches(key, known, 1)
                raise OptionError(f"config: there is no key {key!r}{f'; did you mean {close[0]!r}?' if close else ''}")
            try:
                native.call(lib.wa_config_set, config, native.encoded(key, "key"), native.encoded(value, key))
            except (errors.Error, ValueError) as error:
                text = str(error)
                raise OptionError(f"config: {text if text.startswith(key) else f'{key}: {text}'}") from None
    finally:
        lib.wa_config_free(config)
    _check_server(keys.get("server.url", ""))


def _check_server(url: str) -> None:
    """Checks what the library looks at only when a client is made."""
    server = urlsplit(url)
    if server.scheme != "ws" or server.hostname is None or server.hostname == "localhost":
        return
    try:
        if ipaddress.ip_address(server.hostname).is_loopback:
            return
    except ValueError:
        pass  # a name
    raise OptionError(f"config: server.url: ws:// is for this machine only: use wss:// for {server.hostname}")


def _known_keys() -> list[str]:
    return [row["name"] for row in json.loads(reference())["keys"]]
