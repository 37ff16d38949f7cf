//! What the scanner finds: blocks, told as ranges of the source. Data only.

use std::ops::Range;

/// What precedes the text of a block of Markdown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lead {
    /// Nothing.
    Fresh,
    /// The block goes on with a paragraph that was cut: its first line begins nothing.
    Joined,
    /// The block goes on with a table whose head stands there.
    Head(Range<usize>),
    /// The block goes on with a list; the number of its first item, if it is ordered.
    Item(Option<u64>),
    /// The block stands so many columns to the right.
    Inset(usize),
}

/// A code block as the scanner found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fenced {
    /// Where the code begins: the key of the block.
    pub(super) at: usize,
    /// Where its language is written.
    pub(super) info: Range<usize>,
    /// So many columns are taken off its lines.
    pub(super) indent: usize,
}

/// What a block is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Markdown. `nest` when there may be code blocks within.
    Prose { lead: Lead, nest: bool },
    /// A piece of a code block.
    Code { fence: Fenced, piece: u32 },
    /// Lines to show as they are.
    Verbatim,
}

/// A block: a range of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// Where it stands.
    pub(super) range: Range<usize>,
    /// What it is.
    pub(super) shape: Shape,
    /// It goes on with what stands before it, without an empty row.
    pub(super) joined: bool,
}
