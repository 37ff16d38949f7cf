//! What a reply of Gemini has beside text and calls: media, programs and their output, sources. They
//! are told as short texts; bytes become a placeholder that says their type and size.

use crate::provider::extras::Sources;
use crate::provider::extras::size;
use crate::wire::gemini::{Blob, Candidate, Part, Source};

/// What to tell of a part at once; `None` when it is nothing of this kind.
pub(super) fn told(part: &Part<'_>) -> Option<String> {
    Some(if let Some(blob) = part.inline_data.get() {
        bytes(blob)
    } else if let Some(file) = part.file_data.get() {
        format!("[{}: {}]", kind(file), file.uri.get().unwrap_or("without an address"))
    } else if let Some(code) = part.executable_code.get() {
        let language = code.language.get().unwrap_or_default().to_ascii_lowercase();
        format!("```{language}\n{}\n```", code.code.get().unwrap_or_default().trim_end())
    } else if let Some(result) = part.code_result.get() {
        let outcome = result.outcome.get().unwrap_or("OUTCOME_UNSPECIFIED");
        format!("[{outcome}]\n{}", result.output.get().unwrap_or_default()).trim_end().to_owned()
    } else {
        return None;
    })
}

fn bytes(blob: &Blob<'_>) -> String {
    format!("[{}, {}]", kind(blob), size(blob.data.get().unwrap_or_default()))
}

fn kind<'a>(blob: &'a Blob<'_>) -> &'a str {
    blob.mime_type.get().unwrap_or("file")
}

/// What a reply rests on.
#[derive(Debug, Default)]
pub(super) struct Grounds {
    sources: Sources,
    /// How often the web was searched; `None` when it was not told.
    searches: Option<u64>,
}

impl Grounds {
    /// Takes what an event says of its sources; whether it says anything.
    pub(super) fn take_from(&mut self, candidate: &Candidate<'_>) -> bool {
        let before = (self.sources.len(), self.searches);
        if let Some(citations) = candidate.citations.get() {
            citations.sources.items().iter().chain(citations.citations.items()).for_each(|at| self.add(at));
        }
        if let Some(grounding) = candidate.grounding.get() {
            let queries = grounding.queries.get().map(serde_json::from_str::<Vec<serde::de::IgnoredAny>>);
            if let Some(Ok(queries)) = queries {
                let count = u64::try_from(queries.len()).unwrap_or(u64::MAX);
                self.searches = self.searches.max(Some(count));
            }
            for chunk in grounding.chunks.items() {
                if let Some(source) = chunk.web.get().or_else(|| chunk.retrieved.get()) {
                    self.add(source);
                }
            }
        }
        before != (self.sources.len(), self.searches)
    }

    /// How often the web was searched.
    pub(super) fn searches(&self) -> Option<u64> {
        self.searches
    }

    /// The sources in words, told at the end.
    pub(super) fn take(&mut self) -> impl Iterator<Item = String> + use<> {
        self.sources.take()
    }

    fn add(&mut self, source: &Source<'_>) {
        if let Some(uri) = source.uri.get() {
            self.sources.add(uri, source.title.get().unwrap_or_default());
        }
    }
}
