//! Questions and answers as JSON, one to a line.
//!
//! A question is `{"id", "request": {"principal", "action", "resource", "resourceAccount", "context"},
//! "policies": {"identity", "resource", "boundary", "session", "scp", "rcp"}}`, an answer
//! `{"id", "decision", "because"}` or `{"id", "error"}`.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::json;
use serde_json::value::RawValue;

use super::answer::because;
use super::context::{Context, Values};
use super::decide::{Policies, decide};
use super::policy::{Policy, PolicyKind};
use super::principal::Principal;
use super::request::{Action, Request, Resource};
use crate::document::Document;
use crate::not_read::why_not_read;
use crate::suggest::closest;

/// How many bytes of documents are remembered. Beyond that all are forgotten, so that memory stays bounded.
const MOST_REMEMBERED: usize = 16 << 20;

/// Answers questions that are given as JSON. It remembers the documents it has seen: they are made ready
/// once, however often they are used.
#[derive(Debug, Default)]
pub struct Answerer {
    seen: HashMap<PolicyKind, HashMap<Box<str>, Result<Policy, String>>>,
    /// The length of all texts in it.
    remembered: usize,
}

/// The answer to one question.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The answer as JSON, without line break.
    pub text: String,
    /// Whether the question was a broken one.
    pub is_error: bool,
}

struct Line<'l> {
    id: Option<&'l RawValue>,
    request: RequestLine<'l>,
    policies: PoliciesLine<'l>,
}

/// The names of all layers.
const LAYERS: [&str; 6] = ["identity", "resource", "boundary", "session", "scp", "rcp"];

// What is nested is read strictly: a layer that is misspelled and left out could be the one that denies.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RequestLine<'l> {
    #[serde(borrow)]
    principal: Cow<'l, str>,
    #[serde(borrow)]
    action: Cow<'l, str>,
    resource: String,
    #[serde(default)]
    resource_account: Option<String>,
    #[serde(default)]
    context: Option<ContextLine>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct PoliciesLine<'l> {
    #[serde(borrow, default)]
    identity: Option<Vec<&'l RawValue>>,
    #[serde(borrow, default)]
    resource: Option<&'l RawValue>,
    #[serde(borrow, default)]
    boundary: Option<Vec<&'l RawValue>>,
    #[serde(borrow, default)]
    session: Option<&'l RawValue>,
    #[serde(borrow, default)]
    scp: Option<Vec<Vec<&'l RawValue>>>,
    #[serde(borrow, default)]
    rcp: Option<Vec<Vec<&'l RawValue>>>,
}

impl Answerer {
    /// One that has seen nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers one question. A broken one gets an answer that says what is wrong with it.
    pub fn answer(&mut self, line: &[u8]) -> Answer {
        match self.try_answer(line) {
            Ok(text) => Answer { text, is_error: false },
            Err(problem) => {
                let id = id_of(line).map_or("null", RawValue::get);
                Answer { text: format!(r#"{{"id":{id},"error":{}}}"#, json!(problem)), is_error: true }
            }
        }
    }

    /// Reads a question without answering it.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong with it.
    pub fn read(&mut self, line: &[u8]) -> Result<(Policies, Request), String> {
        let (_, policies, request) = self.read_line(line)?;
        Ok((policies, request))
    }

    fn read_line<'l>(&mut self, line: &'l [u8]) -> Result<(Option<&'l RawValue>, Policies, Request), String> {
        let Line { id, request, policies } =
            serde_json::from_slice(line).map_err(|error| not_a_question(&error, line))?;
        let request = request.read()?;
        Ok((id, self.policies(policies)?, request))
    }

    fn try_answer(&mut self, line: &[u8]) -> Result<String, String> {
        let (id, policies, request) = self.read_line(line)?;
        let decision = decide(&policies, &request);
        let id = id.map_or("null", RawValue::get);
        let outcome = decision.outcome.as_str();
        let because = because(&policies, &request, &decision);
        Ok(format!(r#"{{"id":{id},"decision":"{outcome}","because":{because}}}"#))
    }

    fn policies(&mut self, given: PoliciesLine<'_>) -> Result<Policies, String> {
        let own = PolicyKind::Principal;
        let one = |found: Option<Vec<Policy>>| found.and_then(|found| found.into_iter().next());
        let resource = given.resource.filter(|document| document.get() != "null");
        let session = given.session.filter(|document| document.get() != "null");
        Ok(Policies {
            identity: self.layer("identity", own, given.identity)?.unwrap_or_default(),
            resource: one(self.layer("resource", PolicyKind::Resource, resource.map(|one| vec![one]))?),
            boundary: self.layer("boundary", own, given.boundary)?,
            session: self.layer("session", own, session.map(|one| vec![one]))?,
            scp: self.levels("scp", own, given.scp)?,
            rcp: self.levels("rcp", PolicyKind::ResourceControl, given.rcp)?,
        })
    }

    fn levels(
        &mut self,
        name: &str,
        kind: PolicyKind,
        levels: Option<Vec<Vec<&RawValue>>>,
    ) -> Result<Vec<Vec<Policy>>, String> {
        let mut done = Vec::new();
        for (level, documents) in levels.into_iter().flatten().enumerate() {
            let name = format!("{name} level {level}");
            done.extend(self.layer(&name, kind, Some(documents))?);
        }
        Ok(done)
    }

    fn layer(
        &mut self,
        name: &str,
        kind: PolicyKind,
        documents: Option<Vec<&RawValue>>,
    ) -> Result<Option<Vec<Policy>>, String> {
        let Some(documents) = documents else { return Ok(None) };
        let mut policies = Vec::with_capacity(documents.len());
        for (at, document) in documents.into_iter().enumerate() {
            let policy = self.policy(kind, document.get());
            policies.push(policy.map_err(|problem| format!("{name} policy {at}: {problem}"))?);
        }
        Ok(Some(policies))
    }

    fn policy(&mut self, kind: PolicyKind, text: &str) -> Result<Policy, String> {
        if let Some(known) = self.seen.get(&kind).and_then(|seen| seen.get(text)) {
            return known.clone();
        }
        self.remembered = self.remembered.saturating_add(text.len());
        if self.remembered > MOST_REMEMBERED {
            self.seen.clear();
            self.remembered = text.len();
        }
        let document = Document::from_stored(text);
        let policy = Policy::new(&document, kind).map_err(|problems| problems.join("; "));
        self.seen.entry(kind).or_default().insert(text.into(), policy.clone());
        policy
    }
}

impl RequestLine<'_> {
    fn read(self) -> Result<Request, String> {
        if self.resource.is_empty() {
            return Err("`resource` is empty; write `*` for an action that takes none".to_owned());
        }
        if self.principal != "*" && self.principal.contains(['*', '?']) {
            return Err(format!(
                "the principal `{}` has a wildcard; a request has one principal",
                self.principal
            ));
        }
        let is_id = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if let Some(account) = self.resource_account.as_deref().filter(|text| !is_id(text)) {
            return Err(format!("`resourceAccount` is `{account}`, which is not the id of an account"));
        }
        Ok(Request {
            principal: Principal::parse(&self.principal)?,
            action: Action::parse(&self.action)?,
            resource: Resource::Named(self.resource),
            resource_account: self.resource_account,
            context: self.context.map(|line| line.0).unwrap_or_default(),
        })
    }
}

/// What is wrong with a line as JSON. One that ends too early is often the first one of many.
fn not_a_question(error: &serde_json::Error, line: &[u8]) -> String {
    let hint = if error.is_eof() { "; a question stands on one line" } else { "" };
    format!("not a question: {}{hint}", why_not_read(error, line))
}

/// The identifier of a line that is broken elsewhere, as far as it can be read.
fn id_of(line: &[u8]) -> Option<&RawValue> {
    struct Id<'c, 'l>(&'c Cell<Option<&'l RawValue>>);

    impl<'l> Visitor<'l> for Id<'_, 'l> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map")
        }

        fn visit_map<M: MapAccess<'l>>(self, mut map: M) -> Result<(), M::Error> {
            while let Some(key) = map.next_key::<String>()? {
                if key == "id" && self.0.get().is_none() {
                    self.0.set(Some(map.next_value()?));
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Ok(())
        }
    }

    let found = Cell::new(None);
    // What comes after it may be anything.
    drop(serde_json::Deserializer::from_slice(line).deserialize_map(Id(&found)));
    found.get()
}

impl<'de: 'l, 'l> Deserialize<'de> for Line<'l> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Line<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map with `id`, `request` and `policies`")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Line<'de>, M::Error> {
                let (mut id, mut request, mut policies) = (None, None, None);
                let mut beside = Vec::new();
                while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                    let is_twice = match &*key {
                        "id" => id.replace(map.next_value()?).is_some(),
                        "request" => request.replace(map.next_value::<Object<_>>()?.0).is_some(),
                        "policies" => policies.replace(map.next_value::<Option<Object<_>>>()?).is_some(),
                        _ => {
                            beside.push(key.clone());
                            map.next_value::<IgnoredAny>()?;
                            false
                        }
                    };
                    if is_twice {
                        return Err(de::Error::custom(format!("`{key}` is there twice")));
                    }
                }
                let missing = [("request", request.is_none()), ("policies", policies.is_none())];
                let missing = missing.into_iter().filter_map(|(key, is_missing)| is_missing.then_some(key));
                let missing: Vec<&'static str> = missing.collect();
                beside.iter().try_for_each(|key| may_be_beside(key, &missing)).map_err(de::Error::custom)?;
                let request = request.ok_or_else(|| de::Error::missing_field("request"))?;
                let policies = policies.flatten().map(|given: Object<_>| given.0).unwrap_or_default();
                Ok(Line { id, request, policies })
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

/// Whoever asks may write more beside a question, but not what was probably meant to be a part of it that is missing.
fn may_be_beside(key: &str, missing: &[&'static str]) -> Result<(), String> {
    if LAYERS.contains(&key) {
        return Err(format!("`{key}` belongs into `policies`"));
    }
    let is_short = key == "policy" && missing.contains(&"policies");
    let meant = if is_short { Some("policies") } else { closest(key, missing.iter().copied()) };
    meant.map_or(Ok(()), |meant| Err(format!("unknown field `{key}`; did you mean `{meant}`?")))
}

/// A map, and nothing else: what is derived would also take a list of the fields' values.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfMap<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for OfMap<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<T, M::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }

        deserializer.deserialize_map(OfMap(PhantomData)).map(Object)
    }
}

/// A map of keys to a text, for a single-valued key, or a list of texts.
struct ContextLine(Context);

#[derive(Deserialize)]
#[serde(untagged, expecting = "a context value must be a string or a list of strings")]
enum ContextValue {
    One(String),
    Many(Vec<String>),
}

impl<'de> Deserialize<'de> for ContextLine {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;

        impl<'de> Visitor<'de> for Keys {
            type Value = ContextLine;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of condition keys")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<ContextLine, M::Error> {
                let mut context = Context::new();
                while let Some((key, value)) = map.next_entry::<String, ContextValue>()? {
                    let values = match value {
                        ContextValue::One(value) => Values::One(value),
                        ContextValue::Many(values) => Values::Many(values),
                    };
                    if context.set(&key, values).is_some() {
                        return Err(de::Error::custom(format!("the context key `{key}` is there twice")));
                    }
                }
                Ok(ContextLine(context))
            }
        }

        deserializer.deserialize_map(Keys)
    }
}
