//! Fuzzy search over names: one place that knows the matcher.

use nucleo_matcher::Config;
use nucleo_matcher::Utf32Str;
use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};

/// A name that matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Which of the names.
    pub index: usize,
    /// How well; higher is better.
    pub score: u32,
}

/// A matcher with its buffers.
pub struct Matcher {
    inner: nucleo_matcher::Matcher,
    chars: Vec<char>,
}

impl Default for Matcher {
    fn default() -> Self {
        Self { inner: nucleo_matcher::Matcher::new(Config::DEFAULT.match_paths()), chars: Vec::new() }
    }
}

impl Matcher {
    /// The names that match every word of `query`, best first; all of them, in their order, when it
    /// is empty.
    pub fn search<'a>(&mut self, query: &str, names: impl Iterator<Item = &'a str>) -> Vec<Hit> {
        let pattern = Pattern::new(query, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy);
        let mut hits: Vec<Hit> = names
            .enumerate()
            .filter_map(|(index, name)| {
                let name = Utf32Str::new(name, &mut self.chars);
                pattern.score(name, &mut self.inner).map(|score| Hit { index, score })
            })
            .collect();
        hits.sort_by(|a, b| b.score.cmp(&a.score).then(a.index.cmp(&b.index)));
        hits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_match_in_any_place() {
        let names = ["openai/gpt-5.1", "anthropic/claude-sonnet-4.5", "qwen/qwen3"];
        let mut matcher = Matcher::default();
        let found = |matcher: &mut Matcher, query: &str| {
            matcher.search(query, names.into_iter()).iter().map(|hit| hit.index).collect::<Vec<_>>()
        };
        assert_eq!(found(&mut matcher, ""), [0, 1, 2]);
        assert_eq!(found(&mut matcher, "sonnet 4"), [1]);
        assert_eq!(found(&mut matcher, "qw3"), [2]);
        assert!(found(&mut matcher, "zzz").is_empty());
    }
}
