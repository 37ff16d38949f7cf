//! Where keys, resizes and signals come from: three threads that only listen.
//!
//! The input thread can be parked, so that an editor or the shell may have the terminal. A watcher
//! of its own waits for the terminal to disappear (safety R24), also while the input thread is parked.

use std::io;
use std::os::fd::OwnedFd;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use crossterm::event::Event;
use rustix::event::{PollFd, PollFlags, poll};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::iterator::Signals;
use tokio::sync::mpsc::UnboundedSender;

use crate::tui::runtime::keys::Decoder;

/// How long the rest of an escape sequence may take before Esc was a key.
const ESCAPE: Duration = Duration::from_millis(25);

/// What came from outside.
#[derive(Debug)]
pub enum Input {
    /// A key, a paste, the mouse, focus; and when it was read.
    Key(Event, Instant),
    /// The terminal has another size now.
    Resized,
    /// A signal that ends the program.
    End(i32),
    /// The shell wants the terminal.
    Stop,
    /// The shell gave it back.
    Continue,
    /// The terminal is gone.
    Gone,
    /// A thread that the room cannot do without has failed.
    Broken,
}

enum Order {
    Park,
    GoOn,
}

/// The thread that reads keys.
pub struct Keys {
    orders: mpsc::Sender<Order>,
    parked: mpsc::Receiver<()>,
    wake: OwnedFd,
}

impl Keys {
    /// Starts reading.
    ///
    /// # Errors
    /// When there is no pipe or no thread to be had.
    pub fn start(out: UnboundedSender<Input>) -> io::Result<Self> {
        let (listen, wake) = rustix::pipe::pipe()?;
        let (orders, take) = mpsc::channel();
        let (tell, parked) = mpsc::channel();
        thread::Builder::new().name("keys".to_owned()).spawn(move || {
            let reading = AssertUnwindSafe(|| read_keys(&out, &listen, &take, &tell));
            if catch_unwind(reading).is_err() {
                let _ = out.send(Input::Broken);
            }
        })?;
        Ok(Self { orders, parked, wake })
    }

    /// Stops reading; when this returns, every further byte is somebody else's.
    pub fn park(&self) {
        let _ = self.orders.send(Order::Park);
        let _ = rustix::io::write(&self.wake, b"p");
        let _ = self.parked.recv_timeout(Duration::from_millis(500));
    }

    /// Reads again.
    pub fn go_on(&self) {
        let _ = self.orders.send(Order::GoOn);
    }
}

fn read_keys(
    out: &UnboundedSender<Input>,
    listen: &OwnedFd,
    orders: &mpsc::Receiver<Order>,
    tell: &mpsc::Sender<()>,
) -> io::Result<()> {
    let stdin = io::stdin();
    let mut decoder = Decoder::default();
    let mut events = Vec::new();
    loop {
        let mut waiting = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(listen, PollFlags::IN)];
        match poll(&mut waiting, None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        let ready = |at: usize| waiting.get(at).map_or(PollFlags::empty(), PollFd::revents);
        if ready(1).contains(PollFlags::IN) {
            let mut byte = [0_u8; 1];
            let _ = rustix::io::read(listen, &mut byte);
            if let Ok(Order::Park) = orders.recv() {
                let _ = tell.send(());
                loop {
                    match orders.recv() {
                        Ok(Order::GoOn) => break,
                        Ok(Order::Park) => {}
                        // Nobody wants keys any more: what is typed now is not ours.
                        Err(_) => return Ok(()),
                    }
                }
            }
            continue;
        }
        if ready(1).contains(PollFlags::HUP) {
            return Ok(());
        }
        if ready(0).is_empty() {
            continue;
        }
        let mut bytes = [0_u8; 1 << 14];
        match rustix::io::read(&stdin, &mut bytes) {
            Ok(0) => return Ok(()),
            Ok(read) => decoder.push(bytes.get(..read).unwrap_or_default(), &mut events),
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => continue,
            Err(error) => return Err(error.into()),
        }
        if decoder.is_open() && !is_readable(&stdin, ESCAPE) {
            decoder.settle(&mut events);
        }
        let at = Instant::now();
        for event in events.drain(..) {
            if out.send(Input::Key(event, at)).is_err() {
                return Ok(());
            }
        }
    }
}

/// Whether there is more to read within that time.
fn is_readable(stdin: &io::Stdin, within: Duration) -> bool {
    let nanos = i64::from(within.subsec_nanos());
    let within = rustix::event::Timespec { tv_sec: 0, tv_nsec: nanos };
    let mut waiting = [PollFd::new(stdin, PollFlags::IN)];
    poll(&mut waiting, Some(&within)).is_ok_and(|ready| ready > 0)
}

/// Watches for the terminal's end.
///
/// # Errors
/// When no thread can be started.
pub fn watch_terminal(out: UnboundedSender<Input>) -> io::Result<()> {
    thread::Builder::new().name("hang-up".to_owned()).spawn(move || {
        let stdin = io::stdin();
        loop {
            // No event is asked for: only an error or the end wakes this thread.
            let mut waiting = [PollFd::new(&stdin, PollFlags::empty())];
            match poll(&mut waiting, None) {
                Err(rustix::io::Errno::INTR) => {}
                _ => break,
            }
        }
        let _ = out.send(Input::Gone);
    })?;
    Ok(())
}

/// Listens to signals. `last_resort` is called with the signal's number when the program did not
/// end within its second.
///
/// # Errors
/// When the handlers cannot be installed.
pub fn watch_signals(
    out: UnboundedSender<Input>,
    last_resort: impl Fn(i32) + Send + 'static,
) -> io::Result<()> {
    let mut signals = Signals::new([SIGWINCH, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT])?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            let input = match signal {
                SIGWINCH => Input::Resized,
                SIGTSTP => Input::Stop,
                SIGCONT => Input::Continue,
                number => Input::End(number),
            };
            let ends = matches!(input, Input::End(_));
            let _ = out.send(input);
            if ends {
                thread::sleep(Duration::from_millis(850));
                last_resort(signal);
            }
        }
    })?;
    Ok(())
}
