//! What the person sits at: colors, width, whether somebody can be asked.

use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::cli::{Color, Global};
use crate::failure::Failure;
use crate::render::diagnostics::{Look, harmless_json};
use crate::render::page::{self, Page};

/// Standard output and standard error, as they are to be used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    colour_out: bool,
    colour_err: bool,
    width: usize,
    quiet: bool,
    pub(crate) verbose: bool,
}

/// The width that is taken where there is no terminal.
const USUAL_WIDTH: usize = 100;

impl Terminal {
    pub(crate) fn new(global: &Global) -> Self {
        let asked_not_to = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let colour = |is_terminal: bool| match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && !asked_not_to,
        };
        let width = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        Self {
            colour_out: colour(io::stdout().is_terminal()),
            colour_err: colour(io::stderr().is_terminal()),
            width: width.unwrap_or(USUAL_WIDTH).clamp(40, 200),
            quiet: global.quiet,
            verbose: global.verbose > 0,
        }
    }

    /// How findings are to look, which are written to standard error.
    pub(crate) fn look(&self) -> Look {
        Look { colour: self.colour_err, width: self.width }
    }

    /// How results look.
    pub(crate) fn look_of_results(&self) -> Look {
        Look { colour: self.colour_out, width: self.width }
    }

    pub(crate) fn page(&self) -> Page {
        Page::new(self.width)
    }

    /// Writes results.
    pub(crate) fn print(&self, page: &Page) {
        write_result(&page.text(self.colour_out));
    }

    /// Writes results as JSON, which people read on terminals, too.
    pub(crate) fn print_json(&self, json: &serde_json::Value) {
        self.print_raw(&harmless_json(&format!("{json:#}\n")));
    }

    /// Writes results for programs, or text without any layout.
    pub(crate) fn print_raw(&self, text: &str) {
        write_result(text);
    }

    /// Writes what is worth knowing and no result.
    pub(crate) fn tell(&self, page: &Page) {
        if !self.quiet {
            write_all(&mut io::stderr().lock(), &page.text(self.colour_err));
        }
    }

    /// Writes what is wrong.
    pub(crate) fn complain(&self, text: &str) {
        write_all(&mut io::stderr().lock(), text);
    }

    pub(crate) fn complain_page(&self, page: &Page) {
        write_all(&mut io::stderr().lock(), &page.text(self.colour_err));
    }

    /// Writes why a command ended early.
    pub(crate) fn fail(&self, failure: &Failure) {
        if failure.message.is_empty() {
            return;
        }
        let mut page = self.page();
        page::failure(&mut page, failure);
        self.complain_page(&page);
    }

    /// Whether progress can be drawn over.
    pub(crate) fn draws(&self) -> bool {
        io::stderr().is_terminal() && !self.quiet
    }

    pub(crate) fn tells(&self) -> bool {
        !self.quiet
    }

    /// Asks a question; `None` when there is nobody to ask.
    pub(crate) fn ask(&self, question: &str) -> Option<bool> {
        if !io::stdin().is_terminal() {
            return None;
        }
        let mut stderr = io::stderr().lock();
        write_all(&mut stderr, &format!("{question}\nOnly `yes` goes on: "));
        let mut answer = String::new();
        // The end of input is a no.
        let _ = io::stdin().lock().read_line(&mut answer);
        Some(answer.trim() == "yes")
    }
}

/// Whether a result could not be written, other than because its reader had seen enough.
static RESULT_WAS_LOST: AtomicBool = AtomicBool::new(false);

/// Whether a result could not be written: whoever waits for it must not take silence for success.
pub(crate) fn result_was_lost() -> bool {
    RESULT_WAS_LOST.load(Ordering::Relaxed)
}

/// Writes a result. A reader who has seen enough closes the pipe: that is no failure.
fn write_result(text: &str) {
    let mut stream = io::stdout().lock();
    match stream.write_all(text.as_bytes()).and_then(|()| stream.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            RESULT_WAS_LOST.store(true, Ordering::Relaxed);
            write_all(&mut io::stderr().lock(), &format!("error: the result cannot be written: {error}\n"));
        }
        _ => {}
    }
}

/// What is beside the result is written as far as it can be.
fn write_all(stream: &mut dyn Write, text: &str) {
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
}
