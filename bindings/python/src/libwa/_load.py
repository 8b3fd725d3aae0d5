"""Finds the shared library and checks that it fits this package."""

import ctypes
import os
import sys
from typing import Optional

from . import _bindings

# Before 1.0 a minor version may change the interface, and the SONAME says so.
_SONAME = "libwa.so.0"
_INSIDE = os.path.join(os.path.dirname(__file__), "libwa.so")


def _candidates() -> list[str]:
    chosen = os.environ.get("LIBWA_PATH")
    if chosen:
        # Whoever names a library wants that one and no other.
        return [os.path.join(chosen, "libwa.so") if os.path.isdir(chosen) else chosen]
    return [_INSIDE, _SONAME]


def load() -> ctypes.CDLL:
    """The library, with the prototypes of its functions."""
    problems: list[str] = []
    for candidate in _candidates():
        if os.sep in candidate and not os.path.exists(candidate):
            problems.append(f"{candidate}: there is no such file")
            continue
        try:
            library = ctypes.CDLL(candidate)
        except OSError as error:
            problems.append(f"{candidate}: {error}")
            continue
        problem = _declare(library)
        if problem is None:
            return library
        problems.append(f"{candidate}: {problem}")
    raise ImportError(
        "libwa's shared library was not found or does not fit. Install the wheel, which has it inside, "
        "or set LIBWA_PATH to the file libwa.so. Tried:\n  " + "\n  ".join(problems),
        name="libwa",
    ) from None


def _declare(library: ctypes.CDLL) -> Optional[str]:
    """Sets result and parameters of every function. Answers what is wrong with the library, if something is."""
    try:
        version = library.wa_version_number
    except AttributeError:
        return "it is no libwa"
    version.restype, version.argtypes = _bindings.FUNCTIONS["wa_version_number"]
    found, wanted = version(), _bindings.VERSION_NUMBER
    if found // 1000 != wanted // 1000 or found < wanted:
        text = ".".join(str(part) for part in (found // 1000000, found // 1000 % 1000, found % 1000))
        return f"it is version {text}, and this package needs {_bindings.VERSION} or a later one of the same minor version"
    try:
        for name, (result, parameters) in _bindings.FUNCTIONS.items():
            function = getattr(library, name)
            function.restype = result
            function.argtypes = parameters
    except AttributeError as error:
        return f"it lacks a function: {error}"
    return None


if sys.platform == "win32":
    raise ImportError("libwa does not run on Windows yet", name="libwa")

lib = load()
