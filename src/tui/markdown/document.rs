//! The document: settled blocks and the live end of a text that grows. It decides what is laid out
//! when; how, is told elsewhere. The text itself stays with its owner, who lends it to each call: the
//! same text all the time, with more at its end.

mod keep;

use std::ops::Range;

use crate::text::Untrusted;
use crate::text::clip;
use crate::tui::theme::Role;

use super::block::{self, Block, Code};
use super::code::{self, Nested};
use super::cut::Shape;
use super::row::Row;
use super::scan::Scanner;

/// So many bytes of code get colours in one call; the rest waits for the next frame.
const BUDGET: usize = 4 * 1024;

/// A place in the text that a row shows. Stays true through new widths and more text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Anchor {
    /// Bytes from the start of the source.
    pub offset: usize,
    /// Rows below the first one that shows this place.
    below: usize,
}

/// A code block of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeBlock {
    /// From 1, in order, as its label shows it.
    pub number: usize,
    /// The first word of its info string, safe to show; may be empty.
    pub language: String,
    /// Its source without the fence and without a last line end.
    pub text: Untrusted,
}

/// The rows of a text that grows.
pub struct Document {
    /// The role of lines that are shown as they are.
    role: Role,
    scanner: Scanner,
    settled: Vec<Block>,
    live: Vec<Block>,
    /// The length of the source when `live` was made.
    shown: Option<usize>,
    codes: Vec<Code>,
    settled_codes: usize,
    /// The number of the next code block after the settled ones.
    number: usize,
    width: usize,
    /// Rows from the top to the end of each settled block, for `width`.
    ends: Vec<usize>,
    /// The settled blocks whose rows are kept.
    laid: Vec<usize>,
    nested: Nested,
    budget: usize,
    pending: bool,
    #[cfg(test)]
    pub(super) work: super::tests::Work,
}

impl Default for Document {
    fn default() -> Self {
        Self::new()
    }
}

impl Document {
    /// For Markdown.
    #[must_use]
    pub fn new() -> Self {
        Self::with(Scanner::markdown(), Role::Text)
    }

    /// For text that is no Markdown (prompts, thinking, the raw view): wrapped, all in that role.
    #[must_use]
    pub fn plain(role: Role) -> Self {
        Self::with(Scanner::plain(), role)
    }

    fn with(scanner: Scanner, role: Role) -> Self {
        Self {
            role,
            scanner,
            settled: Vec::new(),
            live: Vec::new(),
            shown: None,
            codes: Vec::new(),
            settled_codes: 0,
            number: 1,
            width: 0,
            ends: Vec::new(),
            laid: Vec::new(),
            nested: Nested::default(),
            budget: BUDGET,
            pending: false,
            #[cfg(test)]
            work: super::tests::Work::default(),
        }
    }

    /// No more will come: settles everything. What comes all the same begins a new block.
    pub fn finish(&mut self, source: &Untrusted) {
        let mut cuts = Vec::new();
        self.scanner.finish(source.raw(), &mut cuts);
        self.settle(source.raw(), cuts);
        self.shown = None;
    }

    /// How many rows it takes. Costs nothing when nothing changed.
    pub fn height(&mut self, source: &Untrusted, width: u16) -> usize {
        self.refresh(source.raw(), width);
        self.top(self.settled.len()) + self.live.iter().map(Block::height).sum::<usize>()
    }

    /// Gives the rows in that range, each with its number from the top. Only what is in the range
    /// is laid out, and what is far from it is dropped.
    pub fn rows(
        &mut self,
        source: &Untrusted,
        width: u16,
        range: Range<usize>,
        sink: &mut dyn FnMut(usize, &Row),
    ) {
        let source = source.raw();
        self.refresh(source, width);
        self.pending = false;
        let mut at = self.ends.partition_point(|end| *end <= range.start);
        let mut top = self.top(at);
        while top < range.end && at < self.settled.len() + self.live.len() {
            self.ensure(source, at, true);
            let Some(block) = self.block(at) else { break };
            let height = block.height();
            for nth in range.start.saturating_sub(top)..height.min(range.end - top) {
                if let Some(row) = block.row(nth) {
                    sink(top + nth, row);
                }
            }
            top += height;
            at += 1;
        }
        self.prune(&range);
        self.budget = BUDGET;
    }

    /// Whether a later call of [`Document::rows`] for the same range would show more colours: draw
    /// again.
    #[must_use]
    pub fn pending(&self) -> bool {
        self.pending
    }

    /// The code blocks so far, with the numbers that their labels show.
    #[must_use]
    pub fn code_blocks(&self, source: &Untrusted) -> Vec<CodeBlock> {
        let source = source.raw();
        let live = self.scanner.live(source);
        let mut found: Vec<(String, String)> = Vec::new();
        for cut in self.settled.iter().map(|block| &block.cut).chain(&live) {
            let Shape::Code { fence, piece } = &cut.shape else {
                found.append(&mut block::nested(source, cut));
                continue;
            };
            if *piece == 0 {
                let info = source.get(fence.info.clone()).unwrap_or_default();
                found.push((info.to_owned(), String::new()));
            }
            let Some((_, text)) = found.last_mut() else { continue };
            let raw = source.get(cut.range.clone()).unwrap_or_default();
            text.extend(raw.split_inclusive('\n').map(|line| code::dedent(line, fence.indent)));
        }
        let numbered = found.into_iter().enumerate();
        numbered
            .map(|(at, (info, text))| {
                let language = Untrusted::from(code::language(&info));
                let language = clip(&language.line(), 24).to_owned();
                let text = text.strip_suffix('\n').map_or(text.as_str(), |text| text.trim_end_matches('\r'));
                CodeBlock { number: at + 1, language, text: text.into() }
            })
            .collect()
    }

    /// The place in the text that the row shows.
    pub fn anchor(&mut self, source: &Untrusted, width: u16, row: usize) -> Anchor {
        let height = self.height(source, width);
        let row = row.min(height.saturating_sub(1));
        let (at, top) = self.find(source.raw(), |_, end| end <= row);
        let Some(block) = self.block(at) else { return Anchor::default() };
        let nth = row - top;
        let mark = block.mark(nth);
        let below = (0..nth).rev().take_while(|above| block.mark(*above) == mark).count();
        Anchor { offset: block.cut.range.start + mark as usize, below }
    }

    /// The row that shows the place.
    pub fn row_of(&mut self, source: &Untrusted, width: u16, anchor: Anchor) -> usize {
        let source = source.raw();
        self.refresh(source, width);
        let (next, _) = self.find(source, |block, _| block.cut.range.start <= anchor.offset);
        let at = next.saturating_sub(1);
        self.ensure(source, at, false);
        let top = self.place(at);
        let Some(block) = self.block(at) else { return 0 };
        let mark = anchor.offset.saturating_sub(block.cut.range.start);
        let height = block.height();
        let fits = (0..height).rev().find(|nth| block.mark(*nth) as usize <= mark).unwrap_or(0);
        let shown = block.mark(fits);
        let first = (0..fits).rev().take_while(|nth| block.mark(*nth) == shown).last().unwrap_or(fits);
        top + (first + anchor.below).min(fits)
    }

    /// Looks at what came since the last time. Costs what its lines cost to look at; nothing is laid out.
    pub(super) fn read(&mut self, source: &str) {
        let mut cuts = Vec::new();
        self.scanner.feed(source, &mut cuts);
        self.settle(source, cuts);
    }

    /// The rows that can change no more.
    #[cfg(test)]
    pub(super) fn firm(&mut self, source: &Untrusted, width: u16) -> usize {
        self.refresh(source.raw(), width);
        self.top(self.settled.len())
    }

    /// How many settled blocks keep their rows.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.settled.iter().filter(|block| block.layout.is_some()).count()
    }

    fn block(&self, at: usize) -> Option<&Block> {
        self.settled.get(at).or_else(|| self.live.get(at.checked_sub(self.settled.len())?))
    }

    fn block_mut(&mut self, at: usize) -> Option<&mut Block> {
        let settled = self.settled.len();
        if at < settled { self.settled.get_mut(at) } else { self.live.get_mut(at - settled) }
    }

    /// The rows above a settled block.
    fn top(&self, at: usize) -> usize {
        at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0)
    }

    /// The rows above any block.
    fn place(&self, at: usize) -> usize {
        let live = at.saturating_sub(self.settled.len());
        let settled = self.top(at.min(self.settled.len()));
        settled + self.live.iter().take(live).map(Block::height).sum::<usize>()
    }

    /// The first block for which `before`, told the block and the rows up to its end, is false.
    fn find(&mut self, source: &str, before: impl Fn(&Block, usize) -> bool) -> (usize, usize) {
        let (mut low, mut high) = (0, self.settled.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            let end = self.ends.get(middle).copied().unwrap_or(0);
            if self.settled.get(middle).is_some_and(|block| before(block, end)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let mut top = self.top(low);
        if low == self.settled.len() {
            for block in &self.live {
                let end = top + block.height();
                if !before(block, end) {
                    break;
                }
                (top, low) = (end, low + 1);
            }
        }
        self.ensure(source, low, false);
        (low, top)
    }
}
