//! The rows of code: a label with language and number, then the lines, broken where they are too
//! long with a mark that says so. Complete lines are laid out once and appended to, so an open
//! fence costs what its new lines cost.

use std::ops::Range;

use crate::text::Untrusted;
use crate::text::clip;
use crate::text::expand_tabs;
use crate::text::safe_emoji;
use crate::tui::theme::Role;

use super::highlight::Painter;
use super::line;
use super::row::{Flags, Layout, Row, Span};
use super::wrap::{self, Frag, Styled};

/// The mark of a row that goes on with the line above.
const ONWARD: &str = "↪";
/// Where there is less room, code has no cell before it.
const NARROW: usize = 4;
/// Languages are shown up to so many cells.
const LANGUAGE: usize = 24;

/// How far a piece of code has been laid out.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Bytes of the piece that are rows now: whole lines.
    upto: usize,
    /// The rows they made.
    solid: usize,
    /// The state after them.
    pub(super) painter: Option<Painter>,
}

impl Progress {
    /// With the state before the first line.
    pub(super) fn from(painter: Option<Painter>) -> Self {
        Self { painter, ..Self::default() }
    }
}

impl std::fmt::Debug for Painter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Painter")
    }
}

/// A piece of a code block, to be laid out.
pub(super) struct Piece<'s> {
    /// Its source.
    pub(super) source: &'s str,
    /// The text goes on after a line that was cut.
    pub(super) mid: bool,
    /// No more will come: a last line without an end is whole.
    pub(super) whole: bool,
    /// Columns to take off each line.
    pub(super) indent: usize,
    /// The label, for the first piece.
    pub(super) label: Option<(&'s str, usize)>,
}

/// The first word of a fence's info string.
pub(super) fn language(info: &str) -> &str {
    info.trim().split([' ', ',', '\t', '{', ':']).next().unwrap_or_default()
}

/// The row above code.
pub(super) fn label(info: &str, number: usize, width: usize) -> Span {
    let language = Untrusted::from(language(info));
    let language = language.line();
    let language = clip(&language, LANGUAGE);
    let sign = match u32::try_from(number) {
        Ok(small @ 1..=20) => char::from_u32(0x245F + small).map(String::from),
        _ => None,
    };
    let sign = sign.unwrap_or_else(|| format!("[{number}]"));
    let name = if language.is_empty() { "text" } else { language };
    let text = format!(" {name} {sign} ");
    Span::new(clip(&text, width), Role::CodeLabel)
}

/// Only reads a piece, for the state after it. Gives the bytes that were read.
pub(super) fn read(painter: &mut Painter, piece: &Piece<'_>) -> usize {
    let mut colours = Vec::new();
    for line in piece.source.split_inclusive('\n') {
        let safe = Untrusted::from(dedent(line.trim_end_matches(['\n', '\r']), piece.indent));
        painter.line(&safe_emoji(&safe.pane()), &mut colours);
    }
    piece.source.len()
}

/// Lays out what is new of a piece. Gives the bytes that were coloured.
pub(super) fn extend(layout: &mut Layout, piece: &Piece<'_>, width: usize) -> usize {
    let mut progress = layout.code.take().unwrap_or_default();
    if progress.upto == 0 && layout.rows.is_empty() {
        if let Some((info, number)) = piece.label {
            let row = Row { spans: vec![label(info, number, width)], fill: Some(Role::CodeBlock) };
            layout.push(row, 0);
        }
        progress.solid = layout.rows.len();
    }
    layout.rows.truncate(progress.solid);
    layout.marks.truncate(progress.solid);
    let mut coloured = 0;
    let mut colours = Vec::new();
    let mut at = progress.upto;
    for line in piece.source.get(progress.upto..).unwrap_or_default().split_inclusive('\n') {
        let ended = line.ends_with('\n') || piece.whole;
        let raw = dedent(line.trim_end_matches(['\n', '\r']), piece.indent);
        let safe = Untrusted::from(raw);
        let safe = safe.pane();
        let safe = safe_emoji(&safe);
        colours.clear();
        if let Some(painter) = progress.painter.as_mut().filter(|painter| ended && painter.paints()) {
            painter.line(&safe, &mut colours);
            coloured += line.len();
        }
        let mut onward = piece.mid && at == 0;
        lines(&safe, &colours, width, |spans| {
            layout.push(row(spans, onward, width), at);
            onward = true;
        });
        at += line.len();
        if ended {
            (progress.upto, progress.solid) = (at, layout.rows.len());
        }
    }
    layout.code = Some(progress);
    coloured
}

fn row(mut spans: Vec<Span>, onward: bool, width: usize) -> Row {
    let first = if onward { Span::new(ONWARD, Role::Dim) } else { Span::new(" ", Role::CodeBlock) };
    if width >= NARROW {
        spans.insert(0, first);
    }
    Row { spans, fill: Some(Role::CodeBlock) }
}

/// The spans of each row that a line of code takes.
fn lines(text: &str, colours: &[(usize, Role)], width: usize, mut each: impl FnMut(Vec<Span>)) {
    let mut styled = Styled::default();
    let mut start = 0;
    for part in text.split('\n') {
        styled.text.clear();
        styled.frags.clear();
        paint(part, start, colours, &mut styled);
        let mut ranges: Vec<Range<usize>> = Vec::new();
        wrap::chop(&styled.text, if width >= NARROW { width - 1 } else { width }, &mut ranges);
        for range in &ranges {
            let mut spans = Vec::new();
            styled.spans(range, &mut spans);
            each(spans);
        }
        start += part.len() + 1;
    }
}

/// Fills `styled` with a line, its tabs expanded, and its colours.
fn paint(text: &str, offset: usize, colours: &[(usize, Role)], styled: &mut Styled) {
    let mut from = 0;
    let rest = [(offset + text.len(), Role::CodeBlock)];
    for (end, role) in colours.iter().chain(&rest) {
        let end = end.saturating_sub(offset).min(text.len());
        let Some(part) = text.get(from..end).filter(|part| !part.is_empty()) else { continue };
        let start = styled.text.len();
        styled.frags.push(Frag { start, role: *role, also: Flags::NONE, pos: 0 });
        styled.text.push_str(part);
        if part.contains('\t') {
            styled.text = expand_tabs(&styled.text).into_owned();
        }
        from = end;
    }
}

/// Takes up to so many columns of white space off a line.
pub(super) fn dedent(text: &str, columns: usize) -> &str {
    let (have, rest) = line::indent(text);
    if have <= columns {
        return if rest.is_empty() { text.get(columns.min(text.len())..).unwrap_or_default() } else { rest };
    }
    let mut seen = 0;
    for (at, byte) in text.bytes().enumerate() {
        if seen >= columns {
            return text.get(at..).unwrap_or_default();
        }
        seen += if byte == b'\t' { 4 - seen % 4 } else { 1 };
    }
    ""
}

/// Code blocks inside lists and quotes: what was laid out of the unfinished ones is kept, so that
/// only their new lines cost.
#[derive(Default)]
pub(super) struct Nested {
    /// Colours are there and may be spent.
    pub(super) on: bool,
    /// Set when code was left plain that could have had colours.
    pub(super) plain: bool,
    /// Bytes that were coloured.
    pub(super) spent: usize,
    kept: Vec<Kept>,
}

struct Kept {
    number: usize,
    width: usize,
    text: String,
    layout: Layout,
}

/// Nested code that is longer stays plain: it is laid out whole each time its block is.
const NESTED: usize = 8 * 1024;

impl Nested {
    /// The rows of a block: number, info string, text; `whole` when no more will come.
    pub(super) fn rows(&mut self, number: usize, info: &str, text: &str, look: (usize, bool)) -> &[Row] {
        let (width, whole) = look;
        let known = self.kept.iter().position(|kept| kept.number == number);
        let at = known.unwrap_or_else(|| {
            let kept = Kept { number, width, text: String::new(), layout: Layout::default() };
            self.kept.push(kept);
            self.kept.len() - 1
        });
        let Some(kept) = self.kept.get_mut(at) else { return &[] };
        let paints = text.len() <= NESTED && !language(info).is_empty();
        let wants = paints && self.on;
        let painted = kept.layout.code.as_ref().is_some_and(|code| code.painter.is_some());
        if kept.width != width || !text.starts_with(&kept.text) || wants != painted {
            kept.layout = Layout::of(text.len());
            let painter = if wants { Painter::new(language(info)) } else { None };
            kept.layout.code = Some(Progress::from(painter));
        }
        kept.width = width;
        let upto = kept.layout.code.as_ref().map_or(0, |code| code.upto);
        let piece = Piece { source: text, mid: false, whole, indent: 0, label: Some((info, number)) };
        self.spent += extend(&mut kept.layout, &piece, width);
        let now = kept.layout.code.as_ref().map_or(0, |code| code.upto);
        if now != upto || kept.text.is_empty() {
            kept.text.clear();
            kept.text.push_str(text.get(..now).unwrap_or_default());
        }
        self.plain |= paints && !self.on;
        &kept.layout.rows
    }

    /// Forgets the blocks before that number.
    pub(super) fn forget(&mut self, before: usize) {
        self.kept.retain(|kept| kept.number >= before);
    }
}
