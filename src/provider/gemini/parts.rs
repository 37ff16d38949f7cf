//! What a reply of Gemini has beside text and calls: media, programs and their output, sources. They
//! are told as short texts; bytes become a placeholder that says their type and size.

use crate::chat::StreamEvent;
use crate::text::Untrusted;
use crate::wire::gemini::{Blob, Candidate, Part, Source};

/// The most sources that are kept.
const MOST_SOURCES: usize = 256;

/// What to tell of a part at once; `None` when it is nothing of this kind.
pub(super) fn told(part: &Part<'_>) -> Option<StreamEvent> {
    let text = if let Some(blob) = part.inline_data.get() {
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
    };
    Some(StreamEvent::Part(Untrusted::from(text)))
}

fn bytes(blob: &Blob<'_>) -> String {
    let data = blob.data.get().unwrap_or_default();
    let padding = data.bytes().rev().take_while(|byte| *byte == b'=').count();
    format!("[{}, {}]", kind(blob), size((data.len() / 4 * 3).saturating_sub(padding)))
}

fn kind<'a>(blob: &'a Blob<'_>) -> &'a str {
    blob.mime_type.get().unwrap_or("file")
}

/// A number of bytes as people read it.
fn size(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} kB", bytes / 1024),
        _ => format!("{} MB", bytes / 1_048_576),
    }
}

/// The sources of one reply, told at its end.
#[derive(Debug, Default)]
pub(super) struct Sources {
    /// Address and title.
    found: Vec<(String, String)>,
    /// How often the web was searched; `None` when it was not told.
    searches: Option<u64>,
}

impl Sources {
    /// Takes what an event says of its sources; whether it says anything.
    pub(super) fn take_from(&mut self, candidate: &Candidate<'_>) -> bool {
        let before = (self.found.len(), self.searches);
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
        before != (self.found.len(), self.searches)
    }

    /// How often the web was searched.
    pub(super) fn searches(&self) -> Option<u64> {
        self.searches
    }

    /// The sources as events.
    pub(super) fn take(&mut self) -> Vec<StreamEvent> {
        let found = std::mem::take(&mut self.found).into_iter().enumerate();
        let line = |(at, (uri, title)): (usize, (String, String))| match title.as_str() {
            "" => format!("[{}] {uri}", at + 1),
            title => format!("[{}] {title}: {uri}", at + 1),
        };
        found.map(|source| StreamEvent::Part(Untrusted::from(line(source)))).collect()
    }

    fn add(&mut self, source: &Source<'_>) {
        let Some(uri) = source.uri.get() else { return };
        if self.found.len() < MOST_SOURCES && !self.found.iter().any(|(known, _)| known == uri) {
            self.found.push((uri.to_owned(), source.title.get().unwrap_or_default().to_owned()));
        }
    }
}
