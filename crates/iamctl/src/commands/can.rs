//! `can` and `who-can`: single questions about access.

use std::collections::BTreeMap;

use clap::Args;
use iamctl_access::{Answer, On, Question, Unknown, Verdict};
use iamctl_data::services;
use iamctl_model::{Identity, TestContext};
use iamctl_policy::closest;
use iamctl_policy::eval::Action;
use serde_json::{Value, json};

use crate::asking::{Of, Subject, is_within_scp, tables, tell_limits};
use crate::cli::{Format, Global};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::answer::{Asked, depends_on, reasons, statement, terms, unknowns};
use crate::render::names::{counted, list};
use crate::render::page::{Ink, Page};
use crate::render::{answer, answer_json};
use crate::stated::Stated;
use crate::terminal::Terminal;

/// Says whether somebody may do something, and why
///
/// What is not stated may be anything: the answer is yes or no only when it is so whatever that is, and
/// otherwise says on what it depends. Exit code 0 for yes, 1 for no and for what depends.
#[derive(Debug, Args)]
pub(crate) struct Can {
    /// Who: `user/NAME`, `role/NAME`, an ARN, or the name of a service
    #[arg(value_name = "PRINCIPAL")]
    principal: String,

    #[command(flatten)]
    what: What,
}

/// Lists who may do something, and on what terms
///
/// All users and roles are asked. Exit code 0 when there is somebody who may, or may on some terms; 1 when there
/// is nobody.
#[derive(Debug, Args)]
pub(crate) struct WhoCan {
    #[command(flatten)]
    what: What,
}

/// For what, on what, and what is known about the request.
#[derive(Debug, Args)]
struct What {
    /// For what: an action such as `s3:GetObject`
    #[arg(value_name = "ACTION")]
    action: String,

    /// On what: an address such as `role/NAME`, an ARN, or a pattern of ARNs for all that match; whatever there
    /// is when there is none
    #[arg(value_name = "RESOURCE")]
    resource: Option<String>,

    #[command(flatten)]
    stated: Stated,

    #[command(flatten)]
    of: Of,

    /// With `--live` or `--account`: as it will be when the manifest is applied
    #[arg(long)]
    planned: bool,
}

/// A question, ready to be asked.
struct Ready {
    action: Action,
    on: On,
    /// How people name what it is done to.
    resource: Option<String>,
    with: TestContext,
    subject: Subject,
}

pub(crate) async fn can(args: &Can, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let ready = ready(&args.what, global, terminal).await?;
    let who = ready.subject.access.who(&args.principal).map_err(unknown)?;
    let question = Question { who: &who, action: &ready.action, on: &ready.on, with: &ready.with };
    let answer = ready.subject.access.ask(&question);
    let (action, sources) = (ready.action.as_str(), ready.subject.sources.as_ref());
    let asked = Asked { who: &args.principal, action, on: ready.resource.as_deref() };
    match global.format {
        Format::Json => {
            let mut json = head(&ready);
            json.insert("principal".to_owned(), json!(args.principal));
            json.extend(answer_json::answer(&answer, sources));
            terminal.print_json(&Value::Object(json));
        }
        Format::Text | Format::Markdown | Format::Sarif => {
            let mut page = terminal.page();
            verdict(&mut page, asked, &answer);
            page.gap();
            reasons(&mut page, 2, &answer, asked, sources);
            terminal.print(&page);
            tell_limits(&ready.subject.access, terminal);
        }
    }
    Ok(if answer.verdict == Verdict::Allowed { Exit::Done } else { Exit::Failed })
}

pub(crate) async fn who_can(args: &WhoCan, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let ready = ready(&args.what, global, terminal).await?;
    let answers = ready.subject.access.who_can(&ready.action, &ready.on, &ready.with);
    let somebody = answers.iter().any(|(_, answer)| answer.verdict != Verdict::Denied);
    match global.format {
        Format::Json => {
            let (denied, others): (Vec<_>, Vec<_>) =
                answers.iter().partition(|(_, answer)| answer.verdict == Verdict::Denied);
            let others = others.iter().map(|(who, answer)| {
                let mut fields = serde_json::Map::new();
                fields.insert("principal".to_owned(), json!(who.to_string()));
                fields.extend(answer_json::answer(answer, ready.subject.sources.as_ref()));
                Value::Object(fields)
            });
            let mut json = head(&ready);
            json.insert("answers".to_owned(), others.collect());
            json.insert("denied".to_owned(), denied.iter().map(|(who, _)| who.to_string()).collect());
            terminal.print_json(&Value::Object(json));
        }
        Format::Text | Format::Markdown | Format::Sarif => {
            let mut page = terminal.page();
            everybody(&mut page, &ready, &answers, terminal.verbose);
            terminal.print(&page);
            tell_limits(&ready.subject.access, terminal);
        }
    }
    Ok(if somebody { Exit::Done } else { Exit::Failed })
}

fn head(ready: &Ready) -> serde_json::Map<String, Value> {
    let json = json!({
        "format_version": answer_json::FORMAT_VERSION,
        "of": ready.subject.of,
        "account": ready.subject.access.account().id,
        "scp": is_within_scp(&ready.subject.access),
        "tables": tables(&ready.subject.access),
        "action": ready.action.as_str(),
        "resource": ready.resource,
    });
    match json {
        Value::Object(fields) => fields,
        _ => serde_json::Map::new(),
    }
}

async fn ready(what: &What, global: &Global, terminal: Terminal) -> Result<Ready, Failure> {
    let action = action(&what.action)?;
    let with = what.stated.context()?;
    what.stated.tell_unknown(terminal);
    let subject = what.of.asked(what.planned, global, terminal).await?;
    let on = match &what.resource {
        Some(text) => subject.access.on(text).map_err(unknown)?,
        None => On::Anything,
    };
    let resource = what.resource.clone().filter(|_| on != On::Anything);
    let is_moot = resource.is_some() && takes_none(action.as_str());
    if is_moot {
        tell_moot(action.as_str(), terminal);
    }
    let resource = resource.filter(|_| !is_moot);
    if let Some(named) = &resource {
        tell_other_forms(&subject.access.other_forms(&action, &on), action.as_str(), named, terminal);
    }
    Ok(Ready { action, on, resource, with, subject })
}

/// Whether an action is known to be done to nothing in particular.
fn takes_none(action: &str) -> bool {
    services().action(action).is_some_and(|(_, action)| action.resource_types().next().is_none())
}

/// Nothing can be done to what has none of the `forms` that an action takes.
fn tell_other_forms(forms: &[&str], action: &str, named: &str, terminal: Terminal) {
    const MOST_NAMED: usize = 2;
    if forms.is_empty() {
        return;
    }
    let more = forms.len().saturating_sub(MOST_NAMED);
    let shown = forms.iter().take(MOST_NAMED).map(|form| format!("`{form}`"));
    let shown: Vec<String> = shown.chain((more > 0).then(|| format!("{more} more"))).collect();
    let text = format!(
        "no type of resource that {action} takes has such an ARN as {named}, by the table of {}: they are {}",
        services().provenance().date,
        list(&shown)
    );
    let mut page = terminal.page();
    page.words(0, 6, &[(Ink::Hint, "note: "), (Ink::Plain, text.as_str())]);
    terminal.tell(&page);
}

fn tell_moot(action: &str, terminal: Terminal) {
    let text = format!(
        "{action} takes no resource, by the table of {}: it is asked on `*`, and a statement about certain \
         resources is not about it",
        services().provenance().date
    );
    let mut page = terminal.page();
    page.words(0, 6, &[(Ink::Hint, "note: "), (Ink::Plain, text.as_str())]);
    terminal.tell(&page);
}

/// An action as AWS spells it.
fn action(text: &str) -> Result<Action, Failure> {
    if let Some((service, action)) = services().action(text) {
        let spelled = format!("{}:{}", service.prefix, action.name);
        return Action::parse(&spelled).map_err(|problem| Failure::new(Exit::Usage, problem));
    }
    if text.contains(['*', '?']) {
        return Err(several(text));
    }
    let (prefix, name) = text.split_once(':').unwrap_or((text, ""));
    let date = services().provenance().date;
    let failure = |message: String, meant: Option<String>| {
        let help = meant.map(|word| format!("did you mean `{word}`?")).unwrap_or_default();
        Failure::new(Exit::Usage, message)
            .help(help)
            .help(format!("actions are those of {date}, in the table that iamctl carries"))
    };
    Err(match services().get(prefix) {
        _ if name.is_empty() => failure(format!("`{text}` is not an action such as `s3:GetObject`"), None),
        None => {
            let meant = closest(prefix, services().prefixes()).map(|prefix| format!("{prefix}:{name}"));
            failure(format!("there is no service `{prefix}`"), meant)
        }
        Some(service) => {
            let names = service.actions().map(|action| action.name);
            let meant = closest(name, names).map(|name| format!("{}:{name}", service.prefix));
            failure(format!("there is no action `{name}` in {}", service.name), meant)
        }
    })
}

/// A question is about one action.
fn several(text: &str) -> Failure {
    const MOST_NAMED: usize = 4;
    let all = || services().matching(text);
    let names = all().take(MOST_NAMED).map(|(service, action)| format!("{}:{}", service.prefix, action.name));
    let more = all().skip(MOST_NAMED).count();
    let names: Vec<String> = names.chain((more > 0).then(|| format!("{more} more"))).collect();
    let failure = Failure::new(Exit::Usage, format!("`{text}` is a pattern, and one action is expected"));
    match names.is_empty() {
        true => failure.help("write an action such as `s3:GetObject`"),
        false => failure
            .help(format!("it stands for {}", list(&names)))
            .help("a test of the manifest takes patterns: `cannot: [\"s3:Put*\"]`"),
    }
}

pub(crate) fn unknown(unknown: Unknown) -> Failure {
    let help = unknown.meant.map(|meant| format!("did you mean `{meant}`?")).unwrap_or_default();
    Failure::new(Exit::Usage, unknown.message).help(help)
}

/// The verdict, which comes first.
fn verdict(page: &mut Page, asked: Asked<'_>, answer: &Answer) {
    let terms = terms(answer);
    let is_open = asked.on.is_none() && takes_resource(asked.action);
    let asked = match answer.verdict {
        Verdict::Allowed | Verdict::Denied if is_open => Asked { on: Some("any resource"), ..asked },
        _ => asked,
    };
    let (ink, word, sentence) = match answer.verdict {
        Verdict::Allowed => (Ink::Add, "yes: ", asked.sentence("can")),
        Verdict::Denied => (Ink::Danger, "no: ", asked.sentence("cannot")),
        Verdict::Depends if !terms.is_empty() && unknowns(answer).is_empty() => {
            (Ink::Caution, "depends: ", format!("{} {terms}", asked.sentence("can")))
        }
        Verdict::Depends => {
            (Ink::Caution, "depends: ", format!("whether {} cannot be said", asked.sentence("can")))
        }
    };
    page.words(0, 4, &[(ink, word.to_owned()), (Ink::Bold, sentence)]);
    if answer.verdict == Verdict::Depends && terms.is_empty() && !depends_on(answer).is_empty() {
        page.words(2, 4, &[(Ink::Plain, format!("it depends on {}", list(&depends_on(answer))))]);
    }
}

fn takes_resource(action: &str) -> bool {
    services().action(action).is_some_and(|(_, action)| action.resource_types().next().is_some())
}

/// Those with the same answer together, those who may without any terms first.
fn everybody(page: &mut Page, ready: &Ready, answers: &[(Identity, Answer)], verbose: bool) {
    let on = ready.resource.as_ref().map(|on| format!(" on {on}")).unwrap_or_default();
    page.words(0, 4, &[(Ink::Bold, format!("{}{on}", ready.action.as_str()))]);
    page.gap();
    let mut groups: BTreeMap<(u8, String), BTreeMap<String, Vec<String>>> = BTreeMap::new();
    let mut denied = Vec::new();
    for (who, answer) in answers {
        let is_unknown = !unknowns(answer).is_empty();
        let title = match answer.verdict {
            Verdict::Denied => {
                denied.push(who.to_string());
                continue;
            }
            Verdict::Allowed => (0, "can".to_owned()),
            Verdict::Depends if is_unknown => (2, "cannot be said".to_owned()),
            Verdict::Depends => (1, on_terms(answer)),
        };
        let by = because(answer, ready);
        groups.entry(title).or_default().entry(by).or_default().push(who.to_string());
    }
    for ((rank, title), ways) in &groups {
        let ink = if *rank == 0 { Ink::Add } else { Ink::Caution };
        page.words(0, 4, &[(ink, title)]);
        for (by, who) in ways {
            page.words(2, 2, &[(Ink::Plain, who.join(", "))]);
            for line in by.lines() {
                page.words(6, 4, &[(Ink::Dim, line)]);
            }
        }
        page.gap();
    }
    let is_all = groups.is_empty();
    let count = counted(denied.len(), "user or role", "users and roles");
    let text = match (is_all, denied.len()) {
        (_, 0) => String::new(),
        (true, _) => format!("none of {count} can; services and other accounts were not asked"),
        (false, 1) => "1 other cannot".to_owned(),
        (false, many) => format!("{many} others cannot"),
    };
    let names =
        if verbose && !denied.is_empty() { format!(": {}", denied.join(", ")) } else { String::new() };
    if !text.is_empty() {
        page.words(0, 2, &[(Ink::Plain, format!("{text}{names}"))]);
    }
}

fn on_terms(answer: &Answer) -> String {
    match terms(answer) {
        terms if terms.is_empty() => format!("depends on {}", list(&depends_on(answer))),
        terms => format!("can {terms}"),
    }
}

/// The statements that allow it, or what is not known, one line each.
fn because(answer: &Answer, ready: &Ready) -> String {
    let sources = ready.subject.sources.as_ref();
    let lines = answer.told().iter().filter(|told| !matches!(told.part, iamctl_access::Part::Misses(_)));
    let lines = lines.map(|told| {
        let place = sources.and_then(|sources| answer::place(told, sources));
        let place = place.map(|place| format!("  {place}")).unwrap_or_default();
        format!("{} {}{place}", answer::part(told).0, statement(told))
    });
    let unknown = unknowns(answer).into_iter();
    let examples = (!answer.examples.is_empty()).then(|| format!("on {}", list(&answer.examples)));
    lines.chain(unknown).chain(examples).collect::<Vec<_>>().join("\n")
}
