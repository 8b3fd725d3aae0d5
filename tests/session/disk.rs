//! A small file system of its own for a store, that can be filled and made read-only. It takes the right to mount one.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// Room for a session, its log, and some messages.
const SIZE: &str = "size=16m";

pub(crate) struct Disk {
    folder: TempDir,
}

impl Disk {
    /// Mounts one, or says why that is not possible here.
    pub(crate) fn mount() -> Result<Self, String> {
        let folder = TempDir::new().unwrap();
        run("mount", &["-t", "tmpfs", "-o", SIZE, "wa-test"], folder.path())?;
        Ok(Self { folder })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Takes all the room that is left.
    pub(crate) fn fill(&self) {
        let mut filler = fs::File::create(self.path().join("filler")).unwrap();
        for block in [1 << 16, 1 << 12, 1] {
            while filler.write(&vec![1; block]).is_ok_and(|written| written > 0) {}
        }
    }

    pub(crate) fn free(&self) {
        fs::remove_file(self.path().join("filler")).unwrap();
    }

    pub(crate) fn set_read_only(&self, on: bool) {
        let options = if on { "remount,ro" } else { "remount,rw" };
        run("mount", &["-o", options], self.path()).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // A process that still has it open keeps it until then.
        let _ = run("umount", &["-l"], self.path());
    }
}

fn run(program: &str, arguments: &[&str], path: &Path) -> Result<(), String> {
    let output =
        Command::new(program).args(arguments).arg(path).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
}
