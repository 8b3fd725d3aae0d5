//! Turns `src/protocol/proto/*.proto` into Rust: the build script of that package.

use std::error::Error;
use std::path::{Path, PathBuf};

/// The message sources, one file per subject.
const SUBJECTS: [&str; 6] = ["handshake", "payload", "companion", "adv", "passkey", "message"];

/// Messages that hold a secret, a phone number or what people write: their `Debug` is in `src/protocol/proto/mod.rs`.
const NOT_PRINTED: [&str; 3] = [".wa.payload.ClientPayload", ".wa.passkey.PairingRequest", ".wa.message"];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new("proto");
    println!("cargo:rerun-if-changed={}", folder.display());
    let files: Vec<PathBuf> =
        SUBJECTS.iter().map(|subject| folder.join(subject).with_extension("proto")).collect();
    let descriptors = protox::compile(files, [folder])?;
    prost_build::Config::new().skip_debug(NOT_PRINTED).compile_fds(descriptors)?;
    Ok(())
}
