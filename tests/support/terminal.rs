//! A terminal with iamctl in it, and a person who types.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::process::Command;

use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::program::{Finished, Running, Said, starting};

/// A pseudo-terminal: all three standard streams of the program are its one end, this is the other.
pub(crate) struct Terminal {
    running: Running,
    keyboard: File,
    screen: Said,
}

impl Terminal {
    /// Starts a command in a terminal of usual size.
    pub(crate) fn start(command: Command) -> Self {
        Self::of_width(command, 120)
    }

    /// Starts a command in a terminal with so many columns.
    pub(crate) fn of_width(mut command: Command, columns: u16) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let keyboard = File::from(openpt(flags).unwrap());
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let size = Winsize { ws_row: 40, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&keyboard, size).unwrap();
        let name = ptsname(&keyboard, Vec::new()).unwrap();
        let inside = || {
            let path = std::ffi::OsStr::from_bytes(name.as_bytes());
            // It must not become the terminal of the tests themselves.
            let no_control = OFlags::NOCTTY.bits().cast_signed();
            OpenOptions::new().read(true).write(true).custom_flags(no_control).open(path).unwrap()
        };
        command.env("TERM", "xterm-256color");
        command.stdin(inside()).stdout(inside()).stderr(inside());
        let child = command.spawn().unwrap();
        // The command holds the program's end open: without this, reading the screen would never end.
        drop(command);
        let screen = Said::follow(keyboard.try_clone().unwrap());
        Self { running: starting(child), keyboard, screen }
    }

    /// Waits until it says these words.
    #[track_caller]
    pub(crate) fn wait_for(&self, words: &str) {
        assert!(self.screen.wait_for(words), "`{words}` never came:\n{}", self.screen.text());
    }

    /// Types an answer.
    pub(crate) fn type_in(&mut self, answer: &str) {
        self.keyboard.write_all(answer.as_bytes()).unwrap();
    }

    /// Waits for the end. What was on the screen is standard output.
    #[track_caller]
    pub(crate) fn finish(mut self) -> Finished {
        let finished = self.running.finish();
        Finished { out: self.screen.all(), ..finished }
    }
}
