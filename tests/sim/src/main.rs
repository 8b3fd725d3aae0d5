//! The command: starts one simulator, prints where it is, runs until told to stop.

use std::{
    io::{self, Read, Write},
    process::ExitCode,
};

use clap::Parser;
use nix::sys::signal::{SigSet, Signal};
use tokio::sync::mpsc;
use wa_sim::{Options, Simulator};

/// The status with which it ends if clients have violated the shapes of stanzas.
const VIOLATIONS: u8 = 3;

fn main() -> ExitCode {
    let mut options = Options::parse();
    // For test harnesses, which start it from many places.
    options.check_shapes |= std::env::var_os("WA_SIM_CHECK_SHAPES").is_some_and(|value| !value.is_empty());
    match start(options) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(violations) => {
            // The violations themselves have gone there, too.
            let _ = writeln!(
                std::io::stderr(),
                "wa-sim: {violations} stanzas were not as the official client sends them"
            );
            ExitCode::from(VIOLATIONS)
        }
        Err(error) => {
            // Nobody reads the JSON line of a simulator that did not start; say why on the other stream.
            let _ = writeln!(std::io::stderr(), "wa-sim: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a simulator to its end. Returns how many violations of shapes there were.
fn start(options: Options) -> io::Result<usize> {
    // Waited for by a thread of their own. The driver of signals that tokio has is a feature that the library would get too,
    // when both are built at once.
    let signals: SigSet = [Signal::SIGTERM, Signal::SIGINT].into_iter().collect();
    signals.thread_block()?;
    let (end, ended) = mpsc::channel(1);
    if options.exit_with_stdin {
        wait_in_thread("stdin", end.clone(), stdin_closed)?;
    }
    wait_in_thread("signals", end, move || {
        // It fails for a set that is not valid only.
        let _ = signals.wait();
    })?;
    let runtime = tokio::runtime::Builder::new_multi_thread().thread_name("wa-sim").enable_all().build()?;
    let result = runtime.block_on(run(options, ended));
    runtime.shutdown_background();
    result
}

/// Waits for something in a thread that is left alone when the program ends.
fn wait_in_thread(name: &str, end: mpsc::Sender<()>, wait: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let work = move || {
        wait();
        // If nobody waits any more, the program ends already.
        let _ = end.blocking_send(());
    };
    std::thread::Builder::new().name(name.to_owned()).spawn(work).map(drop)
}

async fn run(options: Options, mut ended: mpsc::Receiver<()>) -> io::Result<usize> {
    let handle = Simulator::start(options).await?;
    {
        let mut out = std::io::stdout().lock();
        serde_json::to_writer(&mut out, handle.started())?;
        out.write_all(b"\n")?;
        out.flush()?;
    }
    ended.recv().await;
    Ok(handle.violations().len())
}

/// Reads standard input to its end; what is written there is of no interest.
fn stdin_closed() {
    let mut buffer = [0; 256];
    while matches!(io::stdin().read(&mut buffer), Ok(n) if n > 0) {}
}
