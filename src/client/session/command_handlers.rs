//! Handles the host's commands, and the results of jobs.

use super::Session;
use super::call::MethodCall;
use super::command::{CODE, Command, QR};
use super::handled::{Handled, Unhandled};
use crate::api::Status;
use crate::messaging::record_cache::MissingRecords;

impl Session {
    /// Handles a command of the host, or the result of a job, as far as that takes no waiting.
    pub(super) fn dispatch_command(&mut self, command: &Command) -> Handled {
        match command {
            Command::Call { request, call } => return self.call(*request, call),
            // The commit takes them.
            Command::Acknowledged => {}
            Command::Cancel { request } => {
                let pairs = self.core.requests.has(CODE) || self.core.requests.has(QR);
                if pairs && self.core.requests.is_open(*request) {
                    return Err(Unhandled::Transition);
                }
                if self.core.messaging.keeps(*request) {
                    // The engine, which has to take the message out of the store, is what is missing.
                    return Err(Unhandled::Needs(MissingRecords(Vec::new())));
                }
                self.cancel(*request);
            }
            Command::LeaseRenewed { asked_at, renewed } => {
                self.lease
                    .renewed(*asked_at, self.core.now(), renewed)
                    .map_err(|lost| Unhandled::Stop(lost.into()))?;
            }
            Command::Answered { request, answer } => self.core.answer_done(*request, answer.clone()),
            _ => return Err(Unhandled::Transition),
        }
        Ok(())
    }

    /// Gives up a request that is still open. A pairing has been told already.
    pub(super) fn cancel(&mut self, request: u64) {
        if !self.core.requests.is_open(request) {
            // It was answered while the call was on its way; its answer says all.
            return;
        }
        if let Some(engine) = &mut self.core.messaging.engine {
            engine.cancel(request);
            self.core.carry_out();
        }
        // Whatever is left of it is forgotten: an answer of the server finds nobody.
        self.core.answer(request, Err(Status::CANCELLED.into()));
    }

    fn call(&mut self, request: u64, call: &MethodCall) -> Handled {
        if call.info.needs_login && !self.core.is_ready() {
            let error = self.core.not_ready();
            self.core.answer(request, Err(error));
            return Ok(());
        }
        call.handler.run(self, request)
    }
}
