//! Every way in which pairing, and the life of the link after it, can end or falter: one table.
//!
//! Each outcome has a name that hosts may compare, the stage at which it happens, a sentence for the user, whether trying
//! again can help, and how long to wait. Pairing itself produces those of the stages up to `confirmation`; the client
//! takes the others from here, so that a host finds all of them in one place.
//!
//! Main types: [`OutcomeKind`], [`Outcome`].

use std::fmt;

/// The stage at which a flow ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The host's input; nothing was sent.
    Input,
    /// Reaching the pairing service.
    Connection,
    /// Asking the server for a code.
    Request,
    /// A code is shown and the phone is to answer.
    Code,
    /// The phone answered and the link is being made.
    Answer,
    /// A QR is shown.
    Qr,
    /// The account demands its passkey.
    Passkey,
    /// The server's message that says the phone has linked us.
    Confirmation,
    /// The first login after it.
    Login,
    /// The life of the linked device.
    Session,
}

impl Stage {
    /// The stage's name in events.
    pub fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Connection => "connection",
            Self::Request => "request",
            Self::Code => "code",
            Self::Answer => "answer",
            Self::Qr => "qr",
            Self::Passkey => "passkey",
            Self::Confirmation => "confirmation",
            Self::Login => "login",
            Self::Session => "session",
        }
    }
}

/// States if a retry can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Retry {
    /// It cannot.
    Never,
    /// With corrected input.
    Corrected,
    /// With a QR in place of a code.
    WithQr,
    /// When the user wants it; a program must not do it alone.
    ByUser,
    /// A program may do it alone, within limits.
    Auto,
    /// After something local was repaired or a state has changed.
    AfterChange,
}

impl Retry {
    /// The name in events.
    pub fn name(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Corrected => "corrected",
            Self::WithQr => "with_qr",
            Self::ByUser => "by_user",
            Self::Auto => "auto",
            Self::AfterChange => "after_change",
        }
    }

    /// Returns whether the same request can succeed later without a change on our side.
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::ByUser | Self::Auto)
    }
}

/// One row of the table.
#[derive(Debug)]
pub struct OutcomeRow {
    /// The outcome.
    pub kind: OutcomeKind,
    /// Its name in events.
    pub name: &'static str,
    /// The stage at which it happens.
    pub stage: Stage,
    /// A sentence for the user.
    pub user_text: &'static str,
    /// States if a retry can help.
    pub retry: Retry,
    /// The time to wait before that, in milliseconds, if nothing more exact is known.
    pub wait_ms: u64,
}

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

macro_rules! outcomes {
    ($($(#[$doc:meta])* $kind:ident $name:literal $stage:ident $retry:ident $wait:expr, $text:literal;)*) => {
        /// The kind of an outcome.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum OutcomeKind { $($(#[$doc])* $kind,)* }

        /// Every outcome, in the order in which pairing meets them.
        pub static OUTCOMES: &[OutcomeRow] = &[$(OutcomeRow {
            kind: OutcomeKind::$kind,
            name: $name,
            stage: Stage::$stage,
            user_text: $text,
            retry: Retry::$retry,
            wait_ms: $wait,
        },)*];

        impl OutcomeKind {
            /// The outcome's row.
            pub fn row(self) -> &'static OutcomeRow {
                // The variants and the rows come from the same list, in the same order.
                &OUTCOMES[self as usize]
            }
        }
    };
}

outcomes! {
    /// The phone number is not an international number.
    InvalidPhoneNumber "invalid_phone_number" Input Corrected 0,
        "Give the full international phone number, digits only, with country code.";
    /// The code the host chose cannot be typed into a phone.
    InvalidCustomCode "invalid_custom_code" Input Corrected 0,
        "Choose another code: 8 characters out of 1-9 and A-Z without I, O and U.";
    /// A code is out already; two at once would make the first one fail without explanation.
    CodeOutstanding "code_outstanding" Input AfterChange 0,
        "A code has already been requested. Use it, or cancel it first.";
    /// A QR is being shown already.
    QrOutstanding "qr_outstanding" Input AfterChange 0,
        "A QR code is already being shown. Use it, or cancel it first.";
    /// Our own limit for this number, kept so that the server does not block it for hours.
    Throttled "throttled" Input ByUser MINUTE,
        "Too many codes were requested for this number. Wait before asking for another one.";
    /// There is no connection and none could be made.
    NotConnected "not_connected" Connection Auto 5 * SECOND,
        "There is no connection to WhatsApp.";
    /// The server did not prove that it is WhatsApp. Waiting does not cure that.
    ServerNotTrusted "server_not_trusted" Connection AfterChange 0,
        "The connection did not lead to WhatsApp, or the clock of this machine is wrong. Check clock and network.";
    /// This session is linked to an account.
    AlreadyLinked "already_linked" Input Never 0,
        "This device is already linked.";
    /// The server accepted the connection but offered no pairing.
    NoRefs "no_refs" Connection Auto 10 * SECOND,
        "The pairing service cannot be reached now. Try again later.";
    /// The server refused a request in which everything is known to be acceptable: number unknown or throttled.
    RejectedOrThrottled "rejected_or_throttled" Request ByUser 5 * MINUTE,
        "WhatsApp did not accept this number now. Check the number, wait a while, or use the QR code.";
    /// The server refused a display text that the host chose.
    DisplayRejected "display_rejected" Request AfterChange 0,
        "WhatsApp refused the name of this program.";
    /// Linking by number is refused.
    Forbidden "forbidden" Request WithQr 0,
        "This account cannot be linked with its phone number. Use the QR code.";
    /// The server saw too many requests.
    RateLimited "rate_limited" Request ByUser HOUR,
        "Too many attempts. Try again later, or use the QR code.";
    /// Linking by number is not enabled for this account.
    FeatureUnavailable "feature_unavailable" Request WithQr 0,
        "Linking with a phone number is not available for this account. Use the QR code.";
    /// Trouble at the server.
    ServerError "server_error" Request Auto 10 * SECOND,
        "WhatsApp has trouble at the moment. Try again.";
    /// An answer of a kind that is not known.
    Rejected "rejected" Request ByUser MINUTE,
        "WhatsApp refused the request. Use the QR code, or try again later.";
    /// Something that does not follow the protocol as it is known.
    ProtocolError "protocol_error" Answer ByUser 0,
        "Linking failed. Try again; if it keeps failing, update this program.";
    /// The server did not answer the request for a code.
    RequestTimeout "request_timeout" Request Auto 0,
        "WhatsApp did not answer. Try again.";
    /// Nobody typed the code in time.
    CodeExpired "code_expired" Code Auto 0,
        "The code was not entered in time. Ask for a new one.";
    /// The phone began and was not heard of again: a wrong code looks like this.
    PhoneDidNotFinish "phone_did_not_finish" Answer Auto 0,
        "The code was wrong or linking failed on the phone. Ask for a new code.";
    /// The server refused our answer to the phone.
    FinishRejected "finish_rejected" Answer ByUser 10 * SECOND,
        "Linking failed. Ask for a new code, or use the QR code.";
    /// The server retired the code and lets the program ask for a new one.
    CodeRefreshRequested "code_refresh_requested" Code Auto 0,
        "The code is no longer valid. Ask for a new one.";
    /// The server retired the code and wants the user to ask for a new one.
    CodeRefreshManual "code_refresh_manual" Code ByUser 0,
        "The code is no longer valid. Ask for a new one.";
    /// A code does not survive its connection.
    CodeLostWithConnection "code_lost_with_connection" Code Auto 0,
        "The connection was lost and the code is no longer valid. Ask for a new one.";
    /// The host cancelled.
    Cancelled "cancelled" Request ByUser 0,
        "Linking was cancelled.";
    /// The account demands its passkey and this program has none to offer.
    PasskeyRequired "passkey_required" Passkey Never 0,
        "This account confirms new devices with its passkey, which is not possible here.";
    /// The exchange about the passkey failed.
    PasskeyFailed "passkey_failed" Passkey ByUser 0,
        "Confirming with the passkey failed. Start again from the phone.";
    /// The passkey was not used in time.
    PasskeyTimeout "passkey_timeout" Passkey ByUser 0,
        "The passkey was not confirmed in time. Start again.";
    /// All QRs of this offer were shown.
    QrExhausted "qr_exhausted" Qr Auto 0,
        "The QR code was not scanned in time. Show a new one?";
    /// The connection ended while a QR was shown; new ones follow.
    QrLost "qr_lost" Qr Auto 0,
        "The connection was lost. A new QR code follows.";
    /// The phone's app is too old to link devices in this way.
    PhoneWithoutMultidevice "phone_without_multidevice" Qr ByUser 0,
        "WhatsApp on the phone is too old. Update it, then scan the QR code again.";
    /// The confirmation was made with another secret: a stale QR, or a forgery.
    WrongSecret "wrong_secret" Confirmation Auto 0,
        "Linking failed because the code was out of date. Scan or enter a new one.";
    /// The confirmation is not signed by the account it names. Not to be trusted.
    BadAccountSignature "bad_account_signature" Confirmation ByUser 0,
        "Linking failed: the confirmation was not signed by the account.";
    /// The session could not be stored; nothing was kept.
    StorageError "storage_error" Confirmation AfterChange 0,
        "The session could not be saved. If the phone lists this device, unlink it there.";
    /// The host wants another account.
    RejectedLocally "rejected_locally" Confirmation ByUser 0,
        "This is not the account that this program is meant for.";
    /// The first login was refused: the server or the user removed the device at once.
    LinkRevoked "link_revoked" Login ByUser HOUR,
        "The device was unlinked at once. Look at Linked devices on the phone; WhatsApp may distrust this program.";
    /// A ban with an end.
    TemporarilyBanned "temporarily_banned" Login ByUser HOUR,
        "The account is temporarily banned.";
    /// The account is locked.
    AccountLocked "account_locked" Login Never 0,
        "The account is locked. Look at WhatsApp on the phone.";
    /// The account is banned.
    AccountBanned "account_banned" Login Never 0,
        "The account is banned.";
    /// The version we report is too old.
    ClientOutdated "client_outdated" Login AfterChange 0,
        "This program must be updated.";
    /// The newest version is refused, too: it is not its age.
    VersionRefused "version_refused" Login ByUser HOUR,
        "WhatsApp refuses this program, although it is up to date. Try again in some days.";
    /// The server refused how we describe ourselves.
    BadUserAgent "bad_user_agent" Login Never 0,
        "WhatsApp refused this program.";
    /// The server is not available.
    ServerUnavailable "server_unavailable" Login Auto SECOND,
        "WhatsApp is not available at the moment.";
    /// The same device is connected from elsewhere.
    Replaced "replaced" Session ByUser 0,
        "This session is in use by another program.";
    /// Unlinked from the phone.
    LoggedOutByPhone "logged_out_by_phone" Session ByUser 0,
        "The device was unlinked from the phone. Link it again.";
    /// Unlinked at our own wish.
    LoggedOutByUs "logged_out_by_us" Session ByUser 0,
        "The device was unlinked.";
    /// The phone was registered anew, which voids the link.
    LoggedOutPhoneReset "logged_out_phone_reset" Session ByUser 0,
        "WhatsApp was set up anew on the phone. Link the device again.";
    /// The phone has not yet sent what a new device needs. A warning; waiting goes on.
    BootstrapSlow "bootstrap_slow" Session Auto 0,
        "Open WhatsApp on the phone and keep it open until linking is complete.";
    /// A login got no answer.
    LoginTimeout "login_timeout" Login Auto SECOND,
        "WhatsApp did not answer.";
}

impl OutcomeKind {
    /// The name in events, such as `code_expired`.
    pub fn name(self) -> &'static str {
        self.row().name
    }
}

/// An outcome, with the details of this one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The kind.
    pub kind: OutcomeKind,
    /// The stage; the row's unless it happened at another one.
    pub stage: Stage,
    /// A sentence for the user.
    pub user_text: &'static str,
    /// States if a retry can help.
    pub retryable: Retry,
    /// The time to wait before that, in milliseconds.
    pub retry_after: u64,
    /// The server's error code, if it gave one.
    pub code: Option<u32>,
    /// For the log: the server's text, or what exactly went wrong. Never a secret, at most 200 characters.
    pub detail: Option<String>,
}

impl Outcome {
    /// The outcome as its row says.
    pub fn new(kind: OutcomeKind) -> Self {
        let row = kind.row();
        Self {
            kind,
            stage: row.stage,
            user_text: row.user_text,
            retryable: row.retry,
            retry_after: row.wait_ms,
            code: None,
            detail: None,
        }
    }

    /// The same at another stage.
    pub fn at(self, stage: Stage) -> Self {
        Self { stage, ..self }
    }

    /// The same with a waiting time.
    pub fn after(self, retry_after: u64) -> Self {
        Self { retry_after, ..self }
    }

    /// The same with the server's error code.
    pub fn with_code(self, code: u32) -> Self {
        Self { code: Some(code), ..self }
    }

    /// The same with a text for the log.
    pub fn with_detail(self, detail: &str) -> Self {
        Self { detail: Some(detail.chars().filter(|c| !c.is_control()).take(200).collect()), ..self }
    }

    /// The name in events.
    pub fn name(&self) -> &'static str {
        self.kind.name()
    }
}

impl From<OutcomeKind> for Outcome {
    fn from(kind: OutcomeKind) -> Self {
        Self::new(kind)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name(), self.user_text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_belong_to_their_kinds_and_names_are_unique() {
        let mut names = Vec::new();
        for row in OUTCOMES {
            assert!(std::ptr::eq(row.kind.row(), row));
            assert!(row.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}", row.name);
            assert!(row.user_text.ends_with(['.', '?']), "{}", row.name);
            names.push(row.name);
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), OUTCOMES.len());
    }

    #[test]
    fn details_are_bounded_and_printable() {
        let outcome = Outcome::new(OutcomeKind::Rejected).with_detail(&"x\n".repeat(1_000)).with_code(418);
        assert_eq!(outcome.detail.as_deref().map(str::len), Some(200));
        assert_eq!(outcome.code, Some(418));
        assert!(outcome.to_string().starts_with("rejected: "));
    }

    #[test]
    fn only_what_can_help_unchanged_is_retryable() {
        assert!(OutcomeKind::CodeExpired.row().retry.is_retryable());
        assert!(OutcomeKind::RateLimited.row().retry.is_retryable());
        assert!(!OutcomeKind::AccountBanned.row().retry.is_retryable());
        assert!(!OutcomeKind::InvalidPhoneNumber.row().retry.is_retryable());
        assert!(!OutcomeKind::Forbidden.row().retry.is_retryable());
    }
}
