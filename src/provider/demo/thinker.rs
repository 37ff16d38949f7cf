//! The model that thinks first: it really looks at the prompt, counts what can be counted, and
//! says what it found. Nothing in it understands a word.

use crate::chat::Effort;
use crate::provider::demo::cue::Cue;
use crate::provider::demo::play::Beat;

/// Bytes of a prompt that are looked at.
const MOST: usize = 20_000;

/// What can be seen of a prompt without understanding it.
struct Look<'a> {
    words: Vec<&'a str>,
    letters: usize,
    lines: usize,
    questions: usize,
    numbers: Vec<&'a str>,
    longest: &'a str,
    repeated: Option<(String, usize)>,
}

/// What it answers.
pub(super) fn act(cue: &Cue) -> Vec<Beat> {
    let look = look(clip(&cue.prompt));
    let mut beats = Vec::new();
    if cue.effort != Some(Effort::None) {
        beats.extend(thoughts(cue, &look).into_iter().map(|thought| Beat::Think(thought.into())));
    }
    beats.push(Beat::Say(answer(cue, &look).into()));
    beats
}

fn thoughts(cue: &Cue, look: &Look<'_>) -> Vec<String> {
    let mut out = vec![format!(
        "Let me see what was asked. The prompt has {} and {}. ",
        counted(look.words.len(), "word"),
        counted(look.letters, "letter")
    )];
    out.push(if look.questions == 0 {
        "There is no question mark in it, so it is a statement or an order, and I should not answer a question that nobody asked.\n\n".to_owned()
    } else {
        format!("There is {} in it, so something is wanted back.\n\n", counted(look.questions, "question mark"))
    });
    if !look.longest.is_empty() {
        out.push(format!(
            "The longest word is “{}”. Long words tend to be what a text is about. ",
            look.longest
        ));
    }
    match &look.repeated {
        Some((word, times)) => out.push(format!(
            "“{word}” comes {times} times; who repeats a word means it. I will put it into the answer.\n\n"
        )),
        None => out.push("No word of weight comes twice, so the weight is spread.\n\n".to_owned()),
    }
    if !look.numbers.is_empty() {
        out.push(format!(
            "Numbers: {}. I had better copy them exactly and not round.\n\n",
            look.numbers.join(", ")
        ));
    }
    match cue.earlier.last() {
        Some(before) => out.push(format!(
            "This is turn {}. Before, it was “{}”. Does that change anything? {} Both together are still one conversation.\n\n",
            cue.turn() + 1,
            head(before),
            shared(before, look)
        )),
        None => out.push("This is the first turn, so there is nothing before it to be consistent with.\n\n".to_owned()),
    }
    out.push(
        "How to answer? A table is easy to read and hard to argue with. First one sentence that says what the prompt is, \
         then the table, then one remark on how I came to it. Check: are the counts disjoint? Words, letters and lines are \
         counted each for itself, so nothing is counted twice. Good."
            .to_owned(),
    );
    out
}

fn answer(cue: &Cue, look: &Look<'_>) -> String {
    let kind = match (look.questions, look.words.len()) {
        (_, 0) => "an empty prompt",
        (0, 1..=3) => "a short remark",
        (0, _) => "a statement",
        (1, _) => "a question",
        _ => "several questions at once",
    };
    let mut out =
        format!("You sent **{kind}**. This is what I found in it:\n\n| what | how much |\n|---|---|\n");
    let longest = if look.longest.is_empty() { "–" } else { look.longest };
    let rows = [
        ("words", look.words.len().to_string()),
        ("letters", look.letters.to_string()),
        ("lines", look.lines.to_string()),
        ("question marks", look.questions.to_string()),
        ("longest word", longest.replace('|', "/")),
    ];
    for (name, value) in rows {
        out.push_str(&format!("| {name} | {value} |\n"));
    }
    if let Some((word, times)) = &look.repeated {
        out.push_str(&format!("\nThe word you leaned on is *{word}*, {times} times.\n"));
    }
    if let Some(before) = cue.earlier.last() {
        out.push_str(&format!("\nOne turn before, you wrote:\n\n> {}\n", head(before)));
    }
    out.push_str(
        "\nI understood nothing of it, and yet I thought for longer than I spoke: most of what you paid for is above this line.",
    );
    out
}

fn look(prompt: &str) -> Look<'_> {
    let words: Vec<&str> = prompt
        .split(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '-'))
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .collect();
    let longest = words.iter().copied().rev().max_by_key(|word| word.chars().count()).unwrap_or_default();
    Look {
        letters: prompt.chars().filter(|c| c.is_alphabetic()).count(),
        lines: prompt.lines().count(),
        questions: prompt.chars().filter(|c| *c == '?').count(),
        numbers: words
            .iter()
            .copied()
            .filter(|word| word.starts_with(|c: char| c.is_ascii_digit()))
            .take(5)
            .collect(),
        repeated: repeated(&words),
        longest,
        words,
    }
}

/// The word of four letters or more that comes most often, when it comes twice; the first of equals.
fn repeated(words: &[&str]) -> Option<(String, usize)> {
    let mut counts: Vec<(String, usize)> = Vec::new();
    let mut places: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
    for word in words.iter().filter(|word| word.chars().count() >= 4) {
        let word = word.to_lowercase();
        let place = *places.entry(word.clone()).or_insert(counts.len());
        match counts.get_mut(place) {
            Some((_, times)) => *times += 1,
            None => counts.push((word, 1)),
        }
    }
    counts.into_iter().rev().max_by_key(|(_, times)| *times).filter(|(_, times)| *times > 1)
}

fn shared(before: &str, look: &Look<'_>) -> String {
    let before = before.to_lowercase();
    let common =
        look.words.iter().find(|word| word.chars().count() >= 5 && before.contains(&word.to_lowercase()));
    common.map_or_else(
        || "No word of it comes again, so the subject has moved.".to_owned(),
        |word| format!("“{word}” was in it already, so we are still at the same matter."),
    )
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// The first words, on one line.
fn head(text: &str) -> String {
    let mut words = text.split_whitespace();
    let mut out: Vec<String> = words.by_ref().take(12).map(|word| word.chars().take(40).collect()).collect();
    if words.next().is_some() {
        out.push("…".to_owned());
    }
    out.join(" ")
}

fn clip(text: &str) -> &str {
    let mut end = text.len().min(MOST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
