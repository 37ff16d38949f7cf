//! Joseph Weizenbaum's method of 1966: keywords with ranks, rules that take a sentence apart and
//! put it together again, pronouns turned round, and a memory for what was said of "my". The
//! method is his, the program and every sentence of the script are our own.
//!
//! A model has no state between requests, so the conversation is played again from its history:
//! that is how the same rule answers differently the next time, and how earlier topics come back.

use std::collections::HashMap;

use crate::provider::demo::cue::Cue;
use crate::provider::demo::play::Beat;
use crate::provider::demo::script::GOES_ON;
use crate::provider::demo::script::KEYWORDS;
use crate::provider::demo::script::MEMORY;
use crate::provider::demo::script::NOTHING;
use crate::provider::demo::script::QUOTING;
use crate::provider::demo::script::REFLECTIONS;
use crate::provider::demo::script::SPELLINGS;
use crate::provider::demo::seed::Seed;

/// Earlier prompts that are played again.
const TURNS: usize = 100;
/// Bytes of a prompt that are listened to.
const LISTENS: usize = 2_000;
/// Words of a clause that are taken apart, so that matching stays cheap.
const CLAUSE: usize = 32;
/// Words of a capture that are put into an answer.
const QUOTED: usize = 12;

const FIRST: &str =
    "\n\n*I am a program of 1966 made new: I know nothing, and turn your words round. Go on anyway.*";

/// What it answers.
pub(super) fn act(cue: &Cue) -> Vec<Beat> {
    let mut talk = Talk::new(cue.seat.clone());
    let skipped = cue.earlier.len().saturating_sub(TURNS);
    for prompt in cue.earlier.iter().skip(skipped) {
        talk.answer(prompt);
    }
    let mut answer = talk.answer(&cue.prompt);
    if cue.turn() == 0 {
        answer.push_str(FIRST);
    }
    vec![Beat::Say(answer.into())]
}

/// A conversation so far.
struct Talk {
    /// How often each list of answers was used; lists go round. The key is keyword and rule.
    used: HashMap<(usize, usize), usize>,
    /// Where lists begin in this conversation.
    offset: usize,
    /// What was said of "my", oldest first.
    memory: Vec<String>,
    turn: usize,
}

/// The lists that belong to no keyword.
const RECALLING: (usize, usize) = (usize::MAX, 0);
const QUOTING_IT: (usize, usize) = (usize::MAX, 1);
const AT_A_LOSS: (usize, usize) = (usize::MAX, 2);

/// One word: as the rules know it, and as it was written.
#[derive(Clone, Debug, PartialEq)]
struct Word {
    low: String,
    said: String,
}

/// One clause.
type Words = Vec<Word>;

impl Talk {
    fn new(mut seed: Seed) -> Self {
        Self { used: HashMap::new(), offset: seed.index(3), memory: Vec::new(), turn: 0 }
    }

    /// The answer to a prompt; the conversation has gone on by it.
    fn answer(&mut self, prompt: &str) -> String {
        self.turn += 1;
        let clauses = clauses(prompt);
        let mut found = keywords(&clauses);
        found.sort_by_key(|(_, keyword)| {
            std::cmp::Reverse(KEYWORDS.get(*keyword).map(|keyword| keyword.rank))
        });
        let mut answers: Vec<String> = Vec::new();
        let mut answered: Vec<usize> = Vec::new();
        for (clause, keyword) in found {
            if answers.len() == 2 {
                break;
            }
            if answered.contains(&clause) {
                continue;
            }
            let Some(words) = clauses.get(clause) else { continue };
            if let Some(answer) = self.by_rules(keyword, words) {
                answered.push(clause);
                answers.push(answer);
            }
        }
        // Memory speaks when nothing else does, and now and then besides.
        if answers.is_empty() || self.turn.is_multiple_of(3) {
            answers.extend(self.recall());
        }
        if answers.is_empty() {
            answers.push(self.without_keyword(&clauses));
        }
        self.remember(&clauses);
        answers.join("\n\n")
    }

    fn by_rules(&mut self, keyword: usize, words: &Words) -> Option<String> {
        let rules = KEYWORDS.get(keyword)?.rules;
        rules.iter().enumerate().find_map(|(rule, (pattern, answers))| {
            let captures = matched(pattern, words)?;
            self.choose((keyword, rule), answers, &captures)
        })
    }

    /// The next answer of a list for which all captures have words.
    fn choose(&mut self, list: (usize, usize), answers: &[&str], captures: &[String]) -> Option<String> {
        let offset = self.offset;
        let used = self.used.entry(list).or_insert(offset);
        for _ in answers {
            let answer = answers.get(*used % answers.len().max(1))?;
            *used += 1;
            if let Some(text) = filled(answer, captures) {
                return Some(text);
            }
        }
        None
    }

    fn remember(&mut self, clauses: &[Words]) {
        for words in clauses {
            let captures = matched("* my *", words).unwrap_or_default();
            let thing = captures.get(1).map(|thing| noun(thing)).filter(|thing| !thing.is_empty());
            if thing.is_some() && self.memory.last().map(String::as_str) != thing {
                self.memory.extend(thing.map(str::to_owned));
            }
        }
    }

    fn recall(&mut self) -> Option<String> {
        if self.memory.is_empty() {
            return None;
        }
        let thing = self.memory.remove(0);
        self.choose(RECALLING, MEMORY, &[thing])
    }

    fn without_keyword(&mut self, clauses: &[Words]) -> String {
        let words = clauses.iter().flatten().map(|word| &word.said);
        let weighty = words.filter(|word| word.chars().count() >= 5).max_by_key(|word| word.chars().count());
        let quoted = weighty.cloned().and_then(|word| self.choose(QUOTING_IT, QUOTING, &[word]));
        quoted.or_else(|| self.choose(AT_A_LOSS, NOTHING, &[])).unwrap_or_default()
    }
}

/// The clauses of a prompt: split at punctuation and "but", short forms written out.
fn clauses(prompt: &str) -> Vec<Words> {
    let mut end = prompt.len().min(LISTENS);
    while !prompt.is_char_boundary(end) {
        end -= 1;
    }
    let text = prompt.get(..end).unwrap_or_default().replace('’', "'");
    let mut out: Vec<Words> = vec![Vec::new()];
    for token in text.split_whitespace() {
        let ends = token.ends_with(['.', ',', ';', ':', '!', '?', ')']);
        let said = token.trim_matches(|c: char| !c.is_alphanumeric());
        let low = said.to_lowercase();
        if low == "but" {
            out.push(Vec::new());
            continue;
        }
        if let Some(clause) = out.last_mut()
            && !low.is_empty()
        {
            match SPELLINGS.iter().find(|(short, _)| *short == low) {
                Some((_, long)) => clause.extend(long.split(' ').map(|word| plain(word.to_owned()))),
                // A capital at the head of a clause says nothing of the word; capitals inside do.
                None if clause.is_empty() && !said.chars().skip(1).any(char::is_uppercase) => {
                    clause.push(plain(low))
                }
                None => clause.push(Word { low, said: said.to_owned() }),
            }
            clause.truncate(CLAUSE);
        }
        if ends {
            out.push(Vec::new());
        }
    }
    out.retain(|clause| !clause.is_empty());
    out
}

fn plain(low: String) -> Word {
    Word { said: low.clone(), low }
}

/// The keywords of all clauses: (clause, keyword), in the order of the text.
fn keywords(clauses: &[Words]) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    for (place, clause) in clauses.iter().enumerate() {
        for word in clause {
            for (index, keyword) in KEYWORDS.iter().enumerate() {
                if keyword.words.contains(&word.low.as_str()) {
                    out.push((place, index));
                }
            }
        }
    }
    out
}

/// What the pattern's stars and choices took, turned round; `None` when it does not fit.
fn matched(pattern: &str, words: &[Word]) -> Option<Vec<String>> {
    let pattern: Vec<&str> = pattern.split(' ').collect();
    let mut captures = Vec::new();
    fits(&pattern, words, &mut captures).then(|| captures.into_iter().map(reflected).collect())
}

fn fits<'w>(pattern: &[&str], words: &'w [Word], captures: &mut Vec<&'w [Word]>) -> bool {
    let Some((first, rest)) = pattern.split_first() else { return words.is_empty() };
    if *first == "*" {
        let shortest = if rest.is_empty() { words.len() } else { 0 };
        for length in shortest..=words.len() {
            let (taken, left) = words.split_at(length);
            captures.push(taken);
            if fits(rest, left, captures) {
                return true;
            }
            captures.pop();
        }
        return false;
    }
    let Some((word, left)) = words.split_first() else { return false };
    if !first.split('|').any(|choice| choice == word.low) {
        return false;
    }
    if first.contains('|') {
        captures.push(std::slice::from_ref(word));
        if fits(rest, left, captures) {
            return true;
        }
        captures.pop();
        return false;
    }
    fits(rest, left, captures)
}

/// Words as the other side would say them: "i am late for my train" is "you are late for your train".
fn reflected(words: &[Word]) -> String {
    let mut out: Vec<&str> = Vec::new();
    for (place, word) in words.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|place| words.get(place)).map(|word| word.low.as_str());
        let after = words.get(place + 1).map(|word| word.low.as_str());
        let turned = match (word.low.as_str(), before, after) {
            ("are", Some("you"), _) => "am",
            ("were", Some("you"), _) => "was",
            ("was", Some("i"), _) => "were",
            // At the end, or behind a word that wants an object, "you" is whom it happens to.
            ("you", _, None) | ("you", Some("to" | "with" | "for" | "of" | "about" | "from"), _) => "me",
            ("you", _, _) => "I",
            (low, _, _) => {
                REFLECTIONS.iter().find(|(from, _)| *from == low).map_or(word.said.as_str(), |(_, to)| to)
            }
        };
        out.push(turned);
    }
    let long = out.len() > QUOTED;
    out.truncate(QUOTED);
    let text = out.join(" ");
    if long { format!("{text} …") } else { text }
}

/// The thing itself out of what follows "my": the words before the first that goes on about it.
fn noun(capture: &str) -> &str {
    let mut end = 0;
    for (count, word) in capture.split(' ').enumerate() {
        if count == 4 || GOES_ON.contains(&word) {
            break;
        }
        end += word.len() + usize::from(count > 0);
    }
    capture.get(..end).unwrap_or_default()
}

/// An answer with its captures: `$1` whole, `#1` only the thing itself. `None` when one of them has
/// no words.
fn filled(answer: &str, captures: &[String]) -> Option<String> {
    let mut out = String::new();
    let mut rest = answer;
    while let Some(place) = rest.find(['$', '#']) {
        let (before, mark) = rest.split_at(place);
        let number = mark.chars().nth(1).and_then(|digit| digit.to_digit(10))?;
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        let whole = captures.get(index)?.as_str();
        let capture = if mark.starts_with('#') { noun(whole) } else { whole };
        if capture.is_empty() {
            return None;
        }
        out.push_str(before);
        out.push_str(capture);
        rest = mark.get(2..)?;
    }
    out.push_str(rest);
    let mut letters = out.chars();
    let first = letters.next()?;
    Some(first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
#[path = "eliza_tests.rs"]
mod tests;
