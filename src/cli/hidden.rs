//! A line that nobody sees: what is typed or pasted at the terminal is not echoed, and the terminal
//! is put back however it ends, also by a signal. Without a terminal the input itself is read.
//!
//! The text is handed on and kept nowhere.

use std::io;
use std::io::IsTerminal;
use std::io::Read;

use crate::cli::out::Out;

/// Longer texts are no keys and no codes.
const LONGEST: u64 = 64 * 1024;

/// What some terminals put around a paste.
const BRACKETS: [&str; 2] = ["\u{1b}[200~", "\u{1b}[201~"];

/// How it ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Hidden {
    /// This was given.
    Text(String),
    /// Ctrl-C, or Ctrl-D on nothing.
    Stopped,
}

/// Asks for a line on the terminal, or reads standard input to its end when that is none.
///
/// # Errors
/// When neither can be read, or what came is no text.
pub fn read(prompt: &str, out: &mut Out) -> io::Result<Hidden> {
    if !io::stdin().is_terminal() {
        let mut text = String::new();
        io::stdin().take(LONGEST).read_to_string(&mut text)?;
        return Ok(Hidden::Text(text));
    }
    let answer = from_terminal(prompt, out);
    out.tell("");
    answer
}

#[cfg(unix)]
fn from_terminal(prompt: &str, out: &mut Out) -> io::Result<Hidden> {
    let silence = Silence::begin()?;
    out.ask(prompt);
    let answer = line(&mut io::stdin().lock());
    drop(silence);
    answer
}

#[cfg(not(unix))]
fn from_terminal(_: &str, _: &mut Out) -> io::Result<Hidden> {
    Err(io::Error::other("this terminal always shows what is typed; pipe the key in"))
}

/// Keys as they come, to the end of the line.
fn line(input: &mut impl Read) -> io::Result<Hidden> {
    let mut bytes: Vec<u8> = Vec::new();
    let mut one = [0_u8; 1];
    loop {
        let read = match input.read(&mut one) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        match one[0] {
            _ if read == 0 => break,
            b'\r' | b'\n' => break,
            0x03 => return Ok(Hidden::Stopped),
            0x04 if bytes.is_empty() => return Ok(Hidden::Stopped),
            0x04 => break,
            0x08 | 0x7f => {
                bytes.pop();
            }
            0x15 => bytes.clear(),
            byte if (bytes.len() as u64) < LONGEST => bytes.push(byte),
            _ => {}
        }
    }
    let text = String::from_utf8(bytes).map_err(|_| io::Error::other("what was given is no text"))?;
    Ok(Hidden::Text(BRACKETS.iter().fold(text, |text, bracket| text.replace(bracket, ""))))
}

/// A terminal without echo, until it is dropped or a signal ends the program.
#[cfg(unix)]
struct Silence {
    before: rustix::termios::Termios,
    signals: signal_hook::iterator::Handle,
}

#[cfg(unix)]
impl Silence {
    fn begin() -> io::Result<Self> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
        let before = tcgetattr(io::stdin())?;
        let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
        let (handle, last) = (signals.handle(), before.clone());
        std::thread::spawn(move || {
            if let Some(signal) = signals.forever().next() {
                let _ = tcsetattr(io::stdin(), OptionalActions::Now, &last);
                std::process::exit(128 + signal);
            }
        });
        let mut silent = before.clone();
        // Keys come one by one: Ctrl-C is read here, so that the terminal is put back before the end.
        silent.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        tcsetattr(io::stdin(), OptionalActions::Flush, &silent)?;
        Ok(Self { before, signals: handle })
    }
}

#[cfg(unix)]
impl Drop for Silence {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
        self.signals.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_edit_the_line_and_end_it() {
        let table: [(&[u8], Hidden); 8] = [
            (b"sk-one\rrest", Hidden::Text("sk-one".to_owned())),
            (b"sk-onx\x7fe\n", Hidden::Text("sk-one".to_owned())),
            (b"wrong\x15sk-one\n", Hidden::Text("sk-one".to_owned())),
            (b"\x1b[200~sk-one\x1b[201~\r", Hidden::Text("sk-one".to_owned())),
            (b"sk-one", Hidden::Text("sk-one".to_owned())),
            (b"sk-o\x04", Hidden::Text("sk-o".to_owned())),
            (b"sk-o\x03", Hidden::Stopped),
            (b"\x04", Hidden::Stopped),
        ];
        for (keys, want) in table {
            assert_eq!(line(&mut &*keys).expect("a line"), want, "{keys:?}");
        }
        assert!(line(&mut &b"\xff\r"[..]).is_err());
    }
}
