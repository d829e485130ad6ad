//! Why a JSON text could not be read into what was expected, in our words.
//!
//! `serde_json` names neither the field in which a value is of another kind, nor what a text lacks that is no JSON:
//! the latter is what our own reader of JSON is for.

use serde_json::error::Category;

use crate::diagnostic::Diagnostics;
use crate::json::parse_json;
use crate::source::Sources;

/// What is wrong with a text that `serde_json` could not read, and where: the column of a single line, or line and
/// column.
#[must_use]
pub fn why_not_read(error: &serde_json::Error, text: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(text) else { return "it is not text in UTF-8".to_owned() };
    // It is never as it was read when nothing is there.
    if text.trim().is_empty() {
        return "it is empty".to_owned();
    }
    if error.classify() != Category::Data
        && let Some(problem) = syntax_problem(text)
    {
        return problem;
    }
    let (line, column) = (error.line(), error.column());
    let told = error.to_string();
    let what = told.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&told);
    let what = match what.strip_prefix("invalid type: ").and_then(|what| what.split_once(", expected ")) {
        Some((found, expected)) => {
            let field = field_at(text, line, column);
            let field = field.map(|field| format!("`{field}`: ")).unwrap_or_default();
            format!("{field}expected {}, found {}", in_json(expected), in_json(found))
        }
        None => what.to_owned(),
    };
    match column {
        0 => what,
        _ => format!("{what} ({})", place(text, line, column)),
    }
}

fn place(text: &str, line: usize, column: usize) -> String {
    match text.trim_end().contains('\n') {
        true => format!("line {line}, column {column}"),
        false => format!("column {column}"),
    }
}

/// What our own reader says of a text that is no JSON.
fn syntax_problem(text: &str) -> Option<String> {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let source = sources.add("", text);
    if parse_json(text, source, &mut found).is_some() {
        return None;
    }
    let problem = found.iter().last()?;
    let at = sources.position(problem.span)?;
    Some(format!("{} ({})", problem.message, place(text, at.line, at.column)))
}

/// The words of JSON for those of `serde`.
fn in_json(kind: &str) -> &str {
    match kind {
        "map" => "a map",
        "sequence" | "a sequence" => "a list",
        "a string" | "a borrowed string" => "a text",
        other => other,
    }
}

/// The names of the fields around a place, as `policies.identity`: those whose value has begun and has not ended.
fn field_at(text: &str, line: usize, column: usize) -> Option<String> {
    let above: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let before = text.as_bytes().get(..above.saturating_add(column))?;
    let mut fields: Vec<Option<String>> = Vec::new();
    let mut last_text: Option<(usize, usize)> = None;
    let mut at = 0;
    while let Some(byte) = before.get(at) {
        match byte {
            b'"' => {
                let start = at.saturating_add(1);
                at = start;
                while before.get(at).is_some_and(|byte| *byte != b'"') {
                    at = at.saturating_add(if before.get(at) == Some(&b'\\') { 2 } else { 1 });
                }
                last_text = Some((start, at.min(before.len())));
            }
            b'{' | b'[' => fields.push(None),
            b'}' | b']' => drop(fields.pop()),
            b':' => {
                let name = last_text.and_then(|(start, end)| text.get(start..end));
                if let Some(field) = fields.last_mut() {
                    *field = name.map(str::to_owned);
                }
            }
            b',' => {
                if let Some(field) = fields.last_mut() {
                    *field = None;
                }
            }
            _ => {}
        }
        at = at.saturating_add(1);
    }
    let named: Vec<String> = fields.into_iter().flatten().collect();
    (!named.is_empty()).then(|| named.join("."))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::why_not_read;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only what cannot be read matters")]
    struct Outer {
        inner: Option<Inner>,
        name: Option<String>,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only what cannot be read matters")]
    struct Inner {
        levels: Vec<Vec<String>>,
    }

    #[test]
    fn a_problem_is_told_with_its_field_and_without_the_words_of_a_library() {
        let cases = [
            ("", "it is empty"),
            (" \n", "it is empty"),
            (r#"{"name": 7}"#, "`name`: expected a text, found integer `7` (column 10)"),
            (r#"{"inner": {"levels": {}}}"#, "`inner.levels`: expected a list, found a map (column 21)"),
            (
                r#"{"name": "a:{", "inner": {"levels": [["b"], "c"]}}"#,
                "`inner.levels`: expected a list, found string \"c\" (column 47)",
            ),
            (
                "{\n\"inner\": {\"levels\": null}}",
                "`inner.levels`: expected a list, found null (line 2, column 24)",
            ),
            (r#"{"inner": {}}"#, "missing field `levels` (column 12)"),
        ];
        for (text, expected) in cases {
            let error = serde_json::from_str::<Outer>(text).unwrap_err();
            assert_eq!(why_not_read(&error, text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_told_by_our_own_reader() {
        for text in ["{", "nul", "{\"name\": ", "{\"name\": \"a\",}", "{} {}", "x\ny"] {
            let error = serde_json::from_str::<Outer>(text).unwrap_err();
            let told = why_not_read(&error, text.as_bytes());
            assert!(told.starts_with("not valid JSON: "), "{text}: {told}");
            assert!(!told.contains("ident") && !told.contains("EOF"), "{text}: {told}");
        }
    }
}
