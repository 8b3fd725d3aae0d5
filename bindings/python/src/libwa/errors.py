# Made from include/wa.h and the tables in src/api. Do not edit: cargo run -p libwa-generator
"""The library's errors: one exception for each status code, all of them kinds of `Error`."""

from __future__ import annotations

from ._error import Error


class InvalidArgumentError(Error):
    """An argument is None, negative or out of range where it may not be; the error's key names the
    argument.
    """

    code = 100
    name = "WA_ERROR_INVALID_ARGUMENT"
    retryable = False


class InvalidUtf8Error(Error):
    """A text is not valid UTF-8; the error's key names the argument."""

    code = 101
    name = "WA_ERROR_INVALID_UTF8"
    retryable = False


class TooLongError(Error):
    """A text or block of bytes is longer than is allowed for this argument; the error's text says
    how long it may be.
    """

    code = 102
    name = "WA_ERROR_TOO_LONG"
    retryable = False


class InvalidPhoneNumberError(Error):
    """The phone number is not in international form; the error's text says which rule it breaks."""

    code = 103
    name = "WA_ERROR_INVALID_PHONE_NUMBER"
    retryable = False


class InvalidPairingCodeError(Error):
    """The custom pairing code is not eight characters of the pairing alphabet (1-9 and A-Z without
    I, O and U).
    """

    code = 104
    name = "WA_ERROR_INVALID_PAIRING_CODE"
    retryable = False


class InvalidJsonError(Error):
    """A text that must be JSON is not; the error's text says where it stops being so."""

    code = 105
    name = "WA_ERROR_INVALID_JSON"
    retryable = False


class UnknownMethodError(Error):
    """There is no method of this name; METHODS.md and `libwa.reference()` list them all."""

    code = 106
    name = "WA_ERROR_UNKNOWN_METHOD"
    retryable = False


class InvalidParameterError(Error):
    """A parameter of the method is missing, unknown or of the wrong kind; the error's key names it."""

    code = 107
    name = "WA_ERROR_INVALID_PARAMETER"
    retryable = False


class PanicError(Error):
    """The library came upon a fault of its own and stopped the call or the client; please report
    it, with the error's text.
    """

    code = 108
    name = "WA_ERROR_PANIC"
    retryable = False


class SystemError(Error):
    """The operating system refused a resource such as a thread or memory; free some and try again."""

    code = 109
    name = "WA_ERROR_SYSTEM"
    retryable = True


class TooManyFilesError(Error):
    """The process has no file descriptor left; raise its limit or close some, then try again."""

    code = 110
    name = "WA_ERROR_TOO_MANY_FILES"
    retryable = True


class InvalidJidError(Error):
    """The address is no JID and no phone number; use the chat of an event, a number with its
    country code, or a JID.
    """

    code = 111
    name = "WA_ERROR_INVALID_JID"
    retryable = False


class InvalidMessageError(Error):
    """The message cannot be sent as it is; the error's text says what is wrong with it."""

    code = 112
    name = "WA_ERROR_INVALID_MESSAGE"
    retryable = False


class UnsupportedChatError(Error):
    """Messages cannot be sent to an address of this kind; send to a person or to a group."""

    code = 113
    name = "WA_ERROR_UNSUPPORTED_CHAT"
    retryable = False


class InvalidStateError(Error):
    """The call does not fit the state the object is in; the error's text says what state it needs."""

    code = 200
    name = "WA_ERROR_INVALID_STATE"
    retryable = False


class NotConnectedError(Error):
    """There is no connection to the server, or the login is not complete; call `connect()` if that
    was not done, and wait for `ready`, or for `connection` if the session is not linked.
    """

    code = 201
    name = "WA_ERROR_NOT_CONNECTED"
    retryable = True


class AlreadyLinkedError(Error):
    """The session is linked to an account already; log out first, or use another session.id."""

    code = 202
    name = "WA_ERROR_ALREADY_LINKED"
    retryable = False


class NotLinkedError(Error):
    """The session is not linked to an account; pair it first."""

    code = 203
    name = "WA_ERROR_NOT_LINKED"
    retryable = False


class PairingOutstandingError(Error):
    """A pairing is under way already; finish it with the code shown, or cancel it first."""

    code = 204
    name = "WA_ERROR_PAIRING_OUTSTANDING"
    retryable = True


class UnknownRequestError(Error):
    """This client never made a request of this number; take the number from the call that made it."""

    code = 205
    name = "WA_ERROR_UNKNOWN_REQUEST"
    retryable = False


class ClientClosedError(Error):
    """The client is closed or closing; make a new one."""

    code = 206
    name = "WA_ERROR_CLIENT_CLOSED"
    retryable = False


class CancelledError(Error):
    """The request was cancelled before it was answered; make it again if it is still wanted."""

    code = 207
    name = "WA_ERROR_CANCELLED"
    retryable = True


class TooManyRequestsError(Error):
    """Too many requests of this client wait for an answer; take some answers first."""

    code = 208
    name = "WA_ERROR_TOO_MANY_REQUESTS"
    retryable = True


class InvalidHandleError(Error):
    """The handle is None, freed, of another kind, or was never one; check who freed it."""

    code = 300
    name = "WA_ERROR_INVALID_HANDLE"
    retryable = False


class ForkedError(Error):
    """The process is a forked child of the one that made the handles; make clients only after the
    fork.
    """

    code = 301
    name = "WA_ERROR_FORKED"
    retryable = False


class TooManyHandlesError(Error):
    """There are more live handles than the library can number; free some."""

    code = 302
    name = "WA_ERROR_TOO_MANY_HANDLES"
    retryable = False


class UnknownKeyError(Error):
    """There is no configuration key of this name; CONFIGURATION.md and `libwa.reference()` list
    them all.
    """

    code = 400
    name = "WA_ERROR_UNKNOWN_KEY"
    retryable = False


class BadValueError(Error):
    """The value does not fit the configuration key; the error's text names key, value and the
    allowed range.
    """

    code = 401
    name = "WA_ERROR_BAD_VALUE"
    retryable = False


class ConfigConflictError(Error):
    """Two configuration values contradict each other; the error's text names both keys."""

    code = 402
    name = "WA_ERROR_CONFIG_CONFLICT"
    retryable = False


class StoreError(Error):
    """The store could not be read or written; the error's text has the cause."""

    code = 500
    name = "WA_ERROR_STORE"
    retryable = False


class StoreLockedError(StoreError):
    """Another process uses this store; stop that process, or give this one a store of its own."""

    code = 501
    name = "WA_ERROR_STORE_LOCKED"
    retryable = True


class SessionInUseError(StoreError):
    """Another client uses this session; free that client first, or use another session.id. If it is
    a client of another process, the error's retry_after_ms says when its lease ends.
    """

    code = 502
    name = "WA_ERROR_SESSION_IN_USE"
    retryable = True


class StoreCorruptError(StoreError):
    """The store is damaged; move all its files away and pair again, and put a copy back only with
    `session.restored`.
    """

    code = 503
    name = "WA_ERROR_STORE_CORRUPT"
    retryable = False


class StoreReadOnlyError(StoreError):
    """The store's file or directory cannot be written; change its permissions."""

    code = 504
    name = "WA_ERROR_STORE_READ_ONLY"
    retryable = False


class StoreFullError(StoreError):
    """There is no room for the store: its disk is full, a quota is used up, or its file may not
    grow; make room, then try again.
    """

    code = 505
    name = "WA_ERROR_STORE_FULL"
    retryable = True


class StoreTooNewError(StoreError):
    """The store was written by a newer version of the library; update the library."""

    code = 506
    name = "WA_ERROR_STORE_TOO_NEW"
    retryable = False


class UnknownSessionError(StoreError):
    """The store has no session of this name."""

    code = 507
    name = "WA_ERROR_UNKNOWN_SESSION"
    retryable = False


class StoreNotFoundError(StoreError):
    """The directory of the store's file does not exist or cannot be opened; make it first."""

    code = 508
    name = "WA_ERROR_STORE_NOT_FOUND"
    retryable = False


class StoreSealedError(StoreError):
    """The store is sealed and the configuration has no key for it; set store.seal_key."""

    code = 509
    name = "WA_ERROR_STORE_SEALED"
    retryable = False


class StoreNotSealedError(StoreError):
    """The configuration has a key, and the store is in use without one; leave store.seal_key unset,
    or use a new store.
    """

    code = 510
    name = "WA_ERROR_STORE_NOT_SEALED"
    retryable = False


class WrongSealKeyError(StoreError):
    """The store was sealed with another key than that of store.seal_key; set the right one. Nothing
    was changed.
    """

    code = 511
    name = "WA_ERROR_WRONG_SEAL_KEY"
    retryable = False


class SessionTakenError(StoreError):
    """Another process has taken the session, because this one did not renew its lease of a shared
    store in time; free the client, and see why the process stood still.
    """

    code = 512
    name = "WA_ERROR_SESSION_TAKEN"
    retryable = False


class NetworkError(Error):
    """The connection to the server failed; the error's text has the step and the cause."""

    code = 600
    name = "WA_ERROR_NETWORK"
    retryable = True


class DnsError(NetworkError):
    """The server's name could not be resolved; check the network."""

    code = 601
    name = "WA_ERROR_DNS"
    retryable = True


class ConnectError(NetworkError):
    """The server could not be reached; check the network and the firewall."""

    code = 602
    name = "WA_ERROR_CONNECT"
    retryable = True


class ProxyError(NetworkError):
    """The proxy could not be reached or refused; check proxy.url."""

    code = 603
    name = "WA_ERROR_PROXY"
    retryable = True


class TlsError(NetworkError):
    """The server's TLS certificate was not accepted, or TLS failed; check the clock, server.ca_file
    and who intercepts TLS.
    """

    code = 604
    name = "WA_ERROR_TLS"
    retryable = True


class UpgradeError(NetworkError):
    """The server did not open a WebSocket; check server.url."""

    code = 605
    name = "WA_ERROR_UPGRADE"
    retryable = True


class NetworkTimeoutError(NetworkError):
    """A step of connecting took longer than its limit; try again."""

    code = 606
    name = "WA_ERROR_NETWORK_TIMEOUT"
    retryable = True


class ConnectionLostError(NetworkError):
    """The connection was lost before the answer came; it is not known whether the request was
    carried out.
    """

    code = 607
    name = "WA_ERROR_CONNECTION_LOST"
    retryable = True


class InsecureUrlError(NetworkError):
    """Plain ws:// is allowed to this machine only; use wss:// in server.url."""

    code = 608
    name = "WA_ERROR_INSECURE_URL"
    retryable = False


class ServerNotTrustedError(NetworkError):
    """The server did not prove that it is WhatsApp: its certificate chain or its handshake is
    wrong; the connection was not used.
    """

    code = 609
    name = "WA_ERROR_SERVER_NOT_TRUSTED"
    retryable = False


class ProtocolError(NetworkError):
    """The server sent what this version of the library does not understand; update the library."""

    code = 610
    name = "WA_ERROR_PROTOCOL"
    retryable = False


class RefusedError(Error):
    """The server refused the request; the error's text has its code and words."""

    code = 700
    name = "WA_ERROR_REFUSED"
    retryable = False


class BadRequestError(RefusedError):
    """The server holds the request for malformed (400, 479)."""

    code = 701
    name = "WA_ERROR_BAD_REQUEST"
    retryable = False


class ForbiddenError(RefusedError):
    """The server does not allow this account to do that (401, 403, 405; 406 for a message)."""

    code = 702
    name = "WA_ERROR_FORBIDDEN"
    retryable = False


class NotFoundError(RefusedError):
    """The server does not know what was asked for (404, 410)."""

    code = 703
    name = "WA_ERROR_NOT_FOUND"
    retryable = False


class RateLimitedError(RefusedError):
    """The server wants fewer requests (419, 429); wait for as long as retry_after_ms says, or some
    minutes if it says nothing.
    """

    code = 704
    name = "WA_ERROR_RATE_LIMITED"
    retryable = True


class FeatureUnavailableError(RefusedError):
    """The server does not offer this to the account (452)."""

    code = 705
    name = "WA_ERROR_FEATURE_UNAVAILABLE"
    retryable = False


class ServerError(RefusedError):
    """The server had a fault of its own (500 and above); try again later."""

    code = 706
    name = "WA_ERROR_SERVER_ERROR"
    retryable = True


class RequestTimeoutError(RefusedError):
    """The server did not answer in time; try again."""

    code = 707
    name = "WA_ERROR_REQUEST_TIMEOUT"
    retryable = True


class NoRecipientError(RefusedError):
    """No device of the recipient can be reached; check the number."""

    code = 708
    name = "WA_ERROR_NO_RECIPIENT"
    retryable = False


class TimeLockedError(RefusedError):
    """WhatsApp does not let this account begin new chats for a time; answer those who write, and
    wait.
    """

    code = 709
    name = "WA_ERROR_TIME_LOCKED"
    retryable = True


class PairingFailedError(Error):
    """Pairing failed; the event's outcome says how, and its text what to tell the user."""

    code = 800
    name = "WA_ERROR_PAIRING_FAILED"
    retryable = False


class PairingLimitError(PairingFailedError):
    """The library's own limit for pairing codes of this number is reached; wait for as long as
    retry_after_ms says.
    """

    code = 801
    name = "WA_ERROR_PAIRING_LIMIT"
    retryable = True


class PairingExpiredError(PairingFailedError):
    """The code, or all QR codes, ran out before the phone used one; ask for a new one."""

    code = 802
    name = "WA_ERROR_PAIRING_EXPIRED"
    retryable = True


class PhoneDidNotFinishError(PairingFailedError):
    """A code was typed but the phone did not finish: it was mistyped, or linking failed on the
    phone; ask for a new one.
    """

    code = 803
    name = "WA_ERROR_PHONE_DID_NOT_FINISH"
    retryable = True


class CodeRefusedError(PairingFailedError):
    """The server did not accept the request for a code; the text says whether to wait or to use a
    QR code.
    """

    code = 804
    name = "WA_ERROR_CODE_REFUSED"
    retryable = False


class PasskeyRequiredError(PairingFailedError):
    """The account wants a passkey to confirm new devices; answer with `answer_passkey()`, or use
    another account.
    """

    code = 805
    name = "WA_ERROR_PASSKEY_REQUIRED"
    retryable = False


class PasskeyFailedError(PairingFailedError):
    """The passkey was not accepted, or took too long; start again from the phone."""

    code = 806
    name = "WA_ERROR_PASSKEY_FAILED"
    retryable = True


class PairingNotGenuineError(PairingFailedError):
    """The server's message that finishes the pairing is not genuine; nothing was stored. Try again
    once, on a network you trust.
    """

    code = 807
    name = "WA_ERROR_PAIRING_NOT_GENUINE"
    retryable = False


class LoggedOutError(Error):
    """The session is logged out and its keys are erased; pair again."""

    code = 900
    name = "WA_ERROR_LOGGED_OUT"
    retryable = False


class ReplacedError(Error):
    """The same session was opened elsewhere; make sure that the program runs only once."""

    code = 901
    name = "WA_ERROR_REPLACED"
    retryable = False


class ClientOutdatedError(Error):
    """The server no longer accepts this version; set client.version to auto or to a newer one, or
    update the library.
    """

    code = 902
    name = "WA_ERROR_CLIENT_OUTDATED"
    retryable = False


class TemporarilyBannedError(Error):
    """The account is banned for a time; the restricted event says until when."""

    code = 903
    name = "WA_ERROR_TEMPORARILY_BANNED"
    retryable = True


class AccountBannedError(Error):
    """The account is banned."""

    code = 904
    name = "WA_ERROR_ACCOUNT_BANNED"
    retryable = False


class AccountLockedError(Error):
    """The account is locked, or is no longer registered on its phone; open WhatsApp on the phone."""

    code = 905
    name = "WA_ERROR_ACCOUNT_LOCKED"
    retryable = False


class ClientRefusedError(Error):
    """The server did not accept how the library describes itself; update the library."""

    code = 906
    name = "WA_ERROR_CLIENT_REFUSED"
    retryable = False


class LoginTimeoutError(Error):
    """The server did not finish the login in time; the client tries again by itself."""

    code = 907
    name = "WA_ERROR_LOGIN_TIMEOUT"
    retryable = True


class LinkRevokedError(Error):
    """The server withdrew the link right after pairing; look at "Linked devices" on the phone, and
    pair again later.
    """

    code = 908
    name = "WA_ERROR_LINK_REVOKED"
    retryable = True


class VersionRefusedError(Error):
    """The server refuses this account with the newest version, too (client.version is auto); try
    again in some days, or link the account anew.
    """

    code = 909
    name = "WA_ERROR_VERSION_REFUSED"
    retryable = False


BY_CODE: dict[int, type[Error]] = {
    100: InvalidArgumentError,
    101: InvalidUtf8Error,
    102: TooLongError,
    103: InvalidPhoneNumberError,
    104: InvalidPairingCodeError,
    105: InvalidJsonError,
    106: UnknownMethodError,
    107: InvalidParameterError,
    108: PanicError,
    109: SystemError,
    110: TooManyFilesError,
    111: InvalidJidError,
    112: InvalidMessageError,
    113: UnsupportedChatError,
    200: InvalidStateError,
    201: NotConnectedError,
    202: AlreadyLinkedError,
    203: NotLinkedError,
    204: PairingOutstandingError,
    205: UnknownRequestError,
    206: ClientClosedError,
    207: CancelledError,
    208: TooManyRequestsError,
    300: InvalidHandleError,
    301: ForkedError,
    302: TooManyHandlesError,
    400: UnknownKeyError,
    401: BadValueError,
    402: ConfigConflictError,
    500: StoreError,
    501: StoreLockedError,
    502: SessionInUseError,
    503: StoreCorruptError,
    504: StoreReadOnlyError,
    505: StoreFullError,
    506: StoreTooNewError,
    507: UnknownSessionError,
    508: StoreNotFoundError,
    509: StoreSealedError,
    510: StoreNotSealedError,
    511: WrongSealKeyError,
    512: SessionTakenError,
    600: NetworkError,
    601: DnsError,
    602: ConnectError,
    603: ProxyError,
    604: TlsError,
    605: UpgradeError,
    606: NetworkTimeoutError,
    607: ConnectionLostError,
    608: InsecureUrlError,
    609: ServerNotTrustedError,
    610: ProtocolError,
    700: RefusedError,
    701: BadRequestError,
    702: ForbiddenError,
    703: NotFoundError,
    704: RateLimitedError,
    705: FeatureUnavailableError,
    706: ServerError,
    707: RequestTimeoutError,
    708: NoRecipientError,
    709: TimeLockedError,
    800: PairingFailedError,
    801: PairingLimitError,
    802: PairingExpiredError,
    803: PhoneDidNotFinishError,
    804: CodeRefusedError,
    805: PasskeyRequiredError,
    806: PasskeyFailedError,
    807: PairingNotGenuineError,
    900: LoggedOutError,
    901: ReplacedError,
    902: ClientOutdatedError,
    903: TemporarilyBannedError,
    904: AccountBannedError,
    905: AccountLockedError,
    906: ClientRefusedError,
    907: LoginTimeoutError,
    908: LinkRevokedError,
    909: VersionRefusedError,
}

__all__ = [
    "BY_CODE",
    "AccountBannedError",
    "AccountLockedError",
    "AlreadyLinkedError",
    "BadRequestError",
    "BadValueError",
    "CancelledError",
    "ClientClosedError",
    "ClientOutdatedError",
    "ClientRefusedError",
    "CodeRefusedError",
    "ConfigConflictError",
    "ConnectError",
    "ConnectionLostError",
    "DnsError",
    "Error",
    "FeatureUnavailableError",
    "ForbiddenError",
    "ForkedError",
    "InsecureUrlError",
    "InvalidArgumentError",
    "InvalidHandleError",
    "InvalidJidError",
    "InvalidJsonError",
    "InvalidMessageError",
    "InvalidPairingCodeError",
    "InvalidParameterError",
    "InvalidPhoneNumberError",
    "InvalidStateError",
    "InvalidUtf8Error",
    "LinkRevokedError",
    "LoggedOutError",
    "LoginTimeoutError",
    "NetworkError",
    "NetworkTimeoutError",
    "NoRecipientError",
    "NotConnectedError",
    "NotFoundError",
    "NotLinkedError",
    "PairingExpiredError",
    "PairingFailedError",
    "PairingLimitError",
    "PairingNotGenuineError",
    "PairingOutstandingError",
    "PanicError",
    "PasskeyFailedError",
    "PasskeyRequiredError",
    "PhoneDidNotFinishError",
    "ProtocolError",
    "ProxyError",
    "RateLimitedError",
    "RefusedError",
    "ReplacedError",
    "RequestTimeoutError",
    "ServerError",
    "ServerNotTrustedError",
    "SessionInUseError",
    "SessionTakenError",
    "StoreCorruptError",
    "StoreError",
    "StoreFullError",
    "StoreLockedError",
    "StoreNotFoundError",
    "StoreNotSealedError",
    "StoreReadOnlyError",
    "StoreSealedError",
    "StoreTooNewError",
    "SystemError",
    "TemporarilyBannedError",
    "TimeLockedError",
    "TlsError",
    "TooLongError",
    "TooManyFilesError",
    "TooManyHandlesError",
    "TooManyRequestsError",
    "UnknownKeyError",
    "UnknownMethodError",
    "UnknownRequestError",
    "UnknownSessionError",
    "UnsupportedChatError",
    "UpgradeError",
    "VersionRefusedError",
    "WrongSealKeyError",
]
