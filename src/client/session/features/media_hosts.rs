//! The media servers of a session, as the server named them, for as long as that holds.

use crate::client::clock::Millis;
use crate::messaging::stanzas::media_conn::MediaConn;

/// The media servers of a session.
#[derive(Default)]
pub(in crate::client::session) struct MediaHosts {
    held: Option<Box<(MediaConn, Millis)>>,
}

impl MediaHosts {
    /// Takes the server's answer of this moment.
    pub(in crate::client::session) fn learn(&mut self, conn: MediaConn, now: Millis) {
        // An answer is good for what it was asked for, however short it lasts.
        let until = now.saturating_add(conn.lasts_s.max(1).saturating_mul(1000));
        self.held = Some(Box::new((conn, until)));
    }

    /// Returns them, if what the server said still holds.
    pub(in crate::client::session) fn at(&self, now: Millis) -> Option<&MediaConn> {
        self.held.as_deref().filter(|(_, until)| now < *until).map(|(conn, _)| conn)
    }

    /// Forgets them: a server does not serve this session as it should.
    pub(in crate::client::session) fn forget(&mut self) {
        self.held = None;
    }
}
