//! Copying: the best way there is, named truthfully. Inside tmux its own buffer first, because tmux
//! drops OSC 52 unless told otherwise; then a command of the desktop; then OSC 52, of which nobody
//! can know whether the terminal took it.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// The most bytes that are sent to a terminal, as base64 (safety table, OSC 52).
const OSC52_LIMIT: usize = 100_000;
/// How long a clipboard command may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// What the user allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The best way there is.
    Auto,
    /// The terminal only.
    Osc52,
    /// Commands only.
    Command,
    /// Nothing.
    Off,
}

impl Choice {
    /// The choice of that name in the config; `Auto` when it is none.
    pub fn from_name(name: &str) -> Self {
        match name {
            "osc52" => Self::Osc52,
            "command" => Self::Command,
            "off" => Self::Off,
            _ => Self::Auto,
        }
    }
}

/// A way to copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// What it is called in the notice.
    pub name: &'static str,
    argv: &'static [&'static str],
    /// The variable that must be set for it to work; empty for none.
    variable: &'static str,
}

/// Commands in the order they are tried.
const WAYS: &[Way] = &[
    Way { name: "tmux", argv: &["tmux", "load-buffer", "-w", "-"], variable: "TMUX" },
    Way { name: "wl-copy", argv: &["wl-copy"], variable: "WAYLAND_DISPLAY" },
    Way { name: "xclip", argv: &["xclip", "-selection", "clipboard"], variable: "DISPLAY" },
    Way { name: "xsel", argv: &["xsel", "--clipboard", "--input"], variable: "DISPLAY" },
    #[cfg(target_os = "macos")]
    Way { name: "pbcopy", argv: &["pbcopy"], variable: "" },
];

/// The way that would be tried first, for people who wonder.
pub fn first_way(choice: Choice, variable: impl Fn(&str) -> bool) -> &'static str {
    let mut there = WAYS.iter().filter(|way| way.variable.is_empty() || variable(way.variable));
    match choice {
        Choice::Off => "off",
        Choice::Osc52 => "the terminal itself (OSC 52)",
        Choice::Command => there.next().map_or("no command of this desktop", |way| way.name),
        Choice::Auto => there.next().map_or("the terminal itself (OSC 52)", |way| way.name),
    }
}

/// What became of it.
#[derive(Debug, PartialEq, Eq)]
pub enum Copied {
    /// A command took it.
    By(&'static str),
    /// These bytes go to the terminal, which may take it or not.
    ToTerminal(Vec<u8>),
    /// It could not be copied; says why and what to do.
    No(String),
}

/// Copies. Blocks until a command has taken the text, at most [`PATIENCE`] for each.
pub fn copy(text: &str, choice: Choice, variable: impl Fn(&str) -> bool) -> Copied {
    if choice == Choice::Off {
        return Copied::No("copying is off (clipboard = \"off\" in the config)".to_owned());
    }
    if choice != Choice::Osc52 {
        let there = WAYS.iter().filter(|way| way.variable.is_empty() || variable(way.variable));
        for way in there {
            if run(way.argv, text) {
                return Copied::By(way.name);
            }
        }
    }
    if choice == Choice::Command {
        return Copied::No(
            "no clipboard command worked (tmux, wl-copy, xclip, xsel, pbcopy); save it to a file".to_owned(),
        );
    }
    match osc52(text) {
        Some(bytes) => Copied::ToTerminal(bytes),
        None => Copied::No("too long for the terminal's clipboard; save it to a file".to_owned()),
    }
}

fn osc52(text: &str) -> Option<Vec<u8>> {
    if text.len().div_ceil(3) * 4 > OSC52_LIMIT {
        return None;
    }
    let mut bytes = Vec::new();
    let command = crossterm::clipboard::CopyToClipboard::to_clipboard_from(text);
    crossterm::QueueableCommand::queue(&mut bytes, command).ok()?;
    Some(bytes)
}

/// Whether the command took the text and said that it went well.
fn run(argv: &[&str], text: &str) -> bool {
    let Some((program, arguments)) = argv.split_first() else { return false };
    let spawned = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = spawned else { return false };
    let Some(mut stdin) = child.stdin.take() else { return false };
    let text = text.to_owned();
    let (done, wait) = mpsc::channel();
    let waiting = thread::Builder::new().name("clipboard".to_owned()).spawn(move || {
        let written = stdin.write_all(text.as_bytes());
        drop(stdin);
        let well = child.wait().is_ok_and(|status| status.success());
        let _ = done.send(written.is_ok() && well);
    });
    waiting.is_ok() && wait.recv_timeout(PATIENCE).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terminal_is_the_last_way() {
        let Copied::ToTerminal(bytes) = copy("hi", Choice::Auto, |_| false) else {
            panic!("no variable is set, so no command can have taken it");
        };
        assert_eq!(bytes, b"\x1b]52;c;aGk=\x1b\\");
    }

    #[test]
    fn what_is_too_long_is_refused() {
        let long = "x".repeat(OSC52_LIMIT);
        assert!(matches!(copy(&long, Choice::Osc52, |_| false), Copied::No(_)));
    }

    #[test]
    fn off_is_off() {
        assert!(matches!(copy("hi", Choice::Off, |_| true), Copied::No(_)));
        assert!(matches!(copy("hi", Choice::Command, |_| false), Copied::No(_)));
    }
}
