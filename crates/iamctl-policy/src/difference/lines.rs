//! Pairs of documents as JSON, one pair to a line.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

use super::{Access, Difference, Vocabulary, are_equal, difference, kind_of};
use crate::document::Document;
use crate::eval::{Answer, PolicyKind};
use crate::not_read::why_not_read;

#[derive(Deserialize)]
#[serde(expecting = "a map with `a` and `b`")]
struct Pair<'l> {
    #[serde(borrow, default)]
    id: Option<&'l RawValue>,
    #[serde(borrow)]
    a: &'l RawValue,
    #[serde(borrow)]
    b: &'l RawValue,
    #[serde(default)]
    kind: Option<KindName>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum KindName {
    Identity,
    Trust,
    Resource,
}

/// When two documents count as equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// AWS treats them as the same text.
    Structural,
    /// They allow the same requests.
    Semantic,
}

/// The identifier alone, of a line that is broken elsewhere.
#[derive(Deserialize)]
struct IdOnly {
    #[serde(default)]
    id: Json,
}

/// Answers `{"id", "a", "b"}` with `{"id", "equal"}`, or with `{"id", "error"}`: also where it cannot be said.
#[must_use]
pub fn equal_line(
    line: &[u8],
    level: Level,
    kind: Option<PolicyKind>,
    vocabulary: &Vocabulary<'_>,
) -> Answer {
    answer(line, |pair| {
        let (a, b) = pair.documents()?;
        let equal = are_equal(&a, &b)?;
        if equal || level == Level::Structural {
            return Ok(json!({"equal": equal}));
        }
        let found = difference(&a, &b, pair.kind(kind, &a, &b), vocabulary)?;
        Ok(json!({"equal": found.is_none().ok_or_else(|| undecided(&found))?}))
    })
}

/// Answers `{"id", "kind", "a", "b"}` with `{"id", "added", "removed", "addedWitness", "removedWitness"}`, and
/// with `addedReason` or `removedReason` where something is unknown, or with `{"id", "error"}`.
#[must_use]
pub fn diff_line(line: &[u8], kind: Option<PolicyKind>, vocabulary: &Vocabulary<'_>) -> Answer {
    answer(line, |pair| {
        let (a, b) = pair.documents()?;
        for (name, document) in [("a", &a), ("b", &b)] {
            if let Some(reason) = document.unreadable() {
                return Err(format!("`{name}` cannot be read: {reason}"));
            }
        }
        Ok(difference(&a, &b, pair.kind(kind, &a, &b), vocabulary)?.to_json())
    })
}

impl Difference {
    /// As JSON, each side with its first witness.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let witness = |access: &Access| match access {
            Access::Yes(changes) => changes.first().map(|change| change.witness.to_json()),
            Access::No | Access::Unknown(_) => None,
        };
        let mut fields = json!({
            "added": self.added.as_str(),
            "removed": self.removed.as_str(),
            "addedWitness": witness(&self.added),
            "removedWitness": witness(&self.removed),
        });
        for (name, access) in [("addedReason", &self.added), ("removedReason", &self.removed)] {
            if let (Access::Unknown(why), Json::Object(fields)) = (access, &mut fields) {
                fields.insert(name.to_owned(), why.as_str().into());
            }
        }
        fields
    }
}

/// Why it cannot be said whether two documents give the same access.
fn undecided(found: &Difference) -> String {
    let why = [&found.added, &found.removed].into_iter().find_map(|access| match access {
        Access::Unknown(why) => Some(why.as_str()),
        _ => None,
    });
    format!("cannot be decided: {}", why.unwrap_or("unknown"))
}

fn answer(line: &[u8], ask: impl FnOnce(&Pair<'_>) -> Result<Json, String>) -> Answer {
    let answered = serde_json::from_slice::<Pair<'_>>(line)
        .map_err(|error| {
            let hint = if error.is_eof() { "; a pair stands on one line" } else { "" };
            format!("not a pair of documents: {}{hint}", why_not_read(&error, line))
        })
        .and_then(|pair| Ok((pair.id.map_or("null", RawValue::get), ask(&pair)?)));
    match answered {
        // The identifier comes back as it was written; the fields of an answer are never none.
        Ok((id, fields)) => {
            let fields = fields.to_string();
            let fields = fields.strip_prefix('{').unwrap_or(&fields);
            Answer { text: format!(r#"{{"id":{id},{fields}"#), is_error: false }
        }
        Err(problem) => {
            let id = serde_json::from_slice::<IdOnly>(line).map_or(Json::Null, |line| line.id);
            Answer { text: json!({"id": id, "error": problem}).to_string(), is_error: true }
        }
    }
}

impl Pair<'_> {
    /// What the line does not say is as usual, or seen from the statements.
    fn kind(&self, usual: Option<PolicyKind>, a: &Document, b: &Document) -> PolicyKind {
        match self.kind {
            None => usual.unwrap_or_else(|| kind_of(a, b)),
            Some(KindName::Identity) => PolicyKind::Principal,
            Some(KindName::Trust | KindName::Resource) => PolicyKind::Resource,
        }
    }

    fn documents(&self) -> Result<(Document, Document), String> {
        Ok((document("a", self.a)?, document("b", self.b)?))
    }
}

/// A document may also be given as a string that holds its text: what a text says twice would be lost
/// otherwise.
fn document(name: &str, given: &RawValue) -> Result<Document, String> {
    let text = if given.get().starts_with('"') {
        let text: String = serde_json::from_str(given.get()).map_err(|error| format!("`{name}`: {error}"))?;
        Cow::Owned(text)
    } else {
        Cow::Borrowed(given.get())
    };
    Ok(Document::from_stored(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn equal(line: &str) -> String {
        equal_line(line.as_bytes(), Level::Structural, None, &Vocabulary::none()).text
    }

    #[test]
    fn a_document_is_a_map_or_the_text_of_one() {
        let map = r#"{"Statement":{"Effect":"Allow","Action":["a:B","a:C"],"Resource":"*"}}"#;
        let text = json!(r#" {"Statement": [{"Action":["a:C","a:B"],"Resource":["*"],"Effect":"Allow"}]} "#);
        let other = map.replace("a:C", "a:c");
        assert_eq!(equal(&format!(r#"{{"id":1.0,"a":{map},"b":{text}}}"#)), r#"{"id":1.0,"equal":true}"#);
        assert_eq!(equal(&format!(r#"{{"id":"x","a":{map},"b":{other}}}"#)), r#"{"id":"x","equal":false}"#);
        assert_eq!(equal(&format!(r#"{{"b":{map},"a":{map}}}"#)), r#"{"id":null,"equal":true}"#);
    }

    #[test]
    fn what_is_no_pair_of_documents_is_an_error() {
        for (line, words) in [
            (r#"{"id":7,"a":{}}"#, "missing field `b`"),
            (r#"{"id":7,"a":{},"b":null}"#, "`b` cannot be read"),
            (r#"{"id":7,"a":"{","b":{}}"#, "`a` cannot be read"),
            (r#"{"id":7,"a":{"Statement":[{"Action":"a:B"}]},"b":{}}"#, "without `Effect`"),
            (r#"{"id":7,"a":"{\"Version\":\"1\",\"Version\":\"2\"}","b":{}}"#, "`a` cannot be read"),
        ] {
            let answer = equal_line(line.as_bytes(), Level::Structural, None, &Vocabulary::none());
            assert!(answer.is_error && answer.text.starts_with(r#"{"id":7,"error":"#), "{}", answer.text);
            assert!(answer.text.contains(words), "{}", answer.text);
        }
        assert!(equal("{").starts_with(r#"{"id":null,"error":"#));
    }
}
