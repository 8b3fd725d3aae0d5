//! The words that fields of events take: closed lists, each word with what it means.

use super::field::words;

words! {
    /// Where the connection stands.
    ConnectionState {
        /// A connection is being opened.
        Connecting = "connecting",
        /// Connected and the server's identity checked; logging in, or waiting to be paired.
        Connected = "connected",
        /// Logged in.
        Online = "online",
        /// Not connected, and no attempt will be made before the host asks for one.
        Disconnected = "disconnected",
        /// Not connected; the next attempt is made by itself.
        Reconnecting = "reconnecting",
    }
    /// How far a pairing has come.
    PairingStage {
        /// The server was asked for a code.
        Requested = "requested",
        /// A code, or a QR code, is there for the user.
        Code = "code",
        /// The phone answered: a code was typed, not necessarily the right one.
        PhoneAnswered = "phone_answered",
        /// The server took our half; now the phone decides.
        FinishAccepted = "finish_accepted",
        /// The phone linked this device; the account is stored.
        Linked = "linked",
        /// The connection was renewed and logs in as the new device.
        FirstLogin = "first_login",
        /// The session is ready for use.
        Ready = "ready",
    }
    /// Where on its way a pairing, or an attempt of it, ended.
    OutcomeStage {
        /// What the host handed in; nothing was sent.
        Input = "input",
        /// Reaching the pairing service.
        Connection = "connection",
        /// Asking the server for a code.
        Request = "request",
        /// A code was shown and the phone was to answer.
        Code = "code",
        /// The phone had answered and the link was being made.
        Answer = "answer",
        /// A QR code was shown.
        Qr = "qr",
        /// The account demanded its passkey.
        Passkey = "passkey",
        /// The server's message that says the phone has linked us.
        Confirmation = "confirmation",
        /// The first login after it.
        Login = "login",
        /// The life of the linked device.
        Session = "session",
    }
    /// How a pairing was asked for.
    PairingMethod {
        /// By a code typed on the phone.
        Code = "code",
        /// By a QR code scanned with the phone.
        Qr = "qr",
        /// By a passkey, which the account demanded in the course of the two others.
        Passkey = "passkey",
    }
    /// What the passkey flow wants from the host.
    PasskeyStep {
        /// An assertion for the challenge in `options`: wa_answer_passkey.
        Required = "required",
        /// The user compares `display` with what the phone shows: wa_confirm_passkey.
        Confirm = "confirm",
    }
    /// What kind of restriction the server put up.
    RestrictionKind {
        /// Banned for a time.
        TemporaryBan = "temporary_ban",
        /// Banned.
        AccountBanned = "account_banned",
        /// Locked, or no longer registered on its phone.
        AccountLocked = "account_locked",
        /// This version of the client is refused.
        ClientOutdated = "client_outdated",
        /// This account is refused with the newest version, too.
        VersionRefused = "version_refused",
        /// Starting conversations is not allowed for a time.
        TimeLock = "time_lock",
        /// Too many requests.
        RateLimit = "rate_limit",
        /// Linking by code is refused for this account.
        PairingRefused = "pairing_refused",
    }
    /// What a restriction holds for.
    RestrictionScope {
        /// The whole account, on every device.
        Account = "account",
        /// This program's sessions, whatever the account.
        Client = "client",
        /// This connection, until the time given.
        Connection = "connection",
        /// Linking of new devices only.
        Pairing = "pairing",
        /// Sending to people who have not written before.
        NewChats = "new_chats",
    }
    /// Why a session ended.
    LogoutReason {
        /// The host called wa_logout.
        ByHost = "by_host",
        /// Unlinked on the phone, or by the server on the phone's behalf.
        ByPhone = "by_phone",
        /// The phone was registered anew and no longer knows this device.
        PhoneReset = "phone_reset",
        /// Unlinked right after pairing.
        LinkRevoked = "link_revoked",
        /// The account is locked.
        AccountLocked = "account_locked",
        /// The account is banned.
        AccountBanned = "account_banned",
    }
    /// Why a client is closed.
    CloseReason {
        /// The host called wa_client_close or wa_client_free.
        ByHost = "by_host",
        /// The session was logged out, which ends its client.
        LoggedOut = "logged_out",
        /// The client met a fault of its own or of its store and cannot go on.
        Failed = "failed",
    }
    /// How much a log line matters.
    LogLevel {
        /// Something went wrong.
        Error = "error",
        /// Something looks wrong.
        Warn = "warn",
        /// What a person running the program wants to know.
        Info = "info",
        /// What a programmer looking for a fault wants to know.
        Debug = "debug",
        /// Every stanza, without its secrets.
        Trace = "trace",
    }
    /// What somebody did with messages.
    ReceiptKind {
        /// They arrived on a device.
        Delivered = "delivered",
        /// They were read.
        Read = "read",
        /// They were listened to or watched.
        Played = "played",
    }
    /// Why a message is not sent at once.
    WaitReason {
        /// So many people were written to for the first time that the next must wait: see `pace.first_contacts_per_hour`.
        FirstContacts = "first_contacts",
    }
    /// Why a message cannot be read.
    UnreadableReason {
        /// It could not be decrypted. While `pending` is true it was asked for again.
        Undecryptable = "undecryptable",
        /// It may be viewed on the phone only.
        ViewOnce = "view_once",
        /// The server does not give its content to linked devices.
        Unavailable = "unavailable",
    }
    /// What somebody is doing in a chat.
    ChatActivity {
        /// Writing.
        Typing = "typing",
        /// Recording a voice message.
        Recording = "recording",
        /// Nothing any more.
        Paused = "paused",
    }
    /// What happened to a call.
    CallStage {
        /// Somebody calls.
        Offer = "offer",
        /// It was taken, on some device.
        Accepted = "accepted",
        /// It was turned down, on some device.
        Rejected = "rejected",
        /// It ended, or was never taken.
        Ended = "ended",
    }
}
