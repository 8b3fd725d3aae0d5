//! Reads the functions that the C header declares.

/// One function.
#[derive(Debug)]
pub struct Function {
    /// The name.
    pub name: String,
    /// The type of what it returns.
    pub returns: String,
    /// Type and name of each parameter.
    pub params: Vec<(String, String)>,
    /// The comment above it, as one line of words.
    pub comment: String,
}

/// The committed header.
pub fn committed() -> String {
    std::fs::read_to_string(crate::root().join("include/wa.h")).unwrap()
}

/// Every function of a header, in its order.
pub fn functions(header: &str) -> Vec<Function> {
    let mut functions = Vec::new();
    let mut comment = String::new();
    let mut code = String::new();
    let mut rest = header;
    loop {
        let (before, after) = rest.split_once("/*").unwrap_or((rest, ""));
        code.push_str(before);
        while let Some((statement, more)) = code.split_once(';') {
            if let Some(mut function) = parse(statement) {
                function.comment = std::mem::take(&mut comment);
                functions.push(function);
            }
            code = more.to_owned();
        }
        let Some((words, next)) = after.split_once("*/") else {
            return functions;
        };
        comment =
            words.split_whitespace().filter(|word| !word.starts_with('*')).collect::<Vec<_>>().join(" ");
        rest = next;
    }
}

fn parse(statement: &str) -> Option<Function> {
    let lines = statement.lines().filter(|line| !line.starts_with('#') && !line.starts_with("extern"));
    let words =
        lines.flat_map(str::split_whitespace).filter(|word| *word != "WA_MUST_USE").collect::<Vec<_>>();
    let flat = words.join(" ").replace("} ", "");
    let (head, tail) = flat.split_once('(')?;
    let (returns, name) = split_name(head)?;
    if !name.starts_with("wa_") || returns.starts_with("typedef") {
        return None;
    }
    let inside = tail.strip_suffix(')')?;
    let params = match inside {
        "void" => Vec::new(),
        list => list.split(',').map(|param| split_name(param).unwrap()).collect(),
    };
    Some(Function { name, returns, params, comment: String::new() })
}

/// "const char *key" into its type and its name.
fn split_name(text: &str) -> Option<(String, String)> {
    let text = text.trim();
    let start = text.rfind([' ', '*'])? + 1;
    Some((text[..start].trim().to_owned(), text[start..].to_owned()))
}
