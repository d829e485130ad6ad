//! `unlock`: who holds the lock, and breaking it.

use clap::Args;
use iamctl_apply::{LockHolder, RunId, UnlockError};

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
    let Some(id) = &args.run else {
        let held = store.read_lock().await?;
        return Ok(show(held.as_ref().map(|(holder, _)| holder), global, terminal));
    };
    match store.unlock(id).await {
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
