//! What a reply has beside its text: refusals, images and sources. They are told as short texts; an
//! image is a placeholder that says its type and size.

use crate::provider::extras::Sources;
use crate::provider::extras::size;
use crate::wire::Raw;
use crate::wire::openai::{Content, Delta, Part};

/// The parts of one reply that are told at its end.
#[derive(Debug, Default)]
pub(super) struct Parts {
    refusal: String,
    sources: Sources,
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

    /// Takes a list of addresses, which comes whole with every event.
    pub(super) fn sources(&mut self, list: Raw<'_>) {
        // Whoever repeats the list repeats all of it: only a longer one has something new.
        let Some(json) = list.get() else { return };
        let Ok(urls) = serde_json::from_str::<Vec<serde_json::Value>>(json) else { return };
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
