//! Questions and answers as JSON, one to a line.
//!
//! A question is `{"id", "request": {"principal", "action", "resource", "resourceAccount", "context"},
//! "policies": {"identity", "resource", "boundary", "session", "scp", "rcp"}}`, an answer
//! `{"id", "decision", "because"}` or `{"id", "error"}`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

use super::answer::because;
use super::context::{Context, Values};
use super::decide::{Policies, decide};
use super::policy::{Policy, PolicyKind};
use super::principal::Principal;
use super::request::{Action, Request, Resource};
use crate::document::Document;

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

#[derive(Deserialize)]
struct Line<'l> {
    #[serde(borrow, default)]
    id: Option<&'l RawValue>,
    #[serde(borrow)]
    request: RequestLine<'l>,
    #[serde(borrow, default)]
    policies: PoliciesLine<'l>,
}

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

/// The identifier alone, of a line that is broken elsewhere.
#[derive(Deserialize)]
struct IdOnly {
    #[serde(default)]
    id: Json,
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
                let id = serde_json::from_slice::<IdOnly>(line).map_or(Json::Null, |line| line.id);
                Answer { text: json!({"id": id, "error": problem}).to_string(), is_error: true }
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
            serde_json::from_slice(line).map_err(|error| format!("not a question: {error}"))?;
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
        Ok(Request {
            principal: Principal::parse(&self.principal)?,
            action: Action::parse(&self.action)?,
            resource: Resource::Named(self.resource),
            resource_account: self.resource_account,
            context: self.context.map(|line| line.0).unwrap_or_default(),
        })
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
