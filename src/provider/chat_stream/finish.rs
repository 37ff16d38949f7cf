//! The many words for why a reply ended.

use crate::chat::Finish;
use crate::text::Untrusted;

/// What a word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Means {
    Stop,
    Length,
    ToolCalls,
    ContentFilter,
    Refusal,
    /// The provider failed.
    Failure,
}

/// The words of all servers.
const WORDS: &[(&str, Means)] = &[
    ("stop", Means::Stop),
    ("eos", Means::Stop),
    ("eos_token", Means::Stop),
    ("end_turn", Means::Stop),
    ("stop_sequence", Means::Stop),
    ("completed", Means::Stop),
    ("COMPLETE", Means::Stop),
    ("length", Means::Length),
    ("max_tokens", Means::Length),
    ("MAX_TOKENS", Means::Length),
    ("model_length", Means::Length),
    ("tool_calls", Means::ToolCalls),
    ("tool_use", Means::ToolCalls),
    ("function_call", Means::ToolCalls),
    ("content_filter", Means::ContentFilter),
    ("safety", Means::ContentFilter),
    ("SAFETY", Means::ContentFilter),
    ("refusal", Means::Refusal),
    ("error", Means::Failure),
    ("insufficient_system_resource", Means::Failure),
    ("aborted", Means::Failure),
];

/// Why the reply ends, as far as it was said. The first word counts: OpenRouter says it twice.
#[derive(Debug, Default)]
pub(super) struct Ending {
    finish: Option<Finish>,
    failure: bool,
}

impl Ending {
    /// Takes a reason; whether it is new.
    pub(super) fn reason(&mut self, word: &str) -> bool {
        if self.finish.is_some() || self.failure {
            return false;
        }
        let means = WORDS.iter().find(|(known, _)| *known == word).map(|(_, means)| *means);
        self.finish = match means {
            Some(Means::Stop) => Some(Finish::Stop),
            Some(Means::Length) => Some(Finish::Length),
            Some(Means::ToolCalls) => Some(Finish::ToolCalls),
            Some(Means::ContentFilter) => Some(Finish::ContentFilter),
            Some(Means::Refusal) => Some(Finish::Refusal),
            Some(Means::Failure) => None,
            None => Some(Finish::Other(Untrusted::from(word))),
        };
        self.failure = means == Some(Means::Failure);
        true
    }

    /// Whether the reason is that the provider failed.
    pub(super) fn is_failure(&self) -> bool {
        self.failure
    }

    /// The reason.
    pub(super) fn take(&mut self) -> Option<Finish> {
        self.finish.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recorded_word_is_known() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/compat-finish-variants.json");
        let text = std::fs::read_to_string(path).expect("the table is there");
        let table: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        for (word, means) in table["map"].as_object().expect("a map") {
            let mut ending = Ending::default();
            if word.is_empty() {
                continue;
            }
            assert!(ending.reason(word));
            match means.as_str() {
                Some("error") => assert!(ending.is_failure(), "{word}"),
                expected => {
                    assert_eq!(ending.take().map(|finish| finish.name()).as_deref(), expected, "{word}")
                }
            }
        }
    }

    #[test]
    fn the_first_reason_counts_and_unknown_ones_are_kept() {
        let mut ending = Ending::default();
        assert!(ending.reason("weird"));
        assert!(!ending.reason("stop"));
        assert_eq!(ending.take(), Some(Finish::Other(Untrusted::from("weird"))));
    }
}
