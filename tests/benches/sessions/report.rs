//! Runs the measurements and prints the table.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::server::Server;
use super::{Failure, MANY, library};

/// Everything whose name begins with `filter`.
pub(crate) fn all(filter: &str) -> Result<(), Failure> {
    let wanted = |name: &str| name.starts_with(filter);
    println!("{:<60} {:>12}  {:>12}", "", "figure", "mark");
    if wanted("single") {
        let figures = alone("single")?;
        row("connect to first QR, one by one: processor time", ms(&figures["cpu"]), Some((0.4, "ms")));
        row("connect to first QR, one by one: wall, median", ms(&figures["wall"]), None);
    }
    if wanted("code") {
        let figures = alone("code")?;
        row("bare key derivation", ms(&figures["derivation"]), None);
        row("round trip of an iq", ms(&figures["trip"]), None);
        row("request to code", ms(&figures["code"]), None);
        row(
            "request to code, against these two together",
            (number(&figures["ratio"]), "x"),
            Some((1.05, "x")),
        );
        let busy = number(&figures["busy_ratio"]);
        row("the same by processor time, against the derivation alone", (busy, "x"), None);
    }
    for (scenario, name, mark) in [
        ("unpaired", "not linked", Some(32.0)),
        ("unpaired-memory", "not linked, store in memory", None),
        ("unpaired-tls", "not linked, TLS", None),
    ] {
        if wanted(scenario) {
            idle(name, mark, &alone(scenario)?);
        }
    }
    if ["pair", "login", "paired", "paired-tls"].into_iter().any(wanted) {
        linked(&wanted)?;
    }
    if ["pair-full", "paired-full"].into_iter().any(wanted) {
        full()?;
    }
    if wanted("library") {
        let library = library::measure()?;
        let size = library.stripped as f64 / f64::from(1 << 20);
        row("libwa.so, stripped", (size, "MiB"), Some((4.0, "MiB")));
        row("dlopen", (library.load.as_secs_f64() * 1e3, "ms"), None);
    }
    Ok(())
}

/// Runs the measurements that need linked sessions, which are linked once for all.
fn linked(wanted: &dyn Fn(&str) -> bool) -> Result<(), Failure> {
    let (server, folder) = (Server::start()?, tempfile::tempdir()?);
    let figures = measure("pair", folder.path(), &server)?;
    row(&format!("linking {MANY} by QR: wall"), (number(&figures["wall"]), "s"), None);
    row("linking by QR: processor time", ms(&figures["cpu"]), None);
    if wanted("login") {
        let figures = measure("login", folder.path(), &server)?;
        row("login to ready: wall, median", ms(&figures["wall"]), Some((5.0, "ms")));
        row("login to ready: processor time", ms(&figures["cpu"]), None);
    }
    for (scenario, name, mark) in [("paired", "linked", Some(48.0)), ("paired-tls", "linked, TLS", None)] {
        if wanted(scenario) {
            idle(name, mark, &measure(scenario, folder.path(), &server)?);
        }
    }
    Ok(())
}

/// Sessions as they are by default, with all their prekeys at the server: just linked, and in the next run of the program.
fn full() -> Result<(), Failure> {
    const MARK: f64 = 48.0;
    let (server, folder) = (Server::start()?, tempfile::tempdir()?);
    let figures = measure("pair-full", folder.path(), &server)?;
    row(&format!("linking {MANY}, 812 prekeys each: wall"), (number(&figures["wall"]), "s"), None);
    row("linking, 812 prekeys each: processor time", ms(&figures["cpu"]), None);
    let kib = |value: &Value| (number(value) / 1024.0, "KiB");
    row("just linked, 812 prekeys: memory", kib(&figures["resident"]), Some((MARK, "KiB")));
    row("just linked, 812 prekeys: in use", kib(&figures["allocated"]), None);
    idle("812 prekeys", Some(MARK), &measure("paired-full", folder.path(), &server)?);
    Ok(())
}

fn idle(name: &str, mark: Option<f64>, figures: &Value) {
    let kib = |value: &Value| (number(value) / 1024.0, "KiB");
    row(&format!("{name}: connecting {MANY}, wall"), (number(&figures["wall"]), "s"), None);
    row(&format!("{name}: connecting {MANY}, processor time each"), ms(&figures["cpu"]), None);
    row(
        &format!("{name}: memory of an idle session"),
        kib(&figures["resident"]),
        mark.map(|mark| (mark, "KiB")),
    );
    row(&format!("{name}: of that, in use by the program"), kib(&figures["allocated"]), None);
    let threads = figures["threads"].as_array().map_or(0, Vec::len) as f64;
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
    row(&format!("{name}: threads of the process"), (threads, ""), Some((cores + 2.0, "")));
}

/// A measurement with a simulator and a store of its own.
fn alone(scenario: &str) -> Result<Value, Failure> {
    let (server, folder) = (Server::start()?, tempfile::tempdir()?);
    if scenario == "code" {
        server.address.add_phones(4 * 16)?;
    }
    measure(scenario, folder.path(), &server)
}

/// Runs a measurement in a process of its own.
fn measure(scenario: &str, folder: &Path, server: &Server) -> Result<Value, Failure> {
    let output = Command::new(std::env::current_exe()?)
        .args(["measure", scenario])
        .arg(folder)
        .arg(serde_json::to_string(&server.address)?)
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("{scenario} ended with {}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

fn ms(seconds: &Value) -> (f64, &'static str) {
    (number(seconds) * 1e3, "ms")
}

fn row(name: &str, (value, unit): (f64, &str), mark: Option<(f64, &str)>) {
    let figure = |(value, unit): (f64, &str)| {
        let digits = if unit.is_empty() {
            0
        } else if value < 10.0 {
            2
        } else {
            1
        };
        format!("{value:.digits$} {unit:<3}")
    };
    let verdict = match mark {
        Some((mark, _)) if value <= mark => "",
        Some(_) => "  missed",
        None => "",
    };
    println!(
        "{name:<60} {:>12}  {:>12}{verdict}",
        figure((value, unit)),
        mark.map(figure).unwrap_or_default()
    );
}
