//! What a reply has beside its text: refusals, images and sources. They are told as short texts; an
//! image is a placeholder that says its type and size.

use crate::provider::extras::Sources;
use crate::provider::extras::size;
use crate::wire::List;
use crate::wire::Raw;
use crate::wire::openai::{Content, Delta, Found, Part};

/// The parts of one reply that are told at its end.
#[derive(Debug, Default)]
pub(super) struct Parts {
    refusal: String,
    sources: Sources,
    /// The length of the lists that were read.
    listed: usize,
}

impl Parts {
    /// Takes what a delta has; `None` when it has nothing of this kind, else what to tell now.
    pub(super) fn of_delta(&mut self, delta: &Delta<'_>) -> Option<Vec<String>> {
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
                self.sources.add(url, citation.title.get().unwrap_or_default());
            }
        }
        let in_content = match &delta.content {
            Content::Parts(parts) => parts.items(),
            _ => &[],
        };
        let images: Vec<String> = delta.images.items().iter().chain(in_content).filter_map(image).collect();
        (any || !images.is_empty()).then_some(images)
    }

    /// Takes what was searched and found, with titles and as addresses alone. Both lists come whole
    /// with every event, so that only longer ones have something new.
    pub(super) fn sources(&mut self, found: Raw<'_>, urls: Raw<'_>) {
        let (found, urls) = (found.get().unwrap_or_default(), urls.get().unwrap_or_default());
        if found.len() + urls.len() <= self.listed {
            return;
        }
        self.listed = found.len() + urls.len();
        for found in serde_json::from_str::<List<Found<'_>>>(found).unwrap_or_default().items() {
            if let Some(url) = found.url.get() {
                self.sources.add(url, found.title.get().unwrap_or_default());
            }
        }
        let urls = serde_json::from_str::<Vec<serde_json::Value>>(urls).unwrap_or_default();
        for url in urls.iter().filter_map(serde_json::Value::as_str) {
            self.sources.add(url, "");
        }
    }

    /// What is told at the end.
    pub(super) fn take(&mut self) -> impl Iterator<Item = String> {
        let refusal = std::mem::take(&mut self.refusal);
        (!refusal.is_empty()).then_some(refusal).into_iter().chain(self.sources.take())
    }
}

fn image(part: &Part<'_>) -> Option<String> {
    let url = part.image_url.get()?.url.get()?;
    Some(match url.strip_prefix("data:").and_then(|data| data.split_once(',')) {
        Some((kind, data)) => {
            let kind = kind.split(';').next().unwrap_or_default();
            format!("[{kind}, {}]", size(data))
        }
        None => format!("[image: {url}]"),
    })
}
