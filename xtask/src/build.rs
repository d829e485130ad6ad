//! Building iamctl, and finding what was built.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use cargo_metadata::Message;

/// The top of the workspace.
pub(crate) fn root() -> &'static Path {
    let this_crate = Path::new(env!("CARGO_MANIFEST_DIR"));
    this_crate.parent().unwrap_or(this_crate)
}

/// Cargo, the one that runs this program if there is one, at the top of the workspace.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Builds iamctl and returns the program's path.
pub(crate) fn iamctl() -> Result<PathBuf> {
    program("iamctl", &["--package", "iamctl"])
}

/// Builds what cargo's arguments choose and returns the path of the program `name`, as cargo reports it: it depends on
/// more than one setting.
pub(crate) fn program(name: &str, chosen: &[&str]) -> Result<PathBuf> {
    let mut build = cargo()
        .args(["build", "--message-format", "json-render-diagnostics"])
        .args(chosen)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("failed to run cargo")?;
    let messages = build.stdout.take().context("cargo has no output")?;
    let mut program = None;
    for message in Message::parse_stream(std::io::BufReader::new(messages)) {
        if let Message::CompilerArtifact(artifact) = message.context("failed to read cargo's output")?
            && artifact.target.name == name
        {
            program = artifact.executable.map(PathBuf::from).or(program);
        }
    }
    if !build.wait().context("failed to wait for cargo")?.success() {
        bail!("{name} could not be built");
    }
    program.with_context(|| format!("cargo built no program `{name}`"))
}
