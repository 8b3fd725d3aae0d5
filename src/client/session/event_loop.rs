//! The event loop: takes events from the host, the connection and the clock, one at a time, and commits what follows from them.

use futures_util::FutureExt;
use tokio::time::sleep_until;

use super::super::clock::Millis;
use super::command::ConnectionGoal;
use super::dispatch::Unhandled;
use super::prefetch::Ahead;
use super::state::LoopEvent;
use super::{Session, SessionError};
use crate::api::CloseReason;
use crate::store::{Space, StoreError};

/// The most events that are handled before a commit: bounds the commit and how long the first of them waits.
pub(super) const AT_ONCE: usize = 256;
/// How often one event may ask for records. A group of the largest size takes less than ten.
const MOST_LOADS: usize = 64;

impl Session {
    /// Runs until the client is closed. Every way out of it has sent the last event.
    pub(crate) async fn run(mut self) {
        // What is only done now and then is boxed: an idle session should not keep the room that it takes.
        if let Err(stop) = Box::pin(self.redeliver()).await {
            self.close_because(CloseReason::Failed, Some(stop.to_error()));
        }
        // Do not rearm the timer when the deadline moves later: a spurious wake-up is cheaper.
        let mut rings_at = self.next_deadline();
        let alarm = sleep_until(self.clock.instant(rings_at));
        tokio::pin!(alarm);
        while self.goal != ConnectionGoal::Closed {
            let deadline = self.next_deadline();
            if deadline < rings_at || alarm.is_elapsed() {
                rings_at = deadline;
                alarm.as_mut().reset(self.clock.instant(deadline));
            }
            let event = tokio::select! {
                biased;
                command = self.inbox.recv() => LoopEvent::Command(command),
                event = self.phase.progress() => event,
                () = alarm.as_mut() => LoopEvent::Time,
            };
            if matches!(event, LoopEvent::Time) && self.clock.now() < deadline {
                continue;
            }
            Box::pin(self.turn(event)).await;
        }
        Box::pin(self.finish()).await;
    }

    /// Handles one event and everything already queued, then commits.
    pub(super) async fn turn(&mut self, event: LoopEvent) {
        let mut unhandled = None;
        let stop = match self.take_in(event, &mut unhandled).await {
            Err(stop @ SessionError::Store(_)) => stop,
            Ok(()) => match self.commit_urgent().await {
                Ok(()) => return,
                Err(stop) => stop,
            },
            // That ended the connection, and what came before counts.
            Err(stop) => match self.commit().await {
                Err(failed @ SessionError::Store(_)) => failed,
                _ => stop,
            },
        };
        Box::pin(self.stopped(stop)).await;
        // A stanza went with its connection, but what the host asked for is still to be done.
        if let Some(event @ LoopEvent::Command(Some(_))) = unhandled {
            self.note(&event);
            if self.goal != ConnectionGoal::Closed
                && let Err(stop) = Box::pin(self.transition(event)).await
            {
                Box::pin(self.stopped(stop)).await;
            }
        }
    }

    /// Handles events until none is queued. `unhandled` is set to the one that was not begun because an earlier one stopped the
    /// session.
    async fn take_in(
        &mut self,
        first: LoopEvent,
        unhandled: &mut Option<LoopEvent>,
    ) -> Result<(), SessionError> {
        let mut next = Some(first);
        let mut ahead = Ahead::new();
        let mut turn = 0;
        while turn < AT_ONCE || !ahead.is_empty() {
            let next = next.take().or_else(|| ahead.pop_front());
            let Some(event) = next.or_else(|| self.next_queued(turn)) else { return Ok(()) };
            turn += 1;
            self.note(&event);
            if !self.dispatch_with_records(&event, &mut ahead).await? {
                // It may commit and send by itself, and comes after all that was before.
                if let Err(stop) = self.commit().await {
                    self.forget_noted(&event);
                    *unhandled = Some(event);
                    return Err(stop);
                }
                Box::pin(self.transition(event)).await?;
            }
            if self.engine_work_due {
                Box::pin(self.engine_work()).await?;
            }
            if self.goal == ConnectionGoal::Closed {
                return Ok(());
            }
        }
        // There is no end of it. Others have their turn, and so has what is due.
        self.commit().await?;
        tokio::task::yield_now().await;
        if self.next_deadline() <= self.clock.now() {
            Box::pin(self.time_passed()).await?;
        }
        Ok(())
    }

    /// Dispatches an event, and loads the records that its handler lacks. Returns false if it is a transition.
    async fn dispatch_with_records(
        &mut self,
        event: &LoopEvent,
        ahead: &mut Ahead,
    ) -> Result<bool, SessionError> {
        for _ in 0..MOST_LOADS {
            match self.dispatch(event) {
                Ok(()) => return Ok(true),
                Err(Unhandled::Transition) => return Ok(false),
                Err(Unhandled::Stop(stop)) => return Err(stop),
                Err(Unhandled::Needs(missing)) => Box::pin(self.supply(missing, event, ahead)).await?,
            }
        }
        Err(never_complete())
    }

    /// Returns what is queued already, from the host and from the server in turns.
    fn next_queued(&mut self, turn: usize) -> Option<LoopEvent> {
        let host = |session: &mut Self| {
            session.inbox.try_recv().ok().map(|command| LoopEvent::Command(Some(command)))
        };
        if turn.is_multiple_of(2) {
            self.next_received().or_else(|| host(self))
        } else {
            host(self).or_else(|| self.next_received())
        }
    }

    pub(super) fn next_received(&mut self) -> Option<LoopEvent> {
        let received = self.phase.online()?.link.receive().now_or_never()?;
        Some(LoopEvent::Received(received))
    }

    /// Takes back [`Session::note`], for an event that another one came before.
    fn forget_noted(&mut self, event: &LoopEvent) {
        if let LoopEvent::Command(Some(command)) = event
            && let Some((request, _)) = command.request()
        {
            self.requests.forget(request);
        }
    }

    /// Returns when something is due, should nothing happen before.
    pub(super) fn next_deadline(&self) -> Millis {
        let pairing = self.pairing.as_ref().and_then(|pairing| pairing.next_deadline());
        let due = [
            pairing,
            self.phase.deadline(self.awaits_acks()),
            self.requests.deadline(),
            self.prekeys_retry_at,
            self.signed_prekey_due_at,
            self.engine_deadline(),
            self.lazy_commit_at,
        ];
        due.into_iter().flatten().min().unwrap_or(Millis::MAX)
    }

    /// Does what is due.
    pub(super) async fn time_passed(&mut self) -> Result<(), SessionError> {
        let now = self.clock.now();
        if self.pairing.as_ref().and_then(|pairing| pairing.next_deadline()).is_some_and(|at| at <= now) {
            self.with_pairing(|pairing, now, rng| pairing.handle_timeout(now, rng)).await?;
        }
        if self.prekeys_retry_at.is_some_and(|at| at <= now) {
            self.prekeys_retry_at = None;
            self.provide_prekeys().await?;
        }
        if self.signed_prekey_due_at.is_some_and(|at| at <= now) {
            self.replace_signed_prekey().await?;
        }
        self.engine_time_passed(now).await?;
        self.phase_time_passed(now).await
    }
}

/// The error of a step that asks for records again and again.
pub(super) fn never_complete() -> SessionError {
    SessionError::Store(StoreError::Record { space: Space::Session, what: "a step never had what it needs" })
}
