//! Bytes of the terminal as events. The parser is a library's, the reading is ours: who reads
//! decides when a lone Esc is a key, and notices at once that the terminal is gone.

use crossterm::event::Event;
use crossterm::event::KeyCode;
use crossterm::event::KeyEvent;
use crossterm::event::KeyEventKind;
use crossterm::event::KeyModifiers;
use crossterm::event::MouseButton;
use crossterm::event::MouseEvent;
use crossterm::event::MouseEventKind;
use termina::event as seen;

/// Turns bytes into events, whatever pieces they come in.
#[derive(Default)]
pub struct Decoder {
    parser: termina::Parser,
    /// The end of what came may be the beginning of more.
    open: bool,
}

impl Decoder {
    /// Reads the next bytes; gives the events that are complete.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Event>) {
        // The library takes a whole sequence for lost when its bytes are not expected to go on.
        self.parser.parse(bytes, true);
        self.take(out);
        self.open = bytes.iter().rev().take(32).any(|byte| *byte == 0x1b);
    }

    /// Whether an escape may be waiting for the rest of its sequence.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Nothing more came for a while: a lone Esc is a key.
    pub fn settle(&mut self, out: &mut Vec<Event>) {
        self.open = false;
        self.parser.parse(&[], false);
        self.take(out);
    }

    fn take(&mut self, out: &mut Vec<Event>) {
        while let Some(event) = self.parser.pop() {
            out.extend(event_of(event));
        }
    }
}

/// The event in the words of the drawing library; `None` for answers to questions that were not asked.
fn event_of(event: termina::Event) -> Option<Event> {
    Some(match event {
        termina::Event::Key(key) => Event::Key(key_of(key)?),
        termina::Event::Mouse(mouse) => Event::Mouse(MouseEvent {
            kind: mouse_of(mouse.kind),
            column: mouse.column,
            row: mouse.row,
            modifiers: modifiers_of(mouse.modifiers),
        }),
        termina::Event::Paste(text) => Event::Paste(text),
        termina::Event::FocusIn => Event::FocusGained,
        termina::Event::FocusOut => Event::FocusLost,
        _ => return None,
    })
}

/// Named keys, side by side.
const NAMED: &[(seen::KeyCode, KeyCode)] = &[
    (seen::KeyCode::Enter, KeyCode::Enter),
    (seen::KeyCode::Backspace, KeyCode::Backspace),
    (seen::KeyCode::Tab, KeyCode::Tab),
    (seen::KeyCode::Escape, KeyCode::Esc),
    (seen::KeyCode::Left, KeyCode::Left),
    (seen::KeyCode::Right, KeyCode::Right),
    (seen::KeyCode::Up, KeyCode::Up),
    (seen::KeyCode::Down, KeyCode::Down),
    (seen::KeyCode::Home, KeyCode::Home),
    (seen::KeyCode::End, KeyCode::End),
    (seen::KeyCode::BackTab, KeyCode::BackTab),
    (seen::KeyCode::PageUp, KeyCode::PageUp),
    (seen::KeyCode::PageDown, KeyCode::PageDown),
    (seen::KeyCode::Insert, KeyCode::Insert),
    (seen::KeyCode::Delete, KeyCode::Delete),
];

fn key_of(key: seen::KeyEvent) -> Option<KeyEvent> {
    let code = match key.code {
        seen::KeyCode::Char(c) => KeyCode::Char(c),
        seen::KeyCode::Function(n) => KeyCode::F(n),
        named => NAMED.iter().find(|(theirs, _)| *theirs == named)?.1,
    };
    let kind = match key.kind {
        seen::KeyEventKind::Press => KeyEventKind::Press,
        seen::KeyEventKind::Repeat => KeyEventKind::Repeat,
        seen::KeyEventKind::Release => KeyEventKind::Release,
    };
    Some(KeyEvent::new_with_kind(code, modifiers_of(key.modifiers), kind))
}

fn modifiers_of(modifiers: seen::Modifiers) -> KeyModifiers {
    let mut out = KeyModifiers::NONE;
    for (theirs, ours) in [
        (seen::Modifiers::SHIFT, KeyModifiers::SHIFT),
        (seen::Modifiers::ALT, KeyModifiers::ALT),
        (seen::Modifiers::CONTROL, KeyModifiers::CONTROL),
    ] {
        if modifiers.contains(theirs) {
            out |= ours;
        }
    }
    out
}

fn mouse_of(kind: seen::MouseEventKind) -> MouseEventKind {
    let button = |button| match button {
        seen::MouseButton::Left => MouseButton::Left,
        seen::MouseButton::Right => MouseButton::Right,
        seen::MouseButton::Middle => MouseButton::Middle,
    };
    match kind {
        seen::MouseEventKind::Down(pressed) => MouseEventKind::Down(button(pressed)),
        seen::MouseEventKind::Up(released) => MouseEventKind::Up(button(released)),
        seen::MouseEventKind::Drag(held) => MouseEventKind::Drag(button(held)),
        seen::MouseEventKind::Moved => MouseEventKind::Moved,
        seen::MouseEventKind::ScrollDown => MouseEventKind::ScrollDown,
        seen::MouseEventKind::ScrollUp => MouseEventKind::ScrollUp,
        seen::MouseEventKind::ScrollLeft => MouseEventKind::ScrollLeft,
        seen::MouseEventKind::ScrollRight => MouseEventKind::ScrollRight,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: KeyCode, modifiers: KeyModifiers) -> Event {
        Event::Key(KeyEvent::new(code, modifiers))
    }

    fn whole(bytes: &[u8], size: usize) -> Vec<Event> {
        let (mut decoder, mut out) = (Decoder::default(), Vec::new());
        for piece in bytes.chunks(size) {
            decoder.push(piece, &mut out);
        }
        decoder.settle(&mut out);
        out
    }

    #[test]
    fn keys_are_the_same_in_any_pieces() {
        let none = KeyModifiers::NONE;
        for (bytes, expected) in [
            (&b"a"[..], key(KeyCode::Char('a'), none)),
            (b"\r", key(KeyCode::Enter, none)),
            (b"\n", key(KeyCode::Char('j'), KeyModifiers::CONTROL)),
            (b"\x03", key(KeyCode::Char('c'), KeyModifiers::CONTROL)),
            (b"\x7f", key(KeyCode::Backspace, none)),
            (b"\x1b", key(KeyCode::Esc, none)),
            (b"\x1b[A", key(KeyCode::Up, none)),
            (b"\x1bOP", key(KeyCode::F(1), none)),
            (b"\x1b[5~", key(KeyCode::PageUp, none)),
            (b"\x1b[Z", key(KeyCode::BackTab, KeyModifiers::SHIFT)),
            (b"\x1b1", key(KeyCode::Char('1'), KeyModifiers::ALT)),
            (b"\x1b[13;2u", key(KeyCode::Enter, KeyModifiers::SHIFT)),
            ("語".as_bytes(), key(KeyCode::Char('語'), none)),
            (b"\x1b[200~two\nlines\x1b[201~", Event::Paste("two\nlines".to_owned())),
            (b"\x1b[I", Event::FocusGained),
        ] {
            for size in [1, 2, 3, 100] {
                assert_eq!(whole(bytes, size), std::slice::from_ref(&expected), "{bytes:?} by {size}");
            }
        }
    }

    #[test]
    fn answers_nobody_asked_for_are_no_keys() {
        assert_eq!(
            whole(b"\x1b]11;rgb:3030/3030/3030\x1b\\x", 4),
            [key(KeyCode::Char('x'), KeyModifiers::NONE)]
        );
    }

    #[test]
    fn only_an_escape_leaves_it_open() {
        let (mut decoder, mut out) = (Decoder::default(), Vec::new());
        decoder.push(b"abc", &mut out);
        assert!(!decoder.is_open());
        decoder.push(b"\x1b", &mut out);
        assert!(decoder.is_open());
        assert_eq!(out.len(), 3, "the escape waits for its sequence");
        decoder.settle(&mut out);
        assert_eq!(out.len(), 4);
    }
}
