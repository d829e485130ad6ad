//! From a question to its answer.

use std::collections::BTreeSet;

use iamctl_model::{Address, Identity, PrincipalArn, RoleName};
use iamctl_policy::Effect;
use iamctl_policy::eval::{
    Because, Lack, Layer, Place, Request, Resource, Unstated, Values, Verdict as Judged, judge, relevant,
    sure_misses,
};

use crate::answer::{Answer, Assumption, Dependence, If, Misfit, Part, Told, Unread, Verdict};
use crate::library::{OtherSide, PolicyKindOf, StandIn, UNREAD};
use crate::question::{On, Question, key_of_mfa, resource_arn, stated, with_mfa};
use crate::stack::{Asker, Collector, Held, Stack};

/// How many statements are told of one answer at most.
const MOST_TOLD: usize = 12;

/// How many resources are named for which something was not denied.
const MOST_EXAMPLES: usize = 3;

/// What a question is asked of: one resource, or all of a kind.
struct Target {
    resource: Resource,
    account: Option<String>,
    /// The thing of the account that it is.
    address: Option<Address>,
    policy: Option<Held>,
    unread: Vec<Unread>,
    assumes: Option<Assumption>,
    /// How people call it.
    name: String,
}

/// One request of a question, and its verdict.
struct Finding {
    verdict: Judged,
    answer: Answer,
    /// The number of the target, and whether it was the only request about it.
    target: usize,
}

/// Answers a question of somebody.
pub(crate) fn ask(collector: &Collector<'_>, asker: &Asker, question: &Question<'_>) -> Answer {
    let targets = targets(collector, asker, question);
    let mut findings = Vec::new();
    let mut assumes: BTreeSet<Assumption> = asker.assumes.iter().cloned().collect();
    for (number, target) in targets.iter().enumerate() {
        if targets.len() > 1 && !lets_in(target, asker) {
            let verdict = Judged::MustBeDenied(Because::Lacking(Lack::Resource));
            findings.push(Finding { verdict, answer: nothing_to_ask(), target: number });
            continue;
        }
        let stack = Stack::new(asker, target.policy.clone());
        let mut context = stack.context(collector.state, target.address.as_ref());
        stated(&mut context, question.with);
        let ages = stack.mfa_ages();
        for context in with_mfa(&context, question.with.mfa, &ages) {
            let request = Request {
                principal: asker.principal.clone(),
                action: question.action.clone(),
                resource: target.resource.clone(),
                resource_account: target.account.clone(),
                context,
            };
            let verdict = judge(&stack.policies, &request);
            let answer = told(&stack, &request, &verdict, &target.unread);
            // What is denied here already hangs on nobody else.
            if answer.verdict != Verdict::Denied {
                assumes.extend(target.assumes.iter().cloned());
            }
            findings.push(Finding { verdict, answer, target: number });
        }
    }
    let mut answer = combine(findings, &targets, question);
    if answer.verdict != Verdict::Denied {
        answer.assumes = assumes;
    }
    answer
}

/// Whether the trust policy of a role, one of many, may be about a user or role at all.
fn lets_in(target: &Target, asker: &Asker) -> bool {
    use iamctl_policy::eval::PrincipalKind::{Role, User};
    let is_plain = matches!(asker.principal.kind(), User { .. } | Role { .. });
    !is_plain || target.policy.as_ref().is_none_or(|trust| trust.may_name(asker.principal.as_str()))
}

/// On what a question has to be asked.
///
/// Actions that assume a role are opened by the trust policies of roles, so a question about many of them is
/// asked of each role, and of those of other accounts.
fn targets(collector: &Collector<'_>, asker: &Asker, question: &Question<'_>) -> Vec<Target> {
    let state = collector.state;
    let own = state.account.id.as_str();
    let mut target = Target {
        resource: Resource::Unstated,
        account: None,
        address: None,
        policy: None,
        unread: asker.unread.clone(),
        assumes: None,
        name: String::new(),
    };
    if !takes_resource(question.action.as_str()) {
        target.resource = Resource::Named("*".to_owned());
        return vec![with_policy(collector, asker, question, target)];
    }
    let arn = match question.on {
        On::Anything => None,
        On::Arn(arn) => Some(arn.clone()),
        On::Address(address) => match resource_arn(state, address) {
            Some(arn) => {
                target.address = Some(address.clone());
                Some(arn)
            }
            None => Some(format!("arn:{}:iam::{own}:{address}", state.account.partition)),
        },
    };
    let is_pattern = arn.as_ref().is_some_and(|arn| arn.contains(['*', '?']));
    if is_of_roles(question.action.as_str()) && (arn.is_none() || is_pattern) {
        return roles(collector, asker, arn.as_deref());
    }
    target.account = arn.is_none().then(|| own.to_owned());
    if let Some(arn) = arn {
        target.name.clone_from(&arn);
        let account = arn.split(':').nth(4).unwrap_or("");
        let is_foreign = !account.is_empty() && account != own && !account.contains(['*', '?']);
        if is_foreign && account != "aws" {
            target.assumes = Some(Assumption::ResourcesAccount(format!("account {account}")));
        }
        if account.is_empty() {
            target.account = Some(own.to_owned());
        }
        target.address = target.address.or_else(|| role_of(collector, &arn).map(Address::Role));
        target.resource = if is_pattern { Resource::Like(arn) } else { Resource::Named(arn) };
    }
    vec![with_policy(collector, asker, question, target)]
}

/// Every role that a pattern stands for, and those of other accounts.
fn roles(collector: &Collector<'_>, asker: &Asker, like: Option<&str>) -> Vec<Target> {
    let state = collector.state;
    let pattern = iamctl_model::Pattern::new(like.unwrap_or("*"));
    let mut targets = Vec::new();
    for name in state.roles.keys() {
        let address = Address::Role(name.clone());
        let Some(arn) = resource_arn(state, &address).filter(|arn| pattern.matches_exactly(arn)) else {
            continue;
        };
        let mut unread = asker.unread.clone();
        let policy = collector.trust(&mut unread, name);
        targets.push(Target {
            resource: Resource::Named(arn),
            account: None,
            name: address.to_string(),
            address: Some(address),
            policy,
            unread,
            assumes: None,
        });
    }
    let account = like.and_then(|like| like.split(':').nth(4)).unwrap_or("*");
    let may_be_foreign = !iamctl_model::Pattern::new(account).matches_exactly(state.account.id.as_str())
        || account.contains(['*', '?']);
    if may_be_foreign && asker.principal.account() == Some(state.account.id.as_str()) {
        targets.push(Target {
            resource: like.map_or(Resource::Unstated, |like| Resource::Like(like.to_owned())),
            account: Some("another account".to_owned()),
            address: None,
            policy: Some(collector.stand_in(StandIn::OtherSide(OtherSide::Resource))),
            unread: asker.unread.clone(),
            assumes: Some(Assumption::ResourcesAccount("another account".to_owned())),
            name: "roles of other accounts".to_owned(),
        });
    }
    targets
}

/// The target with the policy of the resource, as far as that is known or matters.
fn with_policy(
    collector: &Collector<'_>,
    asker: &Asker,
    question: &Question<'_>,
    mut target: Target,
) -> Target {
    let action = question.action.as_str();
    let unknown = |target: &mut Target, what: Unread| {
        target.policy = Some(collector.not_known(&mut target.unread, PolicyKindOf::Resource, what));
    };
    if target.assumes.is_some() {
        target.policy = Some(collector.stand_in(StandIn::OtherSide(OtherSide::Resource)));
    } else if is_of_roles(action) && target.resource != Resource::Named("*".to_owned()) {
        match &target.address {
            Some(Address::Role(name)) => target.policy = collector.trust(&mut target.unread, name),
            _ if collector.state.is_whole => {}
            _ => {
                let what = Unread::Role(target.name.clone());
                unknown(&mut target, what);
            }
        }
    } else if asker.principal.account().is_none() || is_foreign(collector, asker) {
        // Without an identity policy in this account, only the policy of the resource lets anybody in.
        unknown(&mut target, Unread::OfResource);
    } else if action.to_ascii_lowercase().starts_with("kms:") {
        target.policy = Some(collector.stand_in(StandIn::Delegating));
    }
    target
}

fn is_foreign(collector: &Collector<'_>, asker: &Asker) -> bool {
    asker.principal.account() != Some(collector.state.account.id.as_str())
}

/// The role of the account that an ARN names.
fn role_of(collector: &Collector<'_>, arn: &str) -> Option<RoleName> {
    let Identity::Role(name) = PrincipalArn::parse(arn).ok()?.identity()? else { return None };
    let address = Address::Role(name.clone());
    (resource_arn(collector.state, &address)?.as_str() == arn).then_some(name)
}

/// Whether an action is done to something. One that the table does not have is taken to be.
pub(crate) fn takes_resource(action: &str) -> bool {
    iamctl_data::services().action(action).is_none_or(|(_, action)| action.resource_types().next().is_some())
}

/// Whether an action is opened by the trust policies of roles.
fn is_of_roles(action: &str) -> bool {
    let Some((service, name)) = action.split_once(':') else { return false };
    let name = name.to_ascii_lowercase();
    service.eq_ignore_ascii_case("sts")
        && (name.starts_with("assumerole")
            || ["tagsession", "setsourceidentity", "setcontext"].contains(&&*name))
        && name != "assumeroot"
}

/// What an answer about one request rests on.
fn told(stack: &Stack<'_>, request: &Request, verdict: &Judged, unread: &[Unread]) -> Answer {
    let mut answer = Answer {
        verdict: Verdict::Depends,
        statements: Vec::new(),
        lack: None,
        depends_on: BTreeSet::new(),
        assumes: BTreeSet::new(),
        examples: Vec::new(),
    };
    match verdict {
        Judged::MustBeAllowed(because) => {
            answer.verdict = Verdict::Allowed;
            if let Because::Granted { identity, resource } = because {
                let places = resource.iter().chain(identity);
                answer.statements =
                    places.filter_map(|place| statement(stack, *place, Part::Applies)).collect();
            }
        }
        Judged::MustBeDenied(because) => {
            answer.verdict = Verdict::Denied;
            match because {
                Because::Denied(place) => answer.statements.extend(statement(stack, *place, Part::Applies)),
                Because::Lacking(lack) => {
                    answer.lack = Some(*lack);
                    answer.statements = misses(stack, request, *lack);
                }
                Because::Granted { .. } => {}
            }
        }
        Judged::DependsOn(on) => {
            answer.depends_on = on.iter().map(|one| dependence(one, unread)).collect();
            answer.statements = open(stack, request);
        }
    }
    answer
}

fn dependence(unstated: &Unstated, unread: &[Unread]) -> Dependence {
    match unstated {
        Unstated::Resource => Dependence::Resource,
        Unstated::Session => Dependence::Session,
        Unstated::Key(key) => {
            let number = key.strip_prefix(UNREAD).and_then(|number| number.parse::<usize>().ok());
            match number.and_then(|number| unread.get(number)) {
                Some(what) => Dependence::Text(what.clone()),
                None => Dependence::Key(key.clone()),
            }
        }
    }
}

fn statement(stack: &Stack<'_>, place: Place, part: Part) -> Option<Told> {
    let held = stack.held(place)?;
    let source = held.source.clone()?;
    let policy = stack.policies.policy(place)?;
    let written = policy.document().statements().get(place.statement)?;
    Some(Told {
        source,
        via: held.via.clone(),
        layer: place.layer,
        statement: place.statement,
        sid: written.sid.as_ref().map(|sid| sid.text.clone()),
        span: written.span,
        effect: written.effect,
        delegates: delegates(stack, written),
        conditions: written.conditions.iter().flatten().map(as_written).collect(),
        part,
    })
}

/// Whether a statement of a resource's policy names the principal by its account, and in no other way.
fn delegates(stack: &Stack<'_>, written: &iamctl_policy::Statement) -> bool {
    let Some(principals) = written.principals.as_ref().filter(|principals| !principals.negated) else {
        return false;
    };
    let Some(account) = stack.asker.principal.account() else { return false };
    let is_account = |text: &str| {
        text == account || text.strip_suffix(":root").is_some_and(|arn| arn.ends_with(&format!(":{account}")))
    };
    let own = stack.asker.context.value("aws:PrincipalArn");
    let is_own = |text: &str| {
        let arn = matches!(own, Some(Values::One(arn)) if arn == text);
        arn || text == "*" || text == stack.asker.principal.as_str()
    };
    let mut names = principals.entries.iter().map(|(_, value)| value.text.as_str());
    names.clone().any(is_account) && !names.any(is_own)
}

fn as_written(condition: &iamctl_policy::Condition) -> If {
    If::Condition {
        operator: condition.operator.text.clone(),
        key: condition.key.text.clone(),
        values: condition.values.iter().map(|value| value.text.clone()).collect(),
    }
}

/// The statements that nearly allow it: those with a condition that fails first.
fn misses(stack: &Stack<'_>, request: &Request, lack: Lack) -> Vec<Told> {
    let misses = sure_misses(&stack.policies, request, lack);
    let told = misses
        .into_iter()
        // That others may assume a role is no news about this one.
        .filter(|miss| miss.failed != iamctl_policy::eval::Failed::Principal)
        .filter_map(|miss| statement(stack, miss.place, Part::Misses(miss.failed.into())));
    let mut told: Vec<Told> = told.collect();
    told.sort_by_key(|told| matches!(told.part, Part::Misses(Misfit::Resource)));
    told.truncate(MOST_TOLD);
    told
}

/// The statements that an open answer hangs on: those that deny, those that allow in a layer that has to.
fn open(stack: &Stack<'_>, request: &Request) -> Vec<Told> {
    let found = relevant(&stack.policies, request);
    let part = |place: Place, open: &iamctl_policy::eval::Open<'_>| {
        let mut all = Vec::new();
        all.extend(open.session.then_some(If::Session));
        all.extend(resources(stack, place).filter(|_| open.resource));
        all.extend(open.conditions.iter().map(|condition| as_written(condition)));
        if all.is_empty() { Part::Applies } else { Part::AppliesIf(all) }
    };
    let told = found.iter().filter_map(|one| statement(stack, one.place, part(one.place, &one.open)));
    let mut told: Vec<Told> = told.collect();
    told.sort_by_key(|told| (told.effect == Effect::Deny, told.layer != Layer::Resource));
    told.truncate(MOST_TOLD);
    told
}

/// The resources that a statement is about.
fn resources(stack: &Stack<'_>, place: Place) -> impl Iterator<Item = If> {
    let statements = stack.policies.policy(place).map(|policy| policy.document().statements());
    let statement = statements.and_then(|statements| statements.get(place.statement));
    let clause = statement.and_then(|statement| statement.resources.as_ref());
    let resources = clause.map(|clause| If::Resource {
        negated: clause.negated,
        patterns: clause.patterns.iter().map(|pattern| pattern.text.clone()).collect(),
    });
    resources.into_iter()
}

/// One answer for all requests of a question.
fn combine(findings: Vec<Finding>, targets: &[Target], question: &Question<'_>) -> Answer {
    let verdicts: BTreeSet<Verdict> = findings.iter().map(|finding| finding.answer.verdict).collect();
    let is_mixed = verdicts.len() > 1;
    let is_mixed_within = |target: usize| {
        let of: BTreeSet<Verdict> =
            findings.iter().filter(|one| one.target == target).map(|one| one.answer.verdict).collect();
        of.len() > 1
    };
    let mfa_decides = is_mixed && (0..targets.len()).any(is_mixed_within);
    let resource_decides = is_mixed && targets.len() > 1;
    let mut examples: Vec<String> = Vec::new();
    if targets.len() > 1 {
        for finding in findings.iter().filter(|one| one.answer.verdict != Verdict::Denied) {
            let name = targets.get(finding.target).map(|target| target.name.clone()).unwrap_or_default();
            if !examples.contains(&name) && examples.len() < MOST_EXAMPLES {
                examples.push(name);
            }
        }
    }
    // What is not denied says more than what is; of what is denied, a statement more than a lack.
    let rank = |finding: &Finding| match &finding.verdict {
        Judged::MustBeAllowed(_) => 0,
        Judged::DependsOn(_) => 1,
        Judged::MustBeDenied(Because::Denied(_)) => 2,
        Judged::MustBeDenied(_) => 3,
    };
    let depends: BTreeSet<Dependence> =
        findings.iter().flat_map(|one| one.answer.depends_on.iter().cloned()).collect();
    let denied: Vec<Told> = findings
        .iter()
        .filter(|one| is_mixed && one.answer.verdict == Verdict::Denied)
        .flat_map(|one| one.answer.statements.iter().cloned())
        .collect();
    let Some(first) = findings.into_iter().min_by_key(rank) else { return nothing_to_ask() };
    let mut answer = first.answer;
    answer.examples = examples;
    if is_mixed {
        answer.verdict = Verdict::Depends;
        answer.lack = None;
        answer.depends_on = depends;
        if mfa_decides {
            answer.depends_on.insert(Dependence::Key(key_of_mfa(question.with.mfa)));
        }
        if resource_decides {
            answer.depends_on.insert(Dependence::Resource);
        }
        add_what_denies(&mut answer.statements, denied);
    }
    answer
}

/// Adds what denied some requests of a question to what allowed others: a statement that did both does so if
/// its condition holds.
fn add_what_denies(statements: &mut Vec<Told>, denied: Vec<Told>) {
    for mut told in denied {
        let known = statements.iter_mut().find(|known| {
            (&known.source, known.statement, &known.via) == (&told.source, told.statement, &told.via)
        });
        match (&told.part, known) {
            (Part::Misses(Misfit::Condition { operator, key, values, .. }), Some(known)) => {
                let condition =
                    If::Condition { operator: operator.clone(), key: key.clone(), values: values.clone() };
                match &mut known.part {
                    Part::Applies => known.part = Part::AppliesIf(vec![condition]),
                    Part::AppliesIf(all) if !all.contains(&condition) => all.push(condition),
                    _ => {}
                }
            }
            (Part::Applies, None) if !told.conditions.is_empty() => {
                told.part = Part::AppliesIf(told.conditions.clone());
                statements.push(told);
            }
            (Part::Applies | Part::Misses(Misfit::Condition { .. }), None) => statements.push(told),
            _ => {}
        }
    }
    statements.truncate(MOST_TOLD);
}

/// There is nothing that it could be done to: no role of the account matches.
fn nothing_to_ask() -> Answer {
    Answer {
        verdict: Verdict::Denied,
        statements: Vec::new(),
        lack: Some(Lack::Resource),
        depends_on: BTreeSet::new(),
        assumes: BTreeSet::new(),
        examples: Vec::new(),
    }
}

/// The answer about a user or role that is not there: nothing is known of it.
pub(crate) fn nobody(name: &str) -> Answer {
    let mut answer = nothing_to_ask();
    answer.verdict = Verdict::Depends;
    answer.lack = None;
    answer.depends_on.insert(Dependence::Text(Unread::Principal(name.to_owned())));
    answer
}
