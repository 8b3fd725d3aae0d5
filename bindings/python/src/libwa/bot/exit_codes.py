"""The reasons why a bot stopped, and the exit status that `run()` gives for each."""

from __future__ import annotations

from enum import IntEnum

from .. import errors
from .._error import Error


class ExitCode(IntEnum):
    """The exit statuses of a bot. A supervisor may start it again after those below 10 and should leave the others to a person."""

    #: `stop()`, Ctrl-C or SIGTERM.
    STOPPED = 0
    #: The library or a start-up hook failed.
    FAILED = 1
    #: The options are wrong: a phone number, one that is not that of the session, a value of the environment, a key of the library.
    USAGE = 2
    #: The session's file cannot be used: another process has it open, it is broken, or the folder cannot be written.
    STORE = 3
    #: No code was typed, or no QR code scanned, in time, as often as the retries allow.
    PAIRING_EXPIRED = 10
    #: WhatsApp or the phone refused the pairing.
    PAIRING_FAILED = 11
    #: Too many codes were asked for; the log says how long to wait.
    RATE_LIMITED = 12
    #: The account confirms new devices with its passkey, and nobody answered.
    PASSKEY = 13
    #: The device was unlinked, here or on the phone. Started again, the bot asks for a new code.
    LOGGED_OUT = 20
    #: The account is banned or locked, for some time or for good, or refused with the newest version too.
    RESTRICTED = 21
    #: WhatsApp wants a newer version of this program.
    OUTDATED = 22
    #: Another program uses the same session.
    REPLACED = 23


# The first that suits counts.
_KINDS: list[tuple[type[Error], ExitCode]] = [
    (errors.PairingExpiredError, ExitCode.PAIRING_EXPIRED),
    (errors.PhoneDidNotFinishError, ExitCode.PAIRING_EXPIRED),
    (errors.RateLimitedError, ExitCode.RATE_LIMITED),
    (errors.PairingLimitError, ExitCode.RATE_LIMITED),
    (errors.PasskeyRequiredError, ExitCode.PASSKEY),
    (errors.PasskeyFailedError, ExitCode.PASSKEY),
    (errors.PairingFailedError, ExitCode.PAIRING_FAILED),
    (errors.FeatureUnavailableError, ExitCode.PAIRING_FAILED),
    (errors.TemporarilyBannedError, ExitCode.RESTRICTED),
    (errors.AccountBannedError, ExitCode.RESTRICTED),
    (errors.AccountLockedError, ExitCode.RESTRICTED),
    (errors.VersionRefusedError, ExitCode.RESTRICTED),
    (errors.ClientOutdatedError, ExitCode.OUTDATED),
    (errors.ClientRefusedError, ExitCode.OUTDATED),
    (errors.LoggedOutError, ExitCode.LOGGED_OUT),
    (errors.LinkRevokedError, ExitCode.LOGGED_OUT),
    (errors.ReplacedError, ExitCode.REPLACED),
    (errors.StoreError, ExitCode.STORE),
    (errors.UnknownKeyError, ExitCode.USAGE),
    (errors.BadValueError, ExitCode.USAGE),
    (errors.InvalidPhoneNumberError, ExitCode.USAGE),
    (errors.AlreadyLinkedError, ExitCode.USAGE),
    (errors.InsecureUrlError, ExitCode.USAGE),
]


def exit_code(error: BaseException) -> ExitCode:
    """The exit code of a failure, for the one who started the bot."""
    for kind, code in _KINDS:
        if isinstance(error, kind):
            return code
    return ExitCode.FAILED
