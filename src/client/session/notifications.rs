//! What the server tells a session beside messages: `<ib>`, notifications, and the acknowledgements it wants for them.

use super::super::clock::unix_ms;
use super::super::disconnect_reason::DisconnectReason;
use super::super::server_text::word;
use super::state::Waiter;
use super::{Session, SessionError};
use crate::api::LogLevel;
use crate::messaging::stanzas::privacy;
use crate::signal::KeyIndexes;
use crate::stanza::{Jid, Node, NodeRef, build};
use crate::store::records;

impl Session {
    pub(super) async fn ib(&mut self, node: NodeRef<'_>) -> Result<(), SessionError> {
        for child in node.children() {
            match child.tag() {
                "offline_preview" => self.offline_announced(child.u64("count").unwrap_or(0)).await?,
                "offline" => self.offline_done(),
                "dirty" => self.dirty(child).await?,
                "edge_routing" => self.edge_routing(child).await?,
                "client_expiration" => self.client_expiration(child).await?,
                "downgrade_webclient" => {
                    self.offer_to_pairing(node).await?;
                }
                "thread_metadata" | "priority_offline_complete" | "tos" | "recovery_nonce" => {}
                other => self.log(LogLevel::Debug, "ib", || format!("<{}> is not known here", word(other))),
            }
        }
        Ok(())
    }

    /// Takes what this library keeps of that state for out of date, so that its next use fetches it, and then takes the server's
    /// mark away. The mark of `syncd_app_state` stays until the app state is fetched: the server would take this device to have
    /// it. So do the marks of kinds that only a newer version knows.
    async fn dirty(&mut self, dirty: NodeRef<'_>) -> Result<(), SessionError> {
        let kind = dirty.str("type").unwrap_or_default();
        match kind.as_ref() {
            "account_sync" => {
                self.tells_reading = None;
                self.with_engine(|engine, _| engine.account_is_dirty()).await?;
            }
            "groups" => {
                self.with_engine(|engine, cx| {
                    engine.groups_are_dirty(cx);
                    Ok(())
                })
                .await?;
            }
            "newsletter_metadata" => {}
            _ => {
                self.log(LogLevel::Debug, "ib", || format!("{} is to be fetched anew", word(&kind)));
                return Ok(());
            }
        }
        self.commit().await?;
        let clean = Node::new("clean")
            .attr("type", kind.into_owned())
            .attr_opt("timestamp", dirty.str("timestamp").map(|time| time.into_owned()));
        let node = build::set("urn:xmpp:whatsapp:dirty").child(clean);
        self.query(node, Waiter::Nobody, self.settings.iq_timeout).await.map(drop)
    }

    /// The server's hint for the next connection.
    async fn edge_routing(&mut self, node: NodeRef<'_>) -> Result<(), SessionError> {
        let info = node.child("routing_info").and_then(|info| info.bytes().map(<[u8]>::to_vec));
        let (Some(info), Some(device)) = (info.filter(|info| !info.is_empty()), &mut self.device) else {
            return Ok(());
        };
        if device.routing_info.as_ref() != Some(&info) {
            device.routing_info = Some(info);
            self.store.commit(records::fresh(device)).await?;
        }
        Ok(())
    }

    /// The server names the day from which it refuses this version.
    async fn client_expiration(&mut self, node: NodeRef<'_>) -> Result<(), SessionError> {
        let Some(seconds) = node.u64("t").and_then(|t| i64::try_from(t).ok()) else {
            return Ok(());
        };
        // It comes with every login; once is enough.
        if self.expiration_told.replace(seconds) == Some(seconds) {
            return Ok(());
        }
        if self.version_expires(seconds).await? { Ok(()) } else { self.emit_expiration(seconds).await }
    }

    pub(super) async fn notification(&mut self, node: NodeRef<'_>) -> Result<(), SessionError> {
        if self.account.is_none() && self.offer_to_pairing(node).await? {
            return Ok(());
        }
        // What it changes is on the disk before the server hears that it has come.
        self.with_engine(|engine, cx| engine.notice(node, cx)).await?;
        let runs_short = node.is("type", "encrypt") && node.child("count").is_some() && from_server(node);
        if runs_short && let Some(account) = &mut self.account {
            account.server_has_prekeys = false;
            account.put(self.work.batch());
        }
        self.acknowledge_stanza(node);
        self.commit().await?;
        match node.str("type").as_deref() {
            Some("encrypt") => self.encrypt_notification(node).await,
            Some("account_sync") if node.child("privacy").is_some() && self.is_own_account(node) => {
                self.tells_reading = privacy::tells_reading(node).or(self.tells_reading);
                Ok(())
            }
            Some("account_sync") => match node.child("devices") {
                Some(devices) if self.is_own_account(node) => self.own_devices(devices).await,
                _ => Ok(()),
            },
            Some("devices") if self.is_own_account(node) => match node.child("remove") {
                Some(removed) => self.own_devices(removed).await,
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    async fn encrypt_notification(&mut self, node: NodeRef<'_>) -> Result<(), SessionError> {
        if from_server(node) {
            if node.child("count").is_some() {
                return self.owe_prekeys().await;
            }
            if node.child("digest").is_some() {
                self.check_keys();
                return Ok(());
            }
        }
        // Our own phone has a new identity key: what it signed for us is void.
        let from_own_phone =
            node.jid("from").is_some_and(|from| from.device == 0) && self.is_own_account(node);
        if node.child("identity").is_some() && from_own_phone {
            return Err(SessionError::Ended(DisconnectReason::phone_reset()));
        }
        Ok(())
    }

    /// A signed list of the account's devices. If ours is no longer on it, the link is gone.
    async fn own_devices(&mut self, node: NodeRef<'_>) -> Result<(), SessionError> {
        let Some(account) = &self.account else { return Ok(()) };
        let list = node
            .child("key-index-list")
            .and_then(|list| list.bytes())
            .and_then(|list| KeyIndexes::verify(list, &account.account_key));
        match list {
            // The list counts if it was made after we were linked: an older one cannot know us.
            Some(list) if !list.contains(account.key_index) => {
                Err(SessionError::Ended(DisconnectReason::unlinked()))
            }
            _ => Ok(()),
        }
    }

    fn is_own_account(&self, node: NodeRef<'_>) -> bool {
        let (Some(from), Some(account)) = (node.jid("from"), &self.account) else {
            return false;
        };
        let is = |own: &str| own.parse::<Jid>().is_ok_and(|own| own.same_account(&from));
        is(&account.jid) || is(&account.lid)
    }

    /// Tells the server that a stanza has arrived and need not be sent again.
    pub(super) fn acknowledge_stanza(&mut self, node: NodeRef<'_>) {
        self.offline_stanza(node);
        if let Some(ack) = build::ack(&node) {
            self.work.send(ack);
        }
    }

    /// When a ban of so many seconds ends.
    pub(super) fn ends_at(seconds: u64) -> i64 {
        let span = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000);
        unix_ms().saturating_add(span)
    }
}

/// Whether a stanza comes from the service itself, which may also leave the sender out.
pub(super) fn from_server(node: NodeRef<'_>) -> bool {
    node.jid("from").is_none_or(|from| from.is_server())
}
