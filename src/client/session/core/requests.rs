//! Requests of the host: each is answered by exactly one `result` event, when the client closes at the latest.

use serde_json::Value;

use crate::api::{Error, Event, RequestResult, Status};
use crate::client::clock::{Millis, unix_ms};
use crate::client::session::core::SessionCore;
use crate::client::session::core::unit_of_work::UnitOfWork;

/// The requests that are not answered yet.
#[derive(Debug, Default)]
pub(in crate::client::session) struct Requests {
    open: Vec<OpenRequest>,
}

#[derive(Debug)]
struct OpenRequest {
    id: u64,
    /// As the `result` event names it.
    method: &'static str,
    /// When it fails for want of an answer, if nothing else watches over it.
    deadline: Option<Millis>,
}

impl Requests {
    pub(in crate::client::session) fn new() -> Self {
        Self::default()
    }

    pub(in crate::client::session) fn open(
        &mut self,
        id: u64,
        method: &'static str,
        deadline: Option<Millis>,
    ) {
        self.open.push(OpenRequest { id, method, deadline });
    }

    pub(in crate::client::session) fn is_open(&self, id: u64) -> bool {
        self.open.iter().any(|open| open.id == id)
    }

    /// Returns the method of the request.
    pub(in crate::client::session) fn method(&self, id: u64) -> Option<&'static str> {
        self.open.iter().find(|open| open.id == id).map(|open| open.method)
    }

    /// Returns whether a request by that name is open.
    pub(in crate::client::session) fn has(&self, method: &str) -> bool {
        self.open.iter().any(|open| open.method == method)
    }

    /// Returns all that are open.
    pub(in crate::client::session) fn all(&self) -> Vec<u64> {
        self.open.iter().map(|open| open.id).collect()
    }

    pub(in crate::client::session) fn deadline(&self) -> Option<Millis> {
        self.open.iter().filter_map(|open| open.deadline).min()
    }

    /// Takes back that a request was opened.
    pub(in crate::client::session) fn forget(&mut self, id: u64) {
        self.take(id);
    }

    fn take(&mut self, id: u64) -> Option<&'static str> {
        let index = self.open.iter().position(|open| open.id == id)?;
        let method = self.open.swap_remove(index).method;
        if self.open.is_empty() {
            self.open = Vec::new();
        }
        Some(method)
    }
}

impl SessionCore {
    /// Answers a request, after everything in the unit of work; does nothing if it was answered before.
    pub(in crate::client::session) fn answer(&mut self, request: u64, answer: Result<Value, Error>) {
        self.answer_after(request, answer, UnitOfWork::answer);
    }

    /// The same for what is done, whatever becomes of the unit of work.
    pub(in crate::client::session) fn answer_done(&mut self, request: u64, answer: Result<Value, Error>) {
        self.answer_after(request, answer, UnitOfWork::answer_done);
    }

    fn answer_after(
        &mut self,
        request: u64,
        answer: Result<Value, Error>,
        add: fn(&mut UnitOfWork, u64, Result<Value, Error>),
    ) {
        if !self.work.is_empty() {
            add(&mut self.work, request, answer);
        } else if let Some(event) = self.answered_by(request, answer) {
            self.host.sink.push_event(event);
        }
    }

    /// The event that answers a request; none if it was answered before.
    pub(in crate::client::session) fn answered_by(
        &mut self,
        request: u64,
        answer: Result<Value, Error>,
    ) -> Option<Event> {
        let method = self.requests.take(request)?;
        let body = match answer {
            Ok(value) => RequestResult::ok(method, value),
            Err(error) => RequestResult::failed(method, error),
        };
        self.host.shared.request_answered(request);
        Some(Event::new(request, unix_ms(), body))
    }

    /// Answers what is still open: nothing will come any more.
    pub(in crate::client::session) fn answer_all(&mut self, error: &Error) {
        for id in self.requests.all() {
            self.answer(id, Err(error.clone()));
        }
    }

    /// Gives up on requests whose time is over.
    pub(in crate::client::session) fn expire_requests(&mut self, now: Millis) {
        let late = |open: &&OpenRequest| open.deadline.is_some_and(|at| at <= now);
        for id in self.requests.open.iter().filter(late).map(|open| open.id).collect::<Vec<_>>() {
            self.answer(id, Err(Status::REQUEST_TIMEOUT.into()));
        }
    }
}
