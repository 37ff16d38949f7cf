//! One block of a document: where it stands in the source, and its rows while they are kept.

use crate::text::Untrusted;
use crate::text::expand_tabs;
use crate::text::safe_emoji;
use crate::text::wrap;
use crate::tui::theme::Role;

use super::code;
use super::cut::{Cut, Fenced, Lead, Shape};
use super::flow::{self, JOINER};
use super::highlight::Painter;
use super::row::{Flags, Layout, Row};
use super::wrap::Styled;

/// Code has colours up to so many bytes of its block.
const COLOURED: usize = 512 * 1024;
/// And up to so many pieces: 10,000 lines.
const PIECES: u32 = 157;

/// A block.
pub(super) struct Block {
    /// Where and what.
    pub(super) cut: Cut,
    /// An empty row stands before it.
    pub(super) gap: bool,
    /// The number of its first code block.
    pub(super) number: usize,
    /// For code: which of the document's.
    pub(super) code: usize,
    /// Its rows, while they are kept.
    pub(super) layout: Option<Layout>,
}

impl Block {
    /// How many rows it takes, while they are kept.
    pub(super) fn height(&self) -> usize {
        self.layout.as_ref().map_or(0, |layout| layout.rows.len() + usize::from(self.gap))
    }

    /// The row, counted from the top of the block.
    pub(super) fn row(&self, at: usize) -> Option<&Row> {
        let rows = &self.layout.as_ref()?.rows;
        if self.gap && at == 0 { Some(&EMPTY) } else { rows.get(at - usize::from(self.gap)) }
    }

    /// Where in the block the row begins.
    pub(super) fn mark(&self, at: usize) -> u32 {
        let marks = self.layout.as_ref().map(|layout| &layout.marks);
        let at = at.checked_sub(usize::from(self.gap));
        at.and_then(|at| marks?.get(at)).copied().unwrap_or(0)
    }

    /// Whether what was laid out of `old` holds for this block too, or can be gone on with.
    pub(super) fn goes_on(&self, old: &Self, settled: bool) -> bool {
        let same = self.cut.shape == old.cut.shape && self.cut.range.start == old.cut.range.start;
        match &self.cut.shape {
            Shape::Code { .. } => same && self.number == old.number,
            Shape::Prose { nest, .. } => {
                let guessed = *nest || old.layout.as_ref().is_some_and(|layout| layout.guessed);
                let end = self.cut.range.end == old.cut.range.end;
                same && end && self.number == old.number && !(settled && guessed)
            }
            Shape::Verbatim => same && self.cut.range.end == old.cut.range.end,
        }
    }
}

static EMPTY: Row = Row { spans: Vec::new(), fill: None };

/// A code block that stands by itself: what is known of its colours.
pub(super) struct Code {
    /// Where it is.
    pub(super) fence: Fenced,
    /// Its first block, once that is settled.
    pub(super) first: usize,
    /// The state before each piece, as far as it was needed.
    pub(super) states: Vec<Painter>,
}

/// Whether that piece of code may have colours.
pub(super) fn coloured(cut: &Cut) -> bool {
    match &cut.shape {
        Shape::Code { fence, piece } => {
            *piece < PIECES && cut.range.start - fence.at < COLOURED && !fence.info.is_empty()
        }
        _ => false,
    }
}

/// The source of a block of Markdown as the parser shall see it, and the bytes put before it.
pub(super) fn markdown(source: &str, cut: &Cut, lead: &Lead) -> (String, usize) {
    let raw = source.get(cut.range.clone()).unwrap_or_default();
    match lead {
        Lead::Fresh | Lead::Item(_) => (safe(raw), 0),
        Lead::Joined => (format!("{JOINER}{}", safe(raw.trim_start())), JOINER.len_utf8()),
        Lead::Head(head) => {
            let head = safe(source.get(head.clone()).unwrap_or_default());
            (format!("{head}{}", safe(raw)), head.len())
        }
        Lead::Inset(columns) => (safe(&outset(raw, *columns)), 0),
    }
}

/// Closes what the last paragraph of an unfinished text leaves open, so that emphasis and code look
/// so while they are written. Tells whether it did.
pub(super) fn close(text: &mut String) -> bool {
    let from = text.rfind("\n\n").map_or(0, |at| at + 2);
    let last = text.get(from..).unwrap_or_default();
    if last.contains("```") || last.contains("~~~") || last.ends_with(['*', '\n', ' ', '\\']) {
        return false;
    }
    let (mut code, mut strong, mut at) = (false, false, 0);
    while let Some(byte) = last.as_bytes().get(at) {
        let double = last.as_bytes().get(at + 1) == Some(byte);
        match byte {
            b'`' if double => return false,
            b'`' => code = !code,
            b'*' if double && !code => strong = !strong,
            b'\\' if !code => at += 1,
            _ => {}
        }
        at += if *byte == b'*' && double { 2 } else { 1 };
    }
    if last.ends_with('`') && code {
        return false;
    }
    if code {
        text.push('`');
    }
    if strong {
        text.push_str("**");
    }
    code || strong
}

fn outset(raw: &str, columns: usize) -> String {
    raw.split_inclusive('\n').map(|line| code::dedent(line, columns)).collect()
}

fn safe(raw: &str) -> String {
    let text = Untrusted::from(raw);
    let text = text.pane();
    safe_emoji(&text).into_owned()
}

/// How many code blocks stand within a block of Markdown.
pub(super) fn nested(source: &str, cut: &Cut) -> Vec<(String, String)> {
    let Shape::Prose { lead, nest: true } = &cut.shape else { return Vec::new() };
    let raw = source.get(cut.range.clone()).unwrap_or_default();
    if !["```", "~~~", "    ", "\t"].iter().any(|sign| raw.contains(sign)) {
        return Vec::new();
    }
    match lead {
        Lead::Inset(columns) => flow::codes(&outset(raw, *columns)),
        _ => flow::codes(raw),
    }
}

/// Lays out lines as they are.
pub(super) fn verbatim(raw: &str, role: Role, width: usize) -> Layout {
    let mut layout = Layout::of(raw.len());
    let mut at = 0;
    for line in raw.split_inclusive('\n') {
        let text = safe(line.trim_end_matches(['\n', '\r']));
        let mut styled = Styled::default();
        styled.add(&expand_tabs(&text), role, Flags::NONE, at);
        let ranges = wrap(&styled.text, width);
        for range in &ranges {
            let mut spans = Vec::new();
            styled.spans(range, &mut spans);
            layout.push(Row { spans, fill: None }, at + range.start);
        }
        at += line.len();
    }
    layout
}
