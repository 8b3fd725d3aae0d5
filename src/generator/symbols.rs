//! The list of symbols that the shared library exports: the functions of the header.

use crate::declarations::functions;
use crate::{GeneratedFile, header};
use std::collections::BTreeSet;
use std::fmt::Write;

pub(crate) fn file() -> GeneratedFile {
    let names: BTreeSet<String> =
        functions(&header::text()).into_iter().map(|function| function.name).collect();
    let mut list = String::new();
    for name in names {
        writeln!(list, "{name}").unwrap();
    }
    GeneratedFile::new("include/wa.symbols", list)
}
