//! The libraries as programs of other languages link to them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// The folder of `libwa.so`, `libwa.a` and `wa.pc`, up to date: Rust tests do not link to them, so cargo would leave them as they are.
pub(crate) fn libraries() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        // A test is target/PROFILE/deps/NAME.
        let test = std::env::current_exe().expect("the path of this test");
        let folder = test.ancestors().nth(2).expect("the folder of a profile");
        let target = folder.parent().expect("the folder of all that cargo builds");
        let profile = match folder.file_name().and_then(|name| name.to_str()) {
            Some("debug") | None => "dev",
            Some(profile) => profile,
        };
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(["build", "--quiet", "--locked", "--workspace", "--profile", profile]);
        command.arg("--target-dir").arg(target).current_dir(env!("CARGO_MANIFEST_DIR"));
        // Cargo would take variables that it sets for a test for a change, and build what depends on them anew.
        for (name, _) in std::env::vars_os() {
            let of_the_test = ["CARGO_MANIFEST", "CARGO_PKG", "LIBSQLITE3_FLAGS", "OUT_DIR"];
            if name.to_str().is_some_and(|name| of_the_test.iter().any(|start| name.starts_with(start))) {
                command.env_remove(&name);
            }
        }
        let status = command.status().expect("cargo can be run");
        assert!(status.success(), "cargo cannot build the libraries");
        folder.to_owned()
    });
    &FOLDER
}
