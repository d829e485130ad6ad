//! What tests ask for: actions that AWS has, and on something where they need it.

use iamctl_data::{Action, Service, services};
use iamctl_model::{AccessTest, Expectation};
use iamctl_policy::{Diagnostic, Diagnostics, Entry, Span, Spanned};

use super::values;

/// How many questions all tests of a manifest may ask: principals, times actions, times resources.
const MAX_QUESTIONS: usize = 100_000;

/// No action of AWS has a name that comes near it.
const MAX_ACTION: usize = 128;

/// The actions under `can` or `cannot`: `service:Name`, or with `*` and `?` in the name all that match.
pub(super) fn actions(entry: &Entry, found: &mut Diagnostics) -> Vec<Spanned> {
    let mut actions = Vec::new();
    for item in values::one_or_many(&entry.value, "an action", found) {
        if is_well_formed(item.text) {
            if services().matching(item.text).next().is_none() {
                found.push(unknown(item.text, item.span, found.are_few()));
            }
        } else {
            found.push(
                Diagnostic::error(
                    "test-action",
                    item.span,
                    format!("`{}` is not an action of a service", item.text),
                )
                .help("write `s3:GetObject`, or `s3:Get*` for all that begin so; several go in a list"),
            );
        }
        actions.push(Spanned { text: item.text.to_owned(), span: item.span });
    }
    actions
}

fn is_well_formed(text: &str) -> bool {
    let plain = |text: &str, others: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c))
    };
    let parts = text.split_once(':');
    text.len() <= MAX_ACTION && parts.is_some_and(|(service, name)| plain(service, "-") && plain(name, "-*?"))
}

fn unknown(text: &str, span: Span, is_worth_a_look: bool) -> Diagnostic {
    let (prefix, name) = text.split_once(':').unwrap_or((text, ""));
    let date = services().provenance().date;
    let Some(service) = services().get(prefix) else {
        let error = Diagnostic::error("unknown-action", span, format!("there is no service `{prefix}`"));
        let error = if is_worth_a_look { error.did_you_mean(prefix, services().prefixes()) } else { error };
        return error.help(format!("services are those of {date}, in the table that iamctl carries"));
    };
    let of_table = format!("actions are those of {date}, in the table that iamctl carries");
    if name.contains(['*', '?']) {
        return Diagnostic::error(
            "unknown-action",
            span,
            format!("no action of {} is like `{text}`", service.name),
        )
        .help(of_table);
    }
    let error =
        Diagnostic::error("unknown-action", span, format!("there is no action `{name}` in {}", service.name));
    let names: Vec<String> =
        service.actions().map(|action| format!("{}:{}", service.prefix, action.name)).collect();
    let error =
        if is_worth_a_look { error.did_you_mean(text, names.iter().map(String::as_str)) } else { error };
    error.help(of_table)
}

fn matching<'t>(test: &'t AccessTest) -> impl Iterator<Item = (&'t Spanned, &'t Service, &'t Action)> {
    let of = |written: &'t Spanned| services().matching(&written.text).map(move |(s, a)| (written, s, a));
    test.actions.iter().flat_map(of)
}

/// On what says nothing about actions that are done to nothing in particular: AWS decides them on `*`.
pub(super) fn needs_no_resource(test: &AccessTest, found: &mut Diagnostics) {
    let Some(on) = test.resources.iter().find(|on| on.arn != "*") else { return };
    let takes_some = matching(test).any(|(.., action)| action.resource_types().next().is_some());
    let first = matching(test).next().filter(|_| !takes_some);
    if let Some((_, service, action)) = first {
        let message = format!(
            "`{}:{}` is done to nothing in particular: `on` is not looked at",
            service.prefix, action.name
        );
        found.push(
            Diagnostic::warning("test-with-resource", on.span, message)
                .help("AWS decides such an action on `*` and on nothing else: leave `on` out"),
        );
    }
}

/// What must be allowed says on what. That nothing may be allowed needs no more words.
pub(super) fn needs_resource(test: &AccessTest, found: &mut Diagnostics) {
    if test.expect == Expectation::Cannot || !test.resources.is_empty() {
        return;
    }
    let on_something = matching(test).find(|(.., action)| action.resource_types().next().is_some());
    if let Some((written, service, action)) = on_something {
        let types: Vec<&str> = action.resource_types().map(|(name, _)| name).collect();
        let message = format!("`{}:{}` is done to something: say `on` what", service.prefix, action.name);
        found.push(
            Diagnostic::error("test-without-resource", written.span, message)
                .label(format!("takes {}", types.join(", ")))
                .help("name an ARN, a pattern of ARNs, or an address; `on: \"*\"` means whatever there is"),
        );
    }
}

/// Takes the questions of a test off what all tests together may ask; false when it is too much. Who may assume
/// any role is asked of each of the `roles`.
pub(super) fn charge(test: &AccessTest, roles: usize, left: &mut usize, found: &mut Diagnostics) -> bool {
    let is_open = test.resources.is_empty() || test.resources.iter().any(|on| on.arn.contains(['*', '?']));
    let weight = |service: &Service| if is_open && service.prefix == "sts" { roles.max(1) } else { 1 };
    let actions = matching(test).map(|(_, service, _)| weight(service)).fold(0, usize::saturating_add);
    let questions = [test.principals.len(), actions, test.resources.len().max(1)]
        .into_iter()
        .fold(1_usize, usize::saturating_mul);
    match left.checked_sub(questions) {
        Some(rest) => {
            *left = rest;
            true
        }
        None => {
            found.push(
                Diagnostic::error(
                    "too-much",
                    test.span,
                    format!("all tests together ask more than {MAX_QUESTIONS} questions"),
                )
                .help("a test asks each principal for each action on each resource: name fewer of them"),
            );
            false
        }
    }
}

/// What all tests together may ask.
pub(super) const fn budget() -> usize {
    MAX_QUESTIONS
}
