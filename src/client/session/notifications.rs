//! Stanzas in which the server tells a session of changes: `<ib>`, and notifications.

use super::super::disconnect_reason::DisconnectReason;
use super::super::server_text::word;
use super::features::key_check;
use super::handled::{Handled, Unhandled};
use super::state::Waiter;
use super::{Session, SessionError};
use crate::api::LogLevel;
use crate::messaging::engine::{Engine, EngineContext};
use crate::messaging::record_cache::MissingRecords;
use crate::signal::KeyIndexes;
use crate::stanza::{Jid, Node, NodeRef, build};

/// A type of notification, and its handlers.
struct Notification {
    /// The `type` of the stanza.
    kind: &'static str,
    /// The handler of the messaging engine, which comes first.
    in_messaging: fn(&mut Engine, NodeRef<'_>, &mut EngineContext<'_>) -> Result<(), MissingRecords>,
    /// The handler of the session, for what concerns this device and its account.
    in_session: Option<fn(&mut Session, NodeRef<'_>) -> Handled>,
}

/// The types of notifications that are handled. All others are acknowledged only.
const NOTIFICATIONS: &[Notification] = &[
    Notification {
        kind: "account_sync",
        in_messaging: Engine::person_notice,
        in_session: Some(Session::account_changed),
    },
    Notification {
        kind: "devices",
        in_messaging: Engine::person_notice,
        in_session: Some(Session::devices_changed),
    },
    Notification {
        kind: "encrypt",
        in_messaging: Engine::person_notice,
        in_session: Some(Session::encrypt_notification),
    },
    Notification { kind: "mex", in_messaging: Engine::time_lock_notice, in_session: None },
    Notification { kind: "privacy_token", in_messaging: Engine::person_notice, in_session: None },
    Notification { kind: "w:gp2", in_messaging: Engine::group_notice, in_session: None },
];

impl Session {
    /// Handles `<ib>`. The part that may lack records comes first: nothing is done twice once they are loaded.
    pub(super) fn ib(&mut self, node: NodeRef<'_>) -> Handled {
        let mut is_transition = false;
        for child in node.children().filter(|child| child.tag() == "dirty") {
            self.mark_stale(child)?;
        }
        for child in node.children() {
            match child.tag() {
                "offline_preview" => self.core.offline_announced(child.u64("count").unwrap_or(0)),
                "offline" => self.core.offline_done(),
                "dirty" => self.clean(child),
                "edge_routing" => self.edge_routing(child),
                "client_expiration" | "downgrade_webclient" => is_transition = true,
                "thread_metadata" | "priority_offline_complete" | "tos" | "recovery_nonce" => {}
                other => {
                    self.core.log(LogLevel::Debug, "ib", || format!("<{}> is not known here", word(other)))
                }
            }
        }
        if is_transition { Err(Unhandled::Transition) } else { Ok(()) }
    }

    /// Handles what `<ib>` says to the pairing, and of the version.
    pub(super) async fn ib_transition(&mut self, node: NodeRef<'_>) -> Result<(), SessionError> {
        for child in node.children() {
            match child.tag() {
                "client_expiration" => self.client_expiration(child).await?,
                "downgrade_webclient" => {
                    self.offer_to_pairing(node).await?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes what this library keeps of that state for out of date, so that its next use fetches it.
    fn mark_stale(&mut self, dirty: NodeRef<'_>) -> Handled {
        if dirty.is("type", "account_sync") {
            self.read_receipts.forget();
            self.core.with_engine(|engine, _| engine.core.account_is_dirty())?;
        } else if dirty.is("type", "groups") {
            self.core.with_engine(|engine, cx| {
                engine.core.groups_are_dirty(cx);
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Takes the server's mark away once it is stored that the state is stale. The mark of `syncd_app_state` stays until the app
    /// state is fetched: the server would take this device to have it. So do the marks of kinds that only a newer version knows.
    fn clean(&mut self, dirty: NodeRef<'_>) {
        let kind = dirty.str("type").unwrap_or_default();
        if !matches!(kind.as_ref(), "account_sync" | "groups" | "newsletter_metadata") {
            return self.core.log(LogLevel::Debug, "ib", || format!("{} is to be fetched anew", word(&kind)));
        }
        let clean = Node::new("clean")
            .attr("type", kind.into_owned())
            .attr_opt("timestamp", dirty.str("timestamp").map(|time| time.into_owned()));
        let node = build::set("urn:xmpp:whatsapp:dirty").child(clean);
        self.core.query(node, Waiter::Nobody, self.core.settings.iq_timeout);
    }

    /// Keeps the server's hint for the next connection.
    fn edge_routing(&mut self, node: NodeRef<'_>) {
        let info = node.child("routing_info").and_then(|info| info.bytes().map(<[u8]>::to_vec));
        let (Some(info), Some(device)) = (info.filter(|info| !info.is_empty()), &mut self.core.device) else {
            return;
        };
        if device.routing_info.as_ref() != Some(&info) {
            device.routing_info = Some(info);
            device.put(self.core.work.batch());
        }
    }

    /// The server names the day from which it refuses this version.
    async fn client_expiration(&mut self, node: NodeRef<'_>) -> Result<(), SessionError> {
        let Some(seconds) = node.u64("t").and_then(|t| i64::try_from(t).ok()) else {
            return Ok(());
        };
        if !self.web_version.is_news(seconds) {
            return Ok(());
        }
        if self.version_expires(seconds).await? { Ok(()) } else { self.emit_expiration(seconds).await }
    }

    /// Handles a notification: what it changes is stored before the server hears that it has come.
    pub(super) fn notification(&mut self, node: NodeRef<'_>) -> Handled {
        if self.core.account.is_none() && self.pairing.is_open() {
            return Err(Unhandled::Transition);
        }
        let known = NOTIFICATIONS.iter().find(|known| node.is("type", known.kind));
        if let Some(known) = known {
            self.core.with_engine(|engine, cx| (known.in_messaging)(engine, node, cx))?;
        }
        self.core.acknowledge(node);
        known.and_then(|known| known.in_session).map_or(Ok(()), |handle| handle(self, node))
    }

    /// Handles a notification while the device is being linked.
    pub(super) async fn notification_transition(&mut self, node: NodeRef<'_>) -> Result<(), SessionError> {
        if !self.offer_to_pairing(node).await? {
            self.core.acknowledge(node);
        }
        Ok(())
    }

    /// Handles a change of the account: its privacy settings, or the list of its devices.
    fn account_changed(&mut self, node: NodeRef<'_>) -> Handled {
        if !self.is_own_account(node) {
            return Ok(());
        }
        if node.child("privacy").is_some() {
            self.read_receipts.learn(node);
            return Ok(());
        }
        node.child("devices").map_or(Ok(()), |devices| self.own_devices(devices))
    }

    /// Handles a change of the devices of a person, who may be this account.
    fn devices_changed(&mut self, node: NodeRef<'_>) -> Handled {
        let removed = node.child("remove").filter(|_| self.is_own_account(node));
        removed.map_or(Ok(()), |removed| self.own_devices(removed))
    }

    /// Handles a change of keys: prekeys that run low, a check of the keys, a new identity of the own phone.
    fn encrypt_notification(&mut self, node: NodeRef<'_>) -> Handled {
        if from_server(node) {
            if node.child("count").is_some() {
                self.prekeys.owe(&mut self.core);
                return Ok(());
            }
            if node.child("digest").is_some() {
                key_check::ask(&mut self.core);
                return Ok(());
            }
        }
        // Our own phone has a new identity key: what it signed for us is void.
        let from_own_phone =
            node.jid("from").is_some_and(|from| from.device == 0) && self.is_own_account(node);
        if node.child("identity").is_some() && from_own_phone {
            return Err(DisconnectReason::phone_reset().into());
        }
        Ok(())
    }

    /// A signed list of the account's devices. If ours is no longer on it, the link is gone.
    fn own_devices(&mut self, node: NodeRef<'_>) -> Handled {
        let Some(account) = &self.core.account else { return Ok(()) };
        let list = node
            .child("key-index-list")
            .and_then(|list| list.bytes())
            .and_then(|list| KeyIndexes::verify(list, &account.account_key));
        match list {
            // The list counts if it was made after we were linked: an older one cannot know us.
            Some(list) if !list.contains(account.key_index) => Err(DisconnectReason::unlinked().into()),
            _ => Ok(()),
        }
    }

    fn is_own_account(&self, node: NodeRef<'_>) -> bool {
        let (Some(from), Some(account)) = (node.jid("from"), &self.core.account) else {
            return false;
        };
        let is = |own: &str| own.parse::<Jid>().is_ok_and(|own| own.same_account(&from));
        is(&account.jid) || is(&account.lid)
    }
}

/// Returns whether a stanza comes from the service itself, which may also leave the sender out.
pub(super) fn from_server(node: NodeRef<'_>) -> bool {
    node.jid("from").is_none_or(|from| from.is_server())
}
