//! Text from outside. [`Untrusted`] is the only way that a provider's, a model's or a tool's text
//! travels through salon, and it has no `Display`: whoever wants to show it says where to, and gets
//! what is safe there. The rules are one table, in `sanitise.rs`; how many cells a text takes is
//! said by one function, in `width.rs`. Nothing here knows a terminal or a screen.

mod class;
mod sanitise;
mod width;

use std::borrow::Cow;

pub use sanitise::PaneStream;
pub use width::{cell_width, clip, clip_middle, expand_tabs, graphemes, safe_emoji, wrap};

use sanitise::Surface;

/// A text from outside. Kept exactly as it came; made safe by the method that names its destination.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Untrusted(String);

impl Untrusted {
    /// For a pane and for standard output that is a terminal: several lines; `\n` ends a line, tabs
    /// stay for the layout to expand. A text that comes in pieces is better served by [`PaneStream`].
    #[must_use]
    pub fn pane(&self) -> Cow<'_, str> {
        sanitise::text(Surface::Pane, &self.0)
    }

    /// For a surface that people trust (names, titles, errors, log lines): one line, everything
    /// that is not seen is shown as `<U+…>`.
    #[must_use]
    pub fn line(&self) -> Cow<'_, str> {
        one_line(&self.0)
    }

    /// For the clipboard: no control characters but newline and tab, nothing that is not seen.
    #[must_use]
    pub fn copy(&self) -> Cow<'_, str> {
        sanitise::text(Surface::Copy, &self.0)
    }

    /// For a Markdown file.
    #[must_use]
    pub fn export(&self) -> Cow<'_, str> {
        sanitise::text(Surface::Export, &self.0)
    }

    /// For standard output that is a pipe or a file: no control characters but newline and tab
    /// (R8), the rest exactly.
    #[must_use]
    pub fn stdout(&self) -> Cow<'_, str> {
        sanitise::text(Surface::Stdout, &self.0)
    }

    /// For looking at what is really there: everything but printable ASCII, newline and tab as `\u{…}`.
    #[must_use]
    pub fn reveal(&self) -> Cow<'_, str> {
        sanitise::reveal(&self.0)
    }

    /// How many characters [`Untrusted::pane`] does not show. Reads the whole text.
    #[must_use]
    pub fn hidden_count(&self) -> usize {
        sanitise::hidden(&self.0)
    }

    /// Exactly as it came: for the store, for JSON writers that escape, and for the next request.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// Adds what came next.
    pub fn push(&mut self, more: &Self) {
        self.0.push_str(&more.0);
    }

    /// Adds what came next to a text that may become as long as a server likes: see [`lengthen`].
    pub fn lengthen(&mut self, more: &Self) {
        lengthen(&mut self.0, &more.0);
    }

    /// Nothing comes any more: room to grow is given back.
    pub fn settle(&mut self) {
        self.0.shrink_to_fit();
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Length in bytes, as it came.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// The most that is kept of one reply, thinking and all else included, in bytes (safety R40).
pub const LONGEST: usize = 8 * 1024 * 1024;

/// Adds to a text that may become as long as a server likes. When it is larger than a few screens can
/// be, it gets room for the longest reply at once: growing by steps leaves the heap full of pieces
/// that nothing else fits into, and room that is not written to takes no memory.
pub fn lengthen(text: &mut String, more: &str) {
    const LARGE: usize = 1024 * 1024;
    let wanted = text.len().saturating_add(more.len());
    if wanted > text.capacity() && (LARGE..=LONGEST).contains(&wanted) {
        text.reserve_exact(LONGEST - text.len());
    }
    text.push_str(more);
}

impl From<String> for Untrusted {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Untrusted {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl std::fmt::Debug for Untrusted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Untrusted({:?})", self.0)
    }
}

/// The rule of [`Untrusted::line`] for texts that are not a provider's and still come from outside:
/// file names, what the operating system says, what a person named.
#[must_use]
pub fn one_line(text: &str) -> Cow<'_, str> {
    sanitise::text(Surface::Line, text)
}
