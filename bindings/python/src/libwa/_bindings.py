# Made from include/wa.h and the tables in src/api. Do not edit: cargo run -p libwa-generator
"""The C interface as ctypes sees it: status codes, and result and parameters of every function."""

from __future__ import annotations

from ctypes import POINTER, c_bool, c_char_p, c_int, c_int32, c_int64, c_size_t, c_uint8, c_uint32, c_uint64, c_void_p
from typing import Any

VERSION = "0.1.0"
VERSION_NUMBER = 1000

WA_OK = 0
WA_TIMEOUT = 1
WA_WOKEN = 2
WA_CLOSED = 3
WA_ERROR_INVALID_ARGUMENT = 100
WA_ERROR_INVALID_UTF8 = 101
WA_ERROR_TOO_LONG = 102
WA_ERROR_INVALID_PHONE_NUMBER = 103
WA_ERROR_INVALID_PAIRING_CODE = 104
WA_ERROR_INVALID_JSON = 105
WA_ERROR_UNKNOWN_METHOD = 106
WA_ERROR_INVALID_PARAMETER = 107
WA_ERROR_PANIC = 108
WA_ERROR_SYSTEM = 109
WA_ERROR_TOO_MANY_FILES = 110
WA_ERROR_INVALID_JID = 111
WA_ERROR_INVALID_MESSAGE = 112
WA_ERROR_UNSUPPORTED_CHAT = 113
WA_ERROR_INVALID_STATE = 200
WA_ERROR_NOT_CONNECTED = 201
WA_ERROR_ALREADY_LINKED = 202
WA_ERROR_NOT_LINKED = 203
WA_ERROR_PAIRING_OUTSTANDING = 204
WA_ERROR_UNKNOWN_REQUEST = 205
WA_ERROR_CLIENT_CLOSED = 206
WA_ERROR_CANCELLED = 207
WA_ERROR_TOO_MANY_REQUESTS = 208
WA_ERROR_INVALID_HANDLE = 300
WA_ERROR_FORKED = 301
WA_ERROR_TOO_MANY_HANDLES = 302
WA_ERROR_UNKNOWN_KEY = 400
WA_ERROR_BAD_VALUE = 401
WA_ERROR_CONFIG_CONFLICT = 402
WA_ERROR_STORE = 500
WA_ERROR_STORE_LOCKED = 501
WA_ERROR_SESSION_IN_USE = 502
WA_ERROR_STORE_CORRUPT = 503
WA_ERROR_STORE_READ_ONLY = 504
WA_ERROR_STORE_FULL = 505
WA_ERROR_STORE_TOO_NEW = 506
WA_ERROR_UNKNOWN_SESSION = 507
WA_ERROR_STORE_NOT_FOUND = 508
WA_ERROR_STORE_SEALED = 509
WA_ERROR_STORE_NOT_SEALED = 510
WA_ERROR_WRONG_SEAL_KEY = 511
WA_ERROR_SESSION_TAKEN = 512
WA_ERROR_NETWORK = 600
WA_ERROR_DNS = 601
WA_ERROR_CONNECT = 602
WA_ERROR_PROXY = 603
WA_ERROR_TLS = 604
WA_ERROR_UPGRADE = 605
WA_ERROR_NETWORK_TIMEOUT = 606
WA_ERROR_CONNECTION_LOST = 607
WA_ERROR_INSECURE_URL = 608
WA_ERROR_SERVER_NOT_TRUSTED = 609
WA_ERROR_PROTOCOL = 610
WA_ERROR_REFUSED = 700
WA_ERROR_BAD_REQUEST = 701
WA_ERROR_FORBIDDEN = 702
WA_ERROR_NOT_FOUND = 703
WA_ERROR_RATE_LIMITED = 704
WA_ERROR_FEATURE_UNAVAILABLE = 705
WA_ERROR_SERVER_ERROR = 706
WA_ERROR_REQUEST_TIMEOUT = 707
WA_ERROR_NO_RECIPIENT = 708
WA_ERROR_TIME_LOCKED = 709
WA_ERROR_PAIRING_FAILED = 800
WA_ERROR_PAIRING_LIMIT = 801
WA_ERROR_PAIRING_EXPIRED = 802
WA_ERROR_PHONE_DID_NOT_FINISH = 803
WA_ERROR_CODE_REFUSED = 804
WA_ERROR_PASSKEY_REQUIRED = 805
WA_ERROR_PASSKEY_FAILED = 806
WA_ERROR_PAIRING_NOT_GENUINE = 807
WA_ERROR_LOGGED_OUT = 900
WA_ERROR_REPLACED = 901
WA_ERROR_CLIENT_OUTDATED = 902
WA_ERROR_TEMPORARILY_BANNED = 903
WA_ERROR_ACCOUNT_BANNED = 904
WA_ERROR_ACCOUNT_LOCKED = 905
WA_ERROR_CLIENT_REFUSED = 906
WA_ERROR_LOGIN_TIMEOUT = 907
WA_ERROR_LINK_REVOKED = 908
WA_ERROR_VERSION_REFUSED = 909

FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "wa_version_number": (c_uint32, ()),
    "wa_version_string": (c_char_p, ()),
    "wa_status_name": (c_char_p, (c_int32,)),
    "wa_status_text": (c_char_p, (c_int32,)),
    "wa_error_status": (c_int32, (c_void_p,)),
    "wa_error_name": (c_char_p, (c_void_p,)),
    "wa_error_text": (c_char_p, (c_void_p,)),
    "wa_error_key": (c_char_p, (c_void_p,)),
    "wa_error_is_retryable": (c_bool, (c_void_p,)),
    "wa_error_retry_after_ms": (c_uint32, (c_void_p,)),
    "wa_error_free": (None, (c_void_p,)),
    "wa_config_new": (c_void_p, ()),
    "wa_config_set": (c_int32, (c_void_p, c_char_p, c_char_p, POINTER(c_void_p))),
    "wa_config_get": (c_char_p, (c_void_p, c_char_p)),
    "wa_config_free": (None, (c_void_p,)),
    "wa_client_new": (c_int32, (c_void_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p))),
    "wa_client_id": (c_uint64, (c_void_p,)),
    "wa_client_is_linked": (c_bool, (c_void_p,)),
    "wa_client_queue": (c_void_p, (c_void_p,)),
    "wa_client_connect": (c_int32, (c_void_p, POINTER(c_void_p))),
    "wa_client_disconnect": (c_int32, (c_void_p, POINTER(c_void_p))),
    "wa_client_close": (c_int32, (c_void_p,)),
    "wa_client_free": (None, (c_void_p,)),
    "wa_cancel": (c_int32, (c_void_p, c_uint64, POINTER(c_void_p))),
    "wa_logout": (c_int32, (c_void_p, POINTER(c_uint64), POINTER(c_void_p))),
    "wa_call": (c_int32, (c_void_p, c_char_p, c_char_p, POINTER(c_uint64), POINTER(c_void_p))),
    "wa_poll_event": (c_int32, (c_void_p, c_int32, POINTER(c_void_p), POINTER(c_void_p))),
    "wa_request_pairing": (c_int32, (c_void_p, c_char_p, c_char_p, POINTER(c_uint64), POINTER(c_void_p))),
    "wa_request_qr": (c_int32, (c_void_p, POINTER(c_uint64), POINTER(c_void_p))),
    "wa_answer_passkey": (c_int32, (c_void_p, c_char_p, POINTER(c_uint64), POINTER(c_void_p))),
    "wa_confirm_passkey": (c_int32, (c_void_p, POINTER(c_uint64), POINTER(c_void_p))),
    "wa_send_text": (c_int32, (c_void_p, c_char_p, c_char_p, c_char_p, POINTER(c_uint64), POINTER(c_void_p))),
    "wa_send_message": (c_int32, (c_void_p, c_char_p, c_char_p, c_size_t, c_char_p, POINTER(c_uint64), POINTER(c_void_p))),
    "wa_event_type": (c_uint32, (c_void_p,)),
    "wa_event_name": (c_char_p, (c_void_p,)),
    "wa_event_json": (c_char_p, (c_void_p, POINTER(c_size_t))),
    "wa_event_id": (c_uint64, (c_void_p,)),
    "wa_event_client": (c_uint64, (c_void_p,)),
    "wa_event_request": (c_uint64, (c_void_p,)),
    "wa_event_time_ms": (c_int64, (c_void_p,)),
    "wa_event_is_durable": (c_bool, (c_void_p,)),
    "wa_event_is_redelivered": (c_bool, (c_void_p,)),
    "wa_event_ack": (c_int32, (c_void_p,)),
    "wa_event_free": (None, (c_void_p,)),
    "wa_event_code": (c_char_p, (c_void_p,)),
    "wa_event_code_display": (c_char_p, (c_void_p,)),
    "wa_event_qr_payload": (c_char_p, (c_void_p,)),
    "wa_event_passkey_options": (c_char_p, (c_void_p,)),
    "wa_event_stage": (c_char_p, (c_void_p,)),
    "wa_event_outcome": (c_char_p, (c_void_p,)),
    "wa_event_user_text": (c_char_p, (c_void_p,)),
    "wa_event_text": (c_char_p, (c_void_p,)),
    "wa_event_state": (c_char_p, (c_void_p,)),
    "wa_event_reason": (c_char_p, (c_void_p,)),
    "wa_event_jid": (c_char_p, (c_void_p,)),
    "wa_event_expires_at_ms": (c_int64, (c_void_p,)),
    "wa_event_retry_after_ms": (c_uint32, (c_void_p,)),
    "wa_event_is_final": (c_bool, (c_void_p,)),
    "wa_event_is_retryable": (c_bool, (c_void_p,)),
    "wa_event_is_refreshing": (c_bool, (c_void_p,)),
    "wa_event_status": (c_int32, (c_void_p,)),
    "wa_event_result": (c_char_p, (c_void_p, POINTER(c_size_t))),
    "wa_event_qr_image": (POINTER(c_uint8), (c_void_p, c_char_p, POINTER(c_size_t))),
    "wa_event_chat": (c_char_p, (c_void_p,)),
    "wa_event_sender": (c_char_p, (c_void_p,)),
    "wa_event_message_id": (c_char_p, (c_void_p,)),
    "wa_event_message_kind": (c_char_p, (c_void_p,)),
    "wa_event_is_from_me": (c_bool, (c_void_p,)),
    "wa_queue_new": (c_int32, (POINTER(c_void_p), POINTER(c_void_p))),
    "wa_queue_poll": (c_int32, (c_void_p, c_int32, POINTER(c_void_p), POINTER(c_void_p))),
    "wa_queue_fd": (c_int, (c_void_p,)),
    "wa_queue_wake": (c_int32, (c_void_p,)),
    "wa_queue_free": (None, (c_void_p,)),
    "wa_reference_json": (c_char_p, (POINTER(c_size_t),)),
}

# The parameters of the functions that start a request, between the client and the number.
REQUESTS: dict[str, tuple[tuple[str, type], ...]] = {
    "wa_logout": (),
    "wa_call": (("method", str), ("params_json", str)),
    "wa_request_pairing": (("phone", str), ("code", str)),
    "wa_request_qr": (),
    "wa_answer_passkey": (("assertion_json", str),),
    "wa_confirm_passkey": (),
    "wa_send_text": (("chat", str), ("text", str), ("message_id", str)),
    "wa_send_message": (("chat", str), ("message", bytes), ("length", int), ("message_id", str)),
}

# The names of these in Python, in texts.
NAMES: dict[str, str] = {
    "NULL": "None",
    "WA_CLOSED": "`3`",
    "WA_ERROR_ACCOUNT_BANNED": "`AccountBannedError`",
    "WA_ERROR_ACCOUNT_LOCKED": "`AccountLockedError`",
    "WA_ERROR_ALREADY_LINKED": "`AlreadyLinkedError`",
    "WA_ERROR_BAD_REQUEST": "`BadRequestError`",
    "WA_ERROR_BAD_VALUE": "`BadValueError`",
    "WA_ERROR_CANCELLED": "`CancelledError`",
    "WA_ERROR_CLIENT_CLOSED": "`ClientClosedError`",
    "WA_ERROR_CLIENT_OUTDATED": "`ClientOutdatedError`",
    "WA_ERROR_CLIENT_REFUSED": "`ClientRefusedError`",
    "WA_ERROR_CODE_REFUSED": "`CodeRefusedError`",
    "WA_ERROR_CONFIG_CONFLICT": "`ConfigConflictError`",
    "WA_ERROR_CONNECT": "`ConnectError`",
    "WA_ERROR_CONNECTION_LOST": "`ConnectionLostError`",
    "WA_ERROR_DNS": "`DnsError`",
    "WA_ERROR_FEATURE_UNAVAILABLE": "`FeatureUnavailableError`",
    "WA_ERROR_FORBIDDEN": "`ForbiddenError`",
    "WA_ERROR_FORKED": "`ForkedError`",
    "WA_ERROR_INSECURE_URL": "`InsecureUrlError`",
    "WA_ERROR_INVALID_ARGUMENT": "`InvalidArgumentError`",
    "WA_ERROR_INVALID_HANDLE": "`InvalidHandleError`",
    "WA_ERROR_INVALID_JID": "`InvalidJidError`",
    "WA_ERROR_INVALID_JSON": "`InvalidJsonError`",
    "WA_ERROR_INVALID_MESSAGE": "`InvalidMessageError`",
    "WA_ERROR_INVALID_PAIRING_CODE": "`InvalidPairingCodeError`",
    "WA_ERROR_INVALID_PARAMETER": "`InvalidParameterError`",
    "WA_ERROR_INVALID_PHONE_NUMBER": "`InvalidPhoneNumberError`",
    "WA_ERROR_INVALID_STATE": "`InvalidStateError`",
    "WA_ERROR_INVALID_UTF8": "`InvalidUtf8Error`",
    "WA_ERROR_LINK_REVOKED": "`LinkRevokedError`",
    "WA_ERROR_LOGGED_OUT": "`LoggedOutError`",
    "WA_ERROR_LOGIN_TIMEOUT": "`LoginTimeoutError`",
    "WA_ERROR_NETWORK": "`NetworkError`",
    "WA_ERROR_NETWORK_TIMEOUT": "`NetworkTimeoutError`",
    "WA_ERROR_NOT_CONNECTED": "`NotConnectedError`",
    "WA_ERROR_NOT_FOUND": "`NotFoundError`",
    "WA_ERROR_NOT_LINKED": "`NotLinkedError`",
    "WA_ERROR_NO_RECIPIENT": "`NoRecipientError`",
    "WA_ERROR_PAIRING_EXPIRED": "`PairingExpiredError`",
    "WA_ERROR_PAIRING_FAILED": "`PairingFailedError`",
    "WA_ERROR_PAIRING_LIMIT": "`PairingLimitError`",
    "WA_ERROR_PAIRING_NOT_GENUINE": "`PairingNotGenuineError`",
    "WA_ERROR_PAIRING_OUTSTANDING": "`PairingOutstandingError`",
    "WA_ERROR_PANIC": "`PanicError`",
    "WA_ERROR_PASSKEY_FAILED": "`PasskeyFailedError`",
    "WA_ERROR_PASSKEY_REQUIRED": "`PasskeyRequiredError`",
    "WA_ERROR_PHONE_DID_NOT_FINISH": "`PhoneDidNotFinishError`",
    "WA_ERROR_PROTOCOL": "`ProtocolError`",
    "WA_ERROR_PROXY": "`ProxyError`",
    "WA_ERROR_RATE_LIMITED": "`RateLimitedError`",
    "WA_ERROR_REFUSED": "`RefusedError`",
    "WA_ERROR_REPLACED": "`ReplacedError`",
    "WA_ERROR_REQUEST_TIMEOUT": "`RequestTimeoutError`",
    "WA_ERROR_SERVER_ERROR": "`ServerError`",
    "WA_ERROR_SERVER_NOT_TRUSTED": "`ServerNotTrustedError`",
    "WA_ERROR_SESSION_IN_USE": "`SessionInUseError`",
    "WA_ERROR_SESSION_TAKEN": "`SessionTakenError`",
    "WA_ERROR_STORE": "`StoreError`",
    "WA_ERROR_STORE_CORRUPT": "`StoreCorruptError`",
    "WA_ERROR_STORE_FULL": "`StoreFullError`",
    "WA_ERROR_STORE_LOCKED": "`StoreLockedError`",
    "WA_ERROR_STORE_NOT_FOUND": "`StoreNotFoundError`",
    "WA_ERROR_STORE_NOT_SEALED": "`StoreNotSealedError`",
    "WA_ERROR_STORE_READ_ONLY": "`StoreReadOnlyError`",
    "WA_ERROR_STORE_SEALED": "`StoreSealedError`",
    "WA_ERROR_STORE_TOO_NEW": "`StoreTooNewError`",
    "WA_ERROR_SYSTEM": "`SystemError`",
    "WA_ERROR_TEMPORARILY_BANNED": "`TemporarilyBannedError`",
    "WA_ERROR_TIME_LOCKED": "`TimeLockedError`",
    "WA_ERROR_TLS": "`TlsError`",
    "WA_ERROR_TOO_LONG": "`TooLongError`",
    "WA_ERROR_TOO_MANY_FILES": "`TooManyFilesError`",
    "WA_ERROR_TOO_MANY_HANDLES": "`TooManyHandlesError`",
    "WA_ERROR_TOO_MANY_REQUESTS": "`TooManyRequestsError`",
    "WA_ERROR_UNKNOWN_KEY": "`UnknownKeyError`",
    "WA_ERROR_UNKNOWN_METHOD": "`UnknownMethodError`",
    "WA_ERROR_UNKNOWN_REQUEST": "`UnknownRequestError`",
    "WA_ERROR_UNKNOWN_SESSION": "`UnknownSessionError`",
    "WA_ERROR_UNSUPPORTED_CHAT": "`UnsupportedChatError`",
    "WA_ERROR_UPGRADE": "`UpgradeError`",
    "WA_ERROR_VERSION_REFUSED": "`VersionRefusedError`",
    "WA_ERROR_WRONG_SEAL_KEY": "`WrongSealKeyError`",
    "WA_EVENT_CALL": "`Call`",
    "WA_EVENT_CHAT_ACTIVITY": "`ChatActivity`",
    "WA_EVENT_CLOSED": "`Closed`",
    "WA_EVENT_CONNECTION": "`Connection`",
    "WA_EVENT_GROUP_UPDATE": "`GroupUpdate`",
    "WA_EVENT_IDENTITY_CHANGED": "`IdentityChanged`",
    "WA_EVENT_LOG": "`Log`",
    "WA_EVENT_LOGGED_OUT": "`LoggedOut`",
    "WA_EVENT_MESSAGE": "`Message`",
    "WA_EVENT_MESSAGE_UNREADABLE": "`MessageUnreadable`",
    "WA_EVENT_MESSAGE_WAITING": "`MessageWaiting`",
    "WA_EVENT_OVERFLOW": "`Overflow`",
    "WA_EVENT_PAIRING_CODE": "`PairingCode`",
    "WA_EVENT_PAIRING_ERROR": "`PairingFailed`",
    "WA_EVENT_PAIRING_EXPIRED": "`PairingExpired`",
    "WA_EVENT_PAIRING_PASSKEY": "`PairingPasskey`",
    "WA_EVENT_PAIRING_PROGRESS": "`PairingProgress`",
    "WA_EVENT_PAIRING_QR": "`PairingQr`",
    "WA_EVENT_PAIRING_SUCCESS": "`PairingSuccess`",
    "WA_EVENT_PRESENCE": "`Presence`",
    "WA_EVENT_READY": "`Ready`",
    "WA_EVENT_RECEIPT": "`Receipt`",
    "WA_EVENT_RESTRICTED": "`Restricted`",
    "WA_EVENT_RESULT": "`Result`",
    "WA_OK": "`0`",
    "WA_TIMEOUT": "`1`",
    "WA_WOKEN": "`2`",
    "wa_answer_passkey": "`answer_passkey()`",
    "wa_call": "`call()`",
    "wa_cancel": "leaving the loop",
    "wa_client_close": "`close()`",
    "wa_client_connect": "`connect()`",
    "wa_client_disconnect": "`disconnect()`",
    "wa_client_free": "`del client`",
    "wa_client_id": "`Client.id`",
    "wa_client_is_linked": "`Client.is_linked`",
    "wa_client_new": "`Client()`",
    "wa_client_queue": "`events()`",
    "wa_config_free": "`config`",
    "wa_config_get": "`config`",
    "wa_config_new": "`config`",
    "wa_config_set": "`config`",
    "wa_confirm_passkey": "`confirm_passkey()`",
    "wa_error_free": "`del error`",
    "wa_error_is_retryable": "`Error.is_retryable`",
    "wa_error_key": "`Error.key`",
    "wa_error_name": "`Error.name`",
    "wa_error_retry_after_ms": "`Error.retry_after_ms`",
    "wa_error_status": "`Error.status`",
    "wa_error_text": "`Error.text`",
    "wa_event_ack": "`Event.ack()`",
    "wa_event_chat": "`Event.chat`",
    "wa_event_client": "`Event.client`",
    "wa_event_code": "`Event.code`",
    "wa_event_code_display": "`Event.code_display`",
    "wa_event_expires_at_ms": "`Event.expires_at_ms`",
    "wa_event_free": "`del event`",
    "wa_event_id": "`Event.id`",
    "wa_event_is_durable": "`Event.is_durable`",
    "wa_event_is_final": "`Event.is_final`",
    "wa_event_is_from_me": "`Event.is_from_me`",
    "wa_event_is_redelivered": "`Event.is_redelivered`",
    "wa_event_is_refreshing": "`Event.is_refreshing`",
    "wa_event_is_retryable": "`Event.is_retryable`",
    "wa_event_jid": "`Event.jid`",
    "wa_event_json": "`vars(event)`",
    "wa_event_message_id": "`Event.message_id`",
    "wa_event_message_kind": "`Event.message_kind`",
    "wa_event_name": "`Event.name`",
    "wa_event_outcome": "`Event.outcome`",
    "wa_event_passkey_options": "`Event.passkey_options`",
    "wa_event_qr_image": "`PairingQr.svg()`",
    "wa_event_qr_payload": "`Event.qr_payload`",
    "wa_event_reason": "`Event.reason`",
    "wa_event_request": "`Event.request`",
    "wa_event_result": "`Event.result`",
    "wa_event_retry_after_ms": "`Event.retry_after_ms`",
    "wa_event_sender": "`Event.sender`",
    "wa_event_stage": "`Event.stage`",
    "wa_event_state": "`Event.state`",
    "wa_event_status": "`Event.status`",
    "wa_event_text": "`Event.text`",
    "wa_event_time_ms": "`Event.time_ms`",
    "wa_event_type": "`Event.type`",
    "wa_event_user_text": "`Event.user_text`",
    "wa_logout": "`logout()`",
    "wa_poll_event": "`events()`",
    "wa_queue_fd": "`events()`",
    "wa_queue_free": "`close()`",
    "wa_queue_new": "`Client()`",
    "wa_queue_poll": "`events()`",
    "wa_queue_wake": "`events()`",
    "wa_reference_json": "`libwa.reference()`",
    "wa_request_pairing": "`request_pairing()`",
    "wa_request_qr": "`request_qr()`",
    "wa_send_message": "`send_message()`",
    "wa_send_text": "`send_text()`",
    "wa_status_name": "`Error.name`",
    "wa_status_text": "`libwa.status_text()`",
    "wa_version_number": "`libwa.version()`",
    "wa_version_string": "`libwa.version()`",
}
