//! The cost of a durable event in processor time, from the commit that stores it to the one that forgets it: written with the
//! others of its commit, handed to the queue, taken and acknowledged by the host, deleted. And what a commit costs by itself.
//!
//! `cargo bench --bench events`, with a directory as argument if the disk that is meant is not that of the temporary files.
//! Nothing is asserted here: figures are for people.

#![expect(clippy::print_stdout, reason = "a program for people")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wa::api::{Event, Restricted, RestrictionKind, RestrictionScope};
use wa::client::journal::Journal;
use wa::client::queue::{Polled, Queue};
use wa::store::memory::MemoryBackend;
use wa::store::sqlite::SqliteBackend;
use wa::store::{Backend, Batch, Session, SessionName, Space};

type Failure = Box<dyn std::error::Error>;

/// The number of events in one measurement.
const EVENTS: usize = 200_000;
const COMMITS: usize = 4_000;

/// Processor time of all threads of this process.
fn processor_time() -> Result<Duration, Failure> {
    let mut sum = 0;
    for task in std::fs::read_dir("/proc/self/task")? {
        let stat = std::fs::read_to_string(task?.path().join("schedstat"))?;
        sum += stat.split(' ').next().ok_or("no time")?.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(sum))
}

fn event(number: usize) -> Event {
    let body = Restricted {
        kind: RestrictionKind::RateLimit,
        scope: RestrictionScope::Client,
        starts_at_ms: None,
        ends_at_ms: Some(1_767_225_600_000 + number as i64),
        code: Some(7),
        user_text: "A text as people write them to each other, neither long nor short.".into(),
    };
    Event::new(0, 1_767_225_600_000, body)
}

struct Cost {
    wall: Duration,
    busy: Duration,
}

async fn measured(work: impl Future<Output = Result<(), Failure>>) -> Result<Cost, Failure> {
    let (start, before) = (Instant::now(), processor_time()?);
    work.await?;
    Ok(Cost { wall: start.elapsed(), busy: processor_time()? - before })
}

async fn open(backend: &Arc<dyn Backend>, name: &str) -> Result<Session, Failure> {
    Ok(Session::open(Arc::clone(backend), &SessionName::new(name)?).await?)
}

/// Events by the `group`, each group with the acknowledgements of the one before.
async fn events(backend: &Arc<dyn Backend>, group: usize, count: usize) -> Result<(), Failure> {
    let store = open(backend, "events").await?;
    let queue = Queue::for_one();
    let sink = queue.add_client(1_000);
    let mut journal = Journal::open(&store).await?;
    for first in (0..count).step_by(group) {
        let mut events: Vec<Event> = (first..first + group).map(event).collect();
        let mut batch = Batch::new();
        let written = journal.put(&mut batch, events.iter_mut());
        journal.put_acknowledgements(&mut batch);
        store.commit(batch).await?;
        journal.acknowledgements_stored();
        journal.hand_out(written, events.into_iter().map(Box::new).collect(), &sink);
        while let Polled::Event(event) = queue.poll(Some(Duration::ZERO)) {
            journal.acknowledge(event.id);
        }
    }
    Ok(())
}

/// Commits of so many small rows each, as ratchets are.
async fn commits(backend: &Arc<dyn Backend>, rows: usize) -> Result<(), Failure> {
    let store = open(backend, "commits").await?;
    for number in 0..COMMITS {
        let mut batch = Batch::new();
        for row in 0..rows {
            let key = (row as u64 * 7_919 % 5_000).to_be_bytes();
            batch.put(Space::Identity, key, vec![number as u8; 300]);
        }
        store.commit(batch).await?;
    }
    Ok(())
}

async fn all(name: &str, backend: Arc<dyn Backend>) -> Result<(), Failure> {
    println!("{name}");
    for group in [1, 8, 64, 256] {
        let count = if group == 1 { COMMITS } else { EVENTS / 256 * group.max(16) };
        let cost = measured(events(&backend, group, count)).await?;
        let each = cost.busy.as_secs_f64() / count as f64;
        println!(
            "  events, {group:3} to a commit: {:8.2} us of processor time each, {:9.0} per CPU-second, {:9.0} per second",
            each * 1e6,
            1.0 / each,
            count as f64 / cost.wall.as_secs_f64(),
        );
    }
    let mut base = 0.0;
    for rows in [1, 8, 64] {
        let cost = measured(commits(&backend, rows)).await?;
        let each = cost.busy.as_secs_f64() / COMMITS as f64 * 1e6;
        if rows == 1 {
            base = each;
        }
        let more = (each - base) / (rows - 1).max(1) as f64;
        println!(
            "  commits of {rows:2} rows: {each:8.2} us of processor time each, {more:6.2} us for a row more"
        );
    }
    Ok(())
}

fn main() -> Result<(), Failure> {
    // Cargo says `--bench`; what is left is ours.
    let place = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let folder = match &place {
        Some(place) => tempfile::tempdir_in(place)?,
        None => tempfile::tempdir()?,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build()?;
    let run = async move |path: &Path| {
        let sqlite: Arc<dyn Backend> = SqliteBackend::open(path).await?;
        all("SQLite", sqlite).await?;
        all("memory", Arc::new(MemoryBackend::new())).await
    };
    runtime.block_on(run(&folder.path().join("events.db")))
}
