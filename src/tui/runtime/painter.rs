//! The painter: the one thread that writes to the terminal (safety R26).
//!
//! Frames come through a mailbox of one slot in which the latest wins, so that a terminal that takes
//! no bytes stalls nothing but this thread. A second lane is lossless and in order: the clipboard,
//! the window's title, the bell. A frame is the difference to what was last written, inside one
//! synchronised update.

use std::io;
use std::io::Write;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::thread;
use std::time::Duration;

use crossterm::QueueableCommand;
use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::terminal::{BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate};
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::tui::runtime::guard::rehearse;
use crate::tui::runtime::guard::write_all;

/// A picture of the whole screen.
struct Frame {
    buffer: Buffer,
    cursor: Option<Position>,
    /// Another epoch than the last frame's: the terminal is cleared and written anew.
    epoch: u64,
}

#[derive(Default)]
struct Slot {
    frame: Option<Frame>,
    lane: Vec<u8>,
    spare: Vec<Buffer>,
    paused: bool,
    busy: bool,
    closed: bool,
}

struct Shared {
    slot: Mutex<Slot>,
    wake: Condvar,
    idle: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Slot> {
        match self.slot.lock() {
            Ok(slot) => slot,
            Err(poisoned) => poisoned.into_inner(),
        }
    }
}

/// Why nothing is painted any more.
#[derive(Clone, Copy, Debug)]
pub enum End {
    /// The terminal takes no more writes.
    Gone,
    /// The painter failed.
    Broken,
}

/// The handle of the thread that paints.
pub struct Painter {
    shared: Arc<Shared>,
    epoch: u64,
}

impl Painter {
    /// Starts the thread. `ended` is called once, when the terminal takes no more writes for good, or
    /// when painting itself broke.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(synchronised: bool, ended: impl FnOnce(End) + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared { slot: Mutex::default(), wake: Condvar::new(), idle: Condvar::new() });
        let theirs = Arc::clone(&shared);
        thread::Builder::new().name("painter".to_owned()).spawn(move || {
            let mut canvas = Canvas::new(synchronised);
            let painting = AssertUnwindSafe(|| paint_until_closed(&theirs, &mut canvas));
            match catch_unwind(painting) {
                Ok(Ok(())) => {}
                Ok(Err(_)) => ended(End::Gone),
                Err(_) => {
                    theirs.lock().busy = false;
                    theirs.idle.notify_all();
                    ended(End::Broken);
                }
            }
        })?;
        Ok(Self { shared, epoch: 0 })
    }

    /// A blank buffer of that area to draw the next frame into.
    pub fn blank(&self, area: Rect) -> Buffer {
        let spare = self.shared.lock().spare.pop();
        match spare {
            Some(mut buffer) => {
                buffer.resize(area);
                buffer.reset();
                buffer
            }
            None => Buffer::empty(area),
        }
    }

    /// Hands a frame over. A frame that waits is dropped for it.
    pub fn show(&self, buffer: Buffer, cursor: Option<Position>) {
        let mut slot = self.shared.lock();
        if let Some(dropped) = slot.frame.replace(Frame { buffer, cursor, epoch: self.epoch }) {
            slot.spare.push(dropped.buffer);
        }
        drop(slot);
        self.shared.wake.notify_one();
    }

    /// The next frame is written whole.
    pub fn repaint(&mut self) {
        self.epoch += 1;
    }

    /// The lossless lane, for other threads.
    pub fn lane(&self) -> Lane {
        Lane(Arc::clone(&self.shared))
    }

    /// Bytes for the terminal that must not be lost, in order, between two frames.
    pub fn send(&self, bytes: &[u8]) {
        self.lane().send(bytes);
    }

    /// Waits until nothing is being written, and holds the thread there, so that somebody else may
    /// use the terminal. Gives up after `patience`: the terminal takes no bytes.
    pub fn pause(&self, patience: Duration) {
        let mut slot = self.shared.lock();
        slot.paused = true;
        let waited = self.shared.idle.wait_timeout_while(slot, patience, |slot| slot.busy);
        drop(waited);
    }

    /// Goes on after [`Painter::pause`], with a frame that is written whole.
    pub fn resume(&mut self) {
        self.repaint();
        self.shared.lock().paused = false;
        self.shared.wake.notify_one();
    }

    /// Writes what waits in the lossless lane, drops the rest, and ends the thread; waits for it no
    /// longer than `patience`.
    pub fn close(&self, patience: Duration) {
        let mut slot = self.shared.lock();
        slot.closed = true;
        slot.frame = None;
        self.shared.wake.notify_one();
        let waited = self.shared.idle.wait_timeout_while(slot, patience, |slot| slot.busy);
        drop(waited);
    }
}

/// The lossless lane of a painter.
pub struct Lane(Arc<Shared>);

impl Lane {
    /// Bytes for the terminal that must not be lost, in order, between two frames.
    pub fn send(&self, bytes: &[u8]) {
        self.0.lock().lane.extend_from_slice(bytes);
        self.0.wake.notify_one();
    }
}

fn paint_until_closed(shared: &Shared, canvas: &mut Canvas) -> io::Result<()> {
    loop {
        let mut slot = shared.lock();
        slot.busy = false;
        shared.idle.notify_all();
        while !slot.closed && (slot.paused || (slot.frame.is_none() && slot.lane.is_empty())) {
            slot = match shared.wake.wait(slot) {
                Ok(slot) => slot,
                Err(poisoned) => poisoned.into_inner(),
            };
        }
        if slot.closed && slot.lane.is_empty() {
            return Ok(());
        }
        slot.busy = true;
        let frame = slot.frame.take();
        canvas.bytes.append(&mut slot.lane);
        drop(slot);
        let spare = match frame {
            Some(frame) => canvas.paint(frame)?,
            None => None,
        };
        let written = write_all(&canvas.bytes);
        canvas.bytes.clear();
        canvas.bytes.shrink_to(1 << 16);
        if let Some(buffer) = spare {
            shared.lock().spare.push(buffer);
        }
        if let Err(error) = written {
            shared.lock().busy = false;
            shared.idle.notify_all();
            return Err(error);
        }
    }
}

/// What the terminal shows, as far as we know, and the bytes of the next write.
struct Canvas {
    shown: Option<(Buffer, u64)>,
    bytes: Vec<u8>,
    cursor_visible: Option<bool>,
    synchronised: bool,
}

impl Canvas {
    fn new(synchronised: bool) -> Self {
        Self { shown: None, bytes: Vec::new(), cursor_visible: None, synchronised }
    }

    /// Adds the bytes that turn what is shown into the frame; gives a buffer that is free again.
    fn paint(&mut self, frame: Frame) -> io::Result<Option<Buffer>> {
        let Frame { buffer, cursor, epoch } = frame;
        if self.shown.as_ref().is_some_and(|(old, _)| old.area != buffer.area) {
            rehearse("painter");
        }
        let known = self.shown.take().filter(|(old, at)| *at == epoch && old.area == buffer.area);
        if self.synchronised {
            self.bytes.queue(BeginSynchronizedUpdate)?;
        }
        // The cursor stays hidden while cells are written, so that it is not seen to jump.
        if self.cursor_visible != Some(false) {
            self.bytes.queue(Hide)?;
            self.cursor_visible = Some(false);
        }
        let spare = match known {
            Some((old, _)) => {
                let changes = old.diff(&buffer);
                CrosstermBackend::new(&mut self.bytes).draw(changes.into_iter())?;
                Some(old)
            }
            None => {
                self.bytes.queue(Clear(ClearType::All))?;
                let blank = Buffer::empty(buffer.area);
                CrosstermBackend::new(&mut self.bytes).draw(blank.diff(&buffer).into_iter())?;
                Some(blank)
            }
        };
        if let Some(position) = cursor {
            self.bytes.queue(MoveTo(position.x, position.y))?.queue(Show)?;
            self.cursor_visible = Some(true);
        }
        if self.synchronised {
            self.bytes.queue(EndSynchronizedUpdate)?;
        }
        self.bytes.flush()?;
        self.shown = Some((buffer, epoch));
        Ok(spare)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Style;

    fn frame(text: &str, epoch: u64) -> Frame {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 10, 2));
        buffer.set_string(0, 0, text, Style::default());
        Frame { buffer, cursor: Some(Position::new(1, 1)), epoch }
    }

    fn seen(screen: &mut vt100::Parser, canvas: &mut Canvas, next: Frame) -> (String, usize) {
        canvas.paint(next).expect("painted");
        let bytes = std::mem::take(&mut canvas.bytes);
        screen.process(&bytes);
        (screen.screen().contents(), bytes.len())
    }

    #[test]
    fn only_the_difference_is_written() {
        let mut screen = vt100::Parser::new(2, 10, 0);
        let mut canvas = Canvas::new(true);
        let (text, whole) = seen(&mut screen, &mut canvas, frame("hello", 0));
        assert_eq!(text, "hello");
        let (text, part) = seen(&mut screen, &mut canvas, frame("hellO", 0));
        assert_eq!(text, "hellO");
        assert!(part < whole, "{part} bytes for one cell, {whole} for the whole frame");
        assert_eq!(screen.screen().cursor_position(), (1, 1));
    }

    #[test]
    fn another_epoch_is_written_whole() {
        let mut screen = vt100::Parser::new(2, 10, 0);
        let mut canvas = Canvas::new(false);
        seen(&mut screen, &mut canvas, frame("hello", 0));
        screen.process(b"\x1b[1;1Hgarbage");
        let (text, _) = seen(&mut screen, &mut canvas, frame("hello", 1));
        assert_eq!(text, "hello");
    }

    #[test]
    fn a_frame_that_waits_is_dropped_for_the_next_and_the_lane_is_kept() {
        let shared = Shared { slot: Mutex::default(), wake: Condvar::new(), idle: Condvar::new() };
        let painter = Painter { shared: Arc::new(shared), epoch: 0 };
        for text in ["one", "two"] {
            painter.send(text.as_bytes());
            painter.show(frame(text, 0).buffer, None);
        }
        let slot = painter.shared.lock();
        assert_eq!(slot.lane, b"onetwo");
        assert_eq!(slot.spare.len(), 1);
        assert_eq!(slot.frame.as_ref().map(|f| f.buffer.clone()), Some(frame("two", 0).buffer));
    }
}
