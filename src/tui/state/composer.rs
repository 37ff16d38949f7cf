//! The draft. All that the rest of the screen knows of the text area is in this file: words, keys
//! and shortcuts are decided elsewhere. Editing goes by what a reader takes for one character.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::widgets::Widget;
use tui_textarea::{AtomicDeleteDirection, AtomicRange, CursorMove, CursorRenderMode, TextArea, WrapMode};

use crate::text::graphemes;
use crate::tui::state::paste::Pasted;
use crate::tui::state::prompts::Prompts;

/// Larger than this, an old draft comes back as a chip.
const LARGE_DRAFT: usize = 256 << 10;

/// A paste that is kept aside; its label stands for it in the draft.
#[derive(Clone, Debug)]
struct Chip {
    label: String,
    text: String,
}

/// A search through the prompts.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// What is typed.
    pub query: String,
    /// How many matches were passed over.
    pub skip: usize,
}

/// A row of the list that opens while a command is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The command, without its slash.
    pub name: &'static str,
    /// What it does.
    pub doc: &'static str,
}

/// The commands that fit what is typed so far.
#[derive(Clone, Debug, Default)]
pub struct Offers {
    /// The rows.
    pub rows: Vec<Offer>,
    /// The selected row.
    pub selected: usize,
}

/// The draft and what belongs to it.
pub struct Composer {
    area: TextArea<'static>,
    chips: Vec<Chip>,
    made: usize,
    /// Earlier prompts.
    pub prompts: Prompts,
    /// The search through them, while it is open.
    pub search: Option<Search>,
    /// Commands to choose from, while one is typed.
    pub offers: Option<Offers>,
}

impl Composer {
    /// A composer with a draft.
    #[must_use]
    pub fn new(draft: &str) -> Self {
        let mut composer = Self {
            area: blank(Vec::new()),
            chips: Vec::new(),
            made: 0,
            prompts: Prompts::default(),
            search: None,
            offers: None,
        };
        let draft = Pasted::new(draft);
        if draft.text.len() > LARGE_DRAFT || draft.invisible > 0 {
            composer.paste(draft);
        } else {
            composer.set(&draft.text);
        }
        composer
    }

    /// Whether nothing is typed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.area.is_empty()
    }

    /// The draft as it is sent: chips are what they stand for.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = self.typed();
        for chip in &self.chips {
            text = text.replace(&chip.label, &chip.text);
        }
        text
    }

    /// The draft as it is seen.
    #[must_use]
    pub fn typed(&self) -> String {
        self.area.lines().join("\n")
    }

    /// The first line, for what depends on how the draft begins.
    #[must_use]
    pub fn first_line(&self) -> &str {
        self.area.lines().first().map_or("", String::as_str)
    }

    /// How many lines are typed.
    #[must_use]
    pub fn line_count(&self) -> usize {
        self.area.lines().len()
    }

    /// Sets the draft; the cursor is at its end.
    pub fn set(&mut self, text: &str) {
        self.area = blank(text.split('\n').map(str::to_owned).collect());
        self.area.move_cursor(CursorMove::Bottom);
        self.area.move_cursor(CursorMove::End);
        self.mark_chips();
    }

    /// Takes the draft away.
    pub fn clear(&mut self) {
        self.area = blank(Vec::new());
        self.chips.clear();
        self.prompts.stay();
        self.offers = None;
    }

    /// Puts what was pasted into the draft. Long texts, and those with characters that are not seen,
    /// are kept aside.
    pub fn paste(&mut self, pasted: Pasted) {
        if !pasted.is_chip() {
            self.area.insert_str(&pasted.text);
            self.edited();
            return;
        }
        self.made += 1;
        let lines = pasted.lines();
        let hidden =
            if pasted.invisible > 0 { format!(" · {} invisible", pasted.invisible) } else { String::new() };
        let label =
            format!("[Pasted #{} · {lines} line{}{hidden}]", self.made, if lines == 1 { "" } else { "s" });
        self.chips.push(Chip { label: label.clone(), text: pasted.text });
        self.area.insert_str(&label);
        self.edited();
    }

    /// A typed character.
    pub fn insert(&mut self, c: char) {
        self.area.insert_char(c);
        self.edited();
    }

    /// A new line.
    pub fn newline(&mut self) {
        self.area.insert_newline();
        self.edited();
    }

    /// Whether the character before the cursor is a backslash, which makes Enter a new line.
    #[must_use]
    pub fn after_backslash(&self) -> bool {
        let (row, column) = self.area.cursor();
        let line = self.area.lines().get(row).map_or("", String::as_str);
        column.checked_sub(1).and_then(|before| line.chars().nth(before)) == Some('\\')
    }

    /// Takes away what is before the cursor.
    pub fn backspace(&mut self) {
        if self.area.delete_atomic_range_at_cursor(AtomicDeleteDirection::Backward).is_none() {
            for _ in 0..self.before().max(1) {
                self.area.delete_char();
            }
        }
        self.edited();
    }

    /// Takes away what is after the cursor.
    pub fn delete(&mut self) {
        if self.area.delete_atomic_range_at_cursor(AtomicDeleteDirection::Forward).is_none() {
            for _ in 0..self.after().max(1) {
                self.area.delete_next_char();
            }
        }
        self.edited();
    }

    /// One character to the left.
    pub fn left(&mut self) {
        for _ in 0..self.before().max(1) {
            self.area.move_cursor(CursorMove::Back);
        }
    }

    /// One character to the right.
    pub fn right(&mut self) {
        for _ in 0..self.after().max(1) {
            self.area.move_cursor(CursorMove::Forward);
        }
    }

    /// One row up; says whether there was one.
    pub fn up(&mut self) -> bool {
        self.moved(CursorMove::Up)
    }

    /// One row down; says whether there was one.
    pub fn down(&mut self) -> bool {
        self.moved(CursorMove::Down)
    }

    /// To the start of the line.
    pub fn home(&mut self) {
        self.area.move_cursor(CursorMove::Head);
    }

    /// To the end of the line.
    pub fn end(&mut self) {
        self.area.move_cursor(CursorMove::End);
    }

    /// To the start of the word before.
    pub fn word_left(&mut self) {
        self.area.move_cursor(CursorMove::WordBack);
    }

    /// To the end of the next word.
    pub fn word_right(&mut self) {
        self.area.move_cursor(CursorMove::WordForward);
    }

    /// Kills to the end of the line.
    pub fn kill_to_end(&mut self) {
        self.area.delete_line_by_end();
        self.edited();
    }

    /// Kills to the start of the line.
    pub fn kill_to_start(&mut self) {
        self.area.delete_line_by_head();
        self.edited();
    }

    /// Kills back to white space.
    pub fn kill_word(&mut self) {
        let (row, column) = self.area.cursor();
        let line: Vec<char> =
            self.area.lines().get(row).map(|line| line.chars().collect()).unwrap_or_default();
        let mut start = column.min(line.len());
        while start > 0 && line.get(start - 1).is_some_and(|c| c.is_whitespace()) {
            start -= 1;
        }
        while start > 0 && line.get(start - 1).is_some_and(|c| !c.is_whitespace()) {
            start -= 1;
        }
        if start == column {
            self.area.delete_newline();
        } else {
            for _ in start..column {
                self.area.move_cursor(CursorMove::Back);
            }
            // A chip is passed over in one step, so what is killed is what lies between.
            let (_, at) = self.area.cursor();
            self.area.delete_str(column.saturating_sub(at));
        }
        self.edited();
    }

    /// Kills the word before, as words are in a sentence.
    pub fn kill_word_part(&mut self) {
        self.area.delete_word();
        self.edited();
    }

    /// Kills the next word.
    pub fn kill_next_word(&mut self) {
        self.area.delete_next_word();
        self.edited();
    }

    /// Puts back what was killed last.
    pub fn yank(&mut self) {
        self.area.paste();
        self.edited();
    }

    /// Takes back the last edit.
    pub fn undo(&mut self) {
        self.area.undo();
        self.edited();
    }

    /// The rows that the draft takes in so many columns.
    pub fn rows(&mut self, width: u16) -> u16 {
        self.area.measure(width.max(1)).preferred_rows
    }

    /// Draws the draft; gives the cell of the cursor.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer) -> Option<Position> {
        if area.is_empty() {
            return None;
        }
        Widget::render(&self.area, area, buffer);
        self.area.rendered_cursor_position()
    }

    fn moved(&mut self, to: CursorMove) -> bool {
        let before = self.area.cursor();
        self.area.move_cursor(to);
        before != self.area.cursor()
    }

    /// Code points of the character before the cursor.
    fn before(&self) -> usize {
        let (row, column) = self.area.cursor();
        let line = self.area.lines().get(row).map_or("", String::as_str);
        let at = line.char_indices().nth(column).map_or(line.len(), |(at, _)| at);
        graphemes(line.get(..at).unwrap_or("")).next_back().map_or(0, |last| last.chars().count())
    }

    /// Code points of the character after the cursor.
    fn after(&self) -> usize {
        let (row, column) = self.area.cursor();
        let line = self.area.lines().get(row).map_or("", String::as_str);
        let at = line.char_indices().nth(column).map_or(line.len(), |(at, _)| at);
        graphemes(line.get(at..).unwrap_or("")).next().map_or(0, |first| first.chars().count())
    }

    fn edited(&mut self) {
        self.prompts.stay();
        self.mark_chips();
    }

    /// Labels of chips are edited as one; the text area forgets that with every edit.
    fn mark_chips(&mut self) {
        if self.chips.is_empty() {
            return;
        }
        let mut ranges = Vec::new();
        for (row, line) in self.area.lines().iter().enumerate() {
            for chip in &self.chips {
                for (at, label) in line.match_indices(&chip.label) {
                    let start_col = line.get(..at).unwrap_or("").chars().count();
                    let end_col = start_col + label.chars().count();
                    ranges.push(AtomicRange { row, start_col, end_col });
                }
            }
        }
        ranges.sort_by_key(|range| (range.row, range.start_col));
        // Ranges that are refused are only a convenience that is missing.
        let _refused = self.area.try_set_atomic_ranges(ranges);
    }
}

fn blank(lines: Vec<String>) -> TextArea<'static> {
    let mut area = TextArea::new(lines);
    area.set_wrap_mode(WrapMode::Word);
    area.set_cursor_render_mode(CursorRenderMode::Hidden);
    area.set_cursor_line_style(ratatui::style::Style::new());
    area.set_undo_coalescing(true);
    area.set_max_histories(500);
    area
}

#[cfg(test)]
#[path = "composer_tests.rs"]
mod tests;
