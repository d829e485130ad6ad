//! The reasons of an answer as JSON.

use serde_json::{Map, Value as Json, json};

use super::context::Values;
use super::decide::{Because, Decision, Lack, Layer, Place, Policies};
use super::explain::{Failed, NearMiss, near_misses};
use super::request::Request;

/// How many statements that nearly allowed it are told.
const MOST_NEAR_MISSES: usize = 10;

/// What decided, in words and in fields.
pub(crate) fn because(policies: &Policies, request: &Request, decision: &Decision) -> Json {
    match decision.because {
        Because::Denied(place) => json!({
            "text": format!("{} denies it", in_words(place)),
            "statements": [statement(policies, place)],
        }),
        Because::Granted { identity: None, resource: None } => {
            json!({"text": "the root user of an account may do everything in it", "statements": []})
        }
        Because::Granted { identity, resource } => {
            let places: Vec<Place> = identity.into_iter().chain(resource).collect();
            let words: Vec<String> = places.iter().map(|place| in_words(*place)).collect();
            let verb = if places.len() == 1 { "allows" } else { "allow" };
            let statements: Vec<Json> = places.iter().map(|place| statement(policies, *place)).collect();
            json!({"text": format!("{} {verb} it", words.join(" and ")), "statements": statements})
        }
        Because::Lacking(lack) => {
            let misses = near_misses(policies, request, decision);
            let told: Vec<Json> =
                misses.iter().take(MOST_NEAR_MISSES).map(|miss| near_miss(policies, miss)).collect();
            json!({"text": lacking(lack), "statements": [], "near_misses": told})
        }
    }
}

fn lacking(lack: Lack) -> String {
    match lack {
        Lack::Scp(level) => format!("the service control policies of level {level} do not allow it"),
        Lack::Resource => "the policy of the resource does not allow it".to_owned(),
        Lack::Identity => "no identity policy allows it".to_owned(),
        Lack::Boundary => "the permissions boundary does not allow it".to_owned(),
        Lack::Session => "no session policy allows it".to_owned(),
        Lack::RootCannotAssume => "a root user cannot assume a role".to_owned(),
    }
}

fn in_words(place: Place) -> String {
    let Place { layer, policy, statement } = place;
    match layer {
        Layer::Rcp(level) => format!("statement {statement} of rcp level {level} policy {policy}"),
        Layer::Scp(level) => format!("statement {statement} of scp level {level} policy {policy}"),
        Layer::Resource => format!("statement {statement} of the policy of the resource"),
        Layer::Identity => format!("statement {statement} of identity policy {policy}"),
        Layer::Boundary => format!("statement {statement} of boundary {policy}"),
        Layer::Session => format!("statement {statement} of session policy {policy}"),
    }
}

/// The place of a statement: the layer, as it is called in the question, and the indices in it.
fn statement(policies: &Policies, place: Place) -> Json {
    let (layer, level) = match place.layer {
        Layer::Rcp(level) => ("rcp", Some(level)),
        Layer::Scp(level) => ("scp", Some(level)),
        Layer::Resource => ("resource", None),
        Layer::Identity => ("identity", None),
        Layer::Boundary => ("boundary", None),
        Layer::Session => ("session", None),
    };
    let mut fields = Map::new();
    fields.insert("layer".into(), layer.into());
    if let Some(level) = level {
        fields.insert("level".into(), level.into());
    }
    fields.insert("policy".into(), place.policy.into());
    fields.insert("statement".into(), place.statement.into());
    let written =
        policies.policy(place).and_then(|policy| policy.document().statements().get(place.statement));
    if let Some(sid) = written.and_then(|statement| statement.sid.as_ref()) {
        fields.insert("sid".into(), sid.text.as_str().into());
    }
    Json::Object(fields)
}

fn near_miss(policies: &Policies, miss: &NearMiss) -> Json {
    let mut fields = statement(policies, miss.place);
    let mut set = |name: &str, value: Json| {
        if let Json::Object(fields) = &mut fields {
            fields.insert(name.to_owned(), value);
        }
    };
    match &miss.failed {
        Failed::Principal => set("failed", "principal".into()),
        Failed::Resource => set("failed", "resource".into()),
        Failed::Condition { operator, key, expected, found } => {
            set("failed", "condition".into());
            set("operator", operator.as_str().into());
            set("key", key.as_str().into());
            set("expected", json!(expected));
            set(
                "found",
                match found {
                    Values::Absent => Json::Null,
                    Values::One(value) => json!(value),
                    Values::Many(values) => json!(values),
                },
            );
        }
    }
    fields
}
