//! The command: starts one simulator, prints where it is, runs until told to stop.

use std::{
    io::{self, Read, Write},
    process::ExitCode,
};

use clap::Parser;
use nix::sys::signal::{SigSet, Signal};
use tokio::sync::mpsc;
use wa_sim::{Options, Simulator};

fn main() -> ExitCode {
    let options = Options::parse();
    match start(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody reads the JSON line of a simulator that did not start; say why on the other stream.
            let _ = writeln!(std::io::stderr(), "wa-sim: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start(options: Options) -> io::Result<()> {
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

async fn run(options: Options, mut ended: mpsc::Receiver<()>) -> io::Result<()> {
    let handle = Simulator::start(options).await?;
    {
        let mut out = std::io::stdout().lock();
        serde_json::to_writer(&mut out, handle.started())?;
        out.write_all(b"\n")?;
        out.flush()?;
    }
    ended.recv().await;
    Ok(())
}

/// Reads standard input to its end; what is written there is of no interest.
fn stdin_closed() {
    let mut buffer = [0; 256];
    while matches!(io::stdin().read(&mut buffer), Ok(n) if n > 0) {}
}
