//! Markdown that grows: a [`Document`] takes a reply as it streams and gives the rows that are in
//! view. Rows carry roles, never colours, so nothing that is kept depends on the theme.
//!
//! The text is kept once and cut into blocks of bounded size by a scanner that never looks ahead
//! (`scan.rs`); so streamed text ends up exactly as whole text, and what is settled never changes.
//! Only the unfinished end is laid out anew, once a frame. Of settled blocks the heights are kept,
//! and the rows of those near the view. Nothing here draws, fetches, or opens a link.

mod block;
mod code;
mod cut;
mod document;
mod flow;
mod frame;
mod highlight;
mod line;
mod link;
mod row;
mod scan;
mod table;
mod wrap;

#[cfg(test)]
mod tests;

pub use document::{Anchor, CodeBlock, Document};
pub use highlight::warm;
pub use row::{Flags, Row};
