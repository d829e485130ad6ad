//! iamctl: AWS IAM from one YAML manifest.
//!
//! `main` reads the command line and hands on to one file for each verb in `commands`. What they have
//! in common is in `context`; all wording for people is in `render`.

mod asking;
mod catch_up;
mod cli;
mod commands;
mod context;
mod exit;
mod failure;
mod files;
mod git;
mod manifest;
mod offline;
mod organization;
mod output;
mod progress;
mod render;
mod stated;
mod terminal;

use clap::error::ErrorKind;

use crate::cli::{Cli, Command, Format, Global};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::Terminal;

fn main() -> Exit {
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(error) => {
            // Nobody may be left to read it.
            let _ = error.print();
            return match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Done,
                _ => Exit::Usage,
            };
        }
    };
    log_to_stderr(&cli.global);
    let terminal = Terminal::new(&cli.global);
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            terminal.fail(&Failure::new(Exit::Failed, "cannot start").cause(error));
            return Exit::Failed;
        }
    };
    let exit = runtime.block_on(run(&cli, terminal)).unwrap_or_else(|failure| {
        terminal.fail(&failure);
        failure.exit
    });
    if exit == Exit::Done && terminal::result_was_lost() { Exit::Failed } else { exit }
}

async fn run(cli: &Cli, terminal: Terminal) -> Result<Exit, Failure> {
    let global = &cli.global;
    if global.format == Format::Sarif && !has_findings(&cli.command) {
        return Err(Failure::new(Exit::Usage, "`--format sarif` is for findings")
            .help("`validate` and `policy lint` write them; here it is `text`, `json` or `markdown`"));
    }
    match &cli.command {
        Command::Init(args) => commands::init::init(args, global, terminal).await,
        Command::Import(args) => commands::import::import(args, global, terminal).await,
        Command::Validate(args) => commands::validate::validate(args, global, terminal),
        Command::Plan(args) => commands::plan::plan(args, global, terminal).await,
        Command::Apply(args) => commands::apply::apply(args, global, terminal).await,
        Command::Drift(args) => commands::drift::drift(args, global, terminal).await,
        Command::Show(args) => commands::show::show(args, global, terminal).await,
        Command::Unmanaged(args) => commands::unmanaged::unmanaged(args, global, terminal).await,
        Command::Runs(args) => commands::runs::runs(args, global, terminal).await,
        Command::Unlock(args) => commands::unlock::unlock(args, global, terminal).await,
        Command::Test(args) => commands::test::test(args, global, terminal).await,
        Command::Can(args) => commands::can::can(args, global, terminal).await,
        Command::WhoCan(args) => commands::can::who_can(args, global, terminal).await,
        Command::Escalations(args) => commands::escalations::escalations(args, global, terminal).await,
        Command::Policy(args) => commands::policy::policy(args, global, terminal),
        Command::Schema(_) => Ok(commands::validate::schema(terminal)),
        Command::Completions(args) => Ok(commands::completions::completions(args, terminal)),
    }
}

/// Whether the result of a command can be written as SARIF.
fn has_findings(command: &Command) -> bool {
    match command {
        Command::Validate(_) => true,
        Command::Policy(policy) => policy.is_lint(),
        _ => false,
    }
}

/// `-vv` shows every request; `IAMCTL_LOG` takes tracing's own filters.
fn log_to_stderr(global: &Global) {
    use tracing_subscriber::EnvFilter;
    let usual = if global.verbose > 1 {
        "iamctl=debug,iamctl_aws=debug,iamctl_apply=debug,aws_smithy_runtime=debug"
    } else {
        "off"
    };
    let filter = EnvFilter::try_from_env("IAMCTL_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
}
