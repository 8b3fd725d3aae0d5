//! Turns `src/proto/*.proto` into Rust and sets how the shared library is linked.

use std::error::Error;
use std::path::{Path, PathBuf};

/// The message sources, one file per subject.
const SUBJECTS: [&str; 5] = ["handshake", "payload", "companion", "adv", "passkey"];

/// Messages that hold a secret or a phone number: their `Debug` is written by hand in `src/proto/mod.rs`.
const NOT_PRINTED: [&str; 2] = [".wa.payload.ClientPayload", ".wa.passkey.PairingRequest"];

fn main() -> Result<(), Box<dyn Error>> {
    compile_protos(Path::new("src/proto"))?;
    link_arguments();
    Ok(())
}

fn compile_protos(folder: &Path) -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={}", folder.display());
    let files: Vec<PathBuf> =
        SUBJECTS.iter().map(|subject| folder.join(subject).with_extension("proto")).collect();
    let descriptors = protox::compile(files, [folder])?;
    prost_build::Config::new().skip_debug(NOT_PRINTED).compile_fds(descriptors)?;
    Ok(())
}

fn link_arguments() {
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux") {
        return;
    }
    // Programs record the name they were linked against; without one they would record a path of the build machine.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libwa.so.0");
    // Thread-local destructors outlive a dlclose, so the library asks never to be unmapped.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
}
