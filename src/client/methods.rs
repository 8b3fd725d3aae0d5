//! The methods of `wa_call`: what a call that was checked against the table means.

use crate::api::{Error, Status, check_call};

/// A checked call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    ServerPing,
    SessionErase,
    SessionList,
    SessionStatus,
    VersionLatest,
}

impl Call {
    /// Reads a call, and refuses what the table does not know.
    pub(crate) fn parse(method: &str, params_json: Option<&str>) -> Result<Self, Error> {
        let (info, _no_method_has_any_yet) = check_call(method, params_json)?;
        [Self::ServerPing, Self::SessionErase, Self::SessionList, Self::SessionStatus, Self::VersionLatest]
            .into_iter()
            .find(|call| call.name() == info.name)
            // A test holds the list against the table.
            .ok_or_else(|| Error::plain(Status::UNKNOWN_METHOD).with_key("method"))
    }

    /// As the table and the `result` event name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ServerPing => "server.ping",
            Self::SessionErase => "session.erase",
            Self::SessionList => "session.list",
            Self::SessionStatus => "session.status",
            Self::VersionLatest => "version.latest",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::METHODS;

    #[test]
    fn every_method_of_the_table_can_be_called() {
        for method in METHODS {
            assert!(method.params.is_empty(), "give it parameters here");
            assert_eq!(Call::parse(method.name, None).unwrap().name(), method.name);
        }
    }
}
