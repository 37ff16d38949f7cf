//! What replies have beside text in more than one format, as short texts: the sources that a reply
//! names, and the size of media that cannot be shown.

/// The most sources that are kept.
const MOST: usize = 256;

/// The sources of one reply: told once each, at its end, in the order in which they were first named.
#[derive(Debug, Default)]
pub(super) struct Sources(Vec<(String, String)>);

impl Sources {
    /// Takes one: its address and its title, either of which may be missing. Without an address the
    /// title is its name.
    pub(super) fn add(&mut self, url: &str, title: &str) {
        let known = |(address, name): &(String, String)| {
            if url.is_empty() { address.is_empty() && name == title } else { address == url }
        };
        let nothing = url.is_empty() && title.is_empty();
        if !nothing && self.0.len() < MOST && !self.0.iter().any(known) {
            self.0.push((url.to_owned(), title.to_owned()));
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// All of them, in words.
    pub(super) fn take(&mut self) -> impl Iterator<Item = String> + use<> {
        let line = |(at, (url, title)): (usize, (String, String))| match (url.as_str(), title.as_str()) {
            (url, "") => format!("[{}] {url}", at + 1),
            ("", title) => format!("[{}] {title}", at + 1),
            (url, title) => format!("[{}] {title}: {url}", at + 1),
        };
        std::mem::take(&mut self.0).into_iter().enumerate().map(line)
    }
}

/// The size of what stands in base64, as people read it.
pub(super) fn size(base64: &str) -> String {
    let padding = base64.bytes().rev().take_while(|byte| *byte == b'=').count();
    match (base64.len() / 4 * 3).saturating_sub(padding) {
        bytes @ 0..1024 => format!("{bytes} B"),
        bytes @ 1024..1_048_576 => format!("{} kB", bytes / 1024),
        bytes => format!("{} MB", bytes / 1_048_576),
    }
}
