//! The event loop: takes events from the host, the connection and the clock, one at a time, and commits what follows from them.

use tokio::time::sleep_until;

use super::super::clock::Millis;
use super::command::ConnectionGoal;
use super::core::prefetch::Ahead;
use super::handled::{MOST_LOADS, Unhandled, never_complete};
use super::state::LoopEvent;
use super::{Session, SessionError};
use crate::api::CloseReason;

/// The most events that are handled before a commit: bounds the commit and how long the first of them waits.
pub(super) const AT_ONCE: usize = 256;

impl Session {
    /// Runs until the client is closed. Every way out of it has sent the last event.
    pub(crate) async fn run(mut self) {
        // Rare work is boxed: an idle session should not keep the room that it takes.
        if let Err(stop) = Box::pin(self.core.redeliver()).await {
            self.close_because(CloseReason::Failed, Some(stop.to_error()));
        }
        // Do not rearm the timer when the deadline moves later: a spurious wake-up is cheaper.
        let mut rings_at = self.next_deadline();
        let alarm = sleep_until(self.core.clock.instant(rings_at));
        tokio::pin!(alarm);
        while self.core.goal != ConnectionGoal::Closed {
            let deadline = self.next_deadline();
            if deadline < rings_at || alarm.is_elapsed() {
                rings_at = deadline;
                alarm.as_mut().reset(self.core.clock.instant(deadline));
            }
            let event = tokio::select! {
                biased;
                command = self.inbox.recv() => LoopEvent::Command(command),
                event = self.core.phase.progress() => event,
                () = alarm.as_mut() => LoopEvent::Time,
            };
            if matches!(event, LoopEvent::Time) && self.core.clock.now() < deadline {
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
            Ok(()) => match self.core.commit_urgent().await {
                Ok(()) => return,
                Err(stop) => stop,
            },
            // The event ended the connection, and those before it count.
            Err(stop) => match self.core.commit().await {
                Err(failed @ SessionError::Store(_)) => failed,
                _ => stop,
            },
        };
        Box::pin(self.stopped(stop)).await;
        // A stanza went with its connection, but what the host asked for is still to be done.
        if let Some(event @ LoopEvent::Command(Some(_))) = unhandled {
            self.note(&event);
            if self.core.goal != ConnectionGoal::Closed
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
                if let Err(stop) = self.core.commit().await {
                    self.forget_noted(&event);
                    *unhandled = Some(event);
                    return Err(stop);
                }
                Box::pin(self.transition(event)).await?;
            }
            if self.core.messaging.work_due {
                Box::pin(self.core.engine_work()).await?;
            }
            if self.core.goal == ConnectionGoal::Closed {
                return Ok(());
            }
        }
        // There is no end of it. Others have their turn, and so has what is due.
        self.core.commit().await?;
        tokio::task::yield_now().await;
        if self.next_deadline() <= self.core.clock.now() {
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
                Err(Unhandled::Needs(missing)) => Box::pin(self.core.supply(missing, event, ahead)).await?,
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
            self.core.next_received().or_else(|| host(self))
        } else {
            host(self).or_else(|| self.core.next_received())
        }
    }

    /// Takes back [`Session::note`], for an event that another one came before.
    fn forget_noted(&mut self, event: &LoopEvent) {
        if let LoopEvent::Command(Some(command)) = event
            && let Some((request, _)) = command.request()
        {
            self.core.requests.forget(request);
        }
    }

    /// Returns when something is due, should nothing happen before.
    pub(super) fn next_deadline(&self) -> Millis {
        let due = [
            self.pairing.deadline(),
            self.core.phase.deadline(self.core.awaits_acks()),
            self.core.requests.deadline(),
            self.lease.deadline(),
            self.prekeys.deadline(),
            self.signed_prekey.deadline(),
            self.history.deadline(&self.core),
            self.core.engine_deadline(),
            self.core.work.lazy_at,
        ];
        due.into_iter().flatten().min().unwrap_or(Millis::MAX)
    }

    /// Does what is due.
    pub(super) async fn time_passed(&mut self) -> Result<(), SessionError> {
        self.lease.time_passed(&self.core)?;
        let now = self.core.clock.now();
        if self.pairing.deadline().is_some_and(|at| at <= now) {
            self.with_pairing(|pairing, now, rng| pairing.handle_timeout(now, rng)).await?;
        }
        self.prekeys.time_passed(&mut self.core).await?;
        self.signed_prekey.time_passed(&mut self.core).await?;
        self.history.time_passed(&mut self.core).await?;
        self.core.engine_time_passed(now).await?;
        self.phase_time_passed(now).await
    }
}

#[cfg(test)]
#[path = "event_loop_tests.rs"]
mod tests;
