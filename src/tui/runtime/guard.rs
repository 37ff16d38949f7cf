//! The terminal guard: sets the terminal up, and puts back exactly what it set (safety R22).
//!
//! Putting back is idempotent, each step independent of the others, and possible from every thread:
//! the normal end, the panic hook and the signal thread share one guard. Nothing here waits for a
//! terminal that takes no bytes for longer than [`PATIENCE`].

use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

/// How long a terminal may take to accept the last bytes before it is left as it is.
const PATIENCE: Duration = Duration::from_millis(200);

/// What is switched on at the start, by choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Modes {
    /// Ask for keys that can be told apart (kitty keyboard protocol, flag 1).
    pub kitty_keys: bool,
    /// Capture the mouse.
    pub mouse: bool,
    /// Push and pop the window's title.
    pub title: bool,
}

/// Alternate screen, paste brackets, focus events; title pushed; keys that can be told apart.
fn enter_bytes(modes: Modes) -> Vec<u8> {
    let mut out = Vec::new();
    if modes.title {
        out.extend_from_slice(b"\x1b[22;0t");
    }
    out.extend_from_slice(b"\x1b[?1049h\x1b[?2004h\x1b[?1004h\x1b[?25l");
    if modes.kitty_keys {
        out.extend_from_slice(b"\x1b[>1u");
    }
    out.extend_from_slice(mouse_bytes(modes.mouse));
    out.extend_from_slice(b"\x1b[2J");
    out
}

/// The reverse of [`enter_bytes`], and what a frame may have left open: a synchronised update,
/// colours, a hidden cursor.
fn leave_bytes(modes: Modes) -> Vec<u8> {
    let mut out = b"\x1b[?2026l".to_vec();
    out.extend_from_slice(mouse_bytes(false));
    if modes.kitty_keys {
        out.extend_from_slice(b"\x1b[<1u");
    }
    out.extend_from_slice(b"\x1b[?1004l\x1b[?2004l\x1b[0m\x1b[?1049l\x1b[?25h");
    if modes.title {
        out.extend_from_slice(b"\x1b[23;0t");
    }
    out
}

/// Wheel and buttons in SGR coordinates, on or off.
pub(super) fn mouse_bytes(on: bool) -> &'static [u8] {
    if on { b"\x1b[?1000h\x1b[?1002h\x1b[?1006h" } else { b"\x1b[?1006l\x1b[?1002l\x1b[?1000l" }
}

/// The terminal as it was, and whether it is ours now.
pub struct Guard {
    original: Termios,
    modes: Mutex<Modes>,
    entered: AtomicBool,
}

impl Guard {
    /// Remembers the terminal as it is.
    ///
    /// # Errors
    /// When standard input is no terminal.
    pub fn new(modes: Modes) -> io::Result<Arc<Self>> {
        let original = tcgetattr(io::stdin())?;
        Ok(Arc::new(Self { original, modes: Mutex::new(modes), entered: AtomicBool::new(false) }))
    }

    fn modes(&self) -> Modes {
        match self.modes.lock() {
            Ok(modes) => *modes,
            Err(poisoned) => *poisoned.into_inner(),
        }
    }

    /// Takes the terminal: raw mode and the screen. Also after a suspension.
    ///
    /// # Errors
    /// When the terminal refuses.
    pub fn enter(&self) -> io::Result<()> {
        crossterm::terminal::enable_raw_mode()?;
        self.entered.store(true, Ordering::SeqCst);
        write_patiently(enter_bytes(self.modes()));
        Ok(())
    }

    /// Switches capture of the mouse, so that leaving knows of it. The bytes go through the painter.
    pub fn set_mouse(&self, on: bool) {
        if let Ok(mut modes) = self.modes.lock() {
            modes.mouse = on;
        }
    }

    /// Puts everything back. Does nothing the second time.
    pub fn leave(&self) {
        if !self.entered.swap(false, Ordering::SeqCst) {
            return;
        }
        write_patiently(leave_bytes(self.modes()));
        // The reset string first: what follows may reach a shell that echoes it.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.original);
        let _ = crossterm::terminal::disable_raw_mode();
    }
}

/// Writes all of it, unless the terminal takes longer than [`PATIENCE`]; then the writing thread is
/// left behind with it.
fn write_patiently(bytes: Vec<u8>) {
    let (done, wait) = mpsc::channel();
    let writer = thread::Builder::new().name("reset".to_owned()).spawn(move || {
        let _ = write_all(&bytes);
        let _ = done.send(());
    });
    if writer.is_ok() {
        let _ = wait.recv_timeout(PATIENCE);
    }
}

/// All bytes to the terminal, past every buffer of the standard library.
///
/// # Errors
/// When the terminal is gone.
pub(super) fn write_all(mut bytes: &[u8]) -> io::Result<()> {
    let stdout = io::stdout();
    while !bytes.is_empty() {
        match rustix::io::write(&stdout, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// From now on a panic on a thread that draws puts the terminal back before it is told. A panic in
/// the task of one seat is that pane's matter and leaves the screen alone.
///
/// What a panic says may quote what was being read (safety R20): only its place is told, unless a
/// backtrace is asked for.
pub fn install_panic_hook(guard: &Arc<Guard>) {
    let guard = Arc::clone(guard);
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let name = thread::current().name().map(str::to_owned);
        if !matches!(name.as_deref(), Some("main" | "painter" | "keys")) {
            return;
        }
        guard.leave();
        if std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0") {
            return tell(info);
        }
        let place = info.location().map(|place| format!(" ({}:{})", place.file(), place.line()));
        let words = format!(
            "salon {}: a fault of salon itself ended the room{}. What was shown is saved; please report this.\n",
            env!("CARGO_PKG_VERSION"),
            place.unwrap_or_default()
        );
        let _ = rustix::io::write(io::stderr(), words.as_bytes());
    }));
}

/// A panic on purpose on that thread, so that a test can see what it leaves of the terminal. It is
/// in no build that is shipped.
pub(super) fn rehearse(thread: &str) {
    debug_assert!(
        std::env::var("SALON_REHEARSE").ok().as_deref() != Some(thread),
        "a rehearsed fault of {thread}, with a word that nobody may see: CANARY"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_switched_on_is_switched_off() {
        for (kitty_keys, mouse, title) in [(true, true, true), (false, false, false), (true, false, true)] {
            let modes = Modes { kitty_keys, mouse, title };
            let (enter, leave) = (enter_bytes(modes), leave_bytes(modes));
            let (enter, leave) = (String::from_utf8_lossy(&enter), String::from_utf8_lossy(&leave));
            for mode in ["?1049", "?2004", "?1004", "?1000", "?1002", "?1006"] {
                if enter.contains(&format!("{mode}h")) {
                    assert!(leave.contains(&format!("{mode}l")), "{mode} stays on");
                }
            }
            assert_eq!(enter.contains("[>1u"), leave.contains("[<1u"));
            assert_eq!(enter.contains("[22;0t"), leave.contains("[23;0t"));
            assert!(leave.contains("?25h") && leave.contains("[0m") && leave.contains("?2026l"));
        }
    }
}
