//! What this program itself says, on standard output between the output of the programs it runs.
//!
//! Failing to write is ignored: when the reader has closed the pipe there is nobody left to tell.

use std::io::{IsTerminal, Write};

/// A title, set off from what comes before.
pub(crate) fn heading(text: &str) {
    line(&format!("\n{}", styled("1", &format!("── {text}"))));
}

/// What to look at in the output that follows.
pub(crate) fn remark(text: &str) {
    line(&styled("3", text));
}

/// A command, as a person would type it.
pub(crate) fn command(text: &str) {
    line(&format!("\n{} {}", styled("1;36", "$"), styled("1", text)));
}

/// A plain line.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Something that is not part of the task's output, on standard error.
pub(crate) fn aside(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Why the task failed, on standard error.
pub(crate) fn error(error: &anyhow::Error) {
    aside(&format!("error: {error:#}"));
}

fn styled(code: &str, text: &str) -> String {
    let wanted =
        std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if wanted { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}
