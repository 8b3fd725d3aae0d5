//! A call of a method, with what handles it and the answer of the server to it.

use std::fmt::Debug;
use std::pin::Pin;

use super::handled::Handled;
use super::{Session, SessionError};
use crate::api::MethodInfo;
use crate::client::status_mapping::IqError;
use crate::stanza::NodeRef;

/// A call whose parameters fit.
#[derive(Debug)]
pub(crate) struct MethodCall {
    /// The method: its name is that of the request.
    pub(crate) info: &'static MethodInfo,
    pub(super) handler: Box<dyn CallHandler>,
}

/// A transition of a call, under way.
pub(super) type CallTransition<'a> = Pin<Box<dyn Future<Output = Result<(), SessionError>> + Send + 'a>>;

/// The handler of a call: its parameters, read, and what it does with them.
pub(super) trait CallHandler: Debug + Send + Sync {
    /// Handles the call as far as that takes no waiting. It is called again if it lacked records.
    fn run(&self, session: &mut Session, request: u64) -> Handled;

    /// Carries out what `run` called a transition.
    fn transition<'a>(&'a self, _session: &'a mut Session, _request: u64) -> CallTransition<'a> {
        Box::pin(async { Ok(()) })
    }
}

/// The handler of the server's answer to what a call has asked. Without an answer the request fails by itself.
pub(super) trait ReplyHandler: Debug + Send + Sync {
    /// Handles the answer. It is called again if it lacked records.
    fn answered(
        &self,
        session: &mut Session,
        request: u64,
        node: NodeRef<'_>,
        error: Option<&IqError>,
    ) -> Handled;
}
