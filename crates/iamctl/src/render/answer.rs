//! Answers about access in words: the verdict, what it depends on, and the statements that it rests on.

use std::collections::BTreeMap;

use iamctl_access::{Answer, Dependence, If, Misfit, Part, Source, Told, Verdict};
use iamctl_policy::eval::{Lack, Layer};
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
    // What a text says that nobody knows is no term that could be told.
    if answer.verdict != Verdict::Depends || !unknowns(answer).is_empty() || denies_some_role(answer) {
        return String::new();
    }
    let allows = |wanted: &dyn Fn(&Told) -> bool| -> Vec<&Told> {
        answer.statements.iter().filter(|told| told.effect == Effect::Allow && wanted(told)).collect()
    };
    let direct = allows(&|told| told.layer == Layer::Resource && !told.delegates);
    let of_account = allows(&|told| told.layer == Layer::Resource && told.delegates);
    let own = allows(&|told| told.layer == Layer::Identity);
    let boundary = allows(&|told| told.layer == Layer::Boundary);
    // A trust that names the principal itself suffices; one that names its account does not.
    let (by_name, by_account) = (!direct.is_empty(), !of_account.is_empty() && !own.is_empty());
    let layers = if by_name && !by_account { vec![direct.clone()] } else { vec![of_account, own, boundary] };
    let mut only: Vec<String> = layers.iter().filter_map(|layer| ways(layer)).collect();
    if by_name && by_account {
        let way = unique(only.drain(..)).join(" and ");
        // Where one of the two is open to all, the other one limits nothing.
        only.extend(ways(&direct).filter(|_| !way.is_empty()).map(|direct| match direct == way {
            true => way,
            false => format!("{direct}, or {way}"),
        }));
    }
    only.extend(levels(answer).iter().filter_map(|level| ways(level)));
    let mut except: Vec<String> = Vec::new();
    for told in answer.statements.iter().filter(|told| told.effect == Effect::Deny) {
        let Part::AppliesIf(all) = &told.part else { continue };
        match all.as_slice() {
            // What is denied elsewhere is allowed here only.
            [one] if let Some(way) = opposite(one) => only.push(way),
            all => except.push(together(all)),
        }
    }
    let (only, except) = (unique(only.into_iter()), unique(except.into_iter()));
    let mut words = Vec::new();
    if !only.is_empty() {
        words.push(format!("only {}", only.join(" and ")));
    }
    if !except.is_empty() {
        words.push(format!("except {}", except.join(", or ")));
    }
    words.join(", ")
}

/// Whether one of several roles denies something: that is no term for the others.
fn denies_some_role(answer: &Answer) -> bool {
    let trusts = || answer.statements.iter().filter(|told| matches!(told.source, Source::Trust(_)));
    let first = trusts().next().map(|told| &told.source);
    trusts().any(|told| Some(&told.source) != first) && trusts().any(|told| told.effect == Effect::Deny)
}

/// What the service control policies of each level allow. Every level has to.
fn levels(answer: &Answer) -> Vec<Vec<&Told>> {
    let mut levels: BTreeMap<usize, Vec<&Told>> = BTreeMap::new();
    for told in answer.statements.iter().filter(|told| told.effect == Effect::Allow) {
        if let Layer::Scp(level) = told.layer {
            levels.entry(level).or_default().push(told);
        }
    }
    levels.into_values().collect()
}

/// The ways in which statements of one layer allow something; nothing when one of them does for sure.
fn ways(allows: &[&Told]) -> Option<String> {
    let all: Vec<String> = unique(allows.iter().filter_map(|told| match &told.part {
        Part::AppliesIf(all) => Some(together(all)),
        _ => None,
    }));
    let is_sure = allows.iter().any(|told| told.part == Part::Applies);
    (!is_sure && !all.is_empty()).then(|| all.join(", or "))
}

/// What has to be so that a condition does not hold, where that can be said in the same words.
fn opposite(one: &If) -> Option<String> {
    let If::Condition { operator, key, values } = one else { return None };
    let operator = match operator.to_ascii_lowercase().as_str() {
        // Without `IfExists`, the condition does not see requests that have no such key.
        "boolifexists" => {
            let is_false = values.iter().all(|value| value.eq_ignore_ascii_case("false"));
            return is_false.then(|| {
                let values = vec!["true".to_owned()];
                condition(&If::Condition { operator: "Bool".to_owned(), key: key.clone(), values })
            });
        }
        "notipaddress" => "IpAddress",
        "stringnotequals" => "StringEquals",
        "stringnotlike" => "StringLike",
        "arnnotequals" => "ArnEquals",
        "arnnotlike" => "ArnLike",
        _ => return None,
    };
    Some(condition(&If::Condition {
        operator: operator.to_owned(),
        key: key.clone(),
        values: values.clone(),
    }))
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

/// All of some conditions, in words that go behind "only" and "if".
pub(crate) fn together(all: &[If]) -> String {
    unique(all.iter().map(condition)).join(" and ")
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
            let is_true = one.eq_ignore_ascii_case("true");
            match (operator.to_ascii_lowercase().as_str(), key.to_ascii_lowercase().as_str()) {
                ("bool", "aws:multifactorauthpresent") if is_true => "with MFA".to_owned(),
                ("boolifexists", "aws:multifactorauthpresent") if is_true => {
                    "with MFA or with access keys".to_owned()
                }
                ("boolifexists", "aws:multifactorauthpresent") => "without MFA".to_owned(),
                ("numericlessthan" | "numericlessthanequals", "aws:multifactorauthage") => {
                    format!("with MFA not older than {}", duration(one))
                }
                ("ipaddress", "aws:sourceip") => format!("from {all}"),
                ("notipaddress", "aws:sourceip") => format!("from anywhere but {all}"),
                ("stringequals", "aws:requestedregion") => format!("in {all}"),
                ("stringnotequals", "aws:requestedregion") => format!("outside of {all}"),
                ("stringequals", "sts:externalid") => format!("with external id {all}"),
                ("null", _) => {
                    let is = if is_true { "without" } else { "with" };
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
        Source::Inline(..) | Source::Scp(_) | Source::Rcp(_) => format!("the {}", told.source),
        Source::Managed(_) => told.source.to_string(),
    };
    let as_what = match told.layer {
        Layer::Boundary => ", the permissions boundary",
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
        Lack::Scp(level) => {
            format!("no service control policy of level {} allows it", level.saturating_add(1))
        }
        Lack::Session => "no session policy allows it".to_owned(),
    }
}

/// What an answer depends on that statements do not say: texts that are not known, and keys.
pub(crate) fn unknowns(answer: &Answer) -> Vec<String> {
    let texts = answer.depends_on.iter().filter_map(|one| match one {
        Dependence::Text(unread) => Some(unread.to_string()),
        _ => None,
    });
    texts.collect()
}

/// The keys and whatever else an answer depends on, by name.
pub(crate) fn depends_on(answer: &Answer) -> Vec<String> {
    let is_named = |one: &&Dependence| !matches!(one, Dependence::Text(_));
    answer.depends_on.iter().filter(is_named).map(dependence).collect()
}

/// What something depends on, by name.
pub(crate) fn dependence(one: &Dependence) -> String {
    match one {
        Dependence::Resource => "the resource".to_owned(),
        Dependence::Session => "the name of the session".to_owned(),
        Dependence::Key(key) => key.clone(),
        Dependence::Text(unread) => unread.to_string(),
    }
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
    for told in answer.told() {
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use iamctl_model::RoleName;
    use iamctl_policy::Span;

    use super::*;

    fn told(layer: Layer, effect: Effect, delegates: bool, on: Option<[&str; 3]>) -> Told {
        let one = |[operator, key, value]: [&str; 3]| If::Condition {
            operator: operator.to_owned(),
            key: key.to_owned(),
            values: vec![value.to_owned()],
        };
        Told {
            source: Source::Trust(RoleName::parse("r").unwrap()),
            via: None,
            layer,
            statement: 0,
            sid: None,
            span: Span::NONE,
            effect,
            delegates,
            conditions: Vec::new(),
            part: on.map_or(Part::Applies, |on| Part::AppliesIf(vec![one(on)])),
        }
    }

    fn said(statements: Vec<Told>) -> String {
        terms(&Answer {
            verdict: Verdict::Depends,
            statements,
            lack: None,
            depends_on: BTreeSet::new(),
            assumes: BTreeSet::new(),
            examples: Vec::new(),
        })
    }

    const MFA: [&str; 3] = ["Bool", "aws:MultiFactorAuthPresent", "true"];
    const REGION: [&str; 3] = ["StringEquals", "aws:RequestedRegion", "eu-west-1"];

    #[test]
    fn one_of_several_statements_of_a_layer_suffices_and_every_layer_has_to() {
        let own = |on| told(Layer::Identity, Effect::Allow, false, on);
        let boundary = |on| told(Layer::Boundary, Effect::Allow, false, on);
        assert_eq!(said(vec![own(Some(MFA))]), "only with MFA");
        assert_eq!(said(vec![own(Some(MFA)), own(Some(REGION))]), "only with MFA, or in eu-west-1");
        assert_eq!(said(vec![own(Some(MFA)), own(None)]), "");
        assert_eq!(said(vec![own(None), boundary(Some(REGION))]), "only in eu-west-1");
        assert_eq!(said(vec![own(Some(MFA)), boundary(Some(REGION))]), "only with MFA and in eu-west-1");
    }

    #[test]
    fn a_trust_that_names_the_account_is_not_enough() {
        let trust = |delegates| told(Layer::Resource, Effect::Allow, delegates, Some(MFA));
        let own = told(Layer::Identity, Effect::Allow, false, Some(REGION));
        assert_eq!(said(vec![trust(true), own.clone()]), "only with MFA and in eu-west-1");
        assert_eq!(said(vec![trust(false), own]), "only with MFA");
    }

    #[test]
    fn a_trust_that_names_both_leaves_two_ways() {
        let trust = |delegates, on| told(Layer::Resource, Effect::Allow, delegates, on);
        let own = |on| told(Layer::Identity, Effect::Allow, false, on);
        let both =
            |named, account, of_user| said(vec![trust(false, named), trust(true, account), own(of_user)]);
        assert_eq!(both(Some(MFA), Some(REGION), None), "only with MFA, or in eu-west-1");
        assert_eq!(both(Some(MFA), None, Some(REGION)), "only with MFA, or in eu-west-1");
        assert_eq!(both(Some(MFA), Some(MFA), None), "only with MFA");
        assert_eq!(both(Some(MFA), None, None), "");
        assert_eq!(both(None, Some(MFA), Some(REGION)), "");
        // Nobody delegates to what does not allow it.
        assert_eq!(said(vec![trust(false, Some(MFA)), trust(true, Some(REGION))]), "only with MFA");
    }

    #[test]
    fn what_is_concluded_rests_on_more_statements_than_are_told() {
        let own = |on| told(Layer::Identity, Effect::Allow, false, on);
        let mut many = vec![own(Some(MFA)); 20];
        assert_eq!(said(many.clone()), "only with MFA");
        many.push(own(Some(REGION)));
        assert_eq!(said(many), "only with MFA, or in eu-west-1");
    }

    #[test]
    fn an_unknown_text_and_a_deny_of_one_role_leave_no_terms() {
        let own = told(Layer::Identity, Effect::Allow, false, Some(MFA));
        let answer = |statements, depends_on: &[Dependence]| Answer {
            verdict: Verdict::Depends,
            statements,
            lack: None,
            depends_on: depends_on.iter().cloned().collect(),
            assumes: BTreeSet::new(),
            examples: Vec::new(),
        };
        let unread = Dependence::Text(iamctl_access::Unread::OfResource);
        assert_eq!(terms(&answer(vec![own.clone()], &[])), "only with MFA");
        assert_eq!(terms(&answer(vec![own.clone()], &[unread])), "");
        let of = |role: &str, effect| Told {
            source: Source::Trust(RoleName::parse(role).unwrap()),
            ..told(Layer::Resource, effect, true, Some(REGION))
        };
        let allowing = vec![own.clone(), of("a", Effect::Allow), of("b", Effect::Allow)];
        assert_eq!(terms(&answer(allowing, &[])), "only in eu-west-1 and with MFA");
        let denying = vec![own, of("a", Effect::Allow), of("b", Effect::Deny)];
        assert_eq!(terms(&answer(denying, &[])), "");
    }

    #[test]
    fn only_a_deny_that_sees_access_keys_means_that_mfa_is_needed() {
        let deny = |operator| {
            let on = [operator, "aws:MultiFactorAuthPresent", "false"];
            let allow = told(Layer::Identity, Effect::Allow, false, None);
            said(vec![allow, told(Layer::Identity, Effect::Deny, false, Some(on))])
        };
        assert_eq!(deny("BoolIfExists"), "only with MFA");
        assert_eq!(deny("Bool"), "except if aws:MultiFactorAuthPresent Bool false");
    }

    #[test]
    fn what_is_denied_elsewhere_is_allowed_here_only() {
        let deny = |on| told(Layer::Identity, Effect::Deny, false, Some(on));
        let allow = told(Layer::Identity, Effect::Allow, false, None);
        let elsewhere = ["NotIpAddress", "aws:SourceIp", "203.0.113.0/24"];
        let tagged = ["StringEquals", "aws:ResourceTag/env", "prod"];
        assert_eq!(
            said(vec![allow, deny(elsewhere), deny(tagged)]),
            "only from 203.0.113.0/24, except if aws:ResourceTag/env StringEquals prod"
        );
    }
}
