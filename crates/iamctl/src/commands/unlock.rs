//! `unlock`: who holds the lock, and breaking it.

use clap::Args;
use iamctl_apply::{LockHolder, MasterStore, RunId, UnlockError};
use iamctl_aws::AwsBucket;

use crate::cli::{Format, Global};
use crate::context::Session;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::manifest::Loader;
use crate::render::page::Ink;
use crate::render::run;
use crate::terminal::Terminal;

/// Shows who holds the lock; breaks it when given the id of the run that holds it
///
/// A run that was killed leaves its lock. Make sure that it does not run any more before you break it.
#[derive(Debug, Args)]
pub(crate) struct Unlock {
    /// The run that holds the lock
    #[arg(value_name = "RUN")]
    run: Option<RunId>,
}

pub(crate) async fn unlock(args: &Unlock, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let loader = Loader::new(global, terminal)?;
    let session = Session::begin(global, &loader, terminal).await?;
    let store = session.store();
    // A run that renames the manifest holds the lock of its old name as well.
    let former = session.manifest.desired.renamed_from.clone().map(|name| session.store_of(name));
    let Some(id) = &args.run else {
        let held = match (store.read_lock().await?, &former) {
            (None, Some(former)) => former.read_lock().await?,
            (held, _) => held,
        };
        return Ok(show(held.as_ref().map(|(holder, _)| holder), global, terminal));
    };
    match unlock_all(&store, former.as_ref(), id).await {
        Ok(()) => {
            let mut page = terminal.page();
            page.words(0, 2, &[(Ink::Plain, format!("The lock of run {id} is broken."))]);
            let text = "what that run did is found by the next plan";
            page.words(2, 6, &[(Ink::Hint, "note: "), (Ink::Plain, text)]);
            terminal.print(&page);
            Ok(Exit::Done)
        }
        Err(error) => {
            let exit = match error {
                UnlockError::OtherRun(_) | UnlockError::Moved => Exit::Locked,
                _ => Exit::Failed,
            };
            let help = match &error {
                UnlockError::OtherRun(holder) => format!("to break that one: iamctl unlock {}", holder.run),
                UnlockError::Moved => "`iamctl unlock` shows who holds it now".to_owned(),
                _ => String::new(),
            };
            Err(Failure::new(exit, "the lock was not broken").cause(&error).help(help))
        }
    }
}

/// Breaks the locks that a run holds under both names. It is enough when it holds one of them.
async fn unlock_all(
    store: &MasterStore<'_, AwsBucket>,
    former: Option<&MasterStore<'_, AwsBucket>>,
    run: &RunId,
) -> Result<(), UnlockError> {
    let own = store.unlock(run).await;
    let Some(former) = former else { return own };
    match (own, former.unlock(run).await) {
        (Ok(()), Ok(()) | Err(UnlockError::NotHeld | UnlockError::OtherRun(_))) => Ok(()),
        (Err(UnlockError::NotHeld), theirs) => theirs,
        (Ok(()), Err(error)) | (Err(error), _) => Err(error),
    }
}

fn show(held: Option<&LockHolder>, global: &Global, terminal: Terminal) -> Exit {
    let mut page = terminal.page();
    match (held, global.format) {
        (_, Format::Json) => {
            terminal.print_json(&serde_json::json!({"lock": held}));
            return Exit::Done;
        }
        (None, _) => page.line(0, &[(Ink::Plain, "Nobody holds the lock.")]),
        (Some(holder), _) => {
            run::lock(&mut page, holder);
            let text = format!("if it does not run any more: iamctl unlock {}", holder.run);
            page.words(2, 6, &[(Ink::Hint, "help: "), (Ink::Plain, &text)]);
        }
    }
    terminal.print(&page);
    Exit::Done
}
