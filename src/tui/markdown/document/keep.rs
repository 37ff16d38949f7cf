//! What of a document is laid out, and for how long it is kept.

use std::ops::Range;

use crate::tui::markdown::block;
use crate::tui::markdown::block::Block;
use crate::tui::markdown::block::Code;
use crate::tui::markdown::code;
use crate::tui::markdown::code::Nested;
use crate::tui::markdown::code::Piece;
use crate::tui::markdown::code::Progress;
use crate::tui::markdown::cut::Cut;
use crate::tui::markdown::cut::Lead;
use crate::tui::markdown::cut::Shape;
use crate::tui::markdown::flow;
use crate::tui::markdown::flow::Prose;
use crate::tui::markdown::highlight;
use crate::tui::markdown::highlight::Painter;
use crate::tui::markdown::row::Layout;

use super::Document;

/// When more blocks than this have no height yet, their rows are not kept.
const FEW: usize = 16;

impl Document {
    /// Makes the heights and the live end true for this width.
    pub(super) fn refresh(&mut self, source: &str, width: u16) {
        self.read(source);
        let width = usize::from(width.max(1));
        if width != self.width {
            self.width = width;
            self.ends.clear();
            for at in std::mem::take(&mut self.laid) {
                if let Some(block) = self.settled.get_mut(at) {
                    block.layout = None;
                }
            }
            self.live.clear();
            self.nested = Nested::default();
            self.shown = None;
        }
        let few = self.settled.len() - self.ends.len() <= FEW;
        for at in self.ends.len()..self.settled.len() {
            self.lay(source, at, few);
            let top = self.top(at);
            if let Some(block) = self.settled.get_mut(at) {
                self.ends.push(top + block.height());
                if few {
                    self.laid.push(at);
                } else {
                    block.layout = None;
                }
            }
        }
        if self.shown != Some(source.len()) {
            self.revive(source);
        }
    }

    /// Makes the live blocks anew, with what can be kept of the old ones.
    fn revive(&mut self, source: &str) {
        self.shown = Some(source.len());
        let cuts = self.scanner.live(source);
        let mut old = std::mem::take(&mut self.live);
        let mut spare = self.codes.split_off(self.settled_codes);
        let mut number = self.number;
        for cut in cuts {
            let mut block = self.admit(source, cut, &mut number, &mut spare);
            let same = old.iter().position(|old| block.goes_on(old, false));
            block.layout = same.and_then(|at| old.swap_remove(at).layout);
            self.live.push(block);
            self.lay(source, self.settled.len() + self.live.len() - 1, true);
        }
    }

    pub(super) fn settle(&mut self, source: &str, cuts: Vec<Cut>) {
        if cuts.is_empty() {
            return;
        }
        let mut spare = self.codes.split_off(self.settled_codes);
        let mut number = self.number;
        let mut old = std::mem::take(&mut self.live);
        for cut in cuts {
            let mut block = self.admit(source, cut, &mut number, &mut spare);
            let same = old.iter().position(|old| block.goes_on(old, true));
            block.layout = same.and_then(|at| old.swap_remove(at).layout);
            self.settled.push(block);
        }
        self.number = number;
        self.settled_codes = self.codes.len();
        // What stays unsettled may be a block whose layout was kept.
        self.live = old;
        self.codes.append(&mut spare);
        self.nested.forget(number);
        self.shown = None;
    }

    fn admit(&mut self, source: &str, cut: Cut, number: &mut usize, spare: &mut Vec<Code>) -> Block {
        let first = self.settled.is_empty() && self.live.is_empty();
        let mut block = Block { gap: !cut.joined && !first, number: *number, code: 0, layout: None, cut };
        let Shape::Code { fence, piece } = &block.cut.shape else {
            *number += block::nested(source, &block.cut).len();
            return block;
        };
        *number += usize::from(*piece == 0);
        block.number = *number - 1;
        let known = self.codes.iter().rposition(|code| code.fence.at == fence.at);
        block.code = known.unwrap_or_else(|| {
            let old = spare.iter().position(|code| code.fence.at == fence.at);
            let fresh = || Code { fence: fence.clone(), first: 0, states: Vec::new() };
            self.codes.push(old.map_or_else(fresh, |at| spare.swap_remove(at)));
            self.codes.len() - 1
        });
        if *piece == 0
            && let Some(code) = self.codes.get_mut(block.code)
        {
            code.fence = fence.clone();
            code.first = self.settled.len();
        }
        block
    }

    /// Makes sure that a block has its rows, and its colours as far as the budget goes.
    pub(super) fn ensure(&mut self, source: &str, at: usize, paint: bool) {
        let Some(block) = self.block(at) else { return };
        let absent = block.layout.is_none();
        let pale = block.layout.as_ref().is_some_and(|layout| layout.plain) && highlight::is_warm();
        if absent || (pale && paint && self.budget > 0) {
            self.lay(source, at, paint);
            if absent && at < self.settled.len() {
                self.laid.push(at);
            }
        }
        let plain = self.block(at).and_then(|block| block.layout.as_ref()).is_some_and(|layout| layout.plain);
        self.pending |= plain && highlight::is_warm();
    }

    /// Lays a block out, or goes on with it.
    fn lay(&mut self, source: &str, at: usize, paint: bool) {
        let whole = at < self.settled.len();
        let paint = paint && self.budget > 0 && highlight::is_warm();
        let Some(block) = self.block_mut(at) else { return };
        let old = block.layout.take();
        let Some(block) = self.block(at) else { return };
        let raw = source.get(block.cut.range.clone()).unwrap_or_default();
        let layout = match &block.cut.shape {
            Shape::Verbatim => old.unwrap_or_else(|| block::verbatim(raw, self.role, self.width)),
            Shape::Prose { .. } if old.as_ref().is_some_and(|old| !old.plain || !paint) => {
                old.unwrap_or_default()
            }
            Shape::Prose { lead, .. } => {
                let (mut text, before) = block::markdown(source, &block.cut, lead);
                let guessed = !whole && block::close(&mut text);
                let number = if let Lead::Item(number) = lead { *number } else { None };
                let inset = if let Lead::Inset(columns) = lead { *columns } else { 0 };
                let (width, code) = (self.width, block.number);
                let bytes = raw.len();
                let prose = Prose { text: &text, lead: before, bytes, width, code, number, inset, whole };
                (self.nested.on, self.nested.plain, self.nested.spent) = (paint, false, 0);
                let mut layout = flow::layout(&prose, &mut self.nested);
                (layout.plain, layout.guessed) = (self.nested.plain, guessed);
                self.budget = self.budget.saturating_sub(self.nested.spent);
                if whole {
                    self.nested.forget(self.number);
                }
                #[cfg(test)]
                self.work.parsed(text.len());
                layout
            }
            Shape::Code { .. } => self.lay_code(source, at, old, paint),
        };
        if let Some(block) = self.block_mut(at) {
            block.layout = Some(layout);
        }
    }

    fn lay_code(&mut self, source: &str, at: usize, old: Option<Layout>, paint: bool) -> Layout {
        let whole = at < self.settled.len();
        let Some(block) = self.block(at) else { return Layout::default() };
        let bytes = block.cut.range.len();
        let mut layout = old.unwrap_or_default();
        layout.limit = Layout::of(bytes).limit;
        let Shape::Code { fence, piece } = block.cut.shape.clone() else { return layout };
        let (range, index, number) = (block.cut.range.clone(), block.code, block.number);
        let may = block::coloured(&block.cut);
        let mut painted = layout.code.as_ref().is_some_and(|code| code.painter.is_some());
        if may && paint && !painted {
            let painter = self.state(source, index, piece);
            painted = painter.is_some();
            if painted {
                layout = Layout { code: Some(Progress::from(painter)), ..Layout::of(bytes) };
            }
        }
        let mid = piece > 0 && !source.get(..range.start).unwrap_or_default().ends_with('\n');
        let info = source.get(fence.info).unwrap_or_default();
        let label = (piece == 0).then_some((info, number));
        let text = source.get(range).unwrap_or_default();
        let piece_of = Piece { source: text, mid, whole, indent: fence.indent, label };
        let spent = code::extend(&mut layout, &piece_of, self.width);
        layout.plain = may && !painted;
        self.budget = self.budget.saturating_sub(spent);
        #[cfg(test)]
        self.work.coloured(spent);
        let after = layout.code.as_ref().and_then(|code| code.painter.as_ref()).filter(|_| whole);
        if let (Some(code), Some(after)) = (self.codes.get_mut(index), after)
            && code.states.len() == piece as usize + 1
        {
            code.states.push(after.fork());
        }
        layout
    }

    /// The state before a piece of code, when the budget allows to get there.
    fn state(&mut self, source: &str, index: usize, piece: u32) -> Option<Painter> {
        let code = self.codes.get_mut(index)?;
        if code.states.is_empty() {
            let info = source.get(code.fence.info.clone())?;
            code.states.push(Painter::new(code::language(info))?);
        }
        while code.states.len() <= piece as usize {
            let last = code.states.last()?;
            if !last.paints() {
                return Some(last.fork());
            }
            let block = self.settled.get(code.first + code.states.len() - 1)?;
            if self.budget == 0 {
                return None;
            }
            let mut painter = last.fork();
            let text = source.get(block.cut.range.clone())?;
            let piece =
                Piece { source: text, mid: false, whole: true, indent: code.fence.indent, label: None };
            let spent = code::read(&mut painter, &piece);
            self.budget = self.budget.saturating_sub(spent);
            #[cfg(test)]
            self.work.coloured(spent);
            code.states.push(painter);
        }
        code.states.get(piece as usize).map(Painter::fork)
    }

    /// Drops the rows of blocks that are far from the view.
    pub(super) fn prune(&mut self, range: &Range<usize>) {
        let margin = 64 + 3 * range.len();
        let near = range.start.saturating_sub(margin)..range.end.saturating_add(margin);
        let mut laid = std::mem::take(&mut self.laid);
        laid.retain(|at| {
            let keep = self.top(*at) < near.end && self.ends.get(*at).is_some_and(|end| *end > near.start);
            if !keep && let Some(block) = self.settled.get_mut(*at) {
                block.layout = None;
            }
            keep
        });
        self.laid = laid;
    }
}
