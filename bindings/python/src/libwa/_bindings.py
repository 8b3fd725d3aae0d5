# Made from include/wa.h and the tables in src/api. Do not edit: WA_UPDATE=1 cargo test --test generated
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
    "wa_queue_new": (c_int32, (POINTER(c_void_p), POINTER(c_void_p))),
    "wa_queue_poll": (c_int32, (c_void_p, c_int32, POINTER(c_void_p), POINTER(c_void_p))),
    "wa_queue_fd": (c_int, (c_void_p,)),
    "wa_queue_wake": (c_int32, (c_void_p,)),
    "wa_queue_free": (None, (c_void_p,)),
    "wa_client_new": (c_int32, (c_void_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p))),
    "wa_client_id": (c_uint64, (c_void_p,)),
    "wa_client_is_linked": (c_bool, (c_void_p,)),
    "wa_client_queue": (c_void_p, (c_void_p,)),
    "wa_client_connect": (c_int32, (c_void_p, POINTER(c_void_p))),
    "wa_client_disconnect": (c_int32, (c_void_p, POINTER(c_void_p))),
    "wa_client_close": (c_int32, (c_void_p,)),
    "wa_client_free": (None, (c_void_p,)),
    "wa_request_pairing": (c_int32, (c_void_p, c_char_p, c_char_p, POINTER(c_uint64), POINTER(c_void_p))),
    "wa_request_qr": (c_int32, (c_void_p, POINTER(c_uint64), POINTER(c_void_p))),
    "wa_answer_passkey": (c_int32, (c_void_p, c_char_p, POINTER(c_uint64), POINTER(c_void_p))),
    "wa_confirm_passkey": (c_int32, (c_void_p, POINTER(c_uint64), POINTER(c_void_p))),
    "wa_cancel": (c_int32, (c_void_p, c_uint64, POINTER(c_void_p))),
    "wa_logout": (c_int32, (c_void_p, POINTER(c_uint64), POINTER(c_void_p))),
    "wa_call": (c_int32, (c_void_p, c_char_p, c_char_p, POINTER(c_uint64), POINTER(c_void_p))),
    "wa_poll_event": (c_int32, (c_void_p, c_int32, POINTER(c_void_p), POINTER(c_void_p))),
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
    "wa_reference_json": (c_char_p, (POINTER(c_size_t),)),
}
