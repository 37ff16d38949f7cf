//! The method on small sentences, and the script as a whole.

use super::*;

fn words(text: &str) -> Words {
    clauses(text).into_iter().flatten().collect()
}

fn talk(prompts: &[&str]) -> Vec<String> {
    let mut talk = Talk::new(Seed::from_parts(std::iter::empty()));
    prompts.iter().map(|prompt| talk.answer(prompt)).collect()
}

#[test]
fn pronouns_are_turned_round() {
    for (said, heard) in [
        ("I am late for my train", "you are late for your train"),
        ("you are kind to me", "I am kind to you"),
        ("I was there with you", "you were there with me"),
        ("you were mine", "I was yours"),
        ("I do it myself", "you do it yourself"),
    ] {
        assert_eq!(reflected(&words(said)), heard);
    }
}

#[test]
fn patterns_take_sentences_apart() {
    for (pattern, said, captures) in [
        ("*", "anything at all", Some(vec!["anything at all"])),
        ("* i need|want *", "today I want my coffee", Some(vec!["today", "want", "your coffee"])),
        ("* my *", "it is MY terminal!", Some(vec!["it is", "terminal"])),
        ("* to *", "From Rome to NASA", Some(vec!["from Rome", "NASA"])),
        ("* if *", "no condition", None),
        ("* you *", "you", Some(vec!["", ""])),
    ] {
        let found = matched(pattern, &words(said));
        let captures = captures.map(|all| all.into_iter().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(found, captures, "{pattern:?} on {said:?}");
    }
}

#[test]
fn clauses_end_at_punctuation_and_but() {
    let found = clauses("I'm here, but why? Don’t ask: go to Rome");
    let found: Vec<String> = found
        .iter()
        .map(|words| words.iter().map(|word| word.said.as_str()).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(found, ["i am here", "why", "do not ask", "go to Rome"]);
}

#[test]
fn the_answer_is_about_what_was_written() {
    let answer = talk(&["I need to finish my parser"]).remove(0);
    assert!(answer.contains("finish your parser"), "{answer}");
    let answer = talk(&["Lighthouses blink."]).remove(0);
    assert!(answer.contains("lighthouses"), "{answer}");
    let both = talk(&["I am worried about the release. My brother broke the build."]).remove(0);
    assert_eq!(both.split("\n\n").count(), 2, "{both}");
}

#[test]
fn the_same_words_get_another_answer_the_next_time() {
    let answers = talk(&["I feel odd", "I feel odd", "and I feel odd"]);
    assert_ne!(answers[0], answers[1]);
    assert_ne!(answers[1], answers[2]);
}

#[test]
fn what_was_mine_comes_back_later() {
    let answers = talk(&["my garden is a desert", "hm", "zzz"]);
    assert!(answers[1].contains("your garden."), "{answers:?}");
    assert!(!answers[2].contains("garden"), "{answers:?}");
}

#[test]
fn every_rule_can_answer() {
    assert!(KEYWORDS.len() >= 40, "{}", KEYWORDS.len());
    for keyword in KEYWORDS {
        assert_eq!(keyword.rules.last().map(|(pattern, _)| pattern.contains('*')), Some(true));
        for (pattern, answers) in keyword.rules {
            let captures = pattern.split(' ').filter(|part| *part == "*" || part.contains('|')).count();
            let full = vec!["x".to_owned(); captures];
            for answer in *answers {
                assert!(filled(answer, &full).is_some(), "{pattern:?} has no {answer:?}");
            }
        }
    }
    for answer in MEMORY.iter().chain(QUOTING) {
        assert!(filled(answer, &["x".to_owned()]).is_some());
    }
}

#[test]
fn long_and_odd_prompts_are_cheap() {
    let long = "you and I and you and me if my mother is like your father because ".repeat(4000);
    for prompt in [long.as_str(), "", "   ", "🦀🦀🦀", "'''", "$1 $2 $", "我需要你的帮助。"] {
        assert!(!talk(&[prompt]).remove(0).is_empty(), "{prompt:.20}");
    }
}
