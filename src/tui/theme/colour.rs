//! How colours and their modifiers are written in theme files.

use ratatui::style::Color;
use ratatui::style::Modifier;

/// The terminal's own colours.
pub(super) const NAMES: &[(&str, Color)] = &[
    ("default", Color::Reset),
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("gray", Color::Gray),
    ("dark-gray", Color::DarkGray),
    ("light-red", Color::LightRed),
    ("light-green", Color::LightGreen),
    ("light-yellow", Color::LightYellow),
    ("light-blue", Color::LightBlue),
    ("light-magenta", Color::LightMagenta),
    ("light-cyan", Color::LightCyan),
    ("white", Color::White),
];

/// What can be said beside colours.
pub(super) const MODIFIERS: &[(&str, Modifier)] = &[
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underlined", Modifier::UNDERLINED),
    ("reversed", Modifier::REVERSED),
    ("crossed_out", Modifier::CROSSED_OUT),
];

/// A colour that needs no palette: a name, `#rgb`, `#rrggbb`, or a number from 0 to 255.
pub(super) fn parse(text: &str) -> Option<Color> {
    if let Some(digits) = text.strip_prefix('#') {
        return hex(digits);
    }
    if let Ok(index) = text.parse() {
        return Some(Color::Indexed(index));
    }
    NAMES.iter().find(|(name, _)| *name == text).map(|(_, colour)| *colour)
}

fn hex(digits: &str) -> Option<Color> {
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let value = u32::from_str_radix(digits, 16).ok()?;
    let part = |shift: u32, mask: u32| u8::try_from(value >> shift & mask).ok();
    match digits.len() {
        3 => Some(Color::Rgb(part(8, 15)? * 17, part(4, 15)? * 17, part(0, 15)? * 17)),
        6 => Some(Color::Rgb(part(16, 255)?, part(8, 255)?, part(0, 255)?)),
        _ => None,
    }
}
