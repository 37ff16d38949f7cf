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

/// Draws it.
pub fn draw(state: &State, pane: &Pane, area: Rect, buffer: &mut Buffer, paint: Paint<'_>) {
    let mut row = Rect { height: 1, ..area };
    for field in text(state, pane) {
        for line in wrap(&field.text, usize::from(area.width)) {
            if row.y >= area.bottom() {
                return;
            }
            put(buffer, row, &line, paint.of(field.role));
            row.y += 1;
        }
    }
}

fn text(state: &State, pane: &Pane) -> Vec<Field> {
    let model = one_line(&pane.seat.model.to_string()).into_owned();
    let mut out = vec![Field::new(model, Role::Strong)];
    match state.tariff(&pane.seat.model) {
        Tariff::Play => {
            let said = "A demo model: it is part of salon, answers offline, and costs play money only.";
            out.push(Field::new(said, Role::Demo));
        }
        Tariff::Local => out.push(Field::new("runs on a machine of yours and costs nothing", Role::Dim)),
        Tariff::Metered => {}
    }
    if state.look.ui.demo {
        out.push(Field::new("\n", Role::Text));
        out.push(Field::new("To ask real models, leave salon (ctrl-q) and start it with a key:", Role::Text));
        out.push(Field::new("export OPENROUTER_API_KEY=…", Role::Code));
        out.push(Field::new("or write a config: salon config init", Role::Text));
    }
    if let Some(system) = pane.seat.system.as_deref() {
        let line = one_line(system.lines().next().unwrap_or("")).into_owned();
        out.push(Field::new(format!("system: {line}"), Role::Dim));
    }
    out
}
