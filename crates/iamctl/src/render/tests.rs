//! What became of the manifest's tests, for people and for programs.

use std::collections::BTreeMap;

use iamctl_access::{Answer, Checked, Failed, Misfit, Part, Told, Verdict};
use iamctl_model::Expectation;
use iamctl_policy::{Diagnostic, Diagnostics, Effect, Sources, Span};
use serde_json::{Value, json};

use super::answer::{Asked, depends_on, lack, misses, part, statement, terms, unknowns};
use super::answer_json;
use super::names::{counted, list};

/// How many names of one kind a finding says; the rest is counted.
const MOST_NAMES: usize = 3;

/// Failures of one test that have the same reason.
struct Group<'c> {
    first: &'c Failed,
    who: Vec<&'c str>,
    actions: Vec<&'c str>,
    on: Vec<&'c str>,
}

/// A finding for each reason why a test fails, at the place of the test, with the statements that decide.
pub(crate) fn findings(checked: &[Checked]) -> Diagnostics {
    let mut found = Diagnostics::new();
    for test in checked {
        for group in groups(&test.failures) {
            found.push(finding(test.expect, &group));
        }
    }
    found
}

fn groups(failures: &[Failed]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for failed in failures {
        let key = reason(failed);
        let number = *known.entry(key).or_insert_with(|| {
            groups.push(Group { first: failed, who: Vec::new(), actions: Vec::new(), on: Vec::new() });
            groups.len().saturating_sub(1)
        });
        let Some(group) = groups.get_mut(number) else { continue };
        if !group.who.contains(&failed.who.as_str()) {
            group.who.push(&failed.who);
        }
        if !group.actions.contains(&failed.action.as_str()) {
            group.actions.push(&failed.action);
        }
        if let Some(on) = failed.on.as_deref().filter(|on| !group.on.contains(on)) {
            group.on.push(on);
        }
    }
    groups
}

/// What two failures must have in common to be told as one.
fn reason(failed: &Failed) -> String {
    let Answer { verdict, statements, lack, depends_on, assumes, examples } = &failed.answer;
    let places: Vec<_> =
        statements.iter().map(|told| (&told.source, told.statement, format!("{:?}", told.part))).collect();
    format!(
        "{verdict:?} {places:?} {lack:?} {depends_on:?} {assumes:?} {examples:?} {:?}",
        failed.action_span
    )
}

fn finding(expect: Expectation, group: &Group<'_>) -> Diagnostic {
    let failed = group.first;
    let answer = &failed.answer;
    let (who, actions, on) = (some(&group.who), some(&group.actions), some(&group.on));
    let asked = Asked { who: &who, action: &actions, on: Some(on.as_str()).filter(|on| !on.is_empty()) };
    let terms = terms(answer);
    let (sentence, label) = match (expect, answer.verdict) {
        (Expectation::Can, Verdict::Denied) => (asked.sentence("cannot"), "must be allowed"),
        (Expectation::Can, _) if terms.is_empty() => (asked.sentence("may be unable to"), "must be allowed"),
        (Expectation::Can, _) => (format!("{} {terms}", asked.sentence("can")), "must always be allowed"),
        (Expectation::Cannot, Verdict::Allowed) => (asked.sentence("can"), "must be denied"),
        (Expectation::Cannot, _) if terms.is_empty() => (asked.sentence("may be able to"), "must be denied"),
        (Expectation::Cannot, _) => (format!("{} {terms}", asked.sentence("can")), "must always be denied"),
    };
    let mut finding = Diagnostic::error("test-failed", failed.action_span, sentence).label(label);
    for told in answer.told().iter().filter(|told| matters(expect, told)) {
        finding = match told.span.is_none() {
            true => {
                let (verb, behind) = part(told);
                finding.help(format!("{verb} {}{behind}", statement(told)))
            }
            false => finding.related(told.span, label_of(told)),
        };
    }
    if let Some(lacking) = answer.lack {
        finding = finding.help(lack(lacking, asked));
    }
    if !answer.examples.is_empty() {
        finding = finding.help(format!("on {}", list(&answer.examples)));
    }
    let unknown = unknowns(answer);
    if unknown.is_empty() && answer.statements.is_empty() && answer.verdict == Verdict::Depends {
        finding = finding.help(format!("it depends on {}", list(&depends_on(answer))));
    }
    for unknown in unknown {
        finding = finding.help(unknown);
    }
    for assumption in &answer.assumes {
        finding = finding.help(format!("as far as this account decides: {assumption}"));
    }
    finding
}

/// Whether a statement is the reader's to look at: what denies is no news where too much is allowed for sure.
fn matters(expect: Expectation, told: &Told) -> bool {
    match expect {
        Expectation::Can => true,
        Expectation::Cannot => !matches!(told.part, Part::Misses(_)),
    }
}

fn label_of(told: &Told) -> String {
    let via = told.via.as_ref().map(|group| format!(", through group/{group}")).unwrap_or_default();
    let verb = match told.effect {
        Effect::Allow => "allowed here",
        Effect::Deny => "denied here",
    };
    match &told.part {
        Part::Applies => format!("{verb}{via}"),
        Part::AppliesIf(_) => format!("{verb}{via}{}", part(told).1),
        Part::Misses(Misfit::Resource) => format!("allows it on other resources{via}"),
        Part::Misses(misfit) => format!("not allowed here{via}: {}", misses(misfit)),
    }
}

/// "a, b and c", or "a, b, c and 12 more".
fn some(names: &[&str]) -> String {
    match names.len().saturating_sub(MOST_NAMES) {
        0 => list(names),
        more => {
            let shown: Vec<&str> = names.iter().take(MOST_NAMES).copied().collect();
            format!("{} and {more} more", shown.join(", "))
        }
    }
}

/// "6 tests passed", "2 of 6 tests failed".
pub(crate) fn summary(checked: &[Checked]) -> String {
    let failed = checked.iter().filter(|test| !test.is_passed()).count();
    let questions = checked.iter().map(|test| test.questions).sum();
    let of = counted(questions, "question", "questions");
    match (failed, checked.len()) {
        (0, 1) => format!("the test passed: {of}"),
        (0, all) => format!("all {all} tests passed: {of}"),
        (_, 1) => "the test failed".to_owned(),
        (failed, all) => format!("{failed} of {all} tests failed"),
    }
}

/// The results as JSON.
pub(crate) fn json(checked: &[Checked], sources: &Sources) -> Value {
    let failed = checked.iter().filter(|test| !test.is_passed()).count();
    let tests: Vec<Value> = checked.iter().map(|test| one(test, sources)).collect();
    json!({"passed": checked.len().saturating_sub(failed), "failed": failed, "tests": tests})
}

fn one(test: &Checked, sources: &Sources) -> Value {
    let failures = test.failures.iter().map(|failed| {
        let mut fields = serde_json::Map::new();
        fields.insert("principal".to_owned(), json!(failed.who));
        fields.insert("action".to_owned(), json!(failed.action));
        fields.insert("resource".to_owned(), json!(failed.on));
        fields.extend(answer_json::answer(&failed.answer, Some(sources)));
        Value::Object(fields)
    });
    json!({
        "place": answer_json::place(test.span, sources),
        "expect": match test.expect { Expectation::Can => "can", Expectation::Cannot => "cannot" },
        "questions": test.questions,
        "passed": test.is_passed(),
        "failures": failures.collect::<Vec<_>>(),
    })
}

/// The line in which a test begins, for lists of them.
pub(crate) fn place(span: Span, sources: &Sources) -> String {
    let position = sources.position(span);
    let name = sources.get(span.source).map(iamctl_policy::Source::name).unwrap_or_default();
    position.map(|at| format!("{name}:{}:{}", at.line, at.column)).unwrap_or_default()
}
