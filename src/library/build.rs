//! Sets how the libraries are linked and puts `wa.pc` and its SONAME beside it.

use std::error::Error;
use std::path::PathBuf;
use std::process::{Command, Stdio};

fn main() -> Result<(), Box<dyn Error>> {
    link_arguments()?;
    pkg_config()
}

fn link_arguments() -> Result<(), Box<dyn Error>> {
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux") {
        return Ok(());
    }
    // Programs record the name they were linked against; without one they would record a path of the build machine.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libwa.so.0");
    // Thread-local destructors outlive a dlclose, so the library asks never to be unmapped.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    one_object()
}

/// Has `libwa.a`, which rustc makes before it links `libwa.so`, made into one object by the way. Nothing runs after a build of cargo's,
/// but gcc runs a program around its own if told so.
fn one_object() -> Result<(), Box<dyn Error>> {
    let script = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("archive");
    println!("cargo:rerun-if-changed={}", script.display());
    println!("cargo:rerun-if-env-changed=RUSTC_LINKER");
    let linker = std::env::var_os("RUSTC_LINKER").unwrap_or_else(|| "cc".into());
    let can = Command::new(linker)
        .args(["-wrapper", "env", "-E", "-x", "c", "/dev/null"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    // A comma would begin an argument.
    if can && !script.to_string_lossy().contains(',') {
        println!("cargo:rustc-cdylib-link-arg=-wrapper");
        println!("cargo:rustc-cdylib-link-arg={},--link", script.display());
    } else {
        let name = script.display();
        println!("cargo:warning=the linker is not gcc: before you link with libwa.a, run {name} on it");
    }
    Ok(())
}

/// Writes `wa.pc` for the build tree: `PKG_CONFIG_PATH=target/release pkg-config --cflags --libs wa`. Who installs the library fills
/// `include/wa.pc.in` in with the places it was installed to.
fn pkg_config() -> Result<(), Box<dyn Error>> {
    let package = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let root = package.ancestors().nth(2).ok_or("this package is at src/library of a checkout")?;
    let template = root.join("include/wa.pc.in");
    println!("cargo:rerun-if-changed={}", template.display());
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    // OUT_DIR is target/PROFILE/build/PACKAGE/out, and the libraries are put into target/PROFILE.
    let Some(folder) = out.ancestors().nth(3) else { return Ok(()) };
    let text = std::fs::read_to_string(template)?
        .replace("@PREFIX@", &root.display().to_string())
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
