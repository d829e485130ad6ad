//! `runs`: the audit trail.

use std::num::NonZeroUsize;

use clap::{Args, Subcommand};
use iamctl_apply::{MasterStore, RunId};
use iamctl_aws::AwsBucket;
use jiff::Timestamp;

use crate::cli::{Format, Global};
use crate::context::Session;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::manifest::Loader;
use crate::render::run;
use crate::terminal::Terminal;

/// Shows the records of earlier runs
#[derive(Debug, Args)]
pub(crate) struct Runs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Lists the latest runs, the latest first
    List {
        /// How many
        #[arg(short = 'n', long, value_name = "COUNT", default_value = "20", value_parser = at_least_one)]
        limit: NonZeroUsize,
    },
    /// Shows one run: who, when, what, and what became of it
    Show {
        /// The run's id; without one, the latest run
        #[arg(value_name = "RUN")]
        run: Option<RunId>,
    },
}

fn at_least_one(text: &str) -> Result<NonZeroUsize, &'static str> {
    text.parse().map_err(|_| "a whole number from 1 is expected")
}

pub(crate) async fn runs(args: &Runs, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let loader = Loader::new(global, terminal)?;
    let session = Session::begin(global, &loader, terminal).await?;
    match &args.verb {
        Verb::List { limit } => list(&session, limit.get(), global, terminal).await,
        Verb::Show { run } => show(&session, run.as_ref(), global, terminal).await,
    }
}

/// Where runs were recorded: in the folder of the manifest, and of the names that it had before. A master copy that
/// cannot be read hides the runs of former names only: records are there to find out what is wrong with it.
async fn stores(session: &Session) -> Vec<MasterStore<'_, AwsBucket>> {
    let own = session.store();
    let formers = own.former_stores().await.unwrap_or_default();
    std::iter::once(own).chain(formers).collect()
}

async fn list(session: &Session, limit: usize, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let mut runs = Vec::new();
    for store in stores(session).await {
        runs.extend(store.list_runs(Timestamp::now(), limit).await?);
    }
    runs.sort_by(|one, other| other.run.cmp(&one.run));
    runs.truncate(limit);
    match global.format {
        Format::Json => terminal.print_json(&run::list_json(&runs)),
        Format::Text | Format::Markdown | Format::Sarif => {
            let mut page = terminal.page();
            run::list(&mut page, &runs);
            terminal.print(&page);
        }
    }
    Ok(Exit::Done)
}

async fn show(
    session: &Session,
    wanted: Option<&RunId>,
    global: &Global,
    terminal: Terminal,
) -> Result<Exit, Failure> {
    let stores = stores(session).await;
    let mut latest = None;
    if wanted.is_none() {
        for store in &stores {
            let listed = store.list_runs(Timestamp::now(), 1).await?.into_iter().next();
            latest = latest.max(listed.map(|listed| listed.run));
        }
    }
    let Some(id) = wanted.cloned().or(latest) else {
        return Err(Failure::new(Exit::Failed, "no run has been recorded"));
    };
    let mut found = None;
    for store in &stores {
        if found.is_none() {
            found = store.load_run(&id).await?;
        }
    }
    let Some(record) = found else {
        return Err(Failure::new(Exit::Failed, format!("there is no run {id}"))
            .help("`iamctl runs list` shows the latest ones"));
    };
    match global.format {
        Format::Json => terminal.print_json(&run::record_json(&record)),
        Format::Text | Format::Markdown | Format::Sarif => {
            let mut page = terminal.page();
            run::record(&mut page, &record);
            terminal.print(&page);
        }
    }
    Ok(Exit::Done)
}
