//! `apply`: plan, confirm, lock, plan again, execute, master copy.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use iamctl_apply::{
    BucketReport, ClosedRun, LockError, Locked, OpenProblem, Opening, RunId, RunResult, Runner, TimeAndChance,
};
use iamctl_aws::AwsBucket;
use iamctl_diff::Planned;
use iamctl_model::{Guard, Plan};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::asking::{access_change, check};
use crate::cli::{Format, Global, Limits};
use crate::commands::plan::{SavedPlan, show, tell_other_text};
use crate::commands::test::refuse;
use crate::context::{Observed, Session};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::git;
use crate::manifest::Loader;
use crate::progress::Progress;
use crate::render::page::Ink;
use crate::render::{plan_json, run};
use crate::terminal::Terminal;

/// Changes the account as the manifest says, and stores the master copy
///
/// Shows the plan and asks before anything is changed. Only the calls that are needed are made, in an
/// order that never opens a hole. What was done is recorded, also when it fails half-way.
#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// Asks no question
    #[arg(short, long)]
    yes: bool,

    /// Does exactly what a saved plan says, or nothing
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,

    #[command(flatten)]
    limits: Limits,
}

/// The clock and the randomness of this machine.
struct Machine;

impl TimeAndChance for Machine {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn random(&self) -> u64 {
        // Run ids need to differ, not to be secret: the clock will do where the system has no
        // randomness to give.
        getrandom::u64().unwrap_or_else(|_| Timestamp::now().as_nanosecond() as u64)
    }
}

pub(crate) async fn apply(args: &Apply, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let saved = args.plan.as_deref().map(read_saved).transpose()?;
    let loader = Loader::new(global, terminal)?;
    let session = Session::begin(global, &loader, terminal).await?;
    let observed = session.observe().await?;
    let mut planned = session.plan(&observed, &args.limits);
    let nothing_to_do = planned.plan.is_empty();
    let tested = check(&session.manifest, &observed.live, &planned.plan);
    let access = access_change(&session.manifest, &observed.live, &mut planned.plan, &args.limits);
    let refused = !planned.plan.refusals.is_empty() || !tested.is_passed();
    if global.format != Format::Json || refused {
        show(&session.manifest, &planned.plan, &tested, &access, global, terminal);
    }
    tell_other_text(&session, &loader, &observed, &planned.plan, terminal).await;
    if !planned.plan.refusals.is_empty() {
        return Err(refused_plan(&planned.plan, saved.as_ref()));
    }
    refuse(&tested.checked, "nothing was changed")?;
    if let Some(saved) = &saved {
        check_saved(saved, &session, &planned.plan)?;
    }
    if nothing_to_do {
        if global.format == Format::Json {
            let counts = serde_json::json!({"done": 0, "failed": 0, "not_tried": 0});
            let json = serde_json::json!({"format_version": 1, "run": null, "result": "succeeded",
                "counts": counts, "record": null, "steps": [], "problems": []});
            terminal.print_json(&json);
        }
        return Ok(Exit::Done);
    }
    confirm(args, &session, terminal)?;
    let closed = carry_out(&session, &loader, &observed, &planned, &args.limits, terminal).await?;
    report(&session, &planned.plan, &closed, global, terminal);
    Ok(match closed.result {
        RunResult::Succeeded if closed.problems.is_empty() => Exit::Done,
        RunResult::Failed if closed.is_stale() => Exit::Refused,
        RunResult::Succeeded | RunResult::Failed => Exit::Failed,
        RunResult::Interrupted => Exit::Interrupted,
    })
}

fn read_saved(path: &Path) -> Result<SavedPlan, Failure> {
    let unreadable = |error: String| {
        Failure::new(Exit::Failed, format!("cannot read the saved plan {}", path.display()))
            .cause(error)
            .help("`iamctl plan --out FILE` saves one")
    };
    let text = fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    let saved: SavedPlan = serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
    if saved.format_version != plan_json::FORMAT_VERSION {
        let error = format!(
            "it has format {}, this version reads {}",
            saved.format_version,
            plan_json::FORMAT_VERSION
        );
        return Err(unreadable(error));
    }
    Ok(saved)
}

/// A guard that a saved plan was let through is asked about again: the file alone consents to nothing.
fn refused_plan(plan: &Plan, saved: Option<&SavedPlan>) -> Failure {
    let failure = Failure::new(Exit::Refused, "nothing was changed, because the plan is refused");
    let refusing: BTreeSet<Guard> = plan.refusals.iter().map(|refusal| refusal.guard).collect();
    let allowed = saved.into_iter().flat_map(|saved| saved.allowed.intersection(&refusing));
    let options: Vec<String> = allowed.map(|guard| format!("--allow {}", guard.as_str())).collect();
    match options.is_empty() {
        true => failure,
        false => failure
            .help(format!("the saved plan was made with `{0}`: pass `{0}` here too", options.join(" "))),
    }
}

/// A saved plan is executed exactly, or not at all.
fn check_saved(saved: &SavedPlan, session: &Session, plan: &Plan) -> Result<(), Failure> {
    let same = saved.plan.does_the_same_as(plan) && saved.manifest_digest == session.files.digest().as_str();
    if same {
        return Ok(());
    }
    Err(Failure::new(Exit::Refused, "nothing was changed, because the saved plan is stale")
        .cause("the account, the master copy or the manifest changed since it was made")
        .help("look at a new plan, save that, and apply it"))
}

fn confirm(args: &Apply, session: &Session, terminal: Terminal) -> Result<(), Failure> {
    // A saved plan was looked at when it was saved.
    if args.plan.is_some() {
        return Ok(());
    }
    if args.yes {
        let is_guarded =
            session.manifest.desired.account.is_some() || args.limits.allow.contains(&Guard::AnyAccount);
        if is_guarded {
            return Ok(());
        }
        return Err(Failure::new(
            Exit::Refused,
            "nothing was changed: the manifest names no account, and `--yes` asks no question",
        )
        .help(format!(
            "write `account: \"{}\"` in the manifest; or pass `--allow any-account`",
            session.account().id
        )));
    }
    let question = format!("Apply this to account {} as {}?", session.account().id, session.caller.arn);
    match terminal.ask(&question) {
        Some(true) => Ok(()),
        Some(false) => {
            Err(Failure::new(Exit::Declined, "nothing was changed: the answer was not the whole word `yes`"))
        }
        None => Err(Failure::new(Exit::Declined, "nothing was changed: there is no terminal to ask at")
            .help("pass `--yes` to apply without a question, or `--plan` with a saved plan")),
    }
}

/// From the lock to its release.
async fn carry_out(
    session: &Session,
    loader: &Loader<'_>,
    observed: &Observed,
    planned: &Planned,
    limits: &Limits,
    terminal: Terminal,
) -> Result<ClosedRun, Failure> {
    let store = session.store();
    let report = store.prepare_bucket().await.map_err(|error| {
        Failure::new(Exit::Failed, "nothing was changed in IAM: there is no bucket for the master copy")
            .cause(&error)
            .help(bucket_help(&error.error))
    })?;
    tell_bucket(&report, session, terminal);

    let started = Machine.now();
    let earlier = observed.memory.latest_run();
    let unfinished = observed.unfinished.iter().filter_map(|run| run.run.parse().ok());
    let latest: Option<RunId> = earlier.into_iter().chain(unfinished).max();
    let id = RunId::new(started, Machine.random()).later_than(latest.as_ref());
    // From here on Ctrl-C must not end the process: the lock would stay.
    let cancel = cancel_on_ctrl_c(terminal);
    let mut locked = store.lock(id, runner(session, loader), started).await.map_err(lock_failure)?;
    if let Some(renaming) = &observed.memory.renaming {
        locked = locked.lock_former(&renaming.from).await.map_err(lock_failure)?;
    }

    // What was looked at must still be so now that nobody else can write.
    let (now, planned_now) = match again(session, planned, limits).await {
        Ok(again) => again,
        Err(failure) => return Err(release(locked, failure).await),
    };
    if cancel.is_cancelled() {
        let failure = Failure::new(Exit::Interrupted, "nothing was changed in IAM: it was interrupted");
        return Err(release(locked, failure).await);
    }
    let basis = session.basis(&now, &planned_now);
    let opening = Opening {
        plan: &planned.plan,
        basis: &basis,
        memory: &now.memory,
        unfinished: &now.unfinished,
        files: &session.files,
    };
    let progress = Progress::new(terminal, &planned.plan);
    let watch = |event: &iamctl_apply::Event| progress.watch(event);
    let open = locked.open(opening, &Machine, &watch).await.map_err(|error| {
        let exit = match error.reason {
            OpenProblem::HeadMoved | OpenProblem::NotTheLatest(_) | OpenProblem::OtherPlan { .. } => {
                Exit::Refused
            }
            _ => Exit::Failed,
        };
        let failure =
            Failure::new(exit, "nothing was changed in IAM").cause(&error.reason).help(error.reason.help());
        match error.lock {
            Some(lock) => failure.cause(format!("the lock is still held: {lock}")),
            None => failure,
        }
    })?;
    let iam = session.aws.iam(session.account());
    let closed = open.execute(&iam, &cancel).await.close().await;
    progress.end();
    Ok(closed)
}

/// Observes and plans once more; refused when the plan is another one now.
async fn again(
    session: &Session,
    planned: &Planned,
    limits: &Limits,
) -> Result<(Observed, Planned), Failure> {
    let now = session.observe().await?;
    let mut planned_now = session.plan(&now, limits);
    // What is not managed may have changed what the plan does to access, and not the plan.
    if !limits.denied_access().is_empty() {
        access_change(&session.manifest, &now.live, &mut planned_now.plan, limits);
    }
    if planned_now.plan.refusals.is_empty() && planned_now.plan.does_the_same_as(&planned.plan) {
        // What is not managed may have changed without changing the plan.
        let tested = check(&session.manifest, &now.live, &planned_now.plan);
        refuse(
            &tested.checked,
            "nothing was changed in IAM, because the account changed since the plan was shown",
        )?;
        return Ok((now, planned_now));
    }
    Err(Failure::new(Exit::Refused, "nothing was changed in IAM, because the plan is stale")
        .cause("the account or the master copy changed since it was shown")
        .help("look at a new plan, then apply that"))
}

async fn release(locked: Locked<'_, AwsBucket>, failure: Failure) -> Failure {
    let run = locked.run().clone();
    match locked.release().await {
        Ok(()) => failure,
        Err(error) => failure
            .cause(format!("the lock is still held: {error}"))
            .help(format!("break it: iamctl unlock {run}")),
    }
}

fn runner(session: &Session, loader: &Loader<'_>) -> Runner {
    Runner {
        who: session.caller.clone(),
        host: gethostname::gethostname().into_string().ok().filter(|name| !name.is_empty()),
        pid: Some(std::process::id()),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        command: command_line(),
        git: git::state(loader.folder.path()),
    }
}

/// What was typed. Values of variables may be secret to somebody; everything else is a name.
fn command_line() -> String {
    let mut words = vec!["iamctl".to_owned()];
    let mut hide_next = false;
    for word in std::env::args_os().skip(1) {
        let word = without_password(&word.to_string_lossy());
        let shown = match word.strip_prefix("--var=") {
            _ if hide_next => hidden(&word),
            Some(assignment) => format!("--var={}", hidden(assignment)),
            None => word.clone(),
        };
        hide_next = word == "--var";
        words.push(shown);
    }
    words.join(" ")
}

/// An address without what stands before its `@`: a user's name and password.
fn without_password(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else { return word.to_owned() };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match host.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://…@{host}{path}"),
        None => word.to_owned(),
    }
}

fn hidden(assignment: &str) -> String {
    let name = assignment.split('=').next().unwrap_or_default();
    format!("{name}=…")
}

fn lock_failure(error: LockError) -> Failure {
    let exit = if matches!(error, LockError::Held(_)) { Exit::Locked } else { Exit::Failed };
    let failure = Failure::new(exit, "nothing was changed in IAM").cause(&error).help(error.help());
    match error {
        LockError::Held(holder) => failure.cause(format!(
            "it was taken at {:.0} by `{}`{}",
            holder.started,
            holder.runner.command,
            holder.runner.host.map(|host| format!(" on {host}")).unwrap_or_default()
        )),
        _ => failure,
    }
}

fn bucket_help(error: &iamctl_apply::StoreError) -> String {
    use iamctl_apply::StoreError;
    match error {
        StoreError::NameTaken => {
            "bucket names are unique in all of AWS: choose another name for `master_copy.bucket`"
        }
        StoreError::Denied { .. } => "see whose bucket it is, and ask for the permission",
        StoreError::WrongRegion { .. } => "correct `master_copy.region` in the manifest",
        _ => "",
    }
    .to_owned()
}

fn tell_bucket(report: &BucketReport, session: &Session, terminal: Terminal) {
    let name = &session.manifest.desired.master_copy.bucket;
    let mut page = terminal.page();
    match report {
        BucketReport::Created => {
            let text = format!("made the bucket {name}: versions kept, encrypted, closed to the public");
            page.words(0, 2, &[(Ink::Plain, text)]);
        }
        BucketReport::Existing { weaknesses } => {
            for weakness in weaknesses {
                let text = format!("the bucket {name}: {weakness}");
                page.words(0, 9, &[(Ink::Caution, "warning: "), (Ink::Plain, &text)]);
            }
        }
    }
    terminal.tell(&page);
}

/// Ctrl-C, or the signal to terminate, stops starting; what is in flight is finished. The next one ends the process at once, which
/// leaves lock and record as a killed run does.
fn cancel_on_ctrl_c(terminal: Terminal) -> CancellationToken {
    let cancel = CancellationToken::new();
    let token = cancel.clone();
    // Listening begins here, so that nothing that is pressed from now on is lost.
    let Ok(mut interrupts) = Interrupts::listen() else { return cancel };
    tokio::spawn(async move {
        interrupts.next().await;
        terminal.complain("interrupted: finishing what is in flight; press Ctrl-C again to end at once\n");
        token.cancel();
        interrupts.next().await;
        #[expect(clippy::exit, reason = "the person asked twice, and nothing may hold this up")]
        std::process::exit(i32::from(Exit::Interrupted as u8));
    });
    cancel
}

/// Ctrl-C, and the signal by which pipelines and service managers ask for an end.
#[cfg(unix)]
struct Interrupts {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Interrupts {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Interrupts;

#[cfg(not(unix))]
impl Interrupts {
    fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}

fn report(session: &Session, plan: &Plan, closed: &ClosedRun, global: &Global, terminal: Terminal) {
    let store = session.store();
    let place = store.location(&store.layout().run(&closed.run));
    match global.format {
        Format::Text | Format::Markdown | Format::Sarif => {
            let mut page = terminal.page();
            run::closed(&mut page, closed, plan, &place);
            terminal.print(&page);
        }
        Format::Json => {
            let json = serde_json::json!({
                "format_version": 1,
                "run": closed.run,
                "result": closed.result,
                "counts": closed.counts,
                "record": place,
                "steps": plan.steps.iter().map(|step| {
                    serde_json::json!({"id": step.id, "call": step.action.call(),
                        "address": step.action.subject(), "outcome": closed.outcomes.get(&step.id)})
                }).collect::<Vec<_>>(),
                "problems": closed.problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
            });
            terminal.print_json(&json);
        }
    }
}
