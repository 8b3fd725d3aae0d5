//! Turns `src/proto/*.proto` into Rust, sets how the shared library is linked and puts `wa.pc` and its SONAME beside it.

use std::error::Error;
use std::path::{Path, PathBuf};

/// The message sources, one file per subject.
const SUBJECTS: [&str; 6] = ["handshake", "payload", "companion", "adv", "passkey", "message"];

/// Messages that hold a secret, a phone number or what people write: their `Debug` is in `src/proto/mod.rs`.
const NOT_PRINTED: [&str; 3] = [".wa.payload.ClientPayload", ".wa.passkey.PairingRequest", ".wa.message"];

fn main() -> Result<(), Box<dyn Error>> {
    compile_protos(Path::new("src/proto"))?;
    link_arguments();
    pkg_config()
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

/// Writes `wa.pc` for the build tree: `PKG_CONFIG_PATH=target/release pkg-config --cflags --libs wa`. Who installs the library fills
/// `include/wa.pc.in` in with the places it was installed to.
fn pkg_config() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=include/wa.pc.in");
    let root = std::env::var("CARGO_MANIFEST_DIR")?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    // OUT_DIR is target/PROFILE/build/PACKAGE/out, and the libraries are put into target/PROFILE.
    let Some(folder) = out.ancestors().nth(3) else { return Ok(()) };
    let text = std::fs::read_to_string("include/wa.pc.in")?
        .replace("@PREFIX@", &root)
        .replace("@LIBDIR@", &folder.display().to_string())
        .replace("@INCLUDEDIR@", "${prefix}/include")
        .replace("@VERSION@", &std::env::var("CARGO_PKG_VERSION")?);
    std::fs::write(folder.join("wa.pc"), text)?;
    // The name by which a program looks for the library; cargo makes none.
    #[cfg(unix)]
    if let Err(error) = std::os::unix::fs::symlink("libwa.so", folder.join("libwa.so.0"))
        && error.kind() != std::io::ErrorKind::AlreadyExists
    {
        return Err(error.into());
    }
    Ok(())
}
