//! The words that fields of events take: closed lists, each word with what it means.

use super::field::words;

words! {
    /// The state of the connection.
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
    /// The stage of a pairing.
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
    /// The stage at which a pairing, or an attempt of it, ended.
    OutcomeStage {
        /// The host's input; nothing was sent.
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
    /// The method of a pairing.
    PairingMethod {
        /// By a code typed on the phone.
        Code = "code",
        /// By a QR code scanned with the phone.
        Qr = "qr",
        /// By a passkey, which the account demanded in the course of the two others.
        Passkey = "passkey",
    }
    /// The step that the passkey flow wants from the host.
    PasskeyStep {
        /// An assertion for the challenge in `options`: wa_answer_passkey.
        Required = "required",
        /// The user compares `display` with what the phone shows: wa_confirm_passkey.
        Confirm = "confirm",
    }
    /// The kind of a restriction by the server.
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
    /// The scope of a restriction.
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
    /// The reason for the end of a session.
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
    /// The reason why a client is closed.
    CloseReason {
        /// The host called wa_client_close or wa_client_free.
        ByHost = "by_host",
        /// The session was logged out, which ends its client.
        LoggedOut = "logged_out",
        /// The client met a fault of its own or of its store and cannot go on.
        Failed = "failed",
    }
    /// The level of a log line.
    LogLevel {
        /// Something went wrong.
        Error = "error",
        /// Something looks wrong.
        Warn = "warn",
        /// For the person who runs the program.
        Info = "info",
        /// For a programmer who looks for a fault.
        Debug = "debug",
        /// Every stanza, without its secrets.
        Trace = "trace",
    }
    /// The kind of a receipt: what a person did with messages.
    ReceiptKind {
        /// They arrived on a device.
        Delivered = "delivered",
        /// They were read.
        Read = "read",
        /// They were listened to or watched.
        Played = "played",
    }
    /// The reason why a message is not sent at once.
    WaitReason {
        /// So many people were written to for the first time that the next must wait: see `pace.first_contacts_per_hour`.
        FirstContacts = "first_contacts",
    }
    /// The reason why a message cannot be read.
    UnreadableReason {
        /// It could not be decrypted. While `pending` is true it was asked for again.
        Undecryptable = "undecryptable",
        /// It may be viewed on the phone only.
        ViewOnce = "view_once",
        /// The server does not give its content to linked devices.
        Unavailable = "unavailable",
    }
    /// The activity of a person in a chat.
    ChatActivity {
        /// Writing.
        Typing = "typing",
        /// Recording a voice message.
        Recording = "recording",
        /// Nothing any more.
        Paused = "paused",
    }
    /// The stage of a call.
    CallStage {
        /// A person calls.
        Offer = "offer",
        /// It was taken, on some device.
        Accepted = "accepted",
        /// It was turned down, on some device.
        Rejected = "rejected",
        /// It ended, or was never taken.
        Ended = "ended",
    }
}
