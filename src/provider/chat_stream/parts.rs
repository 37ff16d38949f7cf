//! What a reply has beside its text: refusals, images and sources. They are told as short texts; an
//! image is a placeholder that says its type and size.

use crate::chat::StreamEvent;
use crate::text::Untrusted;
use crate::wire::Raw;
use crate::wire::openai::{Content, Delta, Part};

/// The most sources that are kept.
const MOST_SOURCES: usize = 256;

/// The parts of one reply that are told at its end.
#[derive(Debug, Default)]
pub(super) struct Parts {
    refusal: String,
    /// Address and title.
    sources: Vec<(String, String)>,
}

impl Parts {
    /// Takes what a delta has; `None` when it has nothing of this kind, else what to tell now.
    pub(super) fn of_delta(&mut self, delta: &Delta<'_>) -> Option<Vec<StreamEvent>> {
        let mut any = false;
        if let Some(refusal) = delta.refusal.get() {
            any = true;
            self.refusal.push_str(refusal);
        }
        for annotation in delta.annotations.items() {
            any = true;
            if let Some(citation) = annotation.url_citation.get()
                && let Some(url) = citation.url.get()
            {
                self.source(url, citation.title.get().unwrap_or_default());
            }
        }
        let in_content = match &delta.content {
            Content::Parts(parts) => parts.items(),
            _ => &[],
        };
        let images: Vec<StreamEvent> =
            delta.images.items().iter().chain(in_content).filter_map(image).collect();
        (any || !images.is_empty()).then_some(images)
    }

    /// Takes a list of addresses, which comes whole with every event.
    pub(super) fn sources(&mut self, list: Raw<'_>) {
        // Whoever repeats the list repeats all of it: only a longer one has something new.
        let Some(json) = list.get() else { return };
        let Ok(urls) = serde_json::from_str::<Vec<serde_json::Value>>(json) else { return };
        for url in urls.iter().filter_map(serde_json::Value::as_str) {
            self.source(url, "");
        }
    }

    /// What is told at the end.
    pub(super) fn take(&mut self) -> Vec<StreamEvent> {
        let refusal = std::mem::take(&mut self.refusal);
        let refusal = (!refusal.is_empty()).then_some(refusal);
        let sources = std::mem::take(&mut self.sources).into_iter().enumerate();
        let sources = sources.map(|(at, (url, title))| match title.as_str() {
            "" => format!("[{}] {url}", at + 1),
            title => format!("[{}] {title}: {url}", at + 1),
        });
        refusal.into_iter().chain(sources).map(|text| StreamEvent::Part(Untrusted::from(text))).collect()
    }

    fn source(&mut self, url: &str, title: &str) {
        if self.sources.len() < MOST_SOURCES && !self.sources.iter().any(|(known, _)| known == url) {
            self.sources.push((url.to_owned(), title.to_owned()));
        }
    }
}

fn image(part: &Part<'_>) -> Option<StreamEvent> {
    let url = part.image_url.get()?.url.get()?;
    let text = match url.strip_prefix("data:").and_then(|data| data.split_once(',')) {
        Some((kind, data)) => {
            let kind = kind.split(';').next().unwrap_or_default();
            format!("[{kind}, {}]", size(data.len() / 4 * 3))
        }
        None => format!("[image: {url}]"),
    };
    Some(StreamEvent::Part(Untrusted::from(text)))
}

/// A number of bytes as people read it.
fn size(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} kB", bytes / 1024),
        _ => format!("{} MB", bytes / 1_048_576),
    }
}
