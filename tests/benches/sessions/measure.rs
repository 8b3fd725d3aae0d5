//! The system's figures for this process.

use std::time::Duration;

use super::Failure;

/// Bytes of this process that are in memory.
pub(crate) fn resident() -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
}

/// The names of all threads of this process.
pub(crate) fn threads() -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    for task in std::fs::read_dir("/proc/self/task")? {
        names.push(std::fs::read_to_string(task?.path().join("comm"))?.trim().to_owned());
    }
    names.sort();
    Ok(names)
}

/// The least, which is what others on the machine disturbed least.
pub(crate) fn least(values: &[Duration]) -> Duration {
    values.iter().min().copied().unwrap_or_default()
}

/// The value in the middle.
pub(crate) fn median(mut values: Vec<Duration>) -> Duration {
    values.sort();
    values.get(values.len() / 2).copied().unwrap_or_default()
}
