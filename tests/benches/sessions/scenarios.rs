//! The measurements. Each runs in a fresh process and says what it found as one JSON object on standard output.

use std::hint::black_box;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wa::crypto::pbkdf2_sha256;

use super::host::Host;
use super::measure::{least, median, resident, threads};
use super::native::{allocated, processor_time};
use super::server::{Address, number};
use super::{Failure, MANY};

/// The number of repetitions of short measurements.
const OFTEN: usize = 100;
/// The number of repetitions of long measurements.
const SELDOM: usize = 15;
/// The number of sessions that are linked together.
const BATCH: usize = 50;
/// Until idle threads have ended and everything has come to rest.
const REST: Duration = Duration::from_secs(4);
/// The same after much work: the caches that a session keeps for messages go when they were not used for a minute.
const LONG_REST: Duration = Duration::from_secs(70);
/// The rounds of the key derivation behind a pairing code, as the protocol has them.
const ROUNDS: u32 = 2 << 16;

/// Runs one of them; `server` is an [`Address`].
pub(crate) fn measure(scenario: &str, folder: &str, server: &str) -> Result<(), Failure> {
    let server: Address = serde_json::from_str(server)?;
    let folder = Path::new(folder);
    let plain = || Host::new(folder, &server, false);
    let figures = match scenario {
        "single" => single(plain()?)?,
        "unpaired" => idle(plain()?, "pairing.qr")?,
        "unpaired-tls" => idle(Host::new(folder, &server, true)?, "pairing.qr")?,
        "unpaired-memory" => idle(plain()?.in_memory()?, "pairing.qr")?,
        "pair" => pair(plain()?, &server)?,
        "pair-full" => pair(plain()?.with_all_prekeys()?, &server)?,
        "login" => login(plain()?)?,
        "paired" => idle(plain()?, "ready")?,
        "paired-tls" => idle(Host::new(folder, &server, true)?, "ready")?,
        "paired-full" => idle(plain()?.with_all_prekeys()?, "ready")?,
        "code" => code(plain()?)?,
        _ => return Err(format!("there is no measurement {scenario}").into()),
    };
    println!("{figures}");
    Ok(())
}

/// Connects all from that one on, and lets those that are not linked show QR codes.
fn connect(host: &Host, from: usize) -> Result<(), Failure> {
    for client in host.clients.iter().skip(from) {
        client.connect()?;
        if !client.is_linked() {
            client.request_qr()?;
        }
    }
    Ok(())
}

/// Connections to the first QR, one after the other.
fn single(mut host: Host) -> Result<Value, Failure> {
    let mut walls = Vec::new();
    let mut busy = Duration::ZERO;
    for session in 0..=OFTEN {
        host.open(session + 1)?;
        let (start, before) = (Instant::now(), processor_time());
        connect(&host, session)?;
        host.wait("pairing.qr", 1, |_, _| Ok(()))?;
        // The first one makes what all of them share.
        if session > 0 {
            busy += processor_time() - before;
            walls.push(start.elapsed());
        }
    }
    Ok(json!({ "cpu": (busy / OFTEN as u32).as_secs_f64(), "wall": median(walls).as_secs_f64() }))
}

/// Many sessions at once up to the event `kind`, and what they take when nothing happens any more.
fn idle(mut host: Host, kind: &str) -> Result<Value, Failure> {
    host.open(1)?;
    connect(&host, 0)?;
    host.wait(kind, 1, |_, _| Ok(()))?;
    host.rest(REST);
    let (one, one_allocated) = (resident()?, allocated());

    host.open(MANY)?;
    let (start, before) = (Instant::now(), processor_time());
    connect(&host, 1)?;
    host.wait(kind, MANY - 1, |_, _| Ok(()))?;
    let (wall, busy) = (start.elapsed(), processor_time() - before);
    host.rest(REST);
    let more = (MANY - 1) as f64;
    Ok(json!({
        "cpu": busy.as_secs_f64() / more,
        "wall": wall.as_secs_f64(),
        "resident": (resident()? as f64 - one as f64) / more,
        "allocated": (allocated() as f64 - one_allocated as f64) / more,
        "threads": threads()?,
    }))
}

/// Links many sessions by QR, for those that come after.
fn pair(mut host: Host, server: &Address) -> Result<Value, Failure> {
    server.add_phones(MANY)?;
    let (empty, empty_allocated) = (resident()?, allocated());
    let (start, before) = (Instant::now(), processor_time());
    for from in (0..MANY).step_by(BATCH) {
        host.open(from + BATCH)?;
        connect(&host, from)?;
        let mut codes = Vec::new();
        host.wait("pairing.qr", BATCH, |session, event| {
            codes.push((session, event.body.qr_payload().ok_or("a QR without a payload")?.to_owned()));
            Ok(())
        })?;
        thread::scope(|scope| {
            let scan = |part: &[(usize, String)]| {
                part.iter()
                    .try_for_each(|(session, payload)| server.scan(*session, payload))
                    .map_err(|e| e.to_string())
            };
            let scanners: Vec<_> =
                codes.chunks(BATCH / 4).map(|part| scope.spawn(move || scan(part))).collect();
            scanners.into_iter().try_for_each(|scanner| scanner.join().map_err(|_| "a phone failed")?)
        })?;
        host.wait("ready", BATCH, |_, _| Ok(()))?;
    }
    let (wall, busy) = (start.elapsed(), processor_time() - before);
    // Long enough for the last keys to be taken and for the caches to be evicted.
    host.rest(LONG_REST);
    let figures = json!({
        "cpu": busy.as_secs_f64() / MANY as f64,
        "wall": wall.as_secs_f64(),
        "resident": (resident()? as f64 - empty as f64) / MANY as f64,
        "allocated": (allocated() as f64 - empty_allocated as f64) / MANY as f64,
    });
    host.end();
    Ok(figures)
}

/// Logins of linked sessions, one after the other.
fn login(mut host: Host) -> Result<Value, Failure> {
    let mut walls = Vec::new();
    let mut busy = Duration::ZERO;
    for session in 0..=OFTEN {
        host.open(session + 1)?;
        let (start, before) = (Instant::now(), processor_time());
        connect(&host, session)?;
        host.wait("ready", 1, |_, _| Ok(()))?;
        if session > 0 {
            busy += processor_time() - before;
            walls.push(start.elapsed());
        }
    }
    Ok(json!({ "cpu": (busy / OFTEN as u32).as_secs_f64(), "wall": median(walls).as_secs_f64() }))
}

/// From the request to the code, against what it cannot do without: one key derivation and one round trip.
fn code(mut host: Host) -> Result<Value, Failure> {
    let (mut derivations, mut trips, mut codes) = (Vec::new(), Vec::new(), Vec::new());
    let (mut busy, mut busy_deriving) = (Duration::ZERO, Duration::ZERO);
    for session in 0..SELDOM {
        host.open(session + 1)?;
        let client = host.clients.last().ok_or("no client")?;
        client.connect()?;
        host.wait_connected()?;
        // The first answer shows that the server is done with its own part of the connection.
        for timed in [false, true] {
            let start = Instant::now();
            client.call("server.ping", None)?;
            host.wait("result", 1, |_, _| Ok(()))?;
            if timed {
                trips.push(start.elapsed());
            }
        }
        let (start, before) = (Instant::now(), processor_time());
        black_box(pbkdf2_sha256(black_box(b"ABCDEFGH"), black_box(&[7; 32]), ROUNDS));
        derivations.push(start.elapsed());
        busy_deriving += processor_time() - before;

        let (start, before) = (Instant::now(), processor_time());
        client.request_pairing(&number(session * 4), None)?;
        host.wait("pairing.code", 1, |_, _| Ok(()))?;
        codes.push(start.elapsed());
        busy += processor_time() - before;
    }
    let (derivation, trip, code) = (least(&derivations), least(&trips), least(&codes));
    Ok(json!({
        "derivation": derivation.as_secs_f64(),
        "trip": trip.as_secs_f64(),
        "code": code.as_secs_f64(),
        "ratio": code.as_secs_f64() / (derivation + trip).as_secs_f64(),
        "busy_ratio": busy.as_secs_f64() / busy_deriving.as_secs_f64(),
    }))
}
