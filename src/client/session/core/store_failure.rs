//! Requests when the store fails: each is answered by what becomes of it.
//!
//! Nothing of a unit of work that cannot be stored happens, and the engine, which is ahead of the store, is dropped. What a request
//! asked for may be durable all the same:
//!
//! - A message that is in the outbox of the store goes out with the next connection, and so does one that left before it was
//!   stored. Its requests stay open ([`SessionCore::go_on_with_kept`]), and are answered by what becomes of it. If the client is
//!   closed before, they are answered as at any close.
//! - A message that is neither is gone. Its requests are answered with the error.
//! - What the server or a job has done is done: the answer that says so is told.
//! - A question about groups that has left is answered as if the server had been silent.
//! - Whatever else was asked for was to happen after the commit, and does not. It is answered with the error.

use crate::api::{Error, Status};
use crate::client::group_results;
use crate::client::session::SessionError;
use crate::client::session::core::SessionCore;
use crate::client::session::core::messaging_driver::Messaging;
use crate::client::session::handled::{MOST_LOADS, never_complete};
use crate::client::status_mapping;
use crate::messaging::engine::{GroupFailure, Remains};
use crate::store::StoreError;

impl Messaging {
    /// Returns whether the request is for a message that waits for the next engine.
    pub(in crate::client::session) fn keeps(&self, request: u64) -> bool {
        self.kept.iter().any(|kept| kept.requests.contains(&request))
    }
}

impl SessionCore {
    /// Drops the unit of work and the engine, because the store failed.
    pub(in crate::client::session) fn drop_work(&mut self, error: &StoreError) {
        let error = status_mapping::of_store(error);
        // The outputs that the engine still has belong to the unit of work.
        self.carry_out();
        let lost = self.work.take_lost();
        if let Some(available) = lost.available_before {
            self.messaging.available = available;
        }
        let engine = self.messaging.engine.take();
        let left = std::mem::take(&mut self.messaging.left);
        let Remains { sends, asked, lost: unsent } =
            engine.map(|engine| engine.remains(&left)).unwrap_or_default();
        let given_up: Vec<u64> =
            sends.iter().filter(|kept| kept.is_given_up()).flat_map(|kept| kept.requests.clone()).collect();
        self.messaging.kept.extend(sends);
        for told in lost.answers.into_iter().filter(|told| !given_up.contains(&told.request)) {
            let answer = if told.holds() { told.answer } else { Err(error.clone()) };
            self.answer(told.request, answer);
        }
        for request in asked {
            let method = self.requests.method(request).unwrap_or_default();
            self.answer(request, group_results::result(method, Err(GroupFailure::Unanswered)));
        }
        for request in
            unsent.into_iter().filter(|request| !self.messaging.keeps(*request)).collect::<Vec<_>>()
        {
            self.answer(request, Err(error.clone()));
        }
    }

    /// Gives the messages that outlived an engine to the one that was just made.
    pub(in crate::client::session) async fn go_on_with_kept(&mut self) -> Result<(), SessionError> {
        let kept = std::mem::take(&mut self.messaging.kept);
        let mut outcome = Err(never_complete());
        for _ in 0..MOST_LOADS {
            match self.call_engine(|engine, cx| engine.go_on_with(&kept, cx)) {
                Ok(gone) => {
                    self.carry_out();
                    for request in gone.unwrap_or_default() {
                        let text = "the message is not in the store any more: send it again";
                        self.answer(request, Err(Error::new(Status::STORE, text)));
                    }
                    return Ok(());
                }
                Err(missing) => {
                    if let Err(error) = self.load(missing).await {
                        outcome = Err(error);
                        break;
                    }
                }
            }
        }
        (self.messaging.engine, self.messaging.kept) = (None, kept);
        outcome
    }

    /// Answers what is still open, but for messages that may go out yet: whatever was begun for the others is broken off.
    pub(in crate::client::session) fn answer_broken_off(&mut self, error: &Error) {
        let sends = self.messaging.engine.as_ref().map(|engine| engine.send_requests()).unwrap_or_default();
        for request in self.requests.all() {
            if !sends.contains(&request) && !self.messaging.keeps(request) {
                self.answer(request, Err(error.clone()));
            }
        }
    }
}
