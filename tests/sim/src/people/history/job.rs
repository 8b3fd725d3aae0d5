//! The parts that are on their way: made and sent one after the other, away from the model's lock.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::{Notify, oneshot};

use super::{
    super::{Scene, act, send::send_peer},
    notice::{Cause, Content, Notice, message},
    order::SendOrder,
    parcel::{Flaws, Packed, Parcel, pack, put_up},
    part::{Kind, Part},
    past::Past,
};
use crate::{
    model::{DeviceAddress, Model},
    world::World,
};

/// Longest part, packed, that a phone puts into its notice.
const MAX_INLINE: usize = 64 * 1024;

/// Set if a part comes within its notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inline {
    Never,
    Always,
    /// The first part, if it is small, and the companion or the order wants it so.
    IfSmall,
}

/// A part to send to a companion.
pub(super) struct Job {
    pub(super) to: DeviceAddress,
    pub(super) part: Part,
    pub(super) inline: Inline,
    pub(super) flaws: Flaws,
    pub(super) cause: Cause,
    /// Told what became of it.
    pub(super) done: Option<oneshot::Sender<Result<Value, String>>>,
}

impl Job {
    /// Sends a part again, as a file without flaws.
    pub(super) fn again(to: &DeviceAddress, part: Part, cause: Cause) -> Self {
        Self { to: to.clone(), part, inline: Inline::Never, flaws: Flaws::default(), cause, done: None }
    }
}

/// All jobs that are not done.
#[derive(Default)]
pub(crate) struct Jobs {
    waiting: Mutex<VecDeque<Job>>,
    open: AtomicUsize,
    added: Notify,
}

impl Jobs {
    pub(super) fn add(&self, job: Job) {
        self.open.fetch_add(1, Ordering::SeqCst);
        self.waiting.lock().push_back(job);
        self.added.notify_one();
    }

    /// Returns whether nothing is on its way.
    pub(crate) fn are_done(&self) -> bool {
        self.open.load(Ordering::SeqCst) == 0
    }

    fn next(&self) -> Option<Job> {
        self.waiting.lock().pop_front()
    }
}

/// Works the jobs off until it is dropped.
pub(crate) async fn serve(world: Arc<World>) {
    loop {
        world.histories.added.notified().await;
        while let Some(job) = world.histories.next() {
            let of_job = Arc::clone(&world);
            // It fails if the runtime ends, and then nobody waits for the part.
            let _ = tokio::task::spawn_blocking(move || work_off(&of_job, job)).await;
            world.histories.open.fetch_sub(1, Ordering::SeqCst);
            world.changed.notify_waiters();
        }
    }
}

/// Hands the whole past to a companion that is new; false if the phone has none.
pub(crate) fn provision(world: &World, model: &Model, companion: &DeviceAddress) -> bool {
    let Some(past) = model.phones.get(&companion.number).and_then(|phone| phone.history.past.as_ref()) else {
        return false;
    };
    for part in Part::all(past.chunks) {
        world.histories.add(Job {
            inline: if part.kind == Kind::InitialBootstrap { Inline::IfSmall } else { Inline::Never },
            ..Job::again(companion, part, Cause::default())
        });
    }
    true
}

/// Sends a part, or all chunks of a type; gives the notices.
pub(crate) async fn send(world: &World, number: &str, order: SendOrder) -> Result<Value, String> {
    let to = DeviceAddress { number: number.to_owned(), device: order.device };
    let chunks = {
        let model = world.model.lock();
        let phone = model.phones.get(number).ok_or_else(|| format!("there is no phone {number}"))?;
        let past = phone.history.past.as_ref().ok_or("the phone has no past")?;
        past.chunks
    };
    let parts = Part::of(order.kind, chunks);
    let wanted = parts.into_iter().filter(|part| order.chunk.is_none_or(|chunk| chunk == part.chunk));
    let mut waiting = Vec::new();
    for part in wanted {
        let (done, outcome) = oneshot::channel();
        world.histories.add(Job {
            to: to.clone(),
            part,
            inline: if order.inline { Inline::Always } else { Inline::Never },
            flaws: Flaws { all: order.flaws.clone(), size: order.size },
            cause: Cause { again_of: None, session: order.session.clone() },
            done: Some(done),
        });
        waiting.push(outcome);
    }
    if waiting.is_empty() {
        return Err("there is no such chunk".to_owned());
    }
    let mut notices = Vec::new();
    for outcome in waiting {
        notices.push(outcome.await.map_err(|_| "the simulator ends".to_owned())??);
    }
    Ok(json!({ "notices": notices }))
}

fn work_off(world: &World, mut job: Job) {
    let done = job.done.take();
    let outcome = hand_over(world, &job);
    if let Err(why) = &outcome {
        world.log.note(None, format!("{} gets no part of the history: {why}", job.to.jid()));
    }
    if let Some(done) = done {
        // Whoever has ordered it may have gone.
        let _ = done.send(outcome);
    }
}

/// Makes a part and sends its notice; gives that.
fn hand_over(world: &World, job: &Job) -> Result<Value, String> {
    let (past, is_wanted_inline) = surroundings(world, job)?;
    let made = make(world, job, &past, is_wanted_inline)?;
    let content = match (&made.file, &made.packed) {
        (Some(parcel), _) => Content::File(parcel),
        (None, Some(packed)) => Content::Inline(&packed.bytes),
        (None, None) => Content::Nothing,
    };
    let message = message(job.part, &content, &job.cause, job.part.oldest(&past));
    let phone = DeviceAddress { number: job.to.number.clone(), device: 0 };
    let mut model = world.model.lock();
    if model.device(&job.to).is_none() {
        return Err("there is no such companion".to_owned());
    }
    let sent = act(world, &mut model, &phone, |model, actor| {
        send_peer(&mut Scene { world, model, address: &phone }, actor, &job.to, &message)
    });
    let notice = Notice {
        id: sent.map_err(|why| format!("{why:?}"))?,
        device: job.to.device,
        part: job.part,
        media_key: made.file.as_ref().and_then(|parcel| parcel.media_key),
        path: made.file.map(|parcel| parcel.path),
        bytes: made.packed.as_ref().map_or(0, |packed| packed.bytes.len()),
        inflated: made.packed.map_or(0, |packed| packed.inflated),
        again_of: job.cause.again_of.clone(),
        hist_sync: false,
    };
    let shown = notice.show();
    if let Some(phone) = model.phones.get_mut(&phone.number) {
        phone.history.note(notice);
    }
    Ok(shown)
}

/// The past, and whether the companion or the order wants the first part within its notice.
fn surroundings(world: &World, job: &Job) -> Result<(Arc<Past>, bool), String> {
    let model = world.model.lock();
    let device = model.device(&job.to).ok_or("there is no such companion")?;
    let asks = device.props.history_sync_config.as_ref();
    let asks = asks.is_some_and(|config| config.inline_initial_payload_in_e2ee_msg());
    let phone = model.phones.get(&job.to.number).ok_or("there is no such phone")?;
    let past = phone.history.past.clone().ok_or("the phone has no past")?;
    let is_wanted = past.inline.unwrap_or(asks);
    Ok((past, is_wanted))
}

/// A part that is made: packed, and put up if it is a file.
struct Made {
    packed: Option<Packed>,
    file: Option<Parcel>,
}

fn make(world: &World, job: &Job, past: &Past, is_wanted_inline: bool) -> Result<Made, String> {
    if job.part.kind == Kind::NoHistory {
        return Ok(Made { packed: None, file: None });
    }
    let packed = pack(past, job.part, &job.flaws, &mut world.random()).map_err(|error| error.to_string())?;
    let is_inline = match job.inline {
        Inline::Never => false,
        Inline::Always => true,
        Inline::IfSmall => is_wanted_inline && packed.bytes.len() <= MAX_INLINE,
    };
    let file = (!is_inline).then(|| put_up(world, &job.to.number, past, &packed, &job.flaws));
    Ok(Made { packed: Some(packed), file })
}
