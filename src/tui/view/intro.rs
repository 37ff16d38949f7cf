//! What an empty pane says: who sits there, and for demo models that they are demo models and how to
//! ask real ones. Only ways that work are named.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::chat::Tariff;
use crate::text::one_line;
use crate::tui::state::Pane;
use crate::tui::state::State;
use crate::tui::theme::Role;
use crate::tui::widget::Field;
use crate::tui::widget::Paint;
use crate::tui::widget::put;
use crate::tui::widget::wrap;

/// Draws it. Only the first pane that is seen says how to ask real models: once is enough.
pub fn draw(state: &State, pane: &Pane, area: Rect, buffer: &mut Buffer, paint: Paint<'_>) {
    let seen = state.look.areas.panes.first().and_then(|(index, _)| state.panes.get(*index));
    let first = seen.is_some_and(|seen| seen.id() == pane.id());
    let cells = usize::from(area.width);
    let mut lines = wrapped(text(state, pane, first), cells);
    if state.only_demo() && lines.len() > usize::from(area.height) {
        lines = wrapped(short(), cells);
    }
    for (y, line) in (area.y..area.bottom()).zip(&lines) {
        put(buffer, Rect { y, height: 1, ..area }, &line.text, paint.of(line.role));
    }
}

fn wrapped(fields: Vec<Field>, cells: usize) -> Vec<Field> {
    let lines = |field: Field| {
        let lines = wrap(&field.text, cells);
        lines.into_iter().map(move |line| Field::new(line, field.role))
    };
    fields.into_iter().flat_map(lines).collect()
}

/// All that a pane of a few rows has to say.
fn short() -> Vec<Field> {
    vec![
        Field::new("Demo models: offline, play money", Role::Demo),
        Field::new("For real ones: /login", Role::Text),
    ]
}

fn text(state: &State, pane: &Pane, first: bool) -> Vec<Field> {
    let model = one_line(&pane.seat.model.to_string()).into_owned();
    let mut out = vec![Field::new(model, Role::Strong)];
    match state.tariff(&pane.seat.model) {
        Tariff::Play => {
            let said = "A demo model: part of salon, answers offline, costs play money.";
            out.push(Field::new(said, Role::Demo));
        }
        Tariff::Local => out.push(Field::new("runs on a machine of yours and costs nothing", Role::Dim)),
        Tariff::Free => out.push(Field::new("costs nothing at this provider", Role::Dim)),
        Tariff::Subscription => out.push(Field::new("a subscription pays for it", Role::Dim)),
        Tariff::Metered => {}
    }
    if state.only_demo() && first {
        out.push(Field::new("", Role::Text));
        out.push(Field::new("For real models, type /login: in the browser, or with a key.", Role::Text));
        out.push(Field::new("Or before the start of salon:", Role::Text));
        out.push(Field::new("export OPENROUTER_API_KEY=…", Role::Code));
    }
    if let Some(system) = pane.seat.system.as_deref() {
        let line = one_line(system.lines().next().unwrap_or("")).into_owned();
        out.push(Field::new(format!("system: {line}"), Role::Dim));
    }
    out
}
