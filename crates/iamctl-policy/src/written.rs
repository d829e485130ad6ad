//! Documents as JSON: `Version` first, elements in the order people expect, lists of one as their item.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value as Json;

use crate::document::{Condition, Parsed, Principals, Spanned, Statement};

/// As [`Serialize`] writes it. Only a key that is no string could fail, and there is none.
pub(crate) fn json(value: &impl Serialize) -> Json {
    serde_json::to_value(value).unwrap_or_default()
}

/// The text without white space.
pub(crate) fn compact(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

impl Serialize for Parsed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(version) = &self.version {
            map.serialize_entry("Version", &version.text)?;
        }
        if let Some(id) = &self.id {
            map.serialize_entry("Id", &id.text)?;
        }
        map.serialize_entry("Statement", &self.statements)?;
        for (name, value) in &self.other {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl Serialize for Statement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(sid) = &self.sid {
            map.serialize_entry("Sid", &sid.text)?;
        }
        map.serialize_entry("Effect", self.effect.as_str())?;
        if let Some(principals) = &self.principals {
            map.serialize_entry(if principals.negated { "NotPrincipal" } else { "Principal" }, principals)?;
        }
        if let Some(actions) = &self.actions {
            let patterns = OneOrList(actions.patterns.iter().collect());
            map.serialize_entry(if actions.negated { "NotAction" } else { "Action" }, &patterns)?;
        }
        if let Some(resources) = &self.resources {
            let patterns = OneOrList(resources.patterns.iter().collect());
            map.serialize_entry(if resources.negated { "NotResource" } else { "Resource" }, &patterns)?;
        }
        if let Some(conditions) = &self.conditions {
            map.serialize_entry("Condition", &Conditions(conditions))?;
        }
        for (name, value) in &self.other {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl Statement {
    /// The statement as JSON, elements in the order people expect.
    #[must_use]
    pub fn to_json(&self) -> Json {
        json(self)
    }
}

impl Serialize for Principals {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let [(None, all)] = self.entries.as_slice() {
            return serializer.serialize_str(&all.text);
        }
        let by_kind = grouped(&self.entries, |(kind, _)| kind.as_deref().unwrap_or("AWS"));
        serializer.collect_map(by_kind.into_iter().map(|(kind, entries)| {
            let values = entries.into_iter().map(|(_, value)| value);
            (kind, OneOrList(values.collect()))
        }))
    }
}

struct Conditions<'a>(&'a [Condition]);

impl Serialize for Conditions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let by_operator = grouped(self.0, |condition| condition.operator.text.as_str());
        serializer.collect_map(by_operator.into_iter().map(|(operator, keys)| (operator, Keys(keys))))
    }
}

/// The keys under one operator.
struct Keys<'a>(Vec<&'a Condition>);

impl Serialize for Keys<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(
            self.0
                .iter()
                .map(|condition| (&condition.key.text, OneOrList(condition.values.iter().collect()))),
        )
    }
}

struct OneOrList<'a>(Vec<&'a Spanned>);

impl Serialize for OneOrList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => serializer.serialize_str(&one.text),
            many => serializer.collect_seq(many.iter().map(|value| &value.text)),
        }
    }
}

/// Items by their key, in the order of first appearance. Those of one key mostly stand together.
fn grouped<'a, T>(items: &'a [T], key: impl Fn(&'a T) -> &'a str) -> Vec<(&'a str, Vec<&'a T>)> {
    let mut groups: Vec<(&str, Vec<&T>)> = Vec::new();
    for item in items {
        let key = key(item);
        match groups.iter_mut().rev().find(|(known, _)| *known == key) {
            Some((_, group)) => group.push(item),
            None => groups.push((key, vec![item])),
        }
    }
    groups
}
