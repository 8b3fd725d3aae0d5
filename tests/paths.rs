//! The paths that the documents of this repository name exist.

use std::path::Path;

/// The documents, and the folders beside the top that their paths may begin in.
const DOCUMENTS: [(&str, &[&str]); 5] = [
    ("README.md", &[]),
    ("CONTRIBUTING.md", &["bindings/python", "src/client"]),
    ("SECURITY.md", &[]),
    ("src/lib.rs", &["src"]),
    ("tests/README.md", &["tests"]),
];

/// Returns the words of a document that look like paths of the repository.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| c.is_whitespace() || "`()[]|,;:\"'<>".contains(c));
    let ends = [".rs", ".md", ".toml", ".json", ".h", ".sh", ".py"];
    words.map(|word| word.trim_end_matches('.')).filter(move |word| {
        let is_file = ends.iter().any(|end| word.ends_with(end) && word.len() > end.len());
        let is_folder =
            ["src/", "tests/", "bindings/", "examples/", "include/"].iter().any(|top| word.starts_with(top));
        (is_file && word.contains('/') || is_folder)
            && !word.contains(['*', '$', '=', '~'])
            && !word.contains("://")
    })
}

#[test]
fn every_path_in_the_documents_exists() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut seen, mut missing) = (0, Vec::new());
    for (document, folders) in DOCUMENTS {
        let text = std::fs::read_to_string(top.join(document)).unwrap();
        for path in paths(&text) {
            seen += 1;
            let exists = [&""].into_iter().chain(folders).any(|folder| top.join(folder).join(path).exists());
            if !exists {
                missing.push(format!("{document}: {path}"));
            }
        }
    }
    assert!(seen > 60, "only {seen} paths were found: the test reads too little");
    assert!(missing.is_empty(), "{missing:#?}");
}
