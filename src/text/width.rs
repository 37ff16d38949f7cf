//! How many cells a text takes, and what follows from it: clipping, wrapping, tab stops, and the
//! emoji that terminals agree on. Everything that lays text out asks here and nowhere else, or
//! columns would break (R5). Works on text that is already safe: it filters nothing.

use std::borrow::Cow;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;
use unicode_width::UnicodeWidthStr;

use super::class::is_emoji;
use super::class::is_skin_tone;

/// Columns from one tab stop to the next.
const TAB: usize = 4;

/// Width in cells, as the screen's buffer counts: cluster by cluster; a cluster with a control
/// character in it is not drawn and takes none. A text gives the sum of its clusters, which for some
/// ligatures (Arabic lam-alef) is more than what the script would say, because each is drawn alone.
#[must_use]
pub fn cell_width(text: &str) -> usize {
    if text.is_ascii() {
        return text.bytes().filter(|b| !b.is_ascii_control()).count();
    }
    units(text).map(|unit| unit.cells).sum()
}

/// Grapheme clusters: what a person calls one character.
pub fn graphemes(text: &str) -> impl DoubleEndedIterator<Item = &str> {
    text.graphemes(true)
}

/// The longest beginning of whole clusters that fits into so many cells.
#[must_use]
pub fn clip(text: &str, cells: usize) -> &str {
    let mut left = cells;
    for unit in units(text) {
        match left.checked_sub(unit.cells) {
            Some(rest) => left = rest,
            None => return text.get(..unit.at.start).unwrap_or_default(),
        }
    }
    text
}

/// Cuts a name in its middle, with `…`, when it does not fit: the family and the version of a model
/// say more than what is between. Cuts beside a `-`, `/` or another sign where that costs little.
#[must_use]
pub fn clip_middle(text: &str, cells: usize) -> Cow<'_, str> {
    if cell_width(text) <= cells {
        return Cow::Borrowed(text);
    }
    let Some(budget) = cells.checked_sub(1) else { return Cow::Borrowed("") };
    let (head, tail) = cut_at_signs(text, budget).unwrap_or_else(|| cut_anywhere(text, budget));
    Cow::Owned(format!("{head}…{tail}"))
}

/// Tabs as spaces to the next stop, counted from the beginning of each line.
#[must_use]
pub fn expand_tabs(text: &str) -> Cow<'_, str> {
    if !text.contains('\t') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for line in text.split_inclusive('\n') {
        let mut column = 0;
        for (n, piece) in line.split('\t').enumerate() {
            if n > 0 {
                let spaces = TAB - column % TAB;
                out.extend(std::iter::repeat_n(' ', spaces));
                column += spaces;
            }
            out.push_str(piece);
            column += cell_width(piece);
        }
    }
    Cow::Owned(out)
}

/// Emoji in the form that every terminal draws as wide as the buffer counts: without selectors of
/// presentation and skin tones, joined ones side by side, flags as the letters that they are made of
/// (some multiplexers take them for two characters, and half a flag stays behind). The two half-width sound marks, which the
/// buffer counts twice, take their full-width form. For the screen only; what is copied keeps all of it.
#[must_use]
pub fn safe_emoji(text: &str) -> Cow<'_, str> {
    let suspect = |c: char| {
        matches!(c, '\u{200D}' | '\u{FE00}'..='\u{FE0F}' | '\u{FF9E}' | '\u{FF9F}')
            || is_skin_tone(c)
            || flag_letter(c).is_some()
    };
    if text.is_ascii() || !text.contains(suspect) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut last = ' ';
    for c in text.chars() {
        let dropped = match c {
            '\u{FE0E}' | '\u{FE0F}' => true,
            // Beside these four a selector of width changes how the buffer counts.
            '\u{FE00}'..='\u{FE02}' => matches!(last, '‘' | '’' | '“' | '”'),
            '\u{200D}' => is_emoji(last),
            c => is_skin_tone(c) && is_emoji(last),
        };
        if !dropped {
            last = match c {
                '\u{FF9E}' => '\u{309B}',
                '\u{FF9F}' => '\u{309C}',
                c => flag_letter(c).unwrap_or(c),
            };
            out.push(last);
        }
    }
    Cow::Owned(out)
}

/// The letter of a regional indicator, of which two make a flag.
fn flag_letter(c: char) -> Option<char> {
    let place = u32::from(c).checked_sub(0x1F1E6).filter(|place| *place < 26)?;
    char::from_u32(u32::from('A') + place)
}

/// The rows of a text at a width: ranges of bytes in ascending order. `\n` ends a row; a row that is
/// too long breaks where its words do (the spaces there belong to no row), between ideographs, and
/// inside a word only when the word alone is longer than a row. A cluster is never split unless it is
/// wider than a whole row; a character that is wider still stands alone in its row, for the drawing
/// side to clip. Gives at least one row; a width of zero counts as one.
#[must_use]
pub fn wrap(text: &str, width: usize) -> Vec<Range<usize>> {
    let width = width.max(1);
    let mut rows = Vec::new();
    let mut at = 0;
    for line in text.split('\n') {
        wrap_line(line, at, width, &mut rows);
        at += line.len() + 1;
    }
    rows
}

/// One cluster.
struct Unit<'a> {
    at: Range<usize>,
    text: &'a str,
    cells: usize,
}

/// The clusters of a text. ASCII, which is nearly all text, does not ask the tables.
fn units(text: &str) -> impl Iterator<Item = Unit<'_>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        let byte = *bytes.get(at)?;
        let alone = byte.is_ascii() && byte != b'\r' && bytes.get(at + 1).is_none_or(u8::is_ascii);
        let len = if alone { 1 } else { text.get(at..)?.graphemes(true).next()?.len() };
        let range = at..at + len;
        at += len;
        let unit = text.get(range.clone())?;
        let cells = if alone { usize::from(!byte.is_ascii_control()) } else { cluster_width(unit) };
        Some(Unit { at: range, text: unit, cells })
    })
}

/// The width of one cluster. The two half-width sound marks count once more, because the buffer does so.
fn cluster_width(cluster: &str) -> usize {
    if cluster.contains(char::is_control) {
        return 0;
    }
    let marks = cluster.chars().filter(|c| matches!(c, '\u{FF9E}' | '\u{FF9F}')).count();
    cluster.width() + marks
}

/// Where a row stands while it is filled.
struct Row {
    start: usize,
    cells: usize,
    /// The last place where it may break: the end of this row, and the start of the next with the
    /// cells from here to there.
    opening: Option<(usize, usize, usize)>,
    /// Where the first word begins after an indent, and the cells of the indent.
    indent: Option<(usize, usize)>,
}

impl Row {
    fn new(start: usize, cells: usize) -> Self {
        Self { start, cells, opening: None, indent: None }
    }
}

fn wrap_line(line: &str, offset: usize, width: usize, rows: &mut Vec<Range<usize>>) {
    let mut row = Row::new(0, 0);
    let (mut earlier, mut before) = ("", "");
    let mut blank_from = None;
    for unit in units(line) {
        if is_blank(unit.text) {
            // Blanks at the end of a row may stand over its edge: they are not drawn.
            blank_from.get_or_insert(unit.at.start);
            row.cells += unit.cells;
        } else {
            if let Some(from) = blank_from.take() {
                if from > row.start {
                    row.opening = Some((from, unit.at.start, row.cells));
                } else {
                    row.indent = Some((unit.at.start, row.cells));
                }
            } else if unit.at.start > row.start && breaks_between(earlier, before, unit.text) {
                row.opening = Some((unit.at.start, unit.at.start, row.cells));
            }
            place(line, &unit, width, &mut row, &mut |range| {
                rows.push(range.start + offset..range.end + offset)
            });
        }
        (earlier, before) = (before, unit.text);
    }
    let end = match blank_from {
        Some(from) if row.cells > width => clip_blanks(line, from, width, &row),
        _ => line.len(),
    };
    rows.push(row.start + offset..end + offset);
}

/// Puts a cluster on the row, or ends the row and puts it on the next.
fn place(line: &str, unit: &Unit<'_>, width: usize, row: &mut Row, push: &mut impl FnMut(Range<usize>)) {
    while row.cells + unit.cells > width {
        match row.opening.take() {
            Some((end, next, cells)) => {
                push(row.start..end);
                *row = Row::new(next, row.cells - cells);
            }
            None => match row.indent.take() {
                // An indent goes where the first word has no room beside it.
                Some((next, cells)) => *row = Row::new(next, row.cells - cells),
                None if unit.at.start > row.start => {
                    push(row.start..unit.at.start);
                    *row = Row::new(unit.at.start, 0);
                }
                None => break,
            },
        }
    }
    if unit.cells <= width {
        row.cells += unit.cells;
        return;
    }
    // The cluster is wider than a row: its characters are placed one by one.
    for (at, c) in line.get(unit.at.clone()).unwrap_or_default().char_indices() {
        let cells = cell_width(c.encode_utf8(&mut [0; 4])).max(c.width().unwrap_or(0));
        let at = unit.at.start + at;
        if row.cells + cells > width && at > row.start {
            push(row.start..at);
            *row = Row::new(at, 0);
        }
        row.cells += cells;
    }
}

/// Where the blanks at the end of the last row are cut, so that it does not exceed the width.
fn clip_blanks(line: &str, from: usize, width: usize, row: &Row) -> usize {
    let kept = line.get(row.start..from).map_or(0, cell_width);
    let blanks = line.get(from..).unwrap_or_default();
    from + clip(blanks, width.saturating_sub(kept)).len()
}

/// Blanks part words and are not drawn at the end of a row. The space that does not break is no blank.
fn is_blank(text: &str) -> bool {
    text.chars().all(|c| matches!(c, ' ' | '\t' | '\u{3000}'))
}

/// Whether a row may break between two clusters that no blank parts. A hyphen between letters may
/// end a row; the ones before an option of a command may not.
fn breaks_between(earlier: &str, before: &str, after: &str) -> bool {
    let (Some(left), Some(right)) = (before.chars().next(), after.chars().next()) else { return false };
    if left.is_ascii() && right.is_ascii() {
        let inside = earlier.chars().next().is_some_and(char::is_alphanumeric);
        return left == '-' && inside && right.is_ascii_alphabetic();
    }
    let (wide, dash) = (is_ideographic(left) || is_ideographic(right), matches!(left, '—' | '–' | '‐'));
    (wide || dash) && !clings_left(right) && !clings_right(left)
}

/// Scripts that are written without spaces and may break between any two characters.
fn is_ideographic(c: char) -> bool {
    matches!(u32::from(c), 0x2E80..=0x30FF | 0x3130..=0x318F | 0x31A0..=0x4DBF | 0x4E00..=0xA4CF | 0xF900..=0xFAFF | 0xFF00..=0xFF9F | 0x1F300..=0x1FAFF | 0x2_0000..=0x3_FFFD)
}

/// Must not begin a row.
fn clings_left(c: char) -> bool {
    "、。，．：；？！）］｝〉》」』】〕〗〙’”…‥・ーぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ゛゜ゝゞ々,.:;?!)]}%\"'’”»".contains(c)
}

/// Must not end a row.
fn clings_right(c: char) -> bool {
    "（［｛〈《「『【〔〖〘‘“([{\"'«$".contains(c)
}

/// Cuts that stand beside signs on both sides, when they waste at most a quarter: the longest, and of
/// those the most even. The signs themselves go.
fn cut_at_signs(text: &str, budget: usize) -> Option<(&str, &str)> {
    const SIGNS: &[char] = &['-', '/', ':', '_', ' ', '.'];
    // Names are short; this is not worth its time for anything else.
    if text.len() > 200 {
        return None;
    }
    let signs: Vec<usize> = text.match_indices(SIGNS).map(|(at, _)| at).collect();
    let mut best: Option<(usize, usize, &str, &str)> = None;
    for &first in &signs {
        let head = text.get(..first)?;
        let left = cell_width(head);
        for &second in signs.iter().filter(|&&second| second >= first) {
            let tail = text.get(second + 1..)?;
            let right = cell_width(tail);
            let fits = left + right <= budget && 4 * (left + right) >= 3 * budget;
            let even = left.abs_diff(right);
            let better =
                best.is_none_or(|(sum, odd, ..)| left + right > sum || (left + right == sum && even < odd));
            if fits && 4 * left.min(right) >= budget && better {
                best = Some((left + right, even, head, tail));
            }
        }
    }
    best.map(|(_, _, head, tail)| (head, tail))
}

fn cut_anywhere(text: &str, budget: usize) -> (&str, &str) {
    let head = clip(text, budget.div_ceil(2));
    let mut left = budget - cell_width(head);
    let mut from = text.len();
    for cluster in graphemes(text).rev() {
        match left.checked_sub(cell_width(cluster)) {
            Some(rest) if from - cluster.len() >= head.len() => {
                left = rest;
                from -= cluster.len();
            }
            _ => break,
        }
    }
    (head, text.get(from..).unwrap_or_default())
}

#[cfg(test)]
#[path = "width_tests.rs"]
mod tests;
