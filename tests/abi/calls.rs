//! Makes `calls.inc` for tests/c/misuse.c from the header: for each function a C function that calls it with chosen arguments.

use std::fmt::Write;
use wa_generator::declarations::{Function, committed, functions};

/// The C source.
pub(crate) fn source() -> String {
    let functions = functions(&committed());
    let mut source = String::new();
    for function in &functions {
        one(&mut source, function);
    }
    source.push_str(
        "\nstatic const struct { const char *name; void (*call)(unsigned pick); unsigned picks; } CALLS[] = {\n",
    );
    for function in &functions {
        let is_length =
            |index: usize| index > 0 && matches!(kind(&function.params[index - 1].0), Kind::Bytes);
        let counted = function.params.iter().enumerate().filter(|(index, _)| !is_length(*index));
        let picks: Vec<String> = counted.map(|(_, (kind, _))| count(kind)).collect();
        let picks = if picks.is_empty() { "1".to_owned() } else { picks.join(" * ") };
        writeln!(source, "    {{ \"{0}\", call_{0}, {picks} }},", function.name).unwrap();
    }
    source.push_str("};\n");
    source
}

/// The kind of a parameter, by its type.
enum Kind<'a> {
    Handle(&'a str),
    Text,
    /// Bytes; the number behind them says how many.
    Bytes,
    Number,
    Out(&'a str),
    Error,
}

fn kind(declared: &str) -> Kind<'_> {
    let plain = declared.strip_prefix("const ").unwrap_or(declared).trim();
    match plain {
        "char *" => Kind::Text,
        "uint8_t *" => Kind::Bytes,
        "wa_error **" => Kind::Error,
        "int32_t" | "uint64_t" | "wa_status" | "size_t" => Kind::Number,
        "uint64_t *" | "size_t *" | "wa_client **" | "wa_queue **" | "wa_event **" => {
            Kind::Out(plain.strip_suffix('*').unwrap().trim())
        }
        _ => {
            let handle = plain.strip_prefix("wa_").and_then(|rest| rest.strip_suffix(" *"));
            Kind::Handle(handle.unwrap_or_else(|| panic!("teach tests/abi/calls.rs what a {declared} is")))
        }
    }
}

fn count(declared: &str) -> String {
    match kind(declared) {
        Kind::Handle(_) => "HANDLES",
        Kind::Text => "TEXTS",
        Kind::Bytes => "BYTES",
        Kind::Number => "NUMBERS",
        Kind::Out(_) | Kind::Error => "OUTS",
    }
    .to_owned()
}

fn one(source: &mut String, function: &Function) {
    let Function { name, returns, params, .. } = function;
    writeln!(source, "\nstatic void call_{name}(unsigned pick)\n{{").unwrap();
    source.push_str("    bool valid = false, has_error = false;\n    wa_error *why = NULL;\n");
    source.push_str("    (void)pick, (void)valid, (void)has_error, (void)why;\n");
    let mut arguments = Vec::new();
    let mut after = String::new();
    for (index, (declared, _)) in params.iter().enumerate() {
        let argument = format!("a{index}");
        match kind(declared) {
            Kind::Handle(handle) => {
                writeln!(source, "    wa_{handle} *{argument} = pick_{handle}(&pick, &valid);").unwrap();
                // NULL means "all defaults" and "a queue of its own" to this one function.
                if index == 0 && name != "wa_client_new" {
                    source.push_str("    now.first_is_handle = true;\n    now.first_is_valid = valid;\n");
                }
            }
            Kind::Text => writeln!(source, "    const char *{argument} = pick_text(&pick);").unwrap(),
            Kind::Bytes => {
                source.push_str("    size_t length = 0;\n");
                writeln!(source, "    const uint8_t *{argument} = pick_bytes(&pick, &length);").unwrap();
            }
            Kind::Number if index > 0 && matches!(kind(&params[index - 1].0), Kind::Bytes) => {
                writeln!(source, "    size_t {argument} = length;").unwrap();
            }
            Kind::Number => {
                writeln!(source, "    {declared} {argument} = ({declared})pick_number(&pick);").unwrap();
            }
            Kind::Out(inner) => {
                let sentinel = if inner.contains('*') {
                    format!("({inner})(uintptr_t)0xABCDEF")
                } else {
                    "0xABCDEF".to_owned()
                };
                writeln!(
                    source,
                    "    {inner} before{index} = {sentinel};\n    {inner} out{index} = before{index};"
                )
                .unwrap();
                writeln!(source, "    {inner} *{argument} = choose(&pick, OUTS) ? NULL : &out{index};")
                    .unwrap();
                out_check(&mut after, inner, index, returns);
            }
            Kind::Error => {
                writeln!(source, "    has_error = choose(&pick, OUTS) == 0;").unwrap();
                writeln!(source, "    wa_error **{argument} = has_error ? &why : NULL;").unwrap();
                writeln!(source, "    why = (wa_error *)(uintptr_t)0xABCDEF;").unwrap();
            }
        }
        arguments.push(argument);
    }
    let call = format!("{name}({})", arguments.join(", "));
    match returns.as_str() {
        "void" => writeln!(source, "    {call};").unwrap(),
        "wa_status" if params.iter().any(|(kind, _)| kind == "wa_error **") || is_command(name) => {
            writeln!(source, "    wa_status status = {call};").unwrap();
            source.push_str("    judge_status(status, has_error ? why : NULL, has_error);\n");
        }
        // The one that says by its code that a handle is none.
        "wa_status" if name == "wa_error_status" => {
            writeln!(source, "    wa_status status = {call};").unwrap();
            source.push_str("    if (!now.forked && !now.relaxed && a0 != NULL && !valid && status != WA_ERROR_INVALID_HANDLE)\n");
            source.push_str("        fail(\"answers %d to a wrong handle\", status);\n");
        }
        // The one that gives -1 for nothing.
        "int" => {
            writeln!(source, "    int number = {call};").unwrap();
            source.push_str(
                "    if (must_be_nothing() && number != -1)\n        fail(\"gives %d\", number);\n",
            );
        }
        "bool" | "uint32_t" | "int32_t" | "uint64_t" | "int64_t" | "wa_status" => {
            match name.as_str() {
                // Holds in a forked child too.
                "wa_version_number" => {
                    writeln!(source, "    if ({call} == 0)\n        fail(\"gives 0\");").unwrap()
                }
                _ => writeln!(source, "    judge_number((uint64_t){call});").unwrap(),
            }
        }
        "const char *" | "const uint8_t *" => {
            writeln!(source, "    const void *text = {call};").unwrap();
            match name.as_str() {
                // Holds in a forked child too.
                "wa_version_string" => {
                    source.push_str("    if (text == NULL)\n        fail(\"gives NULL\");\n")
                }
                // NULL is the error of WA_OK.
                "wa_error_name" => source.push_str("    if (a0 != NULL)\n        judge_text(text);\n"),
                _ => source.push_str("    judge_text(text);\n"),
            }
        }
        made => {
            let handle = made.strip_prefix("wa_").and_then(|rest| rest.strip_suffix(" *"));
            let handle = handle.unwrap_or_else(|| panic!("teach tests/abi/calls.rs what a {made} is"));
            writeln!(source, "    {made}made = {call};").unwrap();
            source
                .push_str("    if (must_be_nothing() && made != NULL)\n        fail(\"gives a handle\");\n");
            writeln!(source, "    wa_{handle}_free(made);").unwrap();
        }
    }
    source.push_str(&after);
    source.push_str("}\n");
}

/// Functions that answer a status and take no error object.
fn is_command(name: &str) -> bool {
    ["wa_client_close", "wa_queue_wake", "wa_event_ack"].contains(&name)
}

/// Results are written on WA_OK only, and what came out is freed.
fn out_check(after: &mut String, inner: &str, index: usize, returns: &str) {
    if returns == "wa_status" {
        writeln!(after, "    if (status != WA_OK && out{index} != before{index})\n        fail(\"wrote a result without WA_OK\");")
            .unwrap();
        writeln!(after, "    if (status == WA_OK && a{index} != NULL && out{index} == before{index})\n        fail(\"wrote no result\");")
            .unwrap();
    } else {
        writeln!(after, "    if (text == NULL && out{index} != before{index})\n        fail(\"wrote a length of nothing\");").unwrap();
    }
    if let Some(handle) = inner.strip_prefix("wa_").and_then(|rest| rest.strip_suffix(" *")) {
        writeln!(after, "    if (out{index} != before{index})\n        wa_{handle}_free(out{index});")
            .unwrap();
    }
}
