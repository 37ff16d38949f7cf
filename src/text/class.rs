//! What kind of character something is, as far as the sanitising table asks. Holds code point ranges
//! and predicates only: what happens to a class on which surface is said in `sanitise.rs`.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

/// The classes of the table, in the order of its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Nothing special: is always kept.
    Plain,
    /// Ends a line. U+0085 is not here, because it is a C1 control.
    Newline,
    /// The tabulator.
    Tab,
    /// The other C0 controls and DEL.
    Control,
    /// The C1 controls: terminals may act on them as on `ESC` and a letter.
    C1,
    /// Changes the order in which what follows is shown.
    BidiOverride,
    /// Marks of direction that change only themselves.
    BidiMark,
    /// Not seen and not needed.
    Invisible,
    /// ZWJ and ZWNJ.
    Joiner,
    /// The sixteen variation selectors.
    Selector,
    /// The variation selectors of ideographs.
    IdeographSelector,
    /// Tag characters: text that nobody sees, but three flags are made of them.
    Tag,
    /// Means something only by agreement; its width is the terminal's affair.
    Private,
    /// Never a character: noncharacters and the rest of plane 14.
    Nonsense,
    /// Stands on the character before it and takes no cell.
    Mark,
}

/// Ranges of code points, both ends included, in ascending order.
const RANGES: &[(u32, u32, Class)] = &[
    (0x00, 0x08, Class::Control),
    (0x09, 0x09, Class::Tab),
    (0x0A, 0x0A, Class::Newline),
    (0x0B, 0x1F, Class::Control),
    (0x7F, 0x7F, Class::Control),
    (0x80, 0x9F, Class::C1),
    (0xAD, 0xAD, Class::Invisible),
    (0x034F, 0x034F, Class::Invisible),
    (0x061C, 0x061C, Class::BidiMark),
    (0x115F, 0x1160, Class::Invisible),
    (0x17B4, 0x17B5, Class::Invisible),
    (0x180B, 0x180F, Class::Invisible),
    (0x200B, 0x200B, Class::Invisible),
    (0x200C, 0x200D, Class::Joiner),
    (0x200E, 0x200F, Class::BidiMark),
    (0x2028, 0x2029, Class::Newline),
    (0x202A, 0x202E, Class::BidiOverride),
    (0x2060, 0x2065, Class::Invisible),
    (0x2066, 0x2069, Class::BidiOverride),
    (0x206A, 0x206F, Class::Invisible),
    (0x3164, 0x3164, Class::Invisible),
    (0xE000, 0xF8FF, Class::Private),
    (0xFDD0, 0xFDEF, Class::Nonsense),
    (0xFE00, 0xFE0F, Class::Selector),
    (0xFEFF, 0xFEFF, Class::Invisible),
    (0xFFA0, 0xFFA0, Class::Invisible),
    (0xFFF0, 0xFFFB, Class::Invisible),
    (0x1_BCA0, 0x1_BCA3, Class::Invisible),
    (0x1_D173, 0x1_D17A, Class::Invisible),
    (0xE_0000, 0xE_007F, Class::Tag),
    (0xE_0080, 0xE_00FF, Class::Nonsense),
    (0xE_0100, 0xE_01EF, Class::IdeographSelector),
    (0xE_01F0, 0xE_0FFF, Class::Nonsense),
    (0xF_0000, 0x10_FFFF, Class::Private),
];

/// The flag that tags may follow.
pub(super) const BLACK_FLAG: char = '\u{1F3F4}';

/// The tags of the three flags: England, Scotland, Wales, each with the tag that ends it.
pub(super) const FLAG_TAGS: [&str; 3] = [
    "\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
    "\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}",
    "\u{E0067}\u{E0062}\u{E0077}\u{E006C}\u{E0073}\u{E007F}",
];

const ZWJ: char = '\u{200D}';

/// The class of a character.
pub(super) fn class(c: char) -> Class {
    let code = u32::from(c);
    // Most of the world's text is in these three blocks and asks for no search.
    if matches!(code, 0x20..=0x7E | 0xAE..=0x2FF | 0x3400..=0x9FFF | 0xAC00..=0xD7A3) {
        return Class::Plain;
    }
    // The last two code points of each plane are noncharacters.
    if code & 0xFFFE == 0xFFFE {
        return Class::Nonsense;
    }
    let after = RANGES.partition_point(|&(first, ..)| first <= code);
    match after.checked_sub(1).and_then(|at| RANGES.get(at)) {
        Some(&(_, last, class)) if code <= last => class,
        // U+2D7F joins like a mark although it takes a cell. Everything else that takes no cell is
        // held to the limit of marks too (the vowels of Hangul, for instance), so that no cluster
        // can grow without end.
        _ if c == '\u{2D7F}' || c.width() == Some(0) => Class::Mark,
        _ => Class::Plain,
    }
}

/// Whether a character is an emoji that may take part in a joined sequence. The tables of grapheme
/// clusters know: only two pictographs make one cluster with a joiner between them.
pub(super) fn is_emoji(c: char) -> bool {
    if is_skin_tone(c) {
        return true;
    }
    if u32::from(c) < 0xA9 || c.is_alphabetic() || attaches(c) {
        return false;
    }
    let mut bytes = [0; 11];
    let mut len = 0;
    for c in [c, ZWJ, c] {
        len += bytes.get_mut(len..).map_or(0, |rest| c.encode_utf8(rest).len());
    }
    std::str::from_utf8(&bytes[..len]).is_ok_and(|pair| pair.graphemes(true).nth(1).is_none())
}

/// The five modifiers that colour the emoji before them.
pub(super) fn is_skin_tone(c: char) -> bool {
    matches!(c, '\u{1F3FB}'..='\u{1F3FF}')
}

/// Whether a joiner may stand beside this character in the writing of some language.
pub(super) fn is_letter_or_mark(c: char) -> bool {
    !c.is_ascii() && (c.is_alphabetic() || attaches(c))
}

/// An ideograph, as the selectors of variants ask.
pub(super) fn is_han(c: char) -> bool {
    matches!(u32::from(c), 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x2_0000..=0x3_FFFD)
}

/// Whether a character stands in one cluster with a letter before it: marks, also those with a cell.
fn attaches(c: char) -> bool {
    let mut bytes = [b'a', 0, 0, 0, 0];
    let len = 1 + c.encode_utf8(&mut bytes[1..]).len();
    std::str::from_utf8(&bytes[..len]).is_ok_and(|pair| pair.graphemes(true).nth(1).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ranges_ascend() {
        for pair in RANGES.windows(2) {
            assert!(pair[0].0 <= pair[0].1 && pair[0].1 < pair[1].0, "{pair:X?}");
        }
    }

    #[test]
    fn the_short_cuts_agree_with_the_search() {
        for c in '\u{0}'..=char::MAX {
            let code = u32::from(c);
            let named = RANGES.iter().find(|(first, last, _)| (*first..=*last).contains(&code));
            let expected = match named {
                _ if code & 0xFFFE == 0xFFFE => Class::Nonsense,
                Some(row) => row.2,
                None if c == '\u{2D7F}' || c.width() == Some(0) => Class::Mark,
                None => Class::Plain,
            };
            assert_eq!(class(c), expected, "U+{code:04X}");
        }
    }

    #[test]
    fn emoji_are_told_from_letters_marks_and_signs() {
        for c in "👩🚀❤♀♂⚕☠🔥🗨👁➡↔⬛🏽⚧🌈🏴🫱©™".chars() {
            assert!(is_emoji(c), "{c}");
        }
        for c in "a1#é字한کक\u{94D}\u{301}\u{FE0F}\u{200D}🇺\u{20E3}→█\u{FFFD}".chars() {
            assert!(!is_emoji(c), "U+{:04X}", u32::from(c));
        }
    }
}
