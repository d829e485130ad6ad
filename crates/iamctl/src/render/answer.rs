//! Answers about access in words: the verdict, what it depends on, and the statements that it rests on.

use iamctl_access::{Answer, Dependence, If, Misfit, Part, Source, Told, Verdict};
use iamctl_policy::eval::Lack;
use iamctl_policy::{Effect, Sources};

use super::names::list;
use super::page::{Ink, Page};
use super::trust::duration;

/// How many values of a list are said; the rest is counted.
const MOST_VALUES: usize = 4;

/// A question, as people ask it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) who: &'a str,
    pub(crate) action: &'a str,
    /// Nothing where any resource is meant, or none.
    pub(crate) on: Option<&'a str>,
}

impl Asked<'_> {
    /// "user/alice can s3:GetObject on …"
    pub(crate) fn sentence(&self, verb: &str) -> String {
        let on = self.on.map(|on| format!(" on {on}")).unwrap_or_default();
        format!("{} {verb} {}{on}", self.who, self.action)
    }
}

/// "only with MFA", "except in eu-west-1": what an open answer depends on, as far as statements say it. Empty
/// where they do not.
pub(crate) fn terms(answer: &Answer) -> String {
    if answer.verdict != Verdict::Depends {
        return String::new();
    }
    let of = |effect: Effect| {
        answer.statements.iter().filter(move |told| told.effect == effect).filter_map(|told| {
            match &told.part {
                Part::AppliesIf(all) => Some(all.as_slice()),
                _ => None,
            }
        })
    };
    let is_sure =
        answer.statements.iter().any(|told| told.effect == Effect::Allow && told.part == Part::Applies);
    let mut only: Vec<String> = Vec::new();
    if !is_sure {
        let ways: Vec<String> = unique(of(Effect::Allow).map(together));
        if !ways.is_empty() {
            only.push(ways.join(", or "));
        }
    }
    let mut except: Vec<String> = Vec::new();
    for all in of(Effect::Deny) {
        match all {
            // What is denied without MFA is allowed with it only.
            [condition] if is_without_mfa(condition) => {
                if !only.iter().any(|way| way.starts_with("with MFA")) {
                    only.push("with MFA".to_owned());
                }
            }
            all => except.push(together(all)),
        }
    }
    let except = unique(except.into_iter());
    let mut words = Vec::new();
    if !only.is_empty() {
        words.push(format!("only {}", only.join(" and ")));
    }
    if !except.is_empty() {
        words.push(format!("except {}", except.join(", or ")));
    }
    words.join(", ")
}

fn unique(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut known: Vec<String> = Vec::new();
    for text in texts {
        if !known.contains(&text) {
            known.push(text);
        }
    }
    known
}

fn together(all: &[If]) -> String {
    unique(all.iter().map(condition)).join(" and ")
}

fn is_without_mfa(condition: &If) -> bool {
    matches!(condition, If::Condition { operator, key, values } if
        ["bool", "boolifexists"].contains(&operator.to_ascii_lowercase().as_str())
        && key.eq_ignore_ascii_case("aws:MultiFactorAuthPresent")
        && values.iter().all(|value| value.eq_ignore_ascii_case("false")))
}

/// What decides whether a statement applies, in words that go behind "only" and "if".
fn condition(condition: &If) -> String {
    match condition {
        If::Session => "in a certain session".to_owned(),
        If::Resource { negated: false, patterns } => format!("on {}", values(patterns)),
        If::Resource { negated: true, patterns } => format!("on anything but {}", values(patterns)),
        If::Condition { operator, key, values: wanted } => {
            let all = values(wanted);
            let one = wanted.first().map(String::as_str).unwrap_or_default();
            match (operator.to_ascii_lowercase().as_str(), key.to_ascii_lowercase().as_str()) {
                ("bool" | "boolifexists", "aws:multifactorauthpresent") => {
                    if one.eq_ignore_ascii_case("true") { "with MFA" } else { "without MFA" }.to_owned()
                }
                ("numericlessthan" | "numericlessthanequals", "aws:multifactorauthage") => {
                    format!("with MFA not older than {}", duration(one))
                }
                ("ipaddress", "aws:sourceip") => format!("from {all}"),
                ("notipaddress", "aws:sourceip") => format!("from anywhere but {all}"),
                ("stringequals", "aws:requestedregion") => format!("in {all}"),
                ("stringnotequals", "aws:requestedregion") => format!("outside of {all}"),
                ("stringequals", "sts:externalid") => format!("with external id {all}"),
                ("null", _) => {
                    let is = if one.eq_ignore_ascii_case("true") { "without" } else { "with" };
                    format!("{is} a value for {key}")
                }
                _ => format!("if {key} {operator} {all}"),
            }
        }
    }
}

fn values(all: &[String]) -> String {
    let shown: Vec<&str> = all.iter().take(MOST_VALUES).map(String::as_str).collect();
    match all.len().saturating_sub(MOST_VALUES) {
        0 => shown.join(" or "),
        more => format!("{} or {more} more", shown.join(" or ")),
    }
}

/// Where a statement stands: "statement `ReadS3` of policy/s3-read, through group/engineers".
pub(crate) fn statement(told: &Told) -> String {
    let name = match &told.sid {
        Some(sid) => format!("`{sid}`"),
        None => told.statement.saturating_add(1).to_string(),
    };
    let of = match &told.source {
        Source::Trust(role) => format!("the trust policy of role/{role}"),
        Source::Inline(..) => format!("the {}", told.source),
        Source::Managed(_) => told.source.to_string(),
    };
    let as_what = match told.layer {
        iamctl_policy::eval::Layer::Boundary => ", the permissions boundary",
        _ => "",
    };
    let via = told.via.as_ref().map(|group| format!(", through group/{group}")).unwrap_or_default();
    format!("statement {name} of {of}{as_what}{via}")
}

/// What a statement does to an answer: the verb before it, and what is behind.
pub(crate) fn part(told: &Told) -> (&'static str, String) {
    let verb = match told.effect {
        Effect::Allow => "allowed by",
        Effect::Deny => "denied by",
    };
    match &told.part {
        Part::Applies => (verb, String::new()),
        Part::AppliesIf(all) => (verb, format!(", {}", together(all))),
        Part::Misses(misfit) => ("not by", format!(": {}", misses(misfit))),
    }
}

/// Why a statement does not allow it.
pub(crate) fn misses(misfit: &Misfit) -> String {
    match misfit {
        Misfit::Principal => "it is about others".to_owned(),
        Misfit::Resource => "it is about other resources".to_owned(),
        Misfit::Condition { operator, key, values: wanted, found } => {
            let needed = condition(&If::Condition {
                operator: operator.clone(),
                key: key.clone(),
                values: wanted.clone(),
            });
            let is =
                if found.is_empty() { "is not there".to_owned() } else { format!("is {}", values(found)) };
            format!("only {needed}, and {key} {is}")
        }
    }
}

/// Which layer does not allow it.
pub(crate) fn lack(lack: Lack, asked: Asked<'_>) -> String {
    let who = asked.who;
    match lack {
        Lack::Identity => format!("no policy of {who} allows it"),
        Lack::Boundary => format!("the permissions boundary of {who} does not allow it"),
        Lack::Resource => match asked.on.filter(|on| on.starts_with("role/") || on.contains(":role/")) {
            Some(role) => format!("the trust policy of {role} does not let it in"),
            None => "no policy of a resource lets it in".to_owned(),
        },
        Lack::RootCannotAssume => "a root user cannot assume a role".to_owned(),
        Lack::Scp(_) => "no service control policy allows it".to_owned(),
        Lack::Session => "no session policy allows it".to_owned(),
    }
}

/// What an answer depends on that statements do not say: texts that are not known, and keys.
pub(crate) fn unknowns(answer: &Answer) -> Vec<String> {
    let texts = answer.depends_on.iter().filter_map(|one| match one {
        Dependence::Text(unread) => Some(format!("the text is not known of {unread}")),
        _ => None,
    });
    texts.collect()
}

/// The keys and whatever else an answer depends on, by name.
pub(crate) fn depends_on(answer: &Answer) -> Vec<String> {
    let named = answer.depends_on.iter().filter_map(|one| match one {
        Dependence::Resource => Some("the resource".to_owned()),
        Dependence::Session => Some("the name of the session".to_owned()),
        Dependence::Key(key) => Some(key.clone()),
        Dependence::Text(_) => None,
    });
    named.collect()
}

/// The lines below a verdict: what decided, and what is not known.
pub(crate) fn reasons(
    page: &mut Page,
    indent: usize,
    answer: &Answer,
    asked: Asked<'_>,
    sources: Option<&Sources>,
) {
    if let Some(lacking) = answer.lack {
        let text = lack(lacking, asked);
        page.words(indent, 4, &[(Ink::Plain, text)]);
    }
    if answer.verdict == Verdict::Allowed && answer.statements.is_empty() {
        page.words(indent, 4, &[(Ink::Plain, "a root user may do everything in its account")]);
    }
    for told in &answer.statements {
        let (verb, behind) = part(told);
        let ink = match (&told.part, told.effect) {
            (Part::Misses(_), _) => Ink::Dim,
            (_, Effect::Allow) => Ink::Add,
            (_, Effect::Deny) => Ink::Remove,
        };
        let text = format!(" {}{behind}", statement(told));
        page.words(indent, 4, &[(ink, verb.to_owned()), (Ink::Plain, text)]);
        if let Some(place) = sources.and_then(|sources| place(told, sources)) {
            page.line(indent.saturating_add(4), &[(Ink::Dim, place)]);
        }
    }
    if !answer.examples.is_empty() {
        let text = format!("on {}", list(&answer.examples));
        page.words(indent, 4, &[(Ink::Plain, text)]);
    }
    for unknown in unknowns(answer) {
        page.words(indent, 4, &[(Ink::Caution, "unknown: "), (Ink::Plain, &unknown)]);
    }
    for assumption in &answer.assumes {
        page.words(
            indent,
            4,
            &[
                (Ink::Caution, "as far as this account decides: ".to_owned()),
                (Ink::Plain, assumption.to_string()),
            ],
        );
    }
}

/// `desired-state.yaml:38:11`
pub(crate) fn place(told: &Told, sources: &Sources) -> Option<String> {
    let position = sources.position(told.span)?;
    let name = sources.get(told.span.source)?.name();
    Some(format!("{name}:{}:{}", position.line, position.column))
}
