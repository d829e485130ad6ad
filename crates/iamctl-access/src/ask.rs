//! From a question to its answer.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use iamctl_policy::Effect;
use iamctl_policy::eval::{
    Action, Because, ByResource, Context, Lack, Layer, Place, Request, Unstated, Values, Verdict as Judged,
    judge, relevant, sure_misses,
};

use crate::answer::{Answer, Assumption, Dependence, If, Misfit, Part, Told, Unread, Verdict};
use crate::library::UNREAD;
use crate::question::{Question, key_of_mfa, stated, with_mfa};
use crate::stack::{Asker, Collector, Held, Stack};
use crate::target::{Target, is_of_roles, lets_in, targets};

/// How many resources are named for which something was not denied.
const MOST_EXAMPLES: usize = 3;

/// One request of a question, and its verdict.
struct Finding {
    rank: u8,
    answer: Answer,
    /// The number of the target, and whether it was the only request about it.
    target: usize,
}

/// Answers a question of somebody.
pub(crate) fn ask(collector: &Collector<'_>, asker: &Asker, question: &Question<'_>) -> Answer {
    let targets = targets(collector, asker, question);
    let mut findings: Vec<Finding> = Vec::new();
    let mut assumes: BTreeSet<Assumption> = asker.assumes.iter().cloned().collect();
    let brought = if targets.len() > 1 { Alike::brought(collector, asker, question) } else { None };
    let mut alike = brought.as_ref().map(|brought| Alike::new(brought, question.action));
    // The first targets for which it is not denied.
    let mut open: Vec<usize> = Vec::new();
    for (number, target) in targets.iter().enumerate() {
        let sort = match targets.len() > 1 {
            true if !lets_in(target, asker) => Some(Sort::Shut),
            true => alike.as_ref().and_then(|alike| alike.sort(target)),
            false => None,
        };
        if let Some(known) = sort.as_ref().and_then(|sort| alike.as_ref()?.known.get(sort)) {
            open.extend(known.then_some(number));
            continue;
        }
        if sort == Some(Sort::Shut) {
            let rank = rank(&Judged::MustBeDenied(Because::Lacking(Lack::Resource)));
            findings.push(Finding { rank, answer: nothing_to_ask(), target: number });
            alike.iter_mut().for_each(|alike| _ = alike.known.insert(Sort::Shut, false));
            continue;
        }
        let before = findings.len();
        let is_own = target.assumes.is_none();
        let stack = Stack::new(asker, target.policy.clone(), is_own);
        let unbounded = asker.open_boundary.as_ref().map(|what| (stack.without_boundary(), what));
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
            let mut found = judged(&stack, &request, &target.unread);
            if let Some((unbounded, what)) = &unbounded {
                found = either(found, judged(unbounded, &request, &target.unread), what);
            }
            let (rank, answer) = found;
            // What is denied here already hangs on nobody else.
            if answer.verdict != Verdict::Denied {
                assumes.extend(target.assumes.iter().cloned());
            }
            findings.push(Finding { rank, answer, target: number });
        }
        let mut found = findings.iter().skip(before);
        let is_open = found.any(|one| one.answer.verdict != Verdict::Denied);
        open.extend(is_open.then_some(number));
        if let (Some(alike), Some(sort)) = (&mut alike, sort) {
            alike.known.insert(sort, is_open);
        }
    }
    let mut answer = combine(findings, &targets, &open, question);
    if answer.verdict != Verdict::Denied {
        answer.assumes = assumes;
    }
    answer
}

/// What roles have in common that have the same answer for somebody.
#[derive(PartialEq, Eq, Hash)]
enum Sort {
    /// Their trust policies are about others.
    Shut,
    /// Their trust policies have one text, and the policies of who asks do not tell them apart.
    Same { text: usize, matches: Vec<Option<bool>> },
}

/// Finds the roles, of many, that need not be asked about one by one.
struct Alike<'a> {
    by_resource: ByResource<'a>,
    context: &'a Context,
    /// The sorts that were asked about, and whether it was not denied for them.
    known: HashMap<Sort, bool>,
}

impl<'a> Alike<'a> {
    fn new((stack, context): &'a (Stack<'_>, Context), action: &Action) -> Self {
        Self { by_resource: ByResource::new(&stack.policies, action), context, known: HashMap::new() }
    }

    /// What whoever asks brings along to all of many targets; nothing where it looks at their tags.
    fn brought<'s>(
        collector: &Collector<'_>,
        asker: &'s Asker,
        question: &Question<'_>,
    ) -> Option<(Stack<'s>, Context)> {
        if asker.held().any(Held::is_about_resource_tags) {
            return None;
        }
        let stack = Stack::new(asker, None, true);
        let mut context = stack.context(collector.state, None);
        stated(&mut context, question.with);
        Some((stack, context))
    }

    fn sort(&self, target: &Target) -> Option<Sort> {
        let trust = target.policy.as_ref().filter(|trust| !trust.is_about_resource_tags())?;
        let text = trust.text()?;
        Some(Sort::Same { text, matches: self.by_resource.matches(&target.resource, self.context) })
    }
}

fn judged(stack: &Stack<'_>, request: &Request, unread: &[Unread]) -> (u8, Answer) {
    let verdict = judge(&stack.policies, request);
    (rank(&verdict), told(stack, request, &verdict, unread))
}

/// How much an answer says beside others: what is not denied says more than what is; of what is denied, a
/// statement more than a lack.
fn rank(verdict: &Judged) -> u8 {
    match verdict {
        Judged::MustBeAllowed(_) => 0,
        Judged::DependsOn(_) => 1,
        Judged::MustBeDenied(Because::Denied(_)) => 2,
        Judged::MustBeDenied(_) => 3,
    }
}

/// One answer where it is not known whether there is a permissions boundary: with one that is not known, and
/// with none. A statement that denies all but some spares nobody who has a boundary, whatever that allows.
fn either(bounded: (u8, Answer), unbounded: (u8, Answer), what: &Unread) -> (u8, Answer) {
    let is_mixed = bounded.1.verdict != unbounded.1.verdict;
    if !is_mixed && bounded.1.verdict != Verdict::Depends {
        return bounded;
    }
    let depends: BTreeSet<Dependence> =
        bounded.1.depends_on.iter().chain(&unbounded.1.depends_on).cloned().collect();
    let is_open = |found: &(u8, Answer)| found.1.verdict == Verdict::Depends;
    let mut answer = match (is_open(&bounded), is_open(&unbounded)) {
        (false, true) => unbounded.1,
        _ => bounded.1,
    };
    answer.verdict = Verdict::Depends;
    answer.lack = None;
    answer.depends_on = depends;
    if is_mixed {
        answer.depends_on.insert(Dependence::Text(what.clone()));
    }
    (rank(&Judged::DependsOn(BTreeSet::new())), answer)
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
    let granting: Vec<Layer> = told.iter().filter(|told| grants(told)).map(|told| told.layer).collect();
    told.retain(|told| {
        !is_of_organization(told) || told.effect == Effect::Deny || !granting.contains(&told.layer)
    });
    told.sort_by_key(|told| (told.effect == Effect::Deny, told.layer != Layer::Resource));
    told
}

/// Whether a statement allows it for sure.
fn grants(told: &Told) -> bool {
    told.effect == Effect::Allow && told.part == Part::Applies
}

/// What allows something in an organisation grants it to nobody: it is told only where it is missing.
fn is_of_organization(told: &Told) -> bool {
    matches!(told.layer, Layer::Scp(_) | Layer::Rcp(_))
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
fn combine(
    findings: Vec<Finding>,
    targets: &[Rc<Target>],
    open: &[usize],
    question: &Question<'_>,
) -> Answer {
    let verdicts: BTreeSet<Verdict> = findings.iter().map(|finding| finding.answer.verdict).collect();
    let is_mixed = verdicts.len() > 1;
    let is_mixed_within = |target: usize| {
        let of: BTreeSet<Verdict> =
            findings.iter().filter(|one| one.target == target).map(|one| one.answer.verdict).collect();
        of.len() > 1
    };
    let mfa_decides = is_mixed && findings.iter().any(|one| is_mixed_within(one.target));
    let resource_decides = is_mixed && targets.len() > 1;
    let mut examples: Vec<String> = Vec::new();
    if targets.len() > 1 && is_of_roles(question.action.as_str()) {
        let names = open.iter().filter_map(|number| targets.get(*number)).map(|target| target.name.clone());
        examples.extend(names.take(MOST_EXAMPLES));
    }
    let depends: BTreeSet<Dependence> =
        findings.iter().flat_map(|one| one.answer.depends_on.iter().cloned()).collect();
    let denied: Vec<Told> = findings
        .iter()
        .filter(|one| is_mixed && one.answer.verdict == Verdict::Denied)
        .flat_map(|one| one.answer.statements.iter().cloned())
        .collect();
    let allows: Vec<Told> = findings
        .iter()
        .filter(|one| {
            let target = targets.get(one.target).filter(|_| targets.len() > 1);
            target.is_some_and(|target| target.address.is_some()) && one.answer.verdict != Verdict::Denied
        })
        .flat_map(|one| one.answer.statements.iter().cloned())
        .collect();
    let is_open = is_mixed || verdicts.contains(&Verdict::Depends);
    let Some(first) = findings.into_iter().min_by_key(|finding| finding.rank) else {
        return nothing_to_ask();
    };
    let mut answer = first.answer;
    answer.examples = examples;
    if is_open {
        // On what terms it is allowed is a matter of all that allow it on some.
        let own = answer.statements.len();
        for told in allows {
            let is_known = answer.statements.contains(&told);
            answer.statements.extend((!is_known).then_some(told));
        }
        if answer.statements.len() > own {
            answer.depends_on.extend(depends.iter().cloned());
        }
    }
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
            (&known.source, known.statement, &known.via, known.layer)
                == (&told.source, told.statement, &told.via, told.layer)
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
            // What a boundary or the organisation allows is not among what granted the others: it has to, all the same.
            (Part::Misses(Misfit::Condition { operator, key, values, .. }), None)
                if matches!(told.layer, Layer::Boundary | Layer::Scp(_)) =>
            {
                let (operator, key, values) = (operator.clone(), key.clone(), values.clone());
                told.part = Part::AppliesIf(vec![If::Condition { operator, key, values }]);
                statements.push(told);
            }
            (Part::Applies | Part::Misses(Misfit::Condition { .. }), None) => statements.push(told),
            _ => {}
        }
    }
}

/// The answer that something is denied in every case, given one that says on what it seemed to depend.
pub(crate) fn denied_by_all(mut answer: Answer) -> Answer {
    answer.verdict = Verdict::Denied;
    answer.depends_on = BTreeSet::new();
    answer.examples = Vec::new();
    answer.statements.retain(|told| told.effect == Effect::Deny);
    if answer.statements.is_empty() {
        answer.lack = Some(Lack::Identity);
    }
    answer
}

/// There is nothing that it could be done to: no role of the account matches.
pub(crate) fn nothing_to_ask() -> Answer {
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
pub(crate) fn nobody(what: Unread) -> Answer {
    let mut answer = nothing_to_ask();
    answer.verdict = Verdict::Depends;
    answer.lack = None;
    answer.depends_on.insert(Dependence::Text(what));
    answer
}
