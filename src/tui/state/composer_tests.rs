//! The draft: characters as readers see them, chips, kills.

use super::*;

#[test]
fn a_family_is_one_character() {
    let mut composer = Composer::new("a👨‍👩‍👧‍👦é");
    composer.backspace();
    assert_eq!(composer.typed(), "a👨‍👩‍👧‍👦");
    composer.left();
    composer.delete();
    assert_eq!(composer.typed(), "a");
}

#[test]
fn a_long_paste_is_a_chip_that_is_sent_whole() {
    let mut composer = Composer::new("see ");
    let long = "line\n".repeat(240);
    composer.paste(Pasted::new(&long));
    assert_eq!(composer.typed(), "see [Pasted #1 · 240 lines]");
    composer.insert('!');
    assert_eq!(composer.text(), format!("see {long}!"));
    composer.backspace();
    composer.backspace();
    assert_eq!(composer.typed(), "see ");
    composer.undo();
    assert_eq!(composer.text(), format!("see {long}"));
    composer.paste(Pasted::new(&long));
    assert!(composer.typed().ends_with("[Pasted #2 · 240 lines]"));
    assert_eq!(composer.text().len(), 4 + 2 * long.len());
}

#[test]
fn readline_kills_and_yanks() {
    let mut composer = Composer::new("one two-three four");
    composer.kill_word();
    composer.kill_word();
    assert_eq!(composer.typed(), "one ");
    composer.yank();
    assert_eq!(composer.typed(), "one two-three ");
    composer.home();
    composer.kill_to_end();
    assert!(composer.is_empty());
    composer.yank();
    assert_eq!(composer.typed(), "one two-three ");
    composer.kill_to_start();
    assert!(composer.is_empty());
}

#[test]
fn invisible_characters_never_reach_the_cells() {
    let mut composer = Composer::new("");
    composer.paste(Pasted::new("rm \u{202e}fdsa"));
    assert_eq!(composer.typed(), "[Pasted #1 · 1 line · 1 invisible]");
    assert_eq!(composer.text(), "rm \u{202e}fdsa");
}

#[test]
fn growing_text_takes_rows() {
    let mut composer = Composer::new("");
    assert_eq!(composer.rows(10), 1);
    composer.set("one two three");
    assert_eq!(composer.rows(10), 2);
    composer.newline();
    assert_eq!(composer.rows(10), 3);
}
