//! The sources of a reply: told once each, at its end, in the order in which they were first named.

use crate::chat::StreamEvent;
use crate::text::Untrusted;
use crate::wire::anthropic::Citation;

/// The most sources that are kept.
const MOST: usize = 256;

/// The sources of one reply: address and title, either of which may be missing.
#[derive(Debug, Default)]
pub(super) struct Sources(Vec<(String, String)>);

impl Sources {
    /// Takes one.
    pub(super) fn add(&mut self, citation: &Citation<'_>) {
        let url = citation.url.get().or(citation.source.get()).unwrap_or_default();
        let title = citation.title.get().or(citation.document_title.get()).unwrap_or_default();
        let title = match citation.document_index.get() {
            Some(index) if url.is_empty() && title.is_empty() => {
                format!("document {}", index.saturating_add(1))
            }
            _ => title.to_owned(),
        };
        let known = |(address, name): &(String, String)| {
            if url.is_empty() { address.is_empty() && *name == title } else { address == url }
        };
        let nothing = url.is_empty() && title.is_empty();
        if !nothing && self.0.len() < MOST && !self.0.iter().any(known) {
            self.0.push((url.to_owned(), title));
        }
    }

    /// All of them, told.
    pub(super) fn take(&mut self) -> impl Iterator<Item = StreamEvent> {
        let line = |(at, (url, title)): (usize, (String, String))| match (url.as_str(), title.as_str()) {
            (url, "") => format!("[{}] {url}", at + 1),
            ("", title) => format!("[{}] {title}", at + 1),
            (url, title) => format!("[{}] {title}: {url}", at + 1),
        };
        let told = move |entry| StreamEvent::Part(Untrusted::from(line(entry)));
        std::mem::take(&mut self.0).into_iter().enumerate().map(told)
    }
}
