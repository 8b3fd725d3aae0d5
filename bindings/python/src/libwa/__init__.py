"""Links a program to WhatsApp as a companion device.

`Client` is for asyncio, `SyncClient` for programs without it. Events are in `libwa.events` and here, errors in `libwa.errors`,
the simulated WhatsApp for tests in `libwa.testing`.

This is an unofficial client: WhatsApp can ban accounts that use one.
"""

from . import contents, errors, events
from ._bindings import VERSION as __version__
from ._client import Client, EventStream, PairingSteps
from ._error import Error
from ._native import reference, status_text, version
from ._pairing import PairingStep
from ._sync import SyncClient
from .contents import *  # noqa: F403
from .events import *  # noqa: F403

__all__ = [
    "Client",
    "Error",
    "EventStream",
    "PairingStep",
    "PairingSteps",
    "SyncClient",
    "__version__",
    "contents",
    "errors",
    "events",
    "reference",
    "status_text",
    "version",
]
__all__ += contents.__all__
__all__ += events.__all__
