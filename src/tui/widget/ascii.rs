//! The set of glyphs for terminals that show ASCII only: one row a glyph, applied to the finished
//! buffer, so that nothing that draws has to know. Text of models keeps its letters; only what is
//! drawn as a sign is replaced.

use ratatui::buffer::Buffer;

/// Signs and what stands for each, cell by cell.
const GLYPHS: &[(&str, &str)] = &[
    ("·", "-"),
    ("…", "."),
    ("≈", "^"),
    ("→", ">"),
    ("←", "<"),
    ("↑", "^"),
    ("↓", "v"),
    ("↔", "="),
    ("↪", ">"),
    ("›", ">"),
    ("▸", ">"),
    ("▾", "v"),
    ("●", "*"),
    ("•", "*"),
    ("◦", "o"),
    ("✓", "+"),
    ("✗", "x"),
    ("█", "#"),
    ("▓", "#"),
    ("▒", "%"),
    ("░", "."),
    ("▏", "|"),
    ("▌", "|"),
    ("▎", "|"),
    ("“", "\""),
    ("”", "\""),
    ("–", "-"),
    ("—", "-"),
    ("×", "x"),
    ("☐", "o"),
    ("☑", "x"),
    ("─", "-"),
    ("╌", "-"),
    ("│", "|"),
    ("╭", "+"),
    ("╮", "+"),
    ("╰", "+"),
    ("╯", "+"),
    ("┌", "+"),
    ("┐", "+"),
    ("└", "+"),
    ("┘", "+"),
    ("├", "+"),
    ("┤", "+"),
    ("┬", "+"),
    ("┴", "+"),
    ("┼", "+"),
    ("━", "="),
    ("┃", "#"),
    ("┏", "#"),
    ("┓", "#"),
    ("┗", "#"),
    ("┛", "#"),
    ("═", "="),
    ("║", "#"),
    ("⠋", "|"),
    ("⠙", "/"),
    ("⠹", "-"),
    ("⠸", "\\"),
    ("⠼", "|"),
    ("⠴", "/"),
    ("⠦", "-"),
    ("⠧", "\\"),
];

/// The digits in circles that number code blocks, from 1.
const CIRCLED: std::ops::RangeInclusive<char> = '①'..='⑨';

/// Replaces every sign of the buffer that is not ASCII.
pub fn to_ascii(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        let symbol = cell.symbol();
        if symbol.is_ascii() {
            continue;
        }
        if let Some((_, plain)) = GLYPHS.iter().find(|(glyph, _)| *glyph == symbol) {
            cell.set_symbol(plain);
        } else if let Some(c) = symbol.chars().next().filter(|c| CIRCLED.contains(c)) {
            let digit = u32::from(c) - u32::from('①') + 1;
            cell.set_char(char::from_digit(digit, 10).unwrap_or('#'));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_glyph_becomes_one_ascii_cell() {
        for (glyph, plain) in GLYPHS {
            assert_eq!(glyph.chars().count(), 1, "{glyph}");
            assert!(plain.is_ascii() && plain.len() == 1, "{glyph}");
        }
        let mut buffer = Buffer::with_lines(["┏▸1 ⠹≈ ② é"]);
        to_ascii(&mut buffer);
        let text: String = buffer.content.iter().map(|cell| cell.symbol()).collect();
        assert_eq!(text, "#>1 -^ 2 é");
    }
}
