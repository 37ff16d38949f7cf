//! The model picker: a fuzzy search over what is known offline; what is typed whole, as
//! `provider/id`, is always accepted. Enter gives the current seat the model, Space marks, + adds.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::chat::ModelRef;
use crate::chat::Pico;
use crate::chat::Tariff;
use crate::chat::short_usd;
use crate::text::cell_width;
use crate::text::clip_middle;
use crate::text::one_line;
use crate::tui::panel::Ask;
use crate::tui::panel::Cx;
use crate::tui::panel::ModelRow;
use crate::tui::panel::Outcome;
use crate::tui::panel::Panel;
use crate::tui::panel::no_such_provider;
use crate::tui::panel::palette::query_line;
use crate::tui::theme::Role;
use crate::tui::widget::Field;
use crate::tui::widget::List;
use crate::tui::widget::Paint;
use crate::tui::widget::fields_width;
use crate::tui::widget::put;
use crate::tui::widget::put_fields;
use crate::tui::widget::put_fields_right;

/// The picker.
#[derive(Default)]
pub struct Models {
    list: List,
    marked: Vec<ModelRef>,
    /// How often the models had been told at the last search: others may come while it is open.
    told: u64,
    /// The model under the cursor, to find it again when others come.
    under: Option<ModelRef>,
}

impl Models {
    /// The picker over what is known now.
    #[must_use]
    pub fn new(cx: &Cx<'_>) -> Self {
        let mut models = Self::default();
        models.search(cx);
        models
    }

    fn search(&mut self, cx: &Cx<'_>) {
        self.told = cx.models_told;
        self.list.search(cx.models.iter().map(|row| row.search.as_str()));
        if self.typed(cx).is_none() {
            return;
        }
        // What is typed whole is a row too: the last one while a known name begins so or has it in
        // it, else the first, because what else matches is only alike.
        let query = self.list.query.trim().to_lowercase();
        let has = |index: &usize| {
            cx.models.get(*index).is_some_and(|row| row.search.to_lowercase().contains(&query))
        };
        let at = if self.list.hits.iter().any(has) { self.list.hits.len() } else { 0 };
        self.list.hits.insert(at, cx.models.len());
    }

    /// What is typed, when it is a whole model ref that no row has.
    fn typed(&self, cx: &Cx<'_>) -> Option<ModelRef> {
        let typed: ModelRef = self.list.query.trim().parse().ok()?;
        let new = !cx.models.iter().any(|row| row.model == typed);
        (new && no_such_provider(&typed, cx.providers).is_none()).then_some(typed)
    }

    /// Why what is typed cannot be taken, when it is whole.
    fn refused(&self, cx: &Cx<'_>) -> Option<String> {
        let typed: ModelRef = self.list.query.trim().parse().ok()?;
        no_such_provider(&typed, cx.providers)
    }

    /// The model under the cursor: one that is known, or what is typed.
    fn picked(&self, cx: &Cx<'_>) -> Option<ModelRef> {
        let index = self.list.picked()?;
        cx.models.get(index).map(|row| row.model.clone()).or_else(|| self.typed(cx))
    }

    /// What is chosen: the marked ones, or the one under the cursor.
    fn chosen(&self, cx: &Cx<'_>) -> Vec<ModelRef> {
        if self.marked.is_empty() { self.picked(cx).into_iter().collect() } else { self.marked.clone() }
    }

    fn mark(&mut self, cx: &Cx<'_>) {
        let Some(model) = self.picked(cx) else { return };
        match self.marked.iter().position(|marked| *marked == model) {
            Some(at) => {
                self.marked.remove(at);
            }
            None => self.marked.push(model),
        }
        self.list.step(1);
    }
}

impl Panel for Models {
    fn title(&self) -> String {
        match self.marked.len() {
            0 => "models".to_owned(),
            n => format!("models · {n} marked"),
        }
    }

    fn handle(&mut self, key: KeyEvent, cx: &Cx<'_>) -> Outcome {
        match key.code {
            KeyCode::Enter => {
                let mut chosen = self.chosen(cx).into_iter();
                let Some(first) = chosen.next() else { return Outcome::Stay(Vec::new()) };
                let rest: Vec<ModelRef> = chosen.collect();
                let mut asks = vec![Ask::Swap(first)];
                if !rest.is_empty() {
                    asks.push(Ask::Add(rest));
                }
                Outcome::Close(asks)
            }
            KeyCode::Char('+') => {
                let chosen = self.chosen(cx);
                if chosen.is_empty() {
                    Outcome::Stay(Vec::new())
                } else {
                    Outcome::Close(vec![Ask::Add(chosen)])
                }
            }
            KeyCode::Char(' ') => {
                self.mark(cx);
                Outcome::Stay(Vec::new())
            }
            _ => match self.list.key(key) {
                None => Outcome::Ignored,
                Some(changed) => {
                    if changed {
                        self.search(cx);
                    }
                    self.under = self.picked(cx);
                    Outcome::Stay(Vec::new())
                }
            },
        }
    }

    fn prepare(&mut self, area: Rect, cx: &Cx<'_>) {
        if self.told != cx.models_told {
            self.search(cx);
            let under = self.under.take();
            let place = under.and_then(|under| cx.models.iter().position(|row| row.model == under));
            if let Some(place) = place {
                self.list.select(place);
            }
        }
        self.list.prepare(area.height.saturating_sub(1));
        self.under = self.picked(cx);
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, paint: Paint<'_>, cx: &Cx<'_>) -> Option<Position> {
        let seat =
            cx.seat.as_ref().map_or_else(String::new, |(number, name)| format!(" for {number} {name}"));
        let empty = format!("search, or type provider/model-id{seat}");
        let cursor = query_line(area, &self.list.query, &empty, buffer, paint);
        let rows = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        if self.list.hits.is_empty() {
            let text = match self.refused(cx) {
                Some(why) => why,
                None if cx.models.is_empty() => "no models are known yet; type provider/model-id".to_owned(),
                None => "nothing fits; a whole provider/model-id is always taken".to_owned(),
            };
            put(buffer, rows, &text, paint.of(Role::Dim));
            return cursor;
        }
        self.list.draw(rows, buffer, paint, &|index, cells, buffer| {
            if let Some(row) = cx.models.get(index) {
                draw_row(row, self.marked.contains(&row.model), cells, buffer, paint);
            } else if let Some(model) = self.typed(cx) {
                let mark = if self.marked.contains(&model) { "● " } else { "  " };
                let text = format!("{} as typed; its provider may know it", one_line(&model.to_string()));
                put_fields(
                    buffer,
                    cells,
                    &[Field::new(mark, Role::Good), Field::new(text, Role::Text)],
                    paint,
                );
            }
        });
        cursor
    }

    fn wants(&self) -> (u16, u16) {
        (112, 32)
    }

    fn hints(&self) -> &'static str {
        "enter swaps the current seat · space marks · + adds seats · {esc} close"
    }
}

/// A name is cut in its middle down to this before its price goes.
const NAME: usize = 24;

fn draw_row(row: &ModelRow, marked: bool, cells: Rect, buffer: &mut Buffer, paint: Paint<'_>) {
    let mark = if marked { "● " } else { "  " };
    let mut fields = vec![Field::new(mark, Role::Good)];
    if let Some(alias) = &row.alias {
        fields.push(Field::new(format!("{} ", one_line(alias)), Role::Strong));
    }
    let name = one_line(&row.model.to_string()).into_owned();
    let before = fields_width(&fields);
    let all = usize::from(cells.width);
    let room = all.saturating_sub(before + cell_width(&name).min(NAME));
    let facts = facts(row);
    // What a model costs, and that it goes away, is told even beside a name that is cut.
    let whole = all.saturating_sub(before + cell_width(&name));
    let mut facts = facts.as_slice();
    while let Some((first, rest)) = facts.split_first() {
        let limit = if first.role == Role::Dim { whole } else { room };
        if fields_width(facts) <= limit {
            break;
        }
        facts = rest;
    }
    let left = all.saturating_sub(before + fields_width(facts));
    fields.push(Field::new(clip_middle(&name, left), Role::Text));
    let used = put_fields(buffer, cells, &fields, paint);
    let rest = Rect { x: cells.x + used, width: cells.width - used, ..cells };
    put_fields_right(buffer, rest, facts, paint);
}

/// What is told of a model, what is wanted most last.
fn facts(row: &ModelRow) -> Vec<Field> {
    let price = match (row.tariff, row.price) {
        (Tariff::Local, _) => "  local".to_owned(),
        (Tariff::Play, _) => "  demo".to_owned(),
        (Tariff::Subscription, _) => "  subscription".to_owned(),
        (Tariff::Free, _) | (_, Some((Pico::ZERO, Pico::ZERO))) => "  free".to_owned(),
        (Tariff::Metered, Some((input, output))) => {
            format!("  {} in · {} out /M", per_million(input), per_million(output))
        }
        (Tariff::Metered, None) => "  price ?".to_owned(),
    };
    let marks = [(row.sees, "  image"), (row.has_tools, "  tools"), (row.thinks, "  thinks")];
    let mut facts: Vec<Field> =
        marks.iter().filter(|(can, _)| *can).map(|(_, word)| Field::new(*word, Role::Dim)).collect();
    if let Some(context) = row.context {
        facts.push(Field::new(format!("  {}", super::tokens(context)), Role::Dim));
    }
    if let Some(day) = &row.expires {
        facts.push(Field::new(format!("  until {}", one_line(day)), Role::Warn));
    }
    facts.push(Field::new(price, Role::Money));
    facts
}

/// Dollars for a million tokens, from the price of one: as price lists write them, with two decimals
/// and more only where they say something.
fn per_million(price: Pico) -> String {
    let mut text = short_usd(i128::from(price.0) * 1_000_000);
    while text.ends_with('0') && text.find('.').is_some_and(|point| text.len() - point > 3) {
        text.pop();
    }
    text
}
