//! The one writer of the command line (safety R32, R8). A reader that goes away ends the output
//! quietly; a disk that is full is told and makes the exit status 1. What goes to a terminal is
//! drawn by the rule of panes, what goes to a pipe by that of standard output, so that no byte of
//! a model's acts on a terminal.

use std::fmt;
use std::io::{self, IsTerminal, Write};

use crate::text::PaneStream;
use crate::text::Untrusted;

/// Standard output and standard error.
pub struct Out {
    stdout: Box<dyn Write + Send>,
    stderr: Box<dyn Write + Send>,
    stdout_is_terminal: bool,
    state: State,
}

/// How it goes with standard output.
#[derive(Debug, PartialEq, Eq)]
enum State {
    Open,
    /// Its reader has gone: nothing more is written, and nobody is told.
    Gone,
    Failed(String),
}

impl Out {
    /// Those of the process.
    #[must_use]
    pub fn system() -> Self {
        Self {
            stdout: Box::new(io::BufWriter::with_capacity(16 * 1024, io::stdout())),
            stderr: Box::new(io::stderr()),
            stdout_is_terminal: io::stdout().is_terminal(),
            state: State::Open,
        }
    }

    /// These writers, for tests.
    #[cfg(test)]
    pub(super) fn of(stdout: Box<dyn Write + Send>, stderr: Box<dyn Write + Send>, terminal: bool) -> Self {
        Self { stdout, stderr, stdout_is_terminal: terminal, state: State::Open }
    }

    /// Whether standard output is a terminal.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.stdout_is_terminal
    }

    /// The columns of the terminal behind standard output; `None`: there is none, or it does not say.
    #[must_use]
    pub fn width(&self) -> Option<usize> {
        let size = rustix::termios::tcgetwinsize(io::stdout()).ok().filter(|_| self.stdout_is_terminal)?;
        (size.ws_col > 0).then_some(usize::from(size.ws_col))
    }

    /// Whether nobody reads standard output any more, or it cannot be written.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.state != State::Open
    }

    /// Prints a line of our own words.
    pub fn line(&mut self, text: impl fmt::Display) {
        self.attempt(|stdout| writeln!(stdout, "{text}"));
    }

    /// Prints bytes as they are: scripts, pages, JSON, and replies with `--raw`.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.attempt(|stdout| stdout.write_all(bytes));
    }

    /// Prints a text from outside, whole, made safe for where it goes.
    pub fn text(&mut self, text: &Untrusted) {
        let safe = if self.stdout_is_terminal { text.pane() } else { text.stdout() };
        self.attempt(|stdout| stdout.write_all(safe.as_bytes()));
    }

    /// Sends on what was printed.
    pub fn flush(&mut self) {
        self.attempt(|stdout| stdout.flush());
    }

    /// Tells something on standard error; several lines stay lines. When that cannot be written
    /// either, there is nobody left to tell.
    pub fn tell(&mut self, text: &str) {
        self.flush();
        let text = Untrusted::from(text);
        let _ = writeln!(self.stderr, "{}", text.pane());
        let _ = self.stderr.flush();
    }

    /// Asks for something on standard error; the answer comes on the same line.
    pub fn ask(&mut self, text: &str) {
        self.flush();
        let _ = write!(self.stderr, "{}", Untrusted::from(text).line());
        let _ = self.stderr.flush();
    }

    /// Ends the output: the exit status, given that of the work.
    pub fn finish(&mut self, code: u8) -> u8 {
        self.flush();
        match std::mem::replace(&mut self.state, State::Gone) {
            State::Open => code,
            State::Gone => 0,
            State::Failed(why) => {
                let _ = writeln!(self.stderr, "salon: standard output cannot be written: {why}");
                1
            }
        }
    }

    fn attempt(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
        if self.state != State::Open {
            return;
        }
        if let Err(error) = write(&mut *self.stdout) {
            self.state = match error.kind() {
                io::ErrorKind::BrokenPipe => State::Gone,
                _ => State::Failed(error.to_string()),
            };
        }
    }
}

/// A reply that is printed while it comes: pieces are made safe as the whole would be.
pub struct Streaming {
    pane: Option<PaneStream>,
    raw: bool,
    ends_line: bool,
}

impl Streaming {
    /// A reply to this output.
    #[must_use]
    pub fn new(out: &Out, raw: bool) -> Self {
        let pane = (out.is_terminal() && !raw).then(PaneStream::default);
        Self { pane, raw, ends_line: true }
    }

    /// Prints what came next.
    pub fn push(&mut self, piece: &Untrusted, out: &mut Out) {
        if self.raw {
            self.print(piece.raw(), out);
        } else if let Some(pane) = &mut self.pane {
            let mut safe = String::new();
            pane.push(piece, &mut safe);
            self.print(&safe, out);
        } else {
            // What the rule of standard output drops, it drops by the character alone.
            self.print(&piece.stdout(), out);
        }
    }

    /// The reply is at its end: the last line is ended.
    pub fn finish(&mut self, out: &mut Out) {
        let mut rest = String::new();
        if let Some(pane) = &mut self.pane {
            pane.finish(&mut rest);
        }
        self.print(&rest, out);
        if !self.ends_line {
            out.bytes(b"\n");
        }
        out.flush();
    }

    fn print(&mut self, text: &str, out: &mut Out) {
        if let Some(last) = text.bytes().next_back() {
            self.ends_line = last == b'\n';
            out.bytes(text.as_bytes());
            out.flush();
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A writer whose text can be looked at, and that may fail.
    #[derive(Clone, Default)]
    pub struct Page {
        text: Arc<Mutex<Vec<u8>>>,
        fails: Option<io::ErrorKind>,
    }

    impl Page {
        pub fn text(&self) -> String {
            String::from_utf8(self.text.lock().expect("no panic").clone()).expect("UTF-8")
        }
    }

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match self.fails {
                Some(kind) => Err(kind.into()),
                None => {
                    self.text.lock().expect("no panic").extend_from_slice(bytes);
                    Ok(bytes.len())
                }
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    pub fn pages(terminal: bool) -> (Out, Page, Page) {
        let (stdout, stderr) = (Page::default(), Page::default());
        (Out::of(Box::new(stdout.clone()), Box::new(stderr.clone()), terminal), stdout, stderr)
    }

    #[test]
    fn a_reader_that_goes_away_is_no_error() {
        let stderr = Page::default();
        let broken = Page { fails: Some(io::ErrorKind::BrokenPipe), ..Page::default() };
        let mut out = Out::of(Box::new(broken), Box::new(stderr.clone()), false);
        out.line("x");
        assert!(out.is_over());
        assert_eq!((out.finish(1), stderr.text()), (0, String::new()));
    }

    #[test]
    fn a_full_disk_is_told_and_is_1() {
        let stderr = Page::default();
        let full = Page { fails: Some(io::ErrorKind::StorageFull), ..Page::default() };
        let mut out = Out::of(Box::new(full), Box::new(stderr.clone()), false);
        out.line("x");
        assert_eq!(out.finish(0), 1);
        assert!(stderr.text().starts_with("salon: standard output cannot be written"), "{}", stderr.text());
    }

    #[test]
    fn nothing_acts_on_a_terminal_or_in_a_pipe() {
        for terminal in [true, false] {
            let (mut out, stdout, _) = pages(terminal);
            let mut reply = Streaming::new(&out, false);
            for piece in ["a\u{1b}", "]52;c;x\u{7}", "\u{9b}31m\tb\n"] {
                reply.push(&Untrusted::from(piece), &mut out);
            }
            reply.finish(&mut out);
            let shown = stdout.text();
            assert!(!shown.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{shown:?}");
            assert!(shown.ends_with("b\n"), "{shown:?}");
        }
    }

    #[test]
    fn raw_is_exact() {
        let (mut out, stdout, _) = pages(false);
        let mut reply = Streaming::new(&out, true);
        reply.push(&Untrusted::from("a\u{1b}[31m"), &mut out);
        reply.finish(&mut out);
        assert_eq!(stdout.text(), "a\u{1b}[31m\n");
    }
}
