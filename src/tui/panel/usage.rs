//! Usage in full: the turn compared seat by seat, the room, today, and the ledger by model and by
//! day. Every sum says how much of it is known how.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::chat::Charge;
use crate::chat::Pico;
use crate::chat::short_usd;
use crate::chat::usd;
use crate::store::UsageReport;
use crate::text::cell_width;
use crate::text::clip_middle;
use crate::text::one_line;
use crate::tui::panel::Ask;
use crate::tui::panel::Cx;
use crate::tui::panel::Outcome;
use crate::tui::panel::Panel;
use crate::tui::panel::TurnRow;
use crate::tui::panel::sum_lines;
use crate::tui::panel::tokens;
use crate::tui::theme::Role;
use crate::tui::widget::Paint;
use crate::tui::widget::gauge;
use crate::tui::widget::put;

/// The windows that `t` goes through: days and a name.
const WINDOWS: [(Option<u32>, &str); 4] =
    [(Some(1), "today"), (Some(7), "7 days"), (Some(30), "30 days"), (None, "all time")];

/// The full view.
#[derive(Default)]
pub struct UsagePanel {
    window: usize,
    top: usize,
    lines: Vec<(Role, String)>,
    rows: usize,
}

impl Panel for UsagePanel {
    fn title(&self) -> String {
        "usage".to_owned()
    }

    fn handle(&mut self, key: KeyEvent, _cx: &Cx<'_>) -> Outcome {
        let page = self.rows.max(1);
        let last = self.lines.len().saturating_sub(page);
        match key.code {
            KeyCode::Char('t') => {
                self.window = (self.window + 1) % WINDOWS.len();
                let days = WINDOWS.get(self.window).and_then(|(days, _)| *days);
                return Outcome::Stay(vec![Ask::Since(days)]);
            }
            KeyCode::Down | KeyCode::Char('j') => self.top = (self.top + 1).min(last),
            KeyCode::Up | KeyCode::Char('k') => self.top = self.top.saturating_sub(1),
            KeyCode::PageDown => self.top = (self.top + page).min(last),
            KeyCode::PageUp => self.top = self.top.saturating_sub(page),
            KeyCode::Home | KeyCode::Char('g') => self.top = 0,
            KeyCode::End | KeyCode::Char('G') => self.top = last,
            KeyCode::Char('q') => return Outcome::Close(Vec::new()),
            _ => return Outcome::Ignored,
        }
        Outcome::Stay(Vec::new())
    }

    fn prepare(&mut self, area: Rect, cx: &Cx<'_>) {
        self.rows = usize::from(area.height);
        self.lines = self.text(usize::from(area.width), cx);
        self.top = self.top.min(self.lines.len().saturating_sub(self.rows));
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, paint: Paint<'_>, _cx: &Cx<'_>) -> Option<Position> {
        let shown = self.lines.iter().skip(self.top).take(usize::from(area.height));
        for (y, (role, line)) in (area.y..).zip(shown) {
            put(buffer, Rect { y, height: 1, ..area }, line, paint.of(*role));
        }
        None
    }

    fn hints(&self) -> &'static str {
        "t window · ↑ ↓ scroll · {esc} close"
    }

    fn is_usage(&self) -> bool {
        true
    }

    fn wants(&self) -> (u16, u16) {
        (u16::MAX, u16::MAX)
    }
}

impl UsagePanel {
    fn text(&self, width: usize, cx: &Cx<'_>) -> Vec<(Role, String)> {
        let view = cx.usage;
        let mut out = Vec::new();
        head(&mut out, format!("turn {}", view.turn_number));
        out.extend(turn_table(&view.turn, width));
        sums(&mut out, "turn", &view.turn_sum);
        head(&mut out, "room".to_owned());
        sums(&mut out, "room", &view.room);
        head(&mut out, "today".to_owned());
        sums(&mut out, "today", &view.today);
        if let Some(budget) = view.budget_day {
            let part = percent(view.today.total(), budget);
            let bar = gauge(view.today.total(), i128::from(budget.0), 30.min(width.saturating_sub(20)));
            out.push((Role::Gauge, format!("{bar} {part}% of {}", short_usd(i128::from(budget.0)))));
        }
        let window = WINDOWS.get(self.window).map_or("", |(_, name)| *name);
        for (report, name) in view.reports.iter().zip(["by model", "by day"]) {
            head(&mut out, format!("{name} · {window}"));
            out.extend(report_table(report, width));
        }
        if view.reports.is_empty() {
            head(&mut out, "the ledger is being asked …".to_owned());
        }
        out
    }
}

/// How much of the budget is spent, in percent, rounded down.
#[must_use]
fn percent(spent: i128, budget: Pico) -> i128 {
    if budget.0 <= 0 { 100 } else { spent.max(0) * 100 / i128::from(budget.0) }
}

fn head(out: &mut Vec<(Role, String)>, text: String) {
    if !out.is_empty() {
        out.push((Role::Text, String::new()));
    }
    out.push((Role::Heading, text));
}

fn sums(out: &mut Vec<(Role, String)>, name: &str, sum: &crate::chat::Sum) {
    for line in sum_lines(sum) {
        out.push((Role::Money, format!("{name}: {line}")));
    }
}

/// The columns of the turn, most wanted first: what does not fit is left out whole.
const TURN: [(&str, bool); 10] = [
    ("model", false),
    ("$", true),
    ("out", true),
    ("tok/s", true),
    ("first", true),
    ("in", true),
    ("finish", false),
    ("cached", true),
    ("thinking", true),
    ("served", false),
];

/// The order in which those columns stand.
const TURN_ORDER: [usize; 10] = [0, 9, 6, 4, 3, 5, 7, 2, 8, 1];

fn turn_table(rows: &[TurnRow], width: usize) -> Vec<(Role, String)> {
    let cells: Vec<[String; 10]> = rows.iter().map(turn_cells).collect();
    table(&TURN, &TURN_ORDER, &cells, width)
}

fn turn_cells(row: &TurnRow) -> [String; 10] {
    let count = |n: Option<u64>| n.map_or_else(|| "–".to_owned(), tokens);
    let seconds = |ms: Option<u64>| {
        ms.map_or_else(|| "–".to_owned(), |ms| format!("{}.{}s", ms / 1000, ms % 1000 / 100))
    };
    let charge = |charge: Charge| match (charge.tariff, charge.amount) {
        (crate::chat::Tariff::Metered, Some(amount)) => {
            format!("{}${}", charge.source.mark(), usd(i128::from(amount.0)))
        }
        _ => charge.to_string(),
    };
    [
        format!("{} {}", row.number, row.name),
        row.charge.map_or_else(|| "–".to_owned(), charge),
        count(row.tokens.output),
        row.speed.map_or_else(|| "–".to_owned(), |speed| speed.to_string()),
        seconds(row.ttft_ms),
        count(row.tokens.input_total()),
        row.finish.clone(),
        count(row.tokens.cache_read),
        count(row.tokens.reasoning),
        row.served.clone(),
    ]
}

const REPORT: [(&str, bool); 5] =
    [("name", false), ("$", true), ("attempts", true), ("out", true), ("in", true)];

fn report_table(report: &UsageReport, width: usize) -> Vec<(Role, String)> {
    let cells: Vec<[String; 5]> = report
        .rows
        .iter()
        .chain(std::iter::once(&report.total))
        .map(|row| {
            let count = |n: Option<u64>| n.map_or_else(|| "–".to_owned(), tokens);
            [
                one_line(&row.key).into_owned(),
                row.sum.to_string(),
                row.attempts.to_string(),
                count(row.tokens.output),
                count(row.tokens.input_total()),
            ]
        })
        .collect();
    table(&REPORT, &[0, 2, 4, 3, 1], &cells, width)
}

/// A table of columns, each as wide as its widest cell: the first one gives way, then whole columns
/// from the least wanted.
fn table<const N: usize>(
    columns: &[(&str, bool); N],
    order: &[usize; N],
    cells: &[[String; N]],
    width: usize,
) -> Vec<(Role, String)> {
    let mut widths = [0; N];
    for (at, (name, _)) in columns.iter().enumerate() {
        let widest =
            cells.iter().filter_map(|row| row.get(at)).map(|cell| cell_width(cell)).max().unwrap_or(0);
        if let Some(slot) = widths.get_mut(at) {
            *slot = widest.max(cell_width(name));
        }
    }
    let name = widths.first().copied().unwrap_or(0).min(30).min(width);
    let mut used = name;
    let mut kept = vec![0];
    for (at, cells) in widths.iter().enumerate().skip(1) {
        if used + cells + 2 > width {
            break;
        }
        used += cells + 2;
        kept.push(at);
    }
    let line = |row: &dyn Fn(usize) -> String| {
        let mut text = String::new();
        for at in order.iter().filter(|at| kept.contains(at)) {
            let cell = row(*at);
            let wide = if *at == 0 { name } else { widths.get(*at).copied().unwrap_or(0) };
            let cell = clip_middle(&cell, wide);
            let pad = " ".repeat(wide.saturating_sub(cell_width(&cell)));
            let right = columns.get(*at).is_some_and(|(_, right)| *right);
            if !text.is_empty() {
                text.push_str("  ");
            }
            if right {
                text.push_str(&format!("{pad}{cell}"))
            } else {
                text.push_str(&format!("{cell}{pad}"))
            }
        }
        text
    };
    let mut out =
        vec![(Role::TableHead, line(&|at| columns.get(at).map_or("", |(name, _)| name).to_owned()))];
    out.extend(cells.iter().map(|row| (Role::Text, line(&|at| row.get(at).cloned().unwrap_or_default()))));
    out
}
