//! `escalations`: who can give itself more rights than it has.

use std::collections::BTreeMap;

use clap::Args;
use iamctl_access::escalation::{Escalation, Standing, Terms};
use iamctl_access::{Part, Who};
use iamctl_model::{Identity, TestContext};
use iamctl_policy::Sources;
use serde_json::{Value, json};

use crate::asking::{Of, Subject, tell_limits};
use crate::cli::{Format, Global};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::answer::statement;
use crate::render::names::counted;
use crate::render::page::{Ink, Page};
use crate::render::{answer, answer_json, escalation};
use crate::terminal::Terminal;

/// Lists who can give itself more rights than it has, and how
///
/// Known paths are held against what is allowed, after all that denies, boundaries and conditions. Exit code 0
/// when there is none, 1 when there is one.
#[derive(Debug, Args)]
pub(crate) struct Escalations {
    /// Whom to look at: `user/NAME` or `role/NAME`; all users and roles when there is none
    #[arg(value_name = "PRINCIPAL")]
    principals: Vec<String>,

    #[command(flatten)]
    of: Of,

    /// With `--live` or `--account`: as it will be when the manifest is applied
    #[arg(long)]
    planned: bool,
}

pub(crate) async fn escalations(
    args: &Escalations,
    global: &Global,
    terminal: Terminal,
) -> Result<Exit, Failure> {
    let subject = args.of.asked(args.planned, global, terminal).await?;
    let access = &subject.access;
    let of: Vec<Identity> = match args.principals.is_empty() {
        true => access.principals().collect(),
        false => args.principals.iter().map(|text| identity(&subject, text)).collect::<Result<_, _>>()?,
    };
    let found = access.escalations(&of, &TestContext::default());
    match global.format {
        Format::Json => terminal.print_json(&as_json(&subject, &found)),
        Format::Text | Format::Markdown | Format::Sarif => {
            let mut page = terminal.page();
            everybody(&mut page, &found, subject.sources.as_ref(), terminal.verbose);
            terminal.print(&page);
            tell_limits(access, terminal);
        }
    }
    let is_clean = found.iter().all(|(_, standing)| standing.escalations.is_empty());
    Ok(if is_clean { Exit::Done } else { Exit::Failed })
}

fn identity(subject: &Subject, text: &str) -> Result<Identity, Failure> {
    match subject.access.who(text).map_err(crate::commands::can::unknown)? {
        Who::Identity(identity) => Ok(identity),
        Who::Other(_) => {
            Err(Failure::new(Exit::Usage, format!("`{text}` is neither a user nor a role of the account"))
                .help("write `user/NAME` or `role/NAME`"))
        }
    }
}

/// Those with the same paths together.
fn everybody(page: &mut Page, found: &[(Identity, Standing)], sources: Option<&Sources>, verbose: bool) {
    let mut alike: Vec<(&Standing, Vec<String>)> = Vec::new();
    for (who, standing) in found.iter().filter(|(_, standing)| !standing.escalations.is_empty()) {
        match alike.iter_mut().find(|(known, _)| is_alike(known, standing)) {
            Some((_, names)) => names.push(who.to_string()),
            None => alike.push((standing, vec![who.to_string()])),
        }
    }
    for (standing, names) in &alike {
        page.words(0, 2, &[(Ink::Bold, names.join(", "))]);
        for one in &standing.escalations {
            path(page, one, sources, verbose);
        }
        page.gap();
    }
    administrators(page, found);
    not_known(page, found);
    let with = alike.iter().map(|(_, names)| names.len()).sum::<usize>();
    let of = counted(found.len(), "user or role", "users and roles");
    let text = match with {
        0 => format!("No path to more rights is open to {of}."),
        _ => format!("Paths to more rights are open to {with} of {of}."),
    };
    page.words(0, 2, &[(Ink::Plain, text)]);
}

/// Whether two have the same paths in the same words.
fn is_alike(one: &Standing, other: &Standing) -> bool {
    let key = |standing: &Standing| -> Vec<_> {
        let key = |one: &Escalation| (one.path.id, escalation::headline(one), escalation::needs(one));
        standing.escalations.iter().map(key).collect()
    };
    key(one) == key(other)
}

fn path(page: &mut Page, one: &Escalation, sources: Option<&Sources>, verbose: bool) {
    let is_sure = one.is_certain() && one.path.given.is_none();
    let ink = if is_sure { Ink::Danger } else { Ink::Caution };
    page.words(2, 4, &[(ink, escalation::headline(one))]);
    page.words(6, 4, &[(Ink::Plain, escalation::needs(one)), (Ink::Dim, format!("  [{}]", one.path.id))]);
    if !verbose {
        return;
    }
    for step in &one.steps {
        for told in step.answer.told().iter().filter(|told| !matches!(told.part, Part::Misses(_))) {
            let place = sources.and_then(|sources| answer::place(told, sources));
            let place = place.map(|place| format!("  {place}")).unwrap_or_default();
            let text = format!("{}: {} {}{place}", step.action, answer::part(told).0, statement(told));
            page.words(8, 4, &[(Ink::Dim, text)]);
        }
    }
}

fn administrators(page: &mut Page, found: &[(Identity, Standing)]) {
    for (terms, text) in [(Terms::Always, ""), (Terms::OnlyWithMfa, ", with MFA")] {
        let all = found.iter().filter(|(_, standing)| standing.administrator == Some(terms));
        let names: Vec<String> = all.map(|(who, _)| who.to_string()).collect();
        if !names.is_empty() {
            page.words(0, 2, &[(Ink::Bold, format!("May do anything anyway{text}"))]);
            page.words(2, 2, &[(Ink::Plain, names.join(", "))]);
            page.gap();
        }
    }
}

fn not_known(page: &mut Page, found: &[(Identity, Standing)]) {
    let mut unknown: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (who, standing) in found {
        for what in &standing.unknown {
            unknown.entry(what.to_string()).or_default().push(who.to_string());
        }
    }
    if unknown.is_empty() {
        return;
    }
    page.words(0, 2, &[(Ink::Bold, "What is open to these cannot be said".to_owned())]);
    for (why, names) in unknown {
        page.words(2, 2, &[(Ink::Plain, names.join(", "))]);
        page.words(6, 4, &[(Ink::Dim, why)]);
    }
    page.gap();
}

fn as_json(subject: &Subject, found: &[(Identity, Standing)]) -> Value {
    let sources = subject.sources.as_ref();
    let principal = |(who, standing): &(Identity, Standing)| {
        json!({
            "principal": who.to_string(),
            "administrator": standing.administrator.map(escalation::terms),
            "escalations": standing.escalations.iter().map(|one| escalation::json(one, sources)).collect::<Value>(),
            "unknown": standing.unknown.iter().map(ToString::to_string).collect::<Value>(),
        })
    };
    json!({
        "format_version": answer_json::FORMAT_VERSION,
        "of": subject.of,
        "account": subject.access.account().id,
        "principals": found.iter().map(principal).collect::<Value>(),
    })
}
