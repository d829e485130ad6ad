//! What IAM does with the principals of trust policies: they are kept by unique id and shown by ARN.

use iamctl_model::Live;
use iamctl_policy::Document;
use serde_json::Value;

/// The values under `Principal.AWS` and `NotPrincipal.AWS` of all statements.
pub(crate) fn principals(document: &Document) -> Vec<String> {
    let statements = document.statements().iter();
    let entries = statements.filter_map(|statement| statement.principals.as_ref()).flat_map(|p| &p.entries);
    entries.filter(|(kind, _)| kind.as_deref() == Some("AWS")).map(|(_, value)| value.text.clone()).collect()
}

/// Shows a principal under another name in all trust policies: its id once it is deleted, its new ARN
/// once its path changed.
pub(crate) fn rename(live: &mut Live, old: &str, new: &str) {
    for role in live.roles.values_mut() {
        if principals(&role.trust).iter().any(|value| value == old) {
            let mut json = role.trust.to_json();
            replace(&mut json, old, new);
            role.trust = Document::from_stored(&json.to_string());
        }
    }
}

fn replace(json: &mut Value, old: &str, new: &str) {
    match json {
        Value::String(text) if text == old => new.clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, old, new)),
        Value::Object(map) => {
            // Condition values are never turned into ids.
            let members = map.iter_mut().filter(|(key, _)| key.as_str() != "Condition");
            members.for_each(|(_, value)| replace(value, old, new));
        }
        _ => {}
    }
}
