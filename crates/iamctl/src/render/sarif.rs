//! Findings as SARIF 2.1.0, which code scanning reads.
//!
//! Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".

use std::collections::BTreeMap;

use iamctl_lint::{Check, Finding, FindingType};
use iamctl_policy::{Sources, Span};
use serde_json::{Value, json};

use super::diagnostics::place;

/// The log of one run. Rules are those that something was found of.
pub(crate) fn log<'f>(findings: impl Iterator<Item = &'f Finding>, sources: &Sources) -> Value {
    let findings: Vec<_> = findings.collect();
    let rules: BTreeMap<&str, &Check> = findings.iter().map(|one| (one.check.code, one.check)).collect();
    let index = |code: &str| rules.keys().position(|known| *known == code);
    let results: Vec<_> = findings.iter().map(|one| result(one, index(one.check.code), sources)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "iamctl",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.values().map(|check| rule(check)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn level(finding_type: FindingType) -> &'static str {
    match finding_type {
        FindingType::Error => "error",
        FindingType::SecurityWarning | FindingType::Warning => "warning",
        FindingType::Suggestion => "note",
    }
}

fn rule(check: &Check) -> Value {
    json!({
        "id": check.code,
        "shortDescription": {"text": check.says},
        "defaultConfiguration": {"level": level(check.finding_type)},
        "properties": {"type": check.finding_type.as_str()},
    })
}

fn result(finding: &Finding, rule: Option<usize>, sources: &Sources) -> Value {
    let text = std::iter::once(&finding.message).chain(&finding.help).map(String::as_str).collect::<Vec<_>>();
    let mut result = json!({
        "ruleId": finding.check.code,
        "ruleIndex": rule,
        "level": level(finding.check.finding_type),
        "message": {"text": text.join("; ")},
        "locations": [location(finding.span, None, sources)],
    });
    let related: Vec<_> =
        finding.related.iter().map(|label| location(label.span, Some(&label.text), sources)).collect();
    if let Some(fields) = result.as_object_mut().filter(|_| !related.is_empty()) {
        fields.insert("relatedLocations".to_owned(), related.into());
    }
    result
}

fn location(span: Span, message: Option<&str>, sources: &Sources) -> Value {
    let place = place(span, sources);
    let field = |name: &str| place.get(name).cloned().unwrap_or_default();
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": {"uri": uri(place.get("file").and_then(Value::as_str).unwrap_or_default())},
            "region": {
                "startLine": field("line"),
                "startColumn": field("column"),
                "endLine": field("end_line"),
                "endColumn": field("end_column"),
            },
        },
    });
    if let (Some(text), Some(fields)) = (message, location.as_object_mut()) {
        fields.insert("message".to_owned(), json!({"text": text}));
    }
    location
}

/// A path as a relative reference. Source: RFC 3986.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use iamctl_lint::{Kind, lint_text};

    use super::*;

    #[test]
    fn a_finding_has_its_rule_and_its_place() {
        let mut sources = Sources::new();
        let text =
            "{\"Statement\": {\"Effect\": \"Allow\", \"Action\": \"s3:GetObjct\",\n  \"Resource\": \"*\"}}";
        let source = sources.add("a b.json", text);
        let findings = lint_text(text, source, Kind::Identity);
        let log = log(findings.iter(), &sources);
        let run = &log["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        assert_eq!(
            rules.iter().map(|rule| &rule["id"]).collect::<Vec<_>>(),
            ["INVALID_ACTION", "MISSING_VERSION"]
        );
        let action =
            run["results"].as_array().unwrap().iter().find(|one| one["ruleId"] == "INVALID_ACTION").unwrap();
        assert_eq!((&action["ruleIndex"], &action["level"]), (&json!(0), &json!("error")));
        let place = &action["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "a%20b.json");
        assert_eq!(place["region"]["startColumn"], 45);
        assert!(action["message"]["text"].as_str().unwrap().contains("did you mean"));
    }
}
