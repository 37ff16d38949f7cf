//! Text from outside. [`Untrusted`] is the only way that a provider's, a model's or a tool's text
//! travels through salon, and it has no `Display`: whoever wants to show it says where to, and gets
//! what is safe there. The rules are one table, in `sanitise.rs`.

mod sanitise;
mod width;

use std::borrow::Cow;

pub use width::{cell_width, clip, graphemes, wrap_points};

/// A text from outside. Kept exactly as it came; made safe by the method that names its destination.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Untrusted(String);

impl Untrusted {
    /// For a pane: several lines; `\n` ends a line, tabs stay for the layout to expand.
    #[must_use]
    pub fn pane(&self) -> Cow<'_, str> {
        sanitise::pane(&self.0)
    }

    /// For a surface that people trust (names, titles, errors, log lines): one line, everything
    /// that is not seen is shown as `<U+…>`.
    #[must_use]
    pub fn line(&self) -> Cow<'_, str> {
        sanitise::line(&self.0)
    }

    /// For the clipboard and for standard output: no control characters but newline and tab.
    #[must_use]
    pub fn copy(&self) -> Cow<'_, str> {
        sanitise::copy(&self.0)
    }

    /// For a Markdown file.
    #[must_use]
    pub fn export(&self) -> Cow<'_, str> {
        sanitise::export(&self.0)
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
