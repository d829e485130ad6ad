//! `drift`: only what changed behind our back.

use clap::Args;
use iamctl_model::{Address, Cause, Change, ChangeAction, Plan};

use crate::cli::Global;
use crate::commands::plan::show_drift;
use crate::context::Session;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::manifest::Loader;
use crate::terminal::Terminal;

/// Shows only what changed in the account since the last run, not by iamctl
///
/// For nightly alerts: exit code 2 when there is any, 0 when there is none. What changed in the manifest
/// is left out.
#[derive(Debug, Args)]
pub(crate) struct Drift {}

pub(crate) async fn drift(_: &Drift, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let loader = Loader::new(global, terminal)?;
    let session = Session::begin(global, &loader, terminal).await?;
    let observed = session.observe().await?;
    let plan = only_drift(session.plan(&observed, &Default::default()).plan);
    show_drift(&session.manifest, &plan, global, terminal);
    Ok(if plan.changes.is_empty() { Exit::Done } else { Exit::Pending })
}

/// The plan with what the manifest changed taken out. Its steps are kept where they undo drift.
fn only_drift(mut plan: Plan) -> Plan {
    plan.changes.retain_mut(|change| {
        change.fields.retain(|_, cause| *cause != Cause::Ours);
        change.address != Address::MasterCopy && (is_strange(change) || !change.fields.is_empty())
    });
    let drifted = |address: &Address| plan.changes.iter().any(|change| change.address == *address);
    plan.steps.retain(|step| drifted(&step.because));
    plan.refusals.retain(|refusal| drifted(&refusal.address));
    plan.hazards.retain(|hazard| drifted(&hazard.address));
    plan.notes.retain(|note| drifted(&note.address));
    plan
}

/// A managed thing that is gone, that somebody made again, or that has another name.
fn is_strange(change: &Change) -> bool {
    let may_be = matches!(change.action, ChangeAction::Create | ChangeAction::Forget | ChangeAction::Blocked);
    may_be && change.cause == Cause::Drift
}
