//! The prompts of this room and of earlier ones: Up, Down, and a search through them. The draft is
//! kept while one walks, and what was cleared is found first.

use std::collections::HashSet;

/// How many are kept.
const KEPT: usize = 1000;

/// Prompts, oldest first, and where one is in them.
#[derive(Debug, Default)]
pub struct Prompts {
    all: Vec<String>,
    at: Option<usize>,
    draft: String,
}

impl Prompts {
    /// A prompt was sent, or a draft cleared.
    pub fn push(&mut self, prompt: String) {
        self.at = None;
        if prompt.trim().is_empty() {
            return;
        }
        self.all.retain(|old| *old != prompt);
        self.all.push(prompt);
        if self.all.len() > KEPT {
            self.all.remove(0);
        }
    }

    /// Older prompts, newest first: of earlier turns and of earlier rooms.
    pub fn add_older(&mut self, newest_first: impl IntoIterator<Item = String>) {
        let mut known: HashSet<String> = self.all.iter().cloned().collect();
        let new = |prompt: &String| !prompt.trim().is_empty() && known.insert(prompt.clone());
        let room = KEPT.saturating_sub(self.all.len());
        let mut older: Vec<String> = newest_first.into_iter().filter(new).take(room).collect();
        older.reverse();
        self.at = self.at.map(|at| at + older.len());
        older.append(&mut self.all);
        self.all = older;
    }

    /// The prompt before; `draft` is kept for the way back.
    pub fn previous(&mut self, draft: &str) -> Option<String> {
        let at = match self.at {
            None => {
                draft.clone_into(&mut self.draft);
                self.all.len()
            }
            Some(at) => at,
        };
        let at = at.checked_sub(1)?;
        self.at = Some(at);
        self.all.get(at).cloned()
    }

    /// The next prompt, or the draft after the last one.
    pub fn next(&mut self) -> Option<String> {
        let at = self.at? + 1;
        if let Some(prompt) = self.all.get(at) {
            self.at = Some(at);
            return Some(prompt.clone());
        }
        self.at = None;
        Some(std::mem::take(&mut self.draft))
    }

    /// The draft was edited: the walk is over.
    pub fn stay(&mut self) {
        self.at = None;
    }

    /// The newest prompt with this in it, `skip` such ones left out.
    #[must_use]
    pub fn find(&self, query: &str, skip: usize) -> Option<&str> {
        if query.is_empty() {
            return self.all.iter().rev().nth(skip).map(String::as_str);
        }
        let query = query.to_lowercase();
        self.all
            .iter()
            .rev()
            .filter(|prompt| prompt.to_lowercase().contains(&query))
            .nth(skip)
            .map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn up_and_down_keep_the_draft() {
        let mut prompts = Prompts::default();
        prompts.push("one".to_owned());
        prompts.push("two".to_owned());
        prompts.push("one".to_owned());
        prompts.add_older(vec!["zero".to_owned(), "two".to_owned()]);
        assert_eq!(prompts.next(), None);
        assert_eq!(prompts.previous("draft").as_deref(), Some("one"));
        assert_eq!(prompts.previous("one").as_deref(), Some("two"));
        assert_eq!(prompts.previous("two").as_deref(), Some("zero"));
        assert_eq!(prompts.previous("zero"), None);
        assert_eq!(prompts.next().as_deref(), Some("two"));
        assert_eq!(prompts.next().as_deref(), Some("one"));
        assert_eq!(prompts.next().as_deref(), Some("draft"));
        assert_eq!(prompts.find("TW", 0), Some("two"));
        assert_eq!(prompts.find("tw", 1), None);
    }
}
