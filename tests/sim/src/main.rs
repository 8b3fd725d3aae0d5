//! The command: starts one simulator, prints where it is, runs until told to stop.

use std::{io::Write, process::ExitCode};

use clap::Parser;
use tokio::{
    io::AsyncReadExt,
    signal::unix::{SignalKind, signal},
};
use wa_sim::{Options, Simulator};

fn main() -> ExitCode {
    let options = Options::parse();
    let result =
        tokio::runtime::Builder::new_multi_thread().thread_name("wa-sim").enable_all().build().and_then(
            |runtime| {
                let result = runtime.block_on(run(options));
                // Not waited for: the thread that reads standard input sits in a blocking call.
                runtime.shutdown_background();
                result
            },
        );
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody reads the JSON line of a simulator that did not start; say why on the other stream.
            let _ = writeln!(std::io::stderr(), "wa-sim: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> std::io::Result<()> {
    let exit_with_stdin = options.exit_with_stdin;
    let handle = Simulator::start(options).await?;
    {
        let mut out = std::io::stdout().lock();
        serde_json::to_writer(&mut out, handle.started())?;
        out.write_all(b"\n")?;
        out.flush()?;
    }
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = stdin_closed(), if exit_with_stdin => {}
    }
    Ok(())
}

/// Reads standard input to its end; what is written there is of no interest.
async fn stdin_closed() {
    let mut input = tokio::io::stdin();
    let mut buffer = [0; 256];
    while matches!(input.read(&mut buffer).await, Ok(n) if n > 0) {}
}
