//! Rotates the references that are shown as QRs.
//!
//! The references of an offer have their clock whether or not anybody wants to see them: a late request sees the current one for
//! the rest of its time. A QR's text is built at the moment it is shown, from the secret stored then; no finished text is ever
//! kept. [`Pairing`](super::Pairing) decides what follows when all were shown.
//!
//! Main type: [`QrMachine`].

use super::config::Millis;
use super::context::Core;
use super::outcome::OutcomeKind;
use super::output::{Method, PairingEvent};
use super::qr::QrLink;

/// References in a full series; only then the first one has the long time.
const FULL_SERIES: usize = 6;
/// The delay after the first loss of a connection; doubles with each further one.
const BACK_OFF: Millis = 1_000;

#[derive(Default)]
pub(super) struct QrMachine {
    refs: Vec<String>,
    index: usize,
    /// When the current reference ends. `None` without references, or when all were shown.
    deadline: Option<Millis>,
    /// Stands still while a passkey exchange runs.
    paused: bool,
    request: Option<QrRequest>,
}

struct QrRequest {
    id: u64,
    /// Series that may still follow this one.
    rounds_left: u32,
    /// Connections lost since a QR was shown to the end.
    losses: u32,
    /// Set if a QR of the current offer was handed out.
    shown: bool,
}

impl QrMachine {
    pub(super) fn request_id(&self) -> Option<u64> {
        self.request.as_ref().map(|request| request.id)
    }

    /// Returns whether a QR that is still good may be on a screen.
    pub(super) fn is_shown(&self) -> bool {
        self.request.as_ref().is_some_and(|request| request.shown)
    }

    /// Returns whether the request waits for references.
    pub(super) fn is_held(&self) -> bool {
        self.request.as_ref().is_some_and(|request| !request.shown)
    }

    /// Returns whether there is a reference to show.
    pub(super) fn has_current(&self) -> bool {
        self.deadline.is_some()
    }

    pub(super) fn deadline(&self) -> Option<Millis> {
        self.deadline.filter(|_| !self.paused)
    }

    /// Takes a request; shows a QR if there is one.
    pub(super) fn open(&mut self, core: &mut Core, now: Millis, id: u64) {
        let rounds_left = core.config.qr_rounds.saturating_sub(1);
        self.request = Some(QrRequest { id, rounds_left, losses: 0, shown: false });
        self.show(core, now, false);
    }

    /// Takes the references of an offer, in place of any before.
    pub(super) fn offer(&mut self, core: &mut Core, now: Millis, refs: Vec<String>) {
        let first = if refs.len() >= FULL_SERIES { core.config.qr_first } else { core.config.qr_next };
        self.refs = refs;
        self.index = 0;
        self.deadline = Some(now.saturating_add(first));
        self.show(core, now, false);
    }

    /// Shows the current QR again after the secret has changed; its time goes on.
    pub(super) fn render_again(&mut self, core: &mut Core, now: Millis) {
        if self.is_shown() {
            self.show(core, now, true);
        }
    }

    fn show(&mut self, core: &mut Core, now: Millis, updated: bool) {
        let (Some(request), Some(deadline)) = (&mut self.request, self.deadline) else { return };
        let Some(reference) = self.refs.get(self.index) else { return };
        request.shown = true;
        let link = QrLink {
            reference: reference.clone(),
            noise: core.noise,
            identity: core.identity.public(),
            adv_secret: core.adv.clone(),
            client_type: Some(core.config.platform.client_type()),
        };
        let event = PairingEvent::Qr {
            request: request.id,
            payload: link.to_text(core.config.qr_form),
            expires_in: deadline.saturating_sub(now),
            index: self.index as u32 + 1, // an offer has at most a few dozen
            of: self.refs.len() as u32,
            updated,
        };
        core.event(event);
    }

    /// Moves on if the current reference has ended. True if that was the last one.
    pub(super) fn advance(&mut self, core: &mut Core, now: Millis) -> bool {
        let Some(mut deadline) = self.deadline().filter(|deadline| *deadline <= now) else { return false };
        while deadline <= now {
            self.index += 1;
            if self.index >= self.refs.len() {
                self.forget_refs();
                return true;
            }
            deadline = deadline.saturating_add(core.config.qr_next.max(1));
        }
        self.deadline = Some(deadline);
        self.show(core, now, false);
        false
    }

    /// Takes one more series, if any is left. Returns whether another follows.
    pub(super) fn take_round(&mut self) -> bool {
        let Some(request) = &mut self.request else { return false };
        request.shown = false;
        request.losses = 0;
        let more = request.rounds_left > 0;
        request.rounds_left = request.rounds_left.saturating_sub(1);
        more
    }

    pub(super) fn pause(&mut self) {
        self.paused = true;
    }

    /// Goes on after a passkey exchange; a reference whose time has passed meanwhile is moved on from by the next timeout.
    pub(super) fn resume(&mut self, core: &mut Core, now: Millis) {
        if std::mem::take(&mut self.paused) && self.deadline.is_some_and(|deadline| deadline > now) {
            self.show(core, now, true);
        }
    }

    /// The connection is gone, and the references with it. The request waits for others, a limited number of times.
    pub(super) fn lose_connection(&mut self, core: &mut Core) {
        self.forget_refs();
        let Some(request) = self.request.as_mut().filter(|request| request.shown) else { return };
        request.shown = false;
        request.losses += 1;
        let id = request.id;
        if request.losses > core.config.qr_reconnects {
            self.request = None;
            core.failed(id, Method::Qr, OutcomeKind::NotConnected.into());
        } else {
            core.setback(id, Method::Qr, OutcomeKind::QrLost.into());
        }
    }

    /// Returns the delay before the next connection after the losses so far.
    pub(super) fn back_off(&self) -> Millis {
        let losses = self.request.as_ref().map_or(0, |request| request.losses);
        if losses == 0 { 0 } else { BACK_OFF << (losses - 1).min(6) }
    }

    /// Ends the request and gives its id.
    pub(super) fn close(&mut self) -> Option<u64> {
        self.request.take().map(|request| request.id)
    }

    /// Forgets the references, which hold no secret but are of no use any more.
    pub(super) fn forget_refs(&mut self) {
        self.refs = Vec::new();
        self.index = 0;
        self.deadline = None;
        self.paused = false;
    }
}
