//! `cargo xtask check`: which crate may depend on which, and under which licences.
//!
//! The rules are functions from a [`Graph`] to violations, so they are tested on graphs that were never built. All
//! violations are reported at once.

mod arrows;
mod graph;
mod licences;

use anyhow::{Context, Result, bail};
use cargo_metadata::MetadataCommand;

use crate::{build, say};
use graph::Graph;

/// Reads the dependencies of the workspace from cargo and checks them.
pub(crate) fn run() -> Result<()> {
    let graph = read_graph()?;
    let violations = violations(&graph);
    if violations.is_empty() {
        say::line(&format!(
            "{} crates of our own and {} others: every arrow and every licence is allowed",
            graph.members().count(),
            graph.packages.len() - graph.members().count()
        ));
        return Ok(());
    }
    for violation in &violations {
        say::aside(&format!("not allowed: {violation}"));
    }
    bail!("{} dependencies or licences are not allowed", violations.len())
}

fn read_graph() -> Result<Graph> {
    let manifest = build::root().join("Cargo.toml");
    let metadata = MetadataCommand::new().manifest_path(manifest).exec();
    Ok(Graph::from_metadata(&metadata.context("failed to read the dependencies from cargo")?))
}

fn violations(graph: &Graph) -> Vec<String> {
    [arrows::check(graph), licences::check(graph)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_workspace_keeps_the_rules() {
        assert_eq!(violations(&read_graph().unwrap()), [""; 0]);
    }
}
