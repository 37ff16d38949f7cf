//! Text with its looks, and the spans of the lines that it is broken into. Where prose may break is
//! for `crate::text` to say; only code is broken here. It must not know what the text means.

use std::ops::Range;

use crate::text::cell_width;
use crate::text::graphemes;

use super::row::{Flags, Span};
use crate::tui::theme::Role;

/// A place in a text from which on it looks so, up to the next one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frag {
    /// Where in the text.
    pub(super) start: usize,
    /// What it is.
    pub(super) role: Role,
    /// What comes on top.
    pub(super) also: Flags,
    /// Where it stands in the block's source.
    pub(super) pos: usize,
}

/// A text with its looks.
#[derive(Clone, Debug, Default)]
pub(super) struct Styled {
    /// The text; `\n` ends a line.
    pub(super) text: String,
    /// In the order of their starts.
    pub(super) frags: Vec<Frag>,
}

impl Styled {
    /// Adds text that looks so.
    pub(super) fn add(&mut self, text: &str, role: Role, also: Flags, pos: usize) {
        if text.is_empty() {
            return;
        }
        let start = self.text.len();
        let end = self.frags.last().map(|last| last.pos + (start - last.start));
        if self.frags.last().is_none_or(|last| (last.role, last.also) != (role, also) || end != Some(pos)) {
            self.frags.push(Frag { start, role, also, pos });
        }
        if text.contains('\t') {
            let text = text.replace('\t', "    ");
            self.text.push_str(&text);
        } else {
            self.text.push_str(text);
        }
    }

    /// The spans of a part of the text.
    pub(super) fn spans(&self, range: &Range<usize>, out: &mut Vec<Span>) {
        let first = self.frags.partition_point(|frag| frag.start <= range.start).saturating_sub(1);
        for (at, frag) in self.frags.iter().enumerate().skip(first) {
            let end = self.frags.get(at + 1).map_or(self.text.len(), |next| next.start).min(range.end);
            let start = frag.start.max(range.start);
            if frag.start >= range.end {
                break;
            }
            let Some(text) = self.text.get(start..end).filter(|text| !text.is_empty()) else { continue };
            match out.last_mut() {
                Some(last) if (last.role, last.also) == (frag.role, frag.also) => {
                    last.text = format!("{}{text}", last.text).into();
                }
                _ => out.push(Span { text: text.into(), role: frag.role, also: frag.also }),
            }
        }
    }

    /// Where a place in the text stands in the source.
    pub(super) fn pos(&self, at: usize) -> usize {
        let index = self.frags.partition_point(|frag| frag.start <= at).saturating_sub(1);
        self.frags.get(index).map_or(0, |frag| frag.pos + at.saturating_sub(frag.start))
    }
}

/// Breaks anywhere between characters, for code.
pub(super) fn chop(text: &str, room: usize, out: &mut Vec<Range<usize>>) {
    if text.len() <= room && text.is_ascii() {
        out.push(0..text.len());
        return;
    }
    let (mut start, mut end, mut col) = (0, 0, 0);
    for cluster in graphemes(text) {
        let cells = cell_width(cluster);
        if col + cells > room {
            if start < end {
                out.push(start..end);
            }
            (start, col) = (end, 0);
        }
        end += cluster.len();
        if cells > room {
            start = end;
        } else {
            col += cells;
        }
    }
    out.push(start..end);
}

/// The widest line, and the widest word, in cells.
pub(super) fn extent(text: &str) -> (usize, usize) {
    let widest = text.split('\n').map(cell_width).max().unwrap_or(0);
    let word = text.split_whitespace().map(cell_width).max().unwrap_or(0);
    (widest, word)
}
