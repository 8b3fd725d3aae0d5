//! The list of symbols that the shared library exports.

use crate::built::libraries;
use crate::declarations::functions;
use crate::{check, header};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::process::Command;

#[test]
fn exported_symbols() {
    let output = Command::new("nm")
        .args(["-D", "--defined-only"])
        .arg(libraries().join("libwa.so"))
        .output()
        .expect("nm of binutils is needed");
    assert!(output.status.success());
    let output = String::from_utf8(output.stdout).unwrap();
    let exported: BTreeSet<String> =
        output.lines().filter_map(|line| line.split_whitespace().nth(2)).map(str::to_owned).collect();
    let mut list = String::new();
    for name in &exported {
        writeln!(list, "{name}").unwrap();
    }
    let declared = functions(&header::text()).into_iter().map(|function| function.name).collect();
    assert_eq!(exported, declared, "what is exported and what the header declares differ");
    check("include/wa.symbols", &list);
}
