//! Answers about access as JSON: a contract with programs, as that of plans is.

use iamctl_access::{Answer, Dependence, If, Misfit, Part, Source, Told};
use iamctl_policy::eval::{Lack, Layer};
use iamctl_policy::{Sources, Span};
use serde_json::{Map, Value, json};

use super::answer::terms;

/// The version of the format.
pub(crate) const FORMAT_VERSION: u32 = 1;

/// The fields of an answer.
pub(crate) fn answer(answer: &Answer, sources: Option<&Sources>) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    set("verdict", json!(answer.verdict.as_str()));
    set("terms", json!(Some(terms(answer)).filter(|terms| !terms.is_empty())));
    set("statements", answer.told().iter().map(|told| statement(told, sources)).collect());
    set("lack", json!(answer.lack.map(lack)));
    set("depends_on", answer.depends_on.iter().map(dependence).collect());
    set("assumes", answer.assumes.iter().map(ToString::to_string).collect());
    set("examples", json!(answer.examples));
    fields
}

fn lack(lack: Lack) -> &'static str {
    match lack {
        Lack::Scp(_) => "scp",
        Lack::Resource => "resource",
        Lack::Identity => "identity",
        Lack::Boundary => "boundary",
        Lack::Session => "session",
        Lack::RootCannotAssume => "root_cannot_assume",
    }
}

pub(crate) fn dependence(one: &Dependence) -> Value {
    match one {
        Dependence::Resource => json!({"on": "resource"}),
        Dependence::Session => json!({"on": "session"}),
        Dependence::Key(key) => json!({"on": "key", "key": key}),
        Dependence::Text(unread) => json!({"on": "policy", "policy": unread.to_string()}),
    }
}

fn statement(told: &Told, sources: Option<&Sources>) -> Value {
    let (kind, of, name) = match &told.source {
        Source::Managed(arn) => ("managed", None, arn.to_string()),
        Source::Inline(address, name) => ("inline", Some(address.to_string()), name.to_string()),
        Source::Trust(role) => ("trust", Some(format!("role/{role}")), role.to_string()),
        Source::Scp(name) => ("scp", None, name.clone()),
        Source::Rcp(name) => ("rcp", None, name.clone()),
    };
    let (layer, level) = match told.layer {
        Layer::Boundary => ("boundary", None),
        Layer::Resource => ("resource", None),
        Layer::Scp(level) => ("scp", Some(level)),
        Layer::Rcp(level) => ("rcp", Some(level)),
        Layer::Identity => ("identity", None),
        Layer::Session => ("session", None),
    };
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    set("kind", json!(kind));
    set("policy", json!(name));
    set("of", json!(of));
    set("through", json!(told.via.as_ref().map(|group| format!("group/{group}"))));
    set("layer", json!(layer));
    set("level", json!(level));
    set("statement", json!(told.statement));
    set("sid", json!(told.sid));
    set("effect", json!(told.effect.as_str()));
    set("place", sources.map_or(Value::Null, |sources| place(told.span, sources)));
    set("conditions", told.conditions.iter().map(one_if).collect());
    match &told.part {
        Part::Applies => set("part", json!("applies")),
        Part::AppliesIf(all) => {
            set("if", all.iter().map(one_if).collect());
            set("part", json!("applies_if"))
        }
        Part::Misses(misfit) => {
            set("fails", fails(misfit));
            set("part", json!("misses"))
        }
    };
    Value::Object(fields)
}

/// Something that decides whether a statement applies.
pub(crate) fn one_if(one: &If) -> Value {
    match one {
        If::Session => json!({"on": "session"}),
        If::Resource { negated, patterns } => {
            json!({"on": "resource", "negated": negated, "patterns": patterns})
        }
        If::Condition { operator, key, values } => {
            json!({"on": "condition", "operator": operator, "key": key, "values": values})
        }
    }
}

fn fails(misfit: &Misfit) -> Value {
    match misfit {
        Misfit::Principal => json!({"on": "principal"}),
        Misfit::Resource => json!({"on": "resource"}),
        Misfit::Condition { operator, key, values, found } => {
            json!({"on": "condition", "operator": operator, "key": key, "values": values, "found": found})
        }
    }
}

/// Where something stands; lines and columns count from 1.
pub(crate) fn place(span: Span, sources: &Sources) -> Value {
    let Some(position) = sources.position(span) else { return Value::Null };
    let file = sources.get(span.source).map(iamctl_policy::Source::name);
    json!({"file": file, "line": position.line, "column": position.column})
}
