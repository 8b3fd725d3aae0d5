//! Jobs: work beside the session, whose result comes back as a command.

use tokio::sync::mpsc;

use crate::client::runtime::COMPUTATIONS;
use crate::client::session::command::Command;
use crate::client::session::core::SessionCore;

impl SessionCore {
    /// Runs something that must not hold up the session; its result comes back as a command.
    pub(in crate::client::session) fn spawn_job(&self, work: impl Future<Output = Command> + Send + 'static) {
        let post = WorkPost::new(&self.host.post);
        tokio::spawn(async move {
            let command = work.await;
            post.send(command);
        });
    }

    /// The same for work that keeps a processor busy. Without a thread for it, it is done here.
    pub(in crate::client::session) fn spawn_blocking_job(
        &self,
        work: impl FnOnce() -> Command + Send + 'static,
    ) {
        let post = WorkPost::new(&self.host.post);
        if let Err((work, _)) = COMPUTATIONS.submit(Box::new(move || post.send(work()))) {
            work();
        }
    }
}

/// Brings the result of a job to the session, or word that there will be none.
struct WorkPost(Option<mpsc::WeakUnboundedSender<Command>>);

impl WorkPost {
    fn new(post: &mpsc::WeakUnboundedSender<Command>) -> Self {
        WorkPost(Some(post.clone()))
    }

    fn send(mut self, command: Command) {
        self.bring(command);
    }

    fn bring(&mut self, command: Command) {
        if let Some(post) = self.0.take().and_then(|post| post.upgrade()) {
            // A closed session wants no results.
            let _ = post.send(command);
        }
    }
}

impl Drop for WorkPost {
    fn drop(&mut self) {
        self.bring(Command::WorkDied);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_dies_tells_the_session() {
        let (sender, mut inbox) = mpsc::unbounded_channel();
        WorkPost::new(&sender.downgrade()).send(Command::Close);
        assert!(matches!(inbox.try_recv(), Ok(Command::Close)) && inbox.try_recv().is_err());
        let post = WorkPost::new(&sender.downgrade());
        let died = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
            let _post = post;
            panic!("the work dies");
        }));
        assert!(died.is_err() && matches!(inbox.try_recv(), Ok(Command::WorkDied)));
    }
}
