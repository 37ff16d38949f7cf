//! What is pasted: made fit to be sent, and counted for what the eye does not see (safety R9).

/// More than this is refused.
pub const REFUSED: usize = 64 << 20;

/// More lines or bytes than these become a chip.
const CHIP: (usize, usize) = (10, 2048);

/// A paste that is fit to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pasted {
    /// The text, with `\n` line ends and without escape sequences and other control characters.
    pub text: String,
    /// Characters in it that are not seen.
    pub invisible: usize,
}

impl Pasted {
    /// Makes a paste fit to be sent.
    #[must_use]
    pub fn new(raw: &str) -> Self {
        let mut text = String::with_capacity(raw.len());
        let mut chars = raw.chars().peekable();
        let mut invisible = 0;
        while let Some(c) = chars.next() {
            match c {
                '\r' => {
                    chars.next_if_eq(&'\n');
                    text.push('\n');
                }
                '\n' | '\t' => text.push(c),
                '\u{1b}' => skip_escape(&mut chars),
                c if c.is_control() => {}
                c => {
                    invisible += usize::from(is_invisible(c));
                    text.push(c);
                }
            }
        }
        Self { text, invisible }
    }

    /// Whether it is kept aside: long, or with characters that must not reach the screen as they are.
    #[must_use]
    pub fn is_chip(&self) -> bool {
        self.invisible > 0 || self.text.len() > CHIP.1 || self.lines() > CHIP.0
    }

    /// How many lines it has.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.text.trim_end_matches('\n').split('\n').count()
    }
}

/// Leaves out an escape sequence whose ESC was read: CSI to its final byte, OSC and its kin to their
/// end mark, else one character.
fn skip_escape(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match chars.next() {
        Some('[') => while chars.next().is_some_and(|c| !('\u{40}'..='\u{7e}').contains(&c)) {},
        Some(']' | 'P' | '_' | '^' | 'X') => {
            while let Some(c) = chars.next() {
                if c == '\u{7}' || c == '\u{1b}' && chars.next_if_eq(&'\\').is_some() {
                    break;
                }
            }
        }
        _ => {}
    }
}

/// Characters that carry something that is not seen: overrides of direction, tags, fillers. Joiners
/// and selectors of emoji are none.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paste_is_made_fit() {
        for (raw, text, invisible) in [
            ("a\r\nb\rc\n", "a\nb\nc\n", 0),
            ("\u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7}x\u{1b}]8;;u\u{1b}\\y", "red xy", 0),
            ("a\0b\u{7f}c\u{9b}d\te", "abcd\te", 0),
            ("a\u{202e}b\u{e0041}", "a\u{202e}b\u{e0041}", 2),
            ("👨‍👩‍👧 ❤\u{fe0f}", "👨‍👩‍👧 ❤\u{fe0f}", 0),
            ("\u{1b}", "", 0),
        ] {
            assert_eq!(Pasted::new(raw), Pasted { text: text.to_owned(), invisible }, "{raw:?}");
        }
    }

    #[test]
    fn long_ones_are_kept_aside() {
        assert!(!Pasted::new(&"x\n".repeat(10)).is_chip());
        assert!(Pasted::new(&"x\n".repeat(11)).is_chip());
        assert!(Pasted::new(&"x".repeat(2049)).is_chip());
        assert!(Pasted::new("a\u{200b}b").is_chip());
    }
}
