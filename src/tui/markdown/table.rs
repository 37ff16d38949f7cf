//! Tables in the width there is: a grid while it fits, then wrapped cells, then one record a row.

use pulldown_cmark::Alignment;

use crate::text;
use crate::text::cell_width;
use crate::tui::theme::Role;

use super::row::{Flags, Span};
use super::wrap::{self, Styled};

/// Cells between columns.
const GAP: usize = 2;
/// A column is not made narrower than its longest word, or than this.
const WORD: usize = 14;

/// A table as it was read.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// One a column.
    pub(super) align: Vec<Alignment>,
    /// The first one is the head.
    pub(super) rows: Vec<Vec<Styled>>,
    /// Where each row stands in the source.
    pub(super) marks: Vec<usize>,
}

/// One line of the table and where it stands in the source.
type Line = (Vec<Span>, usize);

/// Lays the table out.
pub(super) fn layout(table: &Table, width: usize) -> Vec<Line> {
    let mut natural = vec![0; table.align.len()];
    let mut words = vec![0; table.align.len()];
    for row in &table.rows {
        for (cell, (natural, word)) in row.iter().zip(natural.iter_mut().zip(words.iter_mut())) {
            let (line, longest) = wrap::extent(&cell.text);
            *natural = line.max(*natural);
            *word = longest.min(WORD).max(*word);
        }
    }
    let gaps = GAP * natural.len().saturating_sub(1);
    if natural.iter().sum::<usize>() + gaps <= width {
        return grid(table, &natural);
    }
    match width.checked_sub(gaps).and_then(|room| share(&natural, words, room)) {
        Some(widths) => grid(table, &widths),
        None => records(table, width),
    }
}

/// Gives each column its longest word, then what is left to the narrowest that wants more. `None` when the words do not fit.
fn share(natural: &[usize], mut widths: Vec<usize>, room: usize) -> Option<Vec<usize>> {
    let mut left = room.checked_sub(widths.iter().sum())?;
    while left > 0 {
        let wanting = widths.iter_mut().zip(natural).filter(|(width, natural)| **width < **natural);
        let Some((width, _)) = wanting.min_by_key(|(width, _)| **width) else { break };
        *width += 1;
        left -= 1;
    }
    Some(widths)
}

fn grid(table: &Table, widths: &[usize]) -> Vec<Line> {
    let total = widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
    let rule = || vec![Span::new("─".repeat(total), Role::Rule)];
    let mut out: Vec<Line> = Vec::new();
    let mut tall = false;
    let mut from = 0;
    for (index, (row, mark)) in table.rows.iter().zip(&table.marks).enumerate() {
        if index == 1 {
            out.push((rule(), *mark));
            from = out.len();
        }
        let before = out.len();
        grid_row(table, (row, *mark), widths, &mut out);
        tall |= index > 0 && out.len() > before + 1;
    }
    if table.rows.len() == 1 {
        let mark = table.marks.first().copied().unwrap_or(0);
        out.push((rule(), mark));
    }
    if tall {
        separate(&mut out, from, rule);
    }
    out
}

/// Rows that take several lines are told apart by rules.
fn separate(out: &mut Vec<Line>, from: usize, rule: impl Fn() -> Vec<Span>) {
    let body = out.split_off(from);
    let mut last = None;
    for (spans, mark) in body {
        if last.is_some_and(|last| last != mark) {
            out.push((rule(), mark));
        }
        last = Some(mark);
        out.push((spans, mark));
    }
}

fn grid_row(table: &Table, (row, mark): (&[Styled], usize), widths: &[usize], out: &mut Vec<Line>) {
    let mut lines: Vec<Vec<Vec<Span>>> = Vec::new();
    for (cell, width) in row.iter().zip(widths) {
        let ranges = text::wrap(&cell.text, *width);
        let spans = |range| {
            let mut spans = Vec::new();
            cell.spans(range, &mut spans);
            spans
        };
        lines.push(ranges.iter().map(spans).collect());
    }
    let height = lines.iter().map(Vec::len).max().unwrap_or(0);
    for nth in 0..height {
        let mut line: Vec<Span> = Vec::new();
        let mut owed = 0;
        for (column, (cell, width)) in lines.iter_mut().zip(widths).enumerate() {
            let spans = cell.get_mut(nth).map(std::mem::take).unwrap_or_default();
            let used: usize = spans.iter().map(|span| cell_width(&span.text)).sum();
            let room = width.saturating_sub(used);
            let before = match table.align.get(column) {
                Some(Alignment::Right) => room,
                Some(Alignment::Center) => room / 2,
                _ => 0,
            };
            if !spans.is_empty() {
                if owed + before > 0 {
                    line.push(Span::new(" ".repeat(owed + before), Role::Text));
                }
                line.extend(spans);
                owed = room - before + GAP;
            } else {
                owed += width + GAP;
            }
        }
        out.push((line, mark));
    }
}

fn records(table: &Table, width: usize) -> Vec<Line> {
    let mut out = Vec::new();
    let Some((head, body)) = table.rows.split_first() else { return out };
    let marks = table.marks.iter().skip(1);
    if body.is_empty() {
        let mark = table.marks.first().copied().unwrap_or(0);
        for cell in head {
            flow(cell, width, mark, &mut out);
        }
    }
    for (index, (row, mark)) in body.iter().zip(marks).enumerate() {
        if index > 0 {
            out.push((vec![Span::new("─".repeat(width), Role::Rule)], *mark));
        }
        for (name, cell) in head.iter().zip(row).filter(|(_, cell)| !cell.text.is_empty()) {
            let mut line = Styled::default();
            if !name.text.is_empty() {
                line.add(&format!("{}: ", name.text), Role::TableHead, Flags::BOLD, 0);
            }
            let from = line.text.len();
            line.text.push_str(&cell.text);
            line.frags.extend(cell.frags.iter().map(|frag| wrap::Frag { start: frag.start + from, ..*frag }));
            flow(&line, width, *mark, &mut out);
        }
    }
    out
}

fn flow(text: &Styled, width: usize, mark: usize, out: &mut Vec<Line>) {
    let ranges = text::wrap(&text.text, width);
    for range in &ranges {
        let mut spans = Vec::new();
        text.spans(range, &mut spans);
        out.push((spans, mark));
    }
}
