//! One key with its modifiers, in one canonical form however a terminal sends it, and the same form
//! for reading and writing the keymap. Knows nothing of actions.

use std::fmt;

use crossterm::event::KeyCode;
use crossterm::event::KeyEvent;
use crossterm::event::KeyEventKind;
use crossterm::event::KeyModifiers;

/// A key with its modifiers. Two that no terminal can be trusted to tell apart are one chord.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chord {
    code: KeyCode,
    modifiers: KeyModifiers,
}

/// The names of keys that are not characters. The first row of a key is how it is written.
const NAMES: &[(&str, KeyCode)] = &[
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("backtab", KeyCode::BackTab),
    ("space", KeyCode::Char(' ')),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
    ("return", KeyCode::Enter),
    ("escape", KeyCode::Esc),
    ("del", KeyCode::Delete),
    ("ins", KeyCode::Insert),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
    ("minus", KeyCode::Char('-')),
];

/// The modifiers, in the order in which they are written.
const MODIFIERS: &[(&str, KeyModifiers)] =
    &[("ctrl-", KeyModifiers::CONTROL), ("alt-", KeyModifiers::ALT), ("shift-", KeyModifiers::SHIFT)];

/// What arrives when a control key is pressed and what it is called here. Without an extended
/// keyboard protocol a terminal sends one byte for all the keys of a row, so they are one chord
/// with one too. The first column is without Shift, the second with it.
const CONTROL: &[(char, Option<char>, KeyCode, KeyModifiers)] = &[
    ('h', None, KeyCode::Backspace, KeyModifiers::NONE),
    ('i', None, KeyCode::Tab, KeyModifiers::NONE),
    ('m', None, KeyCode::Enter, KeyModifiers::NONE),
    ('[', None, KeyCode::Esc, KeyModifiers::NONE),
    ('@', None, KeyCode::Char(' '), KeyModifiers::CONTROL),
    ('2', Some('2'), KeyCode::Char(' '), KeyModifiers::CONTROL),
    ('4', None, KeyCode::Char('\\'), KeyModifiers::CONTROL),
    ('5', None, KeyCode::Char(']'), KeyModifiers::CONTROL),
    ('6', Some('6'), KeyCode::Char('^'), KeyModifiers::CONTROL),
    ('7', None, KeyCode::Char('_'), KeyModifiers::CONTROL),
    ('/', None, KeyCode::Char('_'), KeyModifiers::CONTROL),
    ('\0', Some('-'), KeyCode::Char('_'), KeyModifiers::CONTROL),
];

impl Chord {
    /// The chord of an event. `None` for a release, and for keys and modifiers that have no name here.
    #[must_use]
    pub fn from_event(event: KeyEvent) -> Option<Self> {
        let known = KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT;
        if event.kind == KeyEventKind::Release || !known.contains(event.modifiers) {
            return None;
        }
        Self::new(event.code, event.modifiers)
    }

    /// Reads `ctrl-j`, `alt-enter`, `S`, `f1`. The case of a character counts, that of names does not.
    ///
    /// # Errors
    ///
    /// When there is no such key; the text says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = text;
        while let Some((tail, modifier)) = strip_modifier(rest) {
            if modifiers.contains(modifier) {
                return Err("it has a modifier twice".to_owned());
            }
            modifiers |= modifier;
            rest = tail;
        }
        let mut chars = rest.chars();
        let code = match (chars.next(), chars.next()) {
            (None, _) => return Err("it names no key".to_owned()),
            (Some(c), None) => KeyCode::Char(c),
            _ => named(rest)?,
        };
        Self::new(code, modifiers).ok_or_else(|| "it is not a key that can be pressed".to_owned())
    }

    /// Whether it is a character that a text field takes.
    #[must_use]
    pub fn is_text(self) -> bool {
        matches!(self.code, KeyCode::Char(_)) && self.modifiers.is_empty()
    }

    /// Whether it is Esc alone.
    #[must_use]
    pub fn is_esc(self) -> bool {
        self.code == KeyCode::Esc && self.modifiers.is_empty()
    }

    /// The canonical form.
    fn new(code: KeyCode, modifiers: KeyModifiers) -> Option<Self> {
        let (code, modifiers) = match code {
            KeyCode::BackTab => (KeyCode::Tab, modifiers | KeyModifiers::SHIFT),
            // A line feed: some terminals send it for Ctrl-Enter and the others cannot tell.
            KeyCode::Enter if modifiers.contains(KeyModifiers::CONTROL) => {
                (KeyCode::Char('j'), modifiers - KeyModifiers::SHIFT)
            }
            KeyCode::Char(c) => character(c, modifiers)?,
            KeyCode::F(1..=12) => (code, modifiers),
            code if NAMES.iter().any(|(_, named)| *named == code) => (code, modifiers),
            _ => return None,
        };
        Some(Self { code, modifiers })
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, modifier) in MODIFIERS {
            if self.modifiers.contains(*modifier) {
                f.write_str(name)?;
            }
        }
        match (NAMES.iter().find(|(_, code)| *code == self.code), self.code) {
            // A lone character that has a name only for reading.
            (_, KeyCode::Char(c)) if c != ' ' => write!(f, "{c}"),
            (Some((name, _)), _) => f.write_str(name),
            (None, KeyCode::F(n)) => write!(f, "f{n}"),
            (None, code) => write!(f, "{code}"),
        }
    }
}

fn strip_modifier(text: &str) -> Option<(&str, KeyModifiers)> {
    MODIFIERS.iter().find_map(|(name, modifier)| {
        let (head, tail) = text.split_at_checked(name.len())?;
        (head.eq_ignore_ascii_case(name) && !tail.is_empty()).then_some((tail, *modifier))
    })
}

fn named(name: &str) -> Result<KeyCode, String> {
    let name = name.to_ascii_lowercase();
    let number = || name.strip_prefix('f')?.parse().ok().filter(|n| (1..=12).contains(n)).map(KeyCode::F);
    let row = NAMES.iter().find(|(known, _)| *known == name);
    row.map(|(_, code)| *code).or_else(number).ok_or_else(|| {
        let names = NAMES.iter().map(|(name, _)| *name).chain(["f1", "f10", "f11", "f12"]);
        match super::nearest(&name, names) {
            Some(near) => format!("there is no such key: did you mean \"{near}\"?"),
            None => "there is no such key".to_owned(),
        }
    })
}

/// A character with its modifiers. Shift is a part of the character, except beside Ctrl, where it
/// stays for letters only: the terminals that can tell `ctrl-shift-p` from `ctrl-p` send it so.
fn character(c: char, modifiers: KeyModifiers) -> Option<(KeyCode, KeyModifiers)> {
    if c.is_control() {
        return None;
    }
    let shift = modifiers.contains(KeyModifiers::SHIFT);
    let without = modifiers - KeyModifiers::SHIFT;
    if !modifiers.contains(KeyModifiers::CONTROL) {
        return Some((KeyCode::Char(if shift { upper(c) } else { c }), without));
    }
    let c = c.to_ascii_lowercase();
    let row = CONTROL.iter().find(|row| if shift { row.1.unwrap_or(row.0) == c } else { row.0 == c });
    match row {
        // With Shift only an extended protocol speaks, and there a letter is a key of its own.
        Some((.., code, control)) if !(shift && c.is_ascii_lowercase()) => {
            Some((*code, (without - KeyModifiers::CONTROL) | *control))
        }
        _ if c.is_ascii_lowercase() => Some((KeyCode::Char(c), modifiers)),
        _ => Some((KeyCode::Char(c), without)),
    }
}

/// The capital of a letter where it is one character.
fn upper(c: char) -> char {
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(capital), None) => capital,
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(code: KeyCode, modifiers: KeyModifiers) -> Option<String> {
        Chord::from_event(KeyEvent::new(code, modifiers)).map(|chord| chord.to_string())
    }

    #[test]
    fn what_terminals_send() {
        const NONE: KeyModifiers = KeyModifiers::NONE;
        const CTRL: KeyModifiers = KeyModifiers::CONTROL;
        const ALT: KeyModifiers = KeyModifiers::ALT;
        const SHIFT: KeyModifiers = KeyModifiers::SHIFT;
        let c = KeyCode::Char;
        let rows = [
            (c('s'), NONE, "s"),
            (c('S'), SHIFT, "S"),
            (c('S'), NONE, "S"),
            (c('s'), SHIFT, "S"),
            (c('?'), SHIFT, "?"),
            (c('ß'), SHIFT, "ß"),
            (c(' '), NONE, "space"),
            (c(' '), SHIFT, "space"),
            (c(' '), CTRL, "ctrl-space"),
            (c('-'), NONE, "-"),
            (c('-'), ALT, "alt--"),
            (c('T'), ALT | SHIFT, "alt-T"),
            (KeyCode::BackTab, SHIFT, "shift-tab"),
            (KeyCode::BackTab, NONE, "shift-tab"),
            (KeyCode::Tab, SHIFT, "shift-tab"),
            (c('j'), CTRL, "ctrl-j"),
            (KeyCode::Enter, CTRL, "ctrl-j"),
            (KeyCode::Enter, ALT, "alt-enter"),
            (KeyCode::Enter, SHIFT, "shift-enter"),
            (c('m'), CTRL, "enter"),
            (c('i'), CTRL, "tab"),
            (c('['), CTRL, "esc"),
            (c('h'), CTRL, "backspace"),
            (KeyCode::Backspace, NONE, "backspace"),
            (KeyCode::Backspace, ALT, "alt-backspace"),
            (c('h'), CTRL | ALT, "alt-backspace"),
            (c('7'), CTRL, "ctrl-_"),
            (c('/'), CTRL, "ctrl-_"),
            (c('_'), CTRL, "ctrl-_"),
            (c('_'), CTRL | SHIFT, "ctrl-_"),
            (c('-'), CTRL | SHIFT, "ctrl-_"),
            (c('-'), CTRL, "ctrl--"),
            (c('4'), CTRL, "ctrl-\\"),
            (c('P'), CTRL, "ctrl-p"),
            (c('p'), CTRL | SHIFT, "ctrl-shift-p"),
            (c('P'), CTRL | SHIFT, "ctrl-shift-p"),
            (c('h'), CTRL | SHIFT, "ctrl-shift-h"),
            (KeyCode::F(12), NONE, "f12"),
            (KeyCode::PageUp, NONE, "pageup"),
        ];
        for (code, modifiers, expected) in rows {
            assert_eq!(event(code, modifiers).as_deref(), Some(expected), "{code:?} {modifiers:?}");
        }
        assert_eq!(event(c('a'), KeyModifiers::SUPER), None);
        assert_eq!(event(KeyCode::CapsLock, NONE), None);
        let release = KeyEvent::new_with_kind(c('a'), NONE, KeyEventKind::Release);
        assert_eq!(Chord::from_event(release), None);
    }

    #[test]
    fn what_people_write() {
        let rows = [
            ("Ctrl-P", "ctrl-p"),
            ("ctrl-enter", "ctrl-j"),
            ("ALT-Enter", "alt-enter"),
            ("alt-ctrl-x", "ctrl-alt-x"),
            ("Esc", "esc"),
            ("escape", "esc"),
            ("backtab", "shift-tab"),
            ("shift-a", "A"),
            ("PgUp", "pageup"),
            ("minus", "-"),
            ("F3", "f3"),
            ("é", "é"),
        ];
        for (text, expected) in rows {
            assert_eq!(Chord::parse(text).unwrap().to_string(), expected);
        }
        for text in ["", "ctrl-", "ctrl-ctrl-a", "f13", "f0", "enterr", "cmd-a", "\u{1b}"] {
            assert!(Chord::parse(text).is_err(), "{text:?}");
        }
        assert!(Chord::parse("entr").unwrap_err().contains("\"enter\""));
    }

    fn any_event() -> impl Strategy<Value = KeyEvent> {
        let names: Vec<KeyCode> = NAMES.iter().map(|(_, code)| *code).collect();
        let code = prop_oneof![
            3 => proptest::sample::select(names),
            1 => (0u8..16).prop_map(KeyCode::F),
            4 => (b' '..=b'~').prop_map(|byte| KeyCode::Char(char::from(byte))),
            1 => any::<char>().prop_map(KeyCode::Char),
        ];
        (code, 0u8..8).prop_map(|(code, bits)| KeyEvent::new(code, KeyModifiers::from_bits_truncate(bits)))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn what_is_written_is_read(event in any_event()) {
            if let Some(chord) = Chord::from_event(event) {
                prop_assert_eq!(Chord::parse(&chord.to_string()), Ok(chord), "{}", chord);
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*") {
            if let Ok(chord) = Chord::parse(&text) {
                prop_assert_eq!(Chord::parse(&chord.to_string()), Ok(chord));
            }
        }
    }
}
