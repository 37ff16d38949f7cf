//! What a laid-out line is: spans of text that carry roles. No colours here, so that what is kept
//! does not depend on the theme.

use crate::tui::theme::Role;

/// Ways to set text that come on top of its role, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(u8);

impl Flags {
    /// Nothing on top.
    pub const NONE: Self = Self(0);
    /// Bold.
    pub const BOLD: Self = Self(1);
    /// Italic.
    pub const ITALIC: Self = Self(2);
    /// Underlined.
    pub const UNDERLINE: Self = Self(4);
    /// Struck through.
    pub const STRIKE: Self = Self(8);

    /// Both together.
    #[must_use]
    pub const fn with(self, more: Self) -> Self {
        Self(self.0 | more.0)
    }

    /// Whether all bits of `other` are set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A piece of a row that looks the same all along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Safe to draw: sanitised, no control characters, tabs expanded.
    pub text: Box<str>,
    /// What it is.
    pub role: Role,
    /// What comes on top of the role's own style.
    pub also: Flags,
}

impl Span {
    /// A span without flags.
    #[must_use]
    pub fn new(text: impl Into<Box<str>>, role: Role) -> Self {
        Self { text: text.into(), role, also: Flags::NONE }
    }
}

/// One row of cells. Draw `fill` over the whole row first, then each span's style over it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// From left to right. Never wider than the width that was asked for.
    pub spans: Vec<Span>,
    /// The ground of the whole row, if it has its own.
    pub fill: Option<Role>,
}

/// The rows of one block, and where in the block's text each begins.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// What is drawn.
    pub(super) rows: Vec<Row>,
    /// One per row: offset in the block's text. Never decreasing.
    pub(super) marks: Vec<u32>,
    /// No mark is greater: the last byte of the block.
    pub(super) limit: u32,
    /// Code that could have colours and has none yet.
    pub(super) plain: bool,
    /// Something was closed that is still open in the text.
    pub(super) guessed: bool,
    /// For code: how far it has been laid out, so that more can be appended.
    pub(super) code: Option<super::code::Progress>,
}

impl Layout {
    /// For a block of so many bytes.
    pub(super) fn of(bytes: usize) -> Self {
        Self { limit: u32::try_from(bytes.saturating_sub(1)).unwrap_or(u32::MAX), ..Self::default() }
    }

    /// Adds a row; `mark` is raised where it would go back.
    pub(super) fn push(&mut self, row: Row, mark: usize) {
        let mark = u32::try_from(mark).unwrap_or(u32::MAX).min(self.limit);
        let mark = self.marks.last().map_or(mark, |last| mark.max(*last));
        self.rows.push(row);
        self.marks.push(mark);
    }
}
