//! Documents as JSON Lines.
//!
//! A question is `{"id", "kind", "doc"}`, an answer `{"id", "findings"}` or `{"id", "error"}`.

use iamctl_policy::eval::Answer;
use iamctl_policy::{SourceId, Sources};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

use crate::finding::Finding;
use crate::kind::Kind;
use crate::lint_text;

#[derive(Deserialize)]
struct Line<'l> {
    #[serde(borrow, default)]
    id: Option<&'l RawValue>,
    #[serde(default)]
    kind: Option<Json>,
    #[serde(borrow)]
    doc: &'l RawValue,
}

/// The identifier alone, of a line that is broken elsewhere.
#[derive(Deserialize)]
struct IdOnly {
    #[serde(default)]
    id: Json,
}

/// Answers `{"id", "kind", "doc"}` with `{"id", "findings": [{"type", "code", "message", "path"}]}`, or with
/// `{"id", "error"}` where it is no such question. `kind` is what a document is where the line does not say.
#[must_use]
pub fn lint_line(line: &[u8], kind: Kind) -> Answer {
    match answer(line, kind) {
        Ok(text) => Answer { text, is_error: false },
        Err(problem) => {
            let id = serde_json::from_slice::<IdOnly>(line).map_or(Json::Null, |line| line.id);
            Answer { text: json!({"id": id, "error": problem}).to_string(), is_error: true }
        }
    }
}

fn answer(line: &[u8], given: Kind) -> Result<String, String> {
    let line: Line<'_> = serde_json::from_slice(line).map_err(|error| format!("not a question: {error}"))?;
    let kind = match line.kind {
        None | Some(Json::Null) => given,
        Some(word) => word.as_str().and_then(Kind::parse).ok_or_else(|| {
            format!("{word} is no kind of policy: use identity, trust, scp, rcp or resource")
        })?,
    };
    let findings = findings(line.doc.get(), kind)?;
    let id = line.id.map_or("null", RawValue::get);
    let findings: Vec<_> = findings.iter().map(in_json).collect();
    Ok(format!(r#"{{"id":{id},"findings":{}}}"#, Json::Array(findings)))
}

/// The findings about a document, or about the text that a string holds.
fn findings(document: &str, kind: Kind) -> Result<Vec<Finding>, String> {
    if !document.starts_with('"') {
        return Ok(lint_text(document, first_source(), kind));
    }
    let text: String =
        serde_json::from_str(document).map_err(|error| format!("`doc` cannot be read: {error}"))?;
    Ok(lint_text(&text, first_source(), kind))
}

/// Places are needed to say where in the document something is, and nobody shows their text.
fn first_source() -> SourceId {
    Sources::new().add("", "")
}

fn in_json(finding: &Finding) -> Json {
    json!({
        "type": finding.check.finding_type.as_str(),
        "code": finding.check.code,
        "message": finding.message,
        "path": finding.path,
    })
}
