//! `plan`: what would change.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use iamctl_access::AccessChange;
use iamctl_apply::RunId;
use iamctl_model::{ChangeAction, Guard, Plan};
use iamctl_spec::Manifest;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::asking::{Tested, access_change, check};
use crate::cli::{Format, Global, Limits};
use crate::commands::test::{complain, refuse};
use crate::context::{Observed, Session};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::git;
use crate::manifest::Loader;
use crate::offline;
use crate::render::diagnostics::{self, Look};
use crate::render::page::Ink;
use crate::render::plan_text::Setting;
use crate::render::{self, markdown, plan_json, plan_text, tests};
use crate::terminal::Terminal;

/// Shows what would change in the account, and changes nothing
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// Exit code 2 when there are changes, 0 when there are none
    #[arg(long)]
    detailed_exitcode: bool,

    /// Saves the plan, so that `apply --plan` does exactly this
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Plans against a saved account, without AWS: a snapshot, or the JSON of
    /// `aws iam get-account-authorization-details`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["out", "save_live"])]
    live: Option<PathBuf>,

    /// Saves what was read from the account, for `--live`
    #[arg(long, value_name = "FILE")]
    save_live: Option<PathBuf>,

    #[command(flatten)]
    limits: Limits,
}

/// A plan in a file. It holds policy texts of the account: treat it as confidential.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SavedPlan {
    pub(crate) format_version: u32,
    pub(crate) tool_version: String,
    pub(crate) manifest_digest: String,
    /// What let it pass. Whoever applies it says so again: the file alone consents to nothing.
    #[serde(default)]
    pub(crate) allowed: BTreeSet<Guard>,
    pub(crate) plan: Plan,
}

pub(crate) async fn plan(args: &PlanArgs, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let loader = Loader::new(global, terminal)?;
    let (plan, tested) = match &args.live {
        Some(path) => {
            let (manifest, mut plan, live) = offline::plan(path, &loader, &args.limits)?;
            let tested = check(&manifest, &live, &plan);
            let access = access_change(&manifest, &live, &mut plan, &args.limits);
            show(&manifest, &plan, &tested, &access, global, terminal);
            (plan, tested)
        }
        None => {
            let session = Session::begin(global, &loader, terminal).await?;
            let observed = session.observe().await?;
            let mut plan = session.plan(&observed, &args.limits).plan;
            let tested = check(&session.manifest, &observed.live, &plan);
            let access = access_change(&session.manifest, &observed.live, &mut plan, &args.limits);
            show(&session.manifest, &plan, &tested, &access, global, terminal);
            tell_other_text(&session, &loader, &observed, &plan, terminal).await;
            // What must not be applied is not saved for it.
            if let Some(path) = args.out.as_ref().filter(|_| tested.is_passed()) {
                save(path, &session, &plan, &args.limits)?;
            }
            if let Some(path) = &args.save_live {
                let text =
                    iamctl_snapshot::write(&observed.live, &observed.memory.ownership, Timestamp::now());
                write(path, &text)?;
            }
            (plan, tested)
        }
    };
    refuse(&tested.checked, "the plan is not to be applied")?;
    Ok(match () {
        () if !plan.refusals.is_empty() => Exit::Refused,
        () if args.detailed_exitcode && !plan.is_empty() => Exit::Pending,
        () => Exit::Done,
    })
}

/// Deletes in a checkout that is not up to date undo the work of others: the last run is named, when it
/// applied another text than this one, unless git knows that this one came after it.
pub(crate) async fn tell_other_text(
    session: &Session,
    loader: &Loader<'_>,
    observed: &Observed,
    plan: &Plan,
    terminal: Terminal,
) {
    let Some((head, _)) = &observed.memory.head else { return };
    let deletes = plan.changes.iter().any(|change| change.action == ChangeAction::Delete);
    if !deletes || head.manifest_digest == *session.files.digest() {
        return;
    }
    if builds_on(session, loader, &head.run).await {
        return;
    }
    let text = format!(
        "the last run, {run}, applied another text of this manifest; what is deleted here may be newer work \
         of somebody else: `iamctl runs show {run}`",
        run = head.run
    );
    let mut page = terminal.page();
    page.words(0, 6, &[(Ink::Hint, "note: "), (Ink::Plain, text.as_str())]);
    terminal.tell(&page);
}

/// Whether the checkout builds on the commit that a run applied. What it applied beside a commit is nowhere in git.
async fn builds_on(session: &Session, loader: &Loader<'_>, run: &RunId) -> bool {
    let folder = loader.folder.path();
    // Outside of git, there is no need to read the record.
    if git::state(folder).is_none() {
        return false;
    }
    let Ok(Some(record)) = session.store().load_run(run).await else { return false };
    let applied = record.opened.runner.git.filter(|applied| !applied.dirty);
    applied.is_some_and(|applied| git::builds_on(folder, &applied.commit))
}

/// Writes the plan as a result, and says why tests fail that do.
pub(crate) fn show(
    manifest: &Manifest,
    plan: &Plan,
    tested: &Tested,
    access: &AccessChange,
    global: &Global,
    terminal: Terminal,
) {
    if global.format == Format::Json {
        let mut json = plan_json::plan(plan, Some(access));
        if let Some(fields) = json.as_object_mut() {
            let mut results = tests::json(&tested.checked, &manifest.sources);
            if let (Some(results), false) = (results.as_object_mut(), tested.checked.is_empty()) {
                results.insert("scp".to_owned(), tested.is_within_scp.into());
                results.insert("tables".to_owned(), tested.tables.clone());
            }
            fields.insert("tests".to_owned(), results);
        }
        terminal.print_json(&json);
    } else {
        show_as_text(manifest, plan, Some(access), global, terminal);
        let found = tests::findings(&tested.checked);
        if global.format == Format::Markdown && !found.is_empty() {
            let look = Look { colour: false, ..terminal.look() };
            let text = diagnostics::text(&found, &manifest.sources, look);
            terminal.print_raw(&markdown::failed_tests(&tests::summary(&tested.checked), &text));
        } else {
            complain(manifest, &tested.checked, terminal);
        }
        tested.tell(access, terminal);
    }
}

/// Writes what of a plan is drift as a result.
pub(crate) fn show_drift(manifest: &Manifest, plan: &Plan, global: &Global, terminal: Terminal) {
    match global.format {
        Format::Json => terminal.print_json(&plan_json::plan(plan, None)),
        Format::Text | Format::Markdown | Format::Sarif => {
            show_as_text(manifest, plan, None, global, terminal);
        }
    }
}

/// Writes a plan, or what of it is drift where nothing is said of access.
fn show_as_text(
    manifest: &Manifest,
    plan: &Plan,
    access: Option<&AccessChange>,
    global: &Global,
    terminal: Terminal,
) {
    let mut page = terminal.page();
    let master_copy = &manifest.desired.master_copy;
    let only_drift = access.is_none();
    let mut setting = Setting { master_copy, verbose: terminal.verbose, only_drift, access };
    if global.format != Format::Markdown {
        plan_text::plan(&mut page, plan, setting);
        return terminal.print(&page);
    }
    // What a reviewer looks at first is not folded.
    let mut above = terminal.page();
    if let Some(change) = setting.access.take() {
        render::access::access(&mut above, change, &plan.account, terminal.verbose);
    }
    plan_text::plan(&mut page, plan, setting);
    terminal.print_raw(&markdown::plan(plan, only_drift, &above, &page));
}

fn save(path: &Path, session: &Session, plan: &Plan, limits: &Limits) -> Result<(), Failure> {
    let saved = SavedPlan {
        format_version: plan_json::FORMAT_VERSION,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        manifest_digest: session.files.digest().to_string(),
        allowed: limits.allowed(),
        plan: plan.clone(),
    };
    // All keys are strings, so this cannot fail.
    write(path, &serde_json::to_string_pretty(&saved).unwrap_or_default())
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    // It holds policy texts of the account: nobody else on this machine needs to read them, also where
    // the file was there already.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .and_then(|mut file| {
            #[cfg(unix)]
            file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
            file.write_all(text.as_bytes())
        })
        .map_err(|error| Failure::new(Exit::Failed, format!("cannot write {}", path.display())).cause(error))
}
